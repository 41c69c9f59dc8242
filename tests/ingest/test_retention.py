"""What is kept no longer goes, and what it added up to stays."""

from typing import Any

from sqlalchemy import delete, select

from database import table_of
from ingest.retention import Retention, keep_to
from models import Action, DayTotal, EngagedView, Event, MonthTotal, SubjectTotal, VisitorSketch
from tests.deletions.life import discrepancies
from tests.studio import Studio

VIEW = int(Action.VIEW_3D)
SEEN = "018a0000-0000-7000-8000-00000000000a"
SHOWN = [
    {"action": action, "viewId": SEEN, "occurredAt": "2023-03-10T10:00:00Z", "visitor": "ada"}
    for action in ("VIEW_3D", "INTERACTION")
]
FIGURES = """query($id: ID!, $by: [ViewDimension!]) { organization(id: $id) { metrics(
  range: {start: "2023-03-10T00:00:00Z", end: "2023-03-10T22:00:00Z"}, timeZone: "UTC"
) {
  userEngagement actions(action: ENGAGED_VIEW, interval: DAY, groupBy: $by) { count points { count } }
} } }"""


async def rows(studio: Studio, model: Any, *names: str) -> list[tuple[Any, ...]]:
    async with studio.services.database.snapshot() as connection:
        columns = [table_of(model).c[name] for name in names]
        return sorted(tuple(map(_plain, row)) for row in await connection.execute(select(*columns)))


def _plain(value: Any) -> Any:
    return value if isinstance(value, int) else str(value)


async def test_totals_lose_sites_and_days_where_their_events_are_gone(studio: Studio) -> None:
    lamp = {"subject": {"assetId": await studio.add_asset("A lamp")}}
    seen = [
        ("2023-03-10T10:00:00Z", "one.example"),
        ("2023-03-10T11:00:00Z", "two.example"),
        ("2023-03-11T10:00:00Z", None),
        ("2023-06-14T10:00:00Z", "one.example"),
    ]
    events = [
        {**lamp, "action": "VIEW_3D", "occurredAt": at, "domain": domain, "visitor": "ada"}
        for at, domain in seen
    ]
    touched = {"occurredAt": "2023-03-10T11:00:01Z", "domain": "two.example", "viewId": SEEN}
    await studio.report([*events, {**lamp, "action": "INTERACTION", **touched}])
    database, now = studio.services.database, studio.clock.now
    async with database.snapshot() as connection:
        ids = list(await connection.scalars(select(table_of(Event).c.tenant_id).distinct()))
    # One was deleted after it was listed.
    ids.insert(0, ids[0] + 1_000)
    ever = await rows(studio, SubjectTotal, "action", "count")

    # No event is pruned, so the totals keep what they say.
    before = await rows(studio, DayTotal, "day", "domain_id", "action", "count")
    await keep_to(database, ids, now, Retention(None, 30, 30))
    assert await rows(studio, DayTotal, "day", "domain_id", "action", "count") == before

    await keep_to(database, ids, now, Retention(30, 30, None))
    days = await rows(studio, DayTotal, "day", "domain_id", "action", "count")
    of_views = [row for row in days if row[2] == VIEW]
    assert [row[:1] + row[2:] for row in of_views if row[1] == 0] == [
        ("2023-03-10", VIEW, 2),
        ("2023-03-11", VIEW, 1),
    ]
    assert [row[0] for row in of_views if row[1] != 0] == ["2023-06-14"]
    months = await rows(studio, MonthTotal, "month", "action", "count")
    assert [row for row in months if row[1] == VIEW] == [("2023-03-01", VIEW, 3), ("2023-06-01", VIEW, 1)]
    assert await rows(studio, EngagedView, "domain_id") == [(0,)]
    assert len(await rows(studio, Event, "id")) == 1

    await keep_to(database, ids, now, Retention(30, 30, 30))
    assert {row[0] for row in await rows(studio, DayTotal, "day")} == {"2023-06-14"}
    assert {row[0] for row in await rows(studio, VisitorSketch, "day")} == {"2023-06-14"}
    assert await rows(studio, EngagedView, "domain_id") == []
    assert await rows(studio, MonthTotal, "month", "action", "count") == months
    assert await rows(studio, SubjectTotal, "action", "count") == ever
    assert await discrepancies(database) == []


async def figures(studio: Studio, by: list[str]) -> Any:
    answer = await studio.ask(FIGURES, "admin", id=studio.organization, by=by)
    return answer.data["organization"]["metrics"]


async def test_no_figure_is_below_0_while_a_day_is_forgotten(studio: Studio) -> None:
    """Of such a range, the last two hours are subtracted from the day."""
    lamp = {"subject": {"assetId": await studio.add_asset("A lamp")}, "viewId": SEEN}
    report = [{**lamp, "action": "VIEW_3D", "occurredAt": "2023-03-10T21:59:00Z"}]
    await studio.report([*report, {**lamp, "action": "INTERACTION", "occurredAt": "2023-03-10T23:00:00Z"}])
    none = {"userEngagement": 0, "actions": {"count": 0, "points": []}}
    assert await figures(studio, ["DEVICE"]) == none

    async with studio.services.database.writing() as session:
        await session.execute(delete(table_of(DayTotal)))
    assert [await figures(studio, by) for by in ([], ["DEVICE"])] == [none, none]


async def test_what_is_subtracted_from_a_day_is_forgotten_first(studio: Studio) -> None:
    await studio.report([{"subject": {"assetId": await studio.add_asset("A lamp")}, **one} for one in SHOWN])
    database, now = studio.services.database, studio.clock.now
    async with database.snapshot() as connection:
        ids = list(await connection.scalars(select(table_of(Event).c.tenant_id).distinct()))
    await keep_to(database, ids, now, Retention(30))
    with studio.statements() as statements:
        await keep_to(database, ids, now, Retention(30, None, 30))

    deleted = [text.split()[2] for text in statements if text.startswith("DELETE FROM")]
    assert list(dict.fromkeys(deleted)) == ["engaged_views", "hour_totals", "day_totals", "visitor_sketches"]
