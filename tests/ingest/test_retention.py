"""What is kept no longer goes, and what it added up to stays."""

from typing import Any

from sqlalchemy import select

from database import table_of
from ingest.retention import Retention, keep_to
from models import Action, DayTotal, EngagedView, Event, MonthTotal, SubjectTotal, VisitorSketch
from tests.deletions.life import discrepancies
from tests.studio import Studio

VIEW = int(Action.VIEW_3D)
SEEN = "018a0000-0000-7000-8000-00000000000a"


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
