"""How many different people came to assets: to one, and to several together."""

from collections.abc import Iterable
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlmodel import col

from ingest.prune import prune
from models import Organization, Tenant
from tests.studio import START, Studio

VISITORS = "uniqueVisitors { estimate lower upper signedIn }"
RANGE = "$start: RangeBound!, $end: RangeBound!"
WITHIN = "range: {start: $start, end: $end}"
OF_ORGANIZATION = f"""query({RANGE}, $o: ID!, $assets: [ID!], $workspaces: [ID!], $domain: String) {{
  organization(id: $o) {{ metrics({WITHIN}, assetIds: $assets, workspaceIds: $workspaces, domain: $domain) {{
    {VISITORS} previous {{ {VISITORS} }} }} }} }}"""
OF_WORKSPACE = f"query({RANGE}, $id: ID!) {{ workspace(id: $id) {{ metrics({WITHIN}) {{ {VISITORS} }} }} }}"
OF_ASSET = f"query({RANGE}, $id: ID!) {{ asset(id: $id) {{ metrics({WITHIN}) {{ {VISITORS} }} }} }}"
JUNE = ("2023-06-01", "2023-06-30")
FIRST_DAYS = ("2023-06-01", "2023-06-04")
"""All over by now: who was signed in then is counted from the events."""

Seen = tuple[str, str, str | None]
"""To which asset, when, and who: `@member` is signed in, any other name is a visitor's."""


async def see(studio: Studio, ids: dict[str, str], seen: Iterable[Seen]) -> None:
    events = []
    for asset, at, who in seen:
        event: dict[str, Any] = {"subject": {"assetId": ids[asset]}, "action": "VIEW_3D", "occurredAt": at}
        if who is not None and who.startswith("@"):
            event["userId"] = studio.people[who[1:]].id
        elif who is not None:
            event["visitor"] = who
        events.append(event)
    for start in range(0, len(events), 1_000):
        await studio.report(events[start : start + 1_000])


async def metrics(studio: Studio, within: tuple[str, str] = JUNE, **given: Any) -> Any:
    start, end = within
    answer = await studio.ask(OF_ORGANIZATION, "admin", o=studio.organization, start=start, end=end, **given)
    return answer.data["organization"]["metrics"]


async def unique(studio: Studio, within: tuple[str, str] = JUNE, **given: Any) -> Any:
    return (await metrics(studio, within, **given))["uniqueVisitors"]


async def unique_of(studio: Studio, query: str, id: str, within: tuple[str, str] = JUNE) -> Any:
    answer = await studio.ask(query, "admin", id=id, start=within[0], end=within[1])
    ((found,),) = [list(one.values()) for one in answer.data.values()]
    return found["uniqueVisitors"]


def exactly(visitors: int, signed_in: int = 0) -> dict[str, int]:
    return {"estimate": visitors, "lower": visitors, "upper": visitors, "signedIn": signed_in}


@pytest.fixture
async def ids(studio: Studio) -> dict[str, str]:
    """A chair and a table in one workspace, a lamp in the other."""
    return {
        "chair": await studio.add_asset("Chair"),
        "table": await studio.add_asset("Table"),
        "lamp": await studio.add_asset("Lamp", workspace=1),
    }


FEW: list[Seen] = [
    ("chair", "2023-06-01T10:00:00Z", "ann"),
    ("chair", "2023-06-01T11:00:00Z", "ann"),
    ("chair", "2023-06-02T10:00:00Z", "ann"),
    ("table", "2023-06-02T10:00:00Z", "ann"),
    ("table", "2023-06-03T10:00:00Z", "bob"),
    ("table", "2023-06-03T10:00:00Z", "@member"),
    ("lamp", "2023-06-04T10:00:00Z", "@member"),
    ("lamp", "2023-06-04T10:00:00Z", "@owner"),
    ("lamp", "2023-06-04T10:00:00Z", None),
    ("lamp", "2023-06-10T10:00:00Z", "@stranger"),
]


async def test_nobody_came(studio: Studio) -> None:
    nobody = {"uniqueVisitors": exactly(0), "previous": {"uniqueVisitors": exactly(0)}}
    assert await metrics(studio) == nobody

    ids = [await studio.add_asset(name) for name in ("Chair", "Table")]
    assert await metrics(studio) == nobody
    assert await metrics(studio, FIRST_DAYS) == nobody
    assert await unique_of(studio, OF_ASSET, ids[0]) == exactly(0)


async def test_whoever_came_to_several_assets_or_on_several_days_counts_once(
    studio: Studio, ids: dict[str, str]
) -> None:
    await see(studio, ids, FEW)

    assert await unique(studio) == exactly(5, 3)
    assert await unique(studio, FIRST_DAYS) == exactly(4, 2)
    assert [await unique_of(studio, OF_WORKSPACE, id) for id in studio.workspaces] == [
        exactly(3, 1),
        exactly(3, 3),
    ]
    assert {name: await unique_of(studio, OF_ASSET, id) for name, id in ids.items()} == {
        "chair": exactly(1),
        "table": exactly(3, 1),
        "lamp": exactly(3, 3),
    }
    assert await unique_of(studio, OF_ASSET, ids["lamp"], FIRST_DAYS) == exactly(2, 2)


async def test_a_filter_leaves_visitors_of_other_assets_out(studio: Studio, ids: dict[str, str]) -> None:
    await see(studio, ids, FEW)

    for within, both in ((JUNE, exactly(4, 3)), (FIRST_DAYS, exactly(3, 2))):
        assert await unique(studio, within, assets=[ids["chair"], ids["lamp"]]) == both
    assert await unique(studio, assets=list(ids.values())) == exactly(5, 3)
    assert await unique(studio, workspaces=studio.workspaces) == exactly(5, 3)
    assert await unique(studio, workspaces=studio.workspaces[1:]) == exactly(3, 3)
    assert await unique(studio, assets=[]) == exactly(0)
    assert await unique(studio, workspaces=[]) == exactly(0)


async def test_the_range_before_has_its_own_visitors(studio: Studio, ids: dict[str, str]) -> None:
    await see(studio, ids, FEW)

    assert await metrics(studio, ("2023-06-03", "2023-06-04")) == {
        "uniqueVisitors": exactly(3, 2),
        "previous": {"uniqueVisitors": exactly(1)},
    }


async def test_visitors_of_one_site_are_not_told_apart(studio: Studio, ids: dict[str, str]) -> None:
    await see(studio, ids, FEW)

    assert await metrics(studio, domain="shop.example") == {
        "uniqueVisitors": None,
        "previous": {"uniqueVisitors": None},
    }


async def test_a_range_has_those_who_came_in_it_to_the_second(studio: Studio, ids: dict[str, str]) -> None:
    """The day of New York lasts from 04:00 to 04:00 in UTC."""
    async with studio.services.database.writing() as session:
        await session.execute(update(Tenant).values(time_zone="America/New_York"))
    await see(
        studio,
        ids,
        [
            ("chair", "2023-06-07T03:59:59Z", "@owner"),
            ("chair", "2023-06-07T04:00:00Z", "@member"),
            ("table", "2023-06-08T03:59:59.999999Z", "ann"),
            ("lamp", "2023-06-08T04:00:00Z", "bob"),
            ("lamp", "2023-06-09T20:00:00Z", "ann"),
        ],
    )

    async def came(start: str, end: str, **given: Any) -> Any:
        return await unique(studio, (start, end), **given)

    assert await came("2023-06-07T12:00:00Z", "2023-06-07T12:00:00Z") == exactly(0)
    assert await came("2023-06-07T04:00:00Z", "2023-06-08T03:59:59Z") == exactly(2, 1)
    assert await came("2023-06-07T03:59:59Z", "2023-06-08T03:59:59Z") == exactly(3, 2)
    assert await came("2023-06-07T04:00:01Z", "2023-06-08T04:00:00Z") == exactly(2)
    assert await came("2023-06-07T00:00:00Z", "2023-06-09T20:00:00Z") == exactly(4, 2)
    assert await came("2023-06-08T05:00:00Z", "2023-06-09T19:59:59Z") == exactly(0)
    some = [ids["table"], ids["lamp"]]
    assert await came("2023-06-07T12:00:00Z", "2023-06-08T12:00:00Z", assets=some) == exactly(2)


async def test_what_was_pruned_is_missing_from_parts_of_days(studio: Studio, ids: dict[str, str]) -> None:
    """As it is from views."""
    await see(studio, ids, FEW)
    async with studio.services.database.snapshot() as connection:
        tenants = list((await connection.execute(select(col(Organization.tenant_id)))).scalars())
    await prune(studio.services.database, tenants, START, keep=timedelta(days=1))

    assert await unique(studio, ("2023-06-02T12:00:00Z", "2023-06-03T23:59:59Z")) == exactly(2)
    assert await unique(studio, ("2023-06-03T08:00:00Z", "2023-06-03T12:00:00Z")) == exactly(0)


async def name(studio: Studio, asset: str, *seen: tuple[str, str | None, str | None]) -> None:
    """On days of June: the visitor, and the user who is signed in."""
    await studio.report(
        [
            {
                "subject": {"assetId": asset},
                "action": "VIEW_3D",
                "occurredAt": f"2023-06-{day}T10:00:00Z",
                "visitor": visitor,
                "userId": studio.people[user].id if user else None,
            }
            for day, visitor, user in seen
        ]
    )


HALFWAY: dict[str, tuple[list[tuple[str, str | None, str | None]], dict[str, int]]] = {
    "signs in": ([("01", "ann", None), ("01", "ann", "member")], exactly(1, 1)),
    "signs out": ([("01", "ann", "member"), ("02", "ann", None)], exactly(1, 1)),
    "was signed in elsewhere before": (
        [("01", None, "member"), ("02", "ann", None), ("02", "ann", "member")],
        exactly(1, 1),
    ),
    "has two devices": (
        [("01", "a", None), ("01", "b", None), ("02", "a", "member"), ("02", "b", "member")],
        exactly(1, 1),
    ),
    "is not alone on a device": (
        [("01", "ann", None), ("01", "ann", "member"), ("01", "ann", "owner")],
        exactly(2, 2),
    ),
    "never signs in": ([("01", "ann", None), ("02", "bob", "member")], exactly(2, 1)),
}


@pytest.mark.parametrize("who", HALFWAY)
@pytest.mark.parametrize("order", [1, -1])
async def test_who_signs_in_halfway_is_one_visitor(
    studio: Studio, ids: dict[str, str], who: str, order: int
) -> None:
    seen, expected = HALFWAY[who]
    for one in seen[::order]:
        await name(studio, ids["chair"], one)
    await name(studio, ids["table"], *seen[:1])

    assert await unique(studio) == expected
    assert await unique(studio, assets=[ids["chair"]]) == expected
    assert await unique_of(studio, OF_ASSET, ids["chair"]) == expected
    assert (await unique(studio, assets=[ids["lamp"]])) == exactly(0)


async def test_who_signed_in_later_is_one_before_and_over_both(studio: Studio, ids: dict[str, str]) -> None:
    await name(studio, ids["chair"], ("01", "ann", None), ("01", "bob", None), ("03", "ann", "member"))

    assert await unique(studio, ("2023-06-01", "2023-06-01")) == exactly(2)
    assert await unique(studio, ("2023-06-01", "2023-06-03")) == exactly(2, 1)
    assert await unique(studio, ("2023-06-01T09:00:00Z", "2023-06-03T11:00:00Z")) == exactly(2, 1)
    assert await unique(studio, ("2023-06-03", "2023-06-03")) == exactly(1, 1)


async def test_names_of_two_tenants_are_not_linked(studio: Studio, ids: dict[str, str]) -> None:
    view = {"subject": {"publicationId": studio.publication}, "action": "VIEW", "visitor": "ann"}
    await studio.report([{**view, "userId": studio.people["member"].id}], "owner")
    await name(studio, ids["chair"], ("01", "ann", None), ("01", None, "member"))

    assert await unique(studio) == exactly(2, 1)


async def test_thousands_who_sign_in_halfway_are_within_the_bounds(
    studio: Studio, ids: dict[str, str]
) -> None:
    """Of 3,000 names, 2 of which are the member's and 2 the owner's."""
    names = [f"visitor {number}" for number in range(3_000)]
    for start in range(0, len(names), 1_000):
        await name(studio, ids["chair"], *(("01", one, None) for one in names[start : start + 1_000]))
    await name(studio, ids["chair"], *(("02", one, "member") for one in names[:2]))
    await name(studio, ids["chair"], *(("02", one, "owner") for one in names[2:4]))

    found = await unique(studio)

    assert found["lower"] <= 2_998 <= found["upper"]
    assert found["signedIn"] == 2


async def test_ten_thousand_visitors_are_within_the_bounds(studio: Studio, ids: dict[str, str]) -> None:
    random = Random(6)  # noqa: S311
    days = [f"2023-05-{day:02}T12:00:00Z" for day in range(1, 31)]
    names = list(ids)
    people = [*range(10_000), *(random.randrange(10_000) for _ in range(5_000))]
    await see(studio, ids, [(random.choice(names), random.choice(days), f"visitor {one}") for one in people])

    of_all = await unique(studio, ("2023-05-01", "2023-05-31"))
    named = await unique(studio, ("2023-05-01", "2023-05-31"), assets=list(ids.values())[:2])

    assert of_all["lower"] <= 10_000 <= of_all["upper"]
    assert of_all["lower"] < of_all["estimate"] < of_all["upper"]
    assert of_all["upper"] - of_all["lower"] < 1_000
    assert 6_000 < named["lower"] < named["estimate"] < named["upper"] < 9_000


async def test_the_estimate_outlives_raw_events(studio: Studio, ids: dict[str, str]) -> None:
    await see(studio, ids, FEW)
    async with studio.services.database.snapshot() as connection:
        tenants = list((await connection.execute(select(col(Organization.tenant_id)))).scalars())
    await prune(studio.services.database, tenants, START, keep=timedelta(days=1))

    assert await studio.count("events") == 0
    assert await unique(studio) == exactly(5, 3)


MANY = f"""query($n: Int!, {RANGE}) {{ organizations {{ edges {{ node {{
  assets(first: $n) {{ edges {{ node {{ metrics({WITHIN}) {{ {VISITORS} }} }} }} }} }} }} }} }}"""
SCOPES = f"""query({RANGE}) {{ organizations {{ edges {{ node {{
  workspaces {{ edges {{ node {{ metrics({WITHIN}) {{ {VISITORS} }} }} }} }} }} }} }} }}"""
ALL = f"""query({RANGE}, $o: ID!) {{ organization(id: $o) {{ metrics({WITHIN}) {{ {VISITORS} }} }} }}"""


READ = ("visitor_sketches", "count(DISTINCT", "visitor_links", "SELECT DISTINCT")
HALF_DAYS = ("2023-06-01T12:00:00Z", "2023-06-04T12:00:00Z")


@pytest.mark.parametrize(("within", "few"), [(JUNE, 3), (FIRST_DAYS, 3), (HALF_DAYS, 4)])
async def test_many_assets_and_scopes_cost_as_many_statements_as_one(
    studio: Studio, within: tuple[str, str], few: int
) -> None:
    bounds = {"start": within[0], "end": within[1]}

    async def statements(query: str, **given: Any) -> list[str]:
        with studio.statements() as seen:
            assert (await studio.ask(query, "admin", **bounds, **given)).data
        return [text for text in seen if any(word in text for word in READ)]

    ids = {"asset 0": await studio.add_asset("Asset 0")}
    await see(studio, ids, [("asset 0", "2023-06-02T10:00:00Z", "ann")])
    assert len(await statements(ALL, o=studio.organization)) == few
    assert len(await statements(MANY, n=1)) == few
    assert len(await statements(SCOPES)) == few
    for number in range(1, 20):
        ids[f"asset {number}"] = await studio.add_asset(f"Asset {number}", workspace=number % 2)
    await see(studio, ids, [(name, "2023-06-02T10:00:00Z", name) for name in ids])
    assert len(await statements(ALL, o=studio.organization)) == few
    assert len(await statements(MANY, n=20)) == few
    assert len(await statements(SCOPES)) == few


ACCESS = {
    None: ("UNAUTHENTICATED", None),
    "stranger": ("NOT_FOUND", None),
    "member": ("FORBIDDEN", {"metrics": None}),
}


@pytest.mark.parametrize("viewer", ACCESS)
async def test_only_insiders_learn_how_many_came(
    studio: Studio, ids: dict[str, str], viewer: str | None
) -> None:
    code, shown = ACCESS[viewer]
    await see(studio, ids, FEW)

    answer = await studio.ask(OF_ASSET, viewer, id=ids["chair"], start=JUNE[0], end=JUNE[1])

    assert (answer.code, answer.body["data"]) == (code, {"asset": shown})


async def test_a_members_workspace_tells_of_its_own_visitors_alone(
    studio: Studio, ids: dict[str, str]
) -> None:
    await see(studio, ids, FEW)
    issued = await studio.ask(
        """mutation($o: ID!, $w: ID!) {
          issueWorkspaceToken(organizationId: $o, workspaceId: $w) { accessToken } }""",
        "member",
        o=studio.organization,
        w=studio.workspaces[0],
    )

    answer = await studio.send(
        {
            "query": ALL,
            "variables": {"o": studio.organization, "start": JUNE[0], "end": JUNE[1]},
        },
        {"authorization": f"Bearer {issued.data['issueWorkspaceToken']['accessToken']}"},
    )

    assert answer.data["organization"]["metrics"]["uniqueVisitors"] == exactly(3, 1)
