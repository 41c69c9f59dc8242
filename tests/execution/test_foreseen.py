"""What is read together with a row: a dashboard takes one statement, and a list of dashboards one."""

from dataclasses import replace
from typing import Any

import pytest

from bench.peers.questions import DASHBOARD, LIST, SERIES
from execution import series_ahead
from execution.plans import FAILED, FIRST, PLANNED
from loaders.figure_cache import FigureCache
from resolvers.context import Limits
from tests.conftest import client_of
from tests.events import record, view
from tests.execution.test_plans import new
from tests.studio import Studio

URL = "ai-research-studio"
OF_VIEWER = 1
"""The statement that finds the user of a token."""
PROTECTED = ("subject_totals", "active_users", "follow_totals", "experience_totals")


async def planned(studio: Studio, query: str, by: str | None, **variables: Any) -> tuple[list[str], Any]:
    """The statements that a plan takes, without that for the viewer, and the data of its answer.

    GraphQL's executor must answer the same.
    """
    studio.services.plans.clear()
    usual = await studio.ask(query, by, **variables)
    with studio.statements() as statements:
        answer = await studio.ask(query, by, **variables)
    assert studio.services.plans == {FIRST: 1, PLANNED: 1}
    assert (answer.body["data"], answer.errors) == (usual.body["data"], usual.errors)
    return statements[OF_VIEWER if by else 0 :], answer.body["data"]


async def fill(studio: Studio) -> None:
    """Several publications, with figures that differ."""
    for number in range(3):
        await studio.add_publication(f"more-{number}", "owner" if number else "cocreator")
    await record(studio, [view("2023-06-14T10:00:00")] * 3)
    for name in ("owner", "stranger"):
        await change(studio, name, f'likePublication(publicationId: "{studio.publication}")')
    given = f'publicationId: "{studio.publication}", type: QUEST, title: "One"'
    await change(studio, "owner", f"publishExperience(input: {{{given}}})")
    await change(studio, "stranger", f'followUser(userId: "{studio.people["owner"].id}")')


async def change(studio: Studio, by: str, mutation: str) -> None:
    assert (await studio.ask(f"mutation {{ {mutation} {{ __typename }} }}", by)).data


@pytest.mark.parametrize("seconds", [0, 3600])
@pytest.mark.parametrize("by", ["owner", "cocreator"])
async def test_a_dashboard_and_a_list_of_dashboards_take_one_statement_each(
    studio: Studio, seconds: int, by: str
) -> None:
    services = replace(studio.services, figure_cache=FigureCache(seconds=seconds))
    async with client_of(services) as client:
        asked = replace(studio, services=services, client=client)
        await fill(asked)
        one, dashboard = await planned(asked, new(DASHBOARD.documents["viewgraph"]), by, url=URL)
        few, _ = await planned(asked, new(LIST.documents["viewgraph"]), by, first=3)
        many, listed = await planned(asked, new(LIST.documents["viewgraph"]), by, first=50)

    assert [len(one), len(few), len(many)] == [1, 1, 1]
    shown = dashboard["publication"]
    assert shown["metrics"] == {
        "totalViews": 3,
        "totalLikes": 2,
        "totalBookmarks": 0,
        "totalShares": 0,
        "totalComments": 0,
        "monthlyActiveUsers": 2,
    }
    assert shown["experienceCounts"]["quest"] == shown["experienceCounts"]["total"] == 1
    assert shown["socialMetrics"] == {"followersCount": 1, "followingCount": 0}
    assert shown in [edge["node"] for edge in listed["publications"]["edges"]]
    assert len(listed["publications"]["edges"]) == 4


async def test_what_is_kept_stays_until_something_is_counted(studio: Studio) -> None:
    query = new(f'{{ publication(url: "{URL}") {{ metrics {{ totalLikes generatedAt }} }} }}')
    _, first = await planned(studio, query, "owner")
    studio.clock.advance(minutes=10)
    kept = (await studio.ask(query, "owner")).data
    await change(studio, "stranger", f'likePublication(publicationId: "{studio.publication}")')
    changed = (await studio.ask(query, "owner")).data

    shown = [answer["publication"]["metrics"] for answer in (first, kept, changed)]
    assert shown == [
        {"totalLikes": 0, "generatedAt": "2023-06-15T12:00:00Z"},
        {"totalLikes": 0, "generatedAt": "2023-06-15T12:00:00Z"},
        {"totalLikes": 1, "generatedAt": "2023-06-15T12:10:00Z"},
    ]


async def test_what_nobody_selects_is_not_read(studio: Studio) -> None:
    (row,), _ = await planned(studio, new(f'{{ publication(url: "{URL}") {{ name }} }}'), "owner")
    query = new(f'{{ publication(url: "{URL}") {{ owner {{ name }} socialMetrics {{ followersCount }} }} }}')
    (social,), _ = await planned(studio, query, "owner")

    assert [table for table in PROTECTED if table in row] == []
    assert [table for table in PROTECTED if table in social] == ["follow_totals"]


async def test_nothing_protected_is_read_for_somebody_who_is_not_signed_in(studio: Studio) -> None:
    query = new(DASHBOARD.documents["viewgraph"])

    (statement,), data = await planned(studio, query, None, url=URL)

    assert [table for table in PROTECTED if table in statement] == []
    assert data["publication"]["owner"] == {"name": "Owner"}
    assert data["publication"]["metrics"] is None


async def test_a_stranger_is_refused_by_the_statement_that_reads_the_row(studio: Studio) -> None:
    statements, data = await planned(studio, new(DASHBOARD.documents["viewgraph"]), "stranger", url=URL)

    assert len(statements) == 1
    shown = data["publication"]
    assert [shown[name] for name in ("experienceCounts", "metrics", "socialMetrics")] == [None] * 3


@pytest.mark.parametrize(
    ("selected", "count"),
    [
        # The figures are kept, and the totals that are read with the row tell whether they still hold.
        ('metrics(range: {start: "2023-06-01", end: "2023-06-30"}) { totalViews }', 1),
        ("metrics { totalViews previous { totalViews } }", 1),
        ("coCreators { name }", 2),
        ("experiences { edges { node { title } } } experienceCounts { total }", 2),
    ],
)
async def test_the_rest_is_asked_afterwards(studio: Studio, selected: str, count: int) -> None:
    await fill(studio)

    statements, _ = await planned(
        studio, new(f'{{ publication(url: "{URL}") {{ {selected} }} }}'), "cocreator"
    )

    assert len(statements) == count


@pytest.mark.parametrize("arguments", ["last: 2", "first: 3, orderBy: {field: NAME, direction: DESC}"])
async def test_pages_from_either_end_are_read_with_their_figures(studio: Studio, arguments: str) -> None:
    await fill(studio)
    figures = "name experienceCounts { total } metrics { totalViews } socialMetrics { followersCount }"
    query = f"{{ publications({arguments}) {{ edges {{ cursor node {{ {figures} owner {{ name }} }} }} }} }}"

    (statement,), _ = await planned(studio, new(query), "owner")

    assert [table for table in PROTECTED if table in statement] == list(PROTECTED)


async def test_an_asset_is_read_with_its_workspace(studio: Studio) -> None:
    asset = await studio.add_asset("Chair")
    for selected in ("name", "name workspace { name }"):
        query = new(f"query($id: ID!) {{ asset(id: $id) {{ {selected} }} }}")
        statements, data = await planned(studio, query, "admin", id=asset)
        # The other one is for the roles of the viewer.
        assert len(statements) == 2

    assert data == {"asset": {"name": "Chair", "workspace": {"name": "Furniture"}}}


DAYS = {"start": "2023-05-16", "end": "2023-06-14"}


async def fill_assets(studio: Studio) -> list[str]:
    """Two assets with views of two devices on two days, and one without."""
    assets = [await studio.add_asset(f"Asset {number}") for number in range(3)]
    await studio.report(
        [
            {"subject": {"assetId": asset}, "action": "VIEW_3D", "occurredAt": at, "deviceCategory": device}
            for number, asset in enumerate(assets[:2], 1)
            for at in ("2023-06-01T10:00:00Z", "2023-06-14T10:00:00Z")
            for device in ("DESKTOP", "MOBILE")
            for _ in range(number)
        ]
    )
    return assets


def points(data: Any) -> list[tuple[str, str, int]]:
    shown = data["asset"]["metrics"]["views"]["points"]
    return [(point["dateInterval"], point["deviceCategory"], point["count"]) for point in shown]


async def test_a_series_takes_one_statement_besides_that_for_the_roles(studio: Studio) -> None:
    assets = await fill_assets(studio)
    query = new(SERIES.documents["viewgraph"])
    found = []
    for asset in assets:
        statements, data = await planned(studio, f"{query} # {asset}", "admin", id=asset, **DAYS)
        found.append(points(data))
        assert [len(statements), len([one for one in statements if "day_totals" in one])] == [2, 1]
        assert "assets" in next(one for one in statements if "day_totals" in one)

    days = [(day, device) for day in ("20230601", "20230614") for device in ("DESKTOP", "MOBILE")]
    assert found == [[(*place, 1) for place in days], [(*place, 2) for place in days], []]


async def test_a_series_is_read_for_nobody_who_may_not_see_the_asset(studio: Studio) -> None:
    (asset, *_) = await fill_assets(studio)
    query = new(SERIES.documents["viewgraph"])
    for by, code in ((None, "UNAUTHENTICATED"), ("stranger", "NOT_FOUND")):
        for _ in range(2):
            with studio.statements() as statements:
                answer = await studio.ask(query, by, id=asset, **DAYS)
            assert (answer.code, answer.body["data"]) == (code, {"asset": None})
        assert by or not any("day_totals" in one for one in statements)


@pytest.mark.parametrize(
    ("arguments", "count", "views"),
    [
        ("interval: DAY, zeroFill: true", 1, 2),
        ("interval: DAY, groupBy: [DEVICE]", 1, 2),
        # Totals by month, events at the edges of days, and what is about sites come afterwards.
        ("interval: MONTH", 2, 2),
        ('interval: DAY, timeZone: "Asia/Kolkata"', 2, 2),
        ('interval: DAY, domain: "a.example"', 4, 0),
    ],
)
async def test_a_series_of_a_publication_is_read_with_it_if_it_is_of_days(
    studio: Studio, arguments: str, count: int, views: int
) -> None:
    await record(studio, [view("2023-06-01T10:00:00"), view("2023-06-14T10:00:00")])
    series = f'views(range: {{start: "2023-05-16", end: "2023-06-14"}}, {arguments})'
    query = new(f'{{ publication(url: "{URL}") {{ {series} {{ count points {{ count }} }} }} }}')

    statements, data = await planned(studio, query, "owner")

    assert len(statements) == count
    assert data["publication"]["views"]["count"] == views


async def test_nothing_is_remembered_by_a_long_text(studio: Studio) -> None:
    """Whoever asks chooses it, and might choose another one each time."""
    query = new(f"""query($id: ID!, $domain: String) {{ publication(url: "{URL}") {{
      views(range: {{start: "2023-05-16", end: "2023-06-14"}}, interval: DAY, domain: $domain) {{ count }}
      node: owner {{ id }}
    }} node(id: $id) {{ id }} }}""")
    texts = [letter * 1_000 for letter in "ab"]
    for text in [*texts, *texts]:
        answer = await studio.ask(query, "owner", id=studio.publication, domain=text)
        assert answer.code == "BAD_USER_INPUT"

    assert not [key for key in series_ahead._remembered if set(texts) & set(key)]


async def test_a_series_that_is_refused_is_not_remembered(studio: Studio) -> None:
    given = 'range: {start: "2023-05-16", end: "2023-06-14"}, interval: DAY, domain: $domain'
    query = f'query($domain: String) {{ publication(url: "{URL}") {{ views({given}) {{ count }} }} }}'
    found: list[tuple[list[str], int]] = []
    for domain in (None, "a.example", "no domain"):
        series_ahead._remembered.clear()
        answers = [await studio.ask(f"{query} # {found}", "owner", domain=domain) for _ in range(3)]
        found.append(([code for code, _ in answers[-1].errors], len(series_ahead._remembered)))

    assert found == [([], 1), ([], 1), (["BAD_USER_INPUT"], 0)]


async def test_a_series_of_more_days_than_are_remembered_is_answered_by_a_plan(studio: Studio) -> None:
    services = replace(studio.services, limits=Limits(range_days=20_000, points=50_000, cost=10**9))
    query = new(f"""{{ publication(url: "{URL}") {{
      views(range: {{start: "2005-01-01", end: "2023-06-14"}}, interval: DAY, zeroFill: true) {{
        points {{ count }}
      }}
    }} }}""")
    async with client_of(services) as client:
        wide = replace(studio, services=services, client=client)
        for _ in range(3):
            answer = await wide.ask(query, "owner")
            assert len(answer.data["publication"]["views"]["points"]) == 6_739

    assert (services.plans[PLANNED], services.plans[FAILED]) == (2, 0)
