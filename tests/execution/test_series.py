"""Series by plans: the same text as GraphQL's executor makes, and no statement more than is needed."""

from datetime import date
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import BigInteger, insert, literal, select

from database import table_of
from execution.plans import FIRST, PLANNED
from models import DayTotal
from tests.graph.test_metrics import do
from tests.studio import Studio

DAYS_OF = table_of(DayTotal)
METRICS = 'range: {start: "%s", end: "%s"}'
OF_ORGANIZATION = """query($id: ID!, $assets: [ID!]) {
  organization(id: $id) { metrics(%s, assetIds: $assets) { views(viewType: VIEW_3D, %s) {
    count points { %s } } } } }"""
DAYS = METRICS % ("2023-05-01", "2023-06-30")
HOURS = METRICS % ("2022-06-16", "2023-06-15")
AT = ["2022-07-01T03:30:00Z", "2023-05-02T00:00:00Z", "2023-06-14T23:59:59Z", "2023-06-15T11:00:00Z"]


async def planned_and_not(studio: Studio, query: str, by: str = "admin", **variables: Any) -> Any:
    """The answer of a plan, which is that of GraphQL's executor."""
    query = f"{query} # {uuid4()}"
    before = studio.services.plans.copy()
    first, second, third = [await studio.ask(query, by, **variables) for _ in range(3)]
    assert studio.services.plans - before == {FIRST: 1, PLANNED: 2}
    assert first.body == second.body == third.body
    return first.data


async def open_assets(studio: Studio) -> list[str]:
    """Four assets in two workspaces, with views at several times, of several devices and sites."""
    ids = [await studio.add_asset(f'{n}% "%d" \\ of it', workspace=n % 2) for n in range(4)]
    await studio.report(
        [
            {
                "subject": {"assetId": id},
                "action": "VIEW_3D",
                "occurredAt": at,
                "deviceCategory": [None, "DESKTOP", "MOBILE"][(n + place) % 3],
                "domain": [None, "a.example", "b.example"][(n * place) % 3],
            }
            for n, id in enumerate(ids)
            for place, at in enumerate(AT)
            if n != 2 or place
            for _ in range(n + 1)
        ]
    )
    return ids


async def test_points_are_as_graphql_makes_them(studio: Studio) -> None:
    ids = await open_assets(studio)
    selections = [
        "count",
        "dateInterval count again: count start end isPartial isRunning",
        "__typename c: count deviceCategory domain of: asset { name id workspace { name } } dateInterval",
        "workspace { name } a: dateInterval b: dateInterval",
        "asset { name }",
    ]
    arguments = [
        "interval: DAY",
        "interval: DAY, groupBy: [ASSET]",
        "interval: WEEK, groupBy: [DEVICE, WORKSPACE], zeroFill: true",
        "interval: MONTH, groupBy: [DOMAIN, ASSET]",
        "interval: DAY, groupBy: [DEVICE, DOMAIN, ASSET, WORKSPACE]",
        "interval: DAY, zeroFill: true",
    ]
    for selected in selections:
        for given in arguments:
            query = OF_ORGANIZATION % (DAYS, given, selected)
            found = await planned_and_not(studio, query, id=studio.organization)
            assert found["organization"]["metrics"]["views"]["count"] == (1 + 2 + 3 + 4) * 3, given
            some = await planned_and_not(studio, query, id=studio.organization, assets=ids[1:4:2])
            assert some["organization"]["metrics"]["views"]["count"] == (2 + 4) * 3, given


async def test_assets_whose_ids_are_apart_are_told_apart(studio: Studio) -> None:
    ids = await open_assets(studio)
    query = OF_ORGANIZATION % (DAYS, "interval: MONTH, groupBy: [ASSET]", "dateInterval count asset { id }")

    found = await planned_and_not(studio, query, id=studio.organization, assets=[ids[3], ids[0]])

    assert found["organization"]["metrics"]["views"]["points"] == [
        {"dateInterval": month, "count": count, "asset": {"id": id}}
        for month, each in (("202305", 1), ("202306", 2))
        for id, count in ((ids[0], each), (ids[3], 4 * each))
    ]


async def test_few_hours_of_a_year_are_found_among_many(studio: Studio) -> None:
    await open_assets(studio)
    query = OF_ORGANIZATION % (HOURS, "interval: HOUR, groupBy: [WORKSPACE]", "dateInterval count start")

    found = await planned_and_not(studio, query, id=studio.organization)

    points = found["organization"]["metrics"]["views"]["points"]
    assert [(point["dateInterval"], point["count"]) for point in points] == [
        (hour, count)
        for hour in ("2022070103", "2023050200", "2023061423", "2023061511")
        for count in ((1, 6) if hour == "2022070103" else (4, 6))
    ]


async def test_many_points_are_as_graphql_makes_them(studio: Studio) -> None:
    await open_assets(studio)
    query = OF_ORGANIZATION % (HOURS, "interval: HOUR, zeroFill: true", "dateInterval count isRunning")

    found = await planned_and_not(studio, query, id=studio.organization)

    points = found["organization"]["metrics"]["views"]["points"]
    assert len(points) == 365 * 24
    assert [point["dateInterval"] for point in points if point["isRunning"]] == ["2023061512"]


async def test_what_was_taken_back_stands_beside_what_was_not(studio: Studio) -> None:
    for action, by in (("like", "cocreator"), ("like", "stranger"), ("unlike", "cocreator")):
        await do(studio, action, by)
    query = """{ publication(url: "ai-research-studio") { actions(%s, action: LIKE, interval: MONTH) {
      count takenBack points { dateInterval t: takenBack count takenBack } } } }"""

    found = await planned_and_not(studio, query % DAYS, "owner")

    assert found["publication"]["actions"] == {
        "count": 1,
        "takenBack": 1,
        "points": [{"dateInterval": "202306", "t": 1, "count": 1, "takenBack": 1}],
    }


async def test_series_of_the_same_time_take_one_statement(studio: Studio) -> None:
    await open_assets(studio)
    query = f"""query($id: ID!) {{ organization(id: $id) {{ metrics({DAYS}) {{
      all: views(viewType: VIEW_3D, interval: DAY) {{ points {{ count }} }}
      apart: views(viewType: VIEW_3D, interval: DAY, groupBy: [WORKSPACE]) {{
        points {{ workspace {{ name }} count }} }} }} }} }}"""

    found = (await planned_and_not(studio, query, id=studio.organization))["organization"]["metrics"]
    with studio.statements() as statements:
        await studio.ask(query, "admin", id=studio.organization)

    assert [point["count"] for point in found["all"]["points"]] == [10, 10, 10]
    assert [point["count"] for point in found["apart"]["points"]] == [4, 6] * 3
    assert len([text for text in statements if "day_totals" in text]) == 1


async def test_totals_are_read_only_for_the_figures_that_are_selected(studio: Studio) -> None:
    (asset, *_) = await open_assets(studio)
    query = "query($id: ID!) { asset(id: $id) { metrics(%s) { %s } } }"
    series = "views(viewType: VIEW_3D, interval: DAY) { count }"
    selections = [series, f"{series} total3DViews", "range { start }", "__typename ... { totalARViews }"]
    taken = []
    for selected in selections:
        asked = f"{query % (DAYS, selected)} # {uuid4()}"
        for _ in range(2):
            await studio.ask(asked, "admin", id=asset)
        with studio.statements() as statements:
            answer = await studio.ask(asked, "admin", id=asset)
        assert answer.errors == []
        taken.append(len([text for text in statements if "_totals" in text or "events" in text]))

    assert taken == [1, 2, 0, 1]


async def test_a_sum_that_floating_point_cannot_hold_is_exact(
    studio: Studio, caplog: pytest.LogCaptureFixture
) -> None:
    (*_, asset) = await open_assets(studio)
    async with studio.services.database.writing() as session:
        for device in (1, 2):
            added = select(
                *(DAYS_OF.c[name] for name in ("tenant_id", "subject_id", "action", "day")),
                *(literal(number, BigInteger()) for number in (device, 999, (1 << 60) + device)),
            ).where(DAYS_OF.c.day == date(2023, 6, 14), DAYS_OF.c.count == 4)
            await session.execute(insert(DAYS_OF).from_select(list(DAYS_OF.c.keys()), added))
    query = f"""query($id: ID!) {{ asset(id: $id) {{ metrics({METRICS % ("2023-06-14", "2023-06-14")}) {{
      views(viewType: VIEW_3D, interval: DAY) {{ count points {{ count }} }} }} }} }}"""

    answers = [(await studio.ask(query, "admin", id=asset)).data for _ in range(3)]

    most = (1 << 53) - 1
    views = {"count": most, "points": [{"count": most}]}
    assert answers == [{"asset": {"metrics": {"views": views}}}] * 3
    assert {str((1 << 61) + 7) in record.getMessage() for record in caplog.records} == {True}
