"""Totals without events beside events, in any order, and undone in any order."""

import asyncio
from collections import Counter
from datetime import date, timedelta
from random import Random

import pytest
from sqlalchemy import text

from base.calendar import AFTER_LAST_DAY, FIRST_DAY
from database import Database
from ingest.events import NewEvent
from ingest.imported_totals import say, undo
from ingest.rebuild import Rebuilt, rebuild
from ingest.total_admission import CellKey
from ingest.verify import Verification
from models import Action, Device
from resolvers.context import Services
from server.accounts import create_user
from tests.draws import scaled
from tests.ingest.brute import DOMAINS, Cell, Totals, counted, drawn, stored
from tests.studio import START, Clock

ALL = FIRST_DAY, AFTER_LAST_DAY
ZONE = "America/New_York"
LAST_DAY = date(2023, 6, 15)
SOURCES = ("one", "two", "three")


def cells_of(random: Random, tenant_id: int) -> dict[CellKey, int]:
    """Many of them are of the same few cells, and some take back what was said before."""
    return {
        CellKey(
            tenant_id,
            random.randint(1, 3),
            random.choice((Action.VIEW, Action.LIKE, Action.VIEW_3D, Action.ENGAGED_VIEW, Action.PLAY)),
            LAST_DAY - timedelta(days=random.randint(0, 40)),
            random.choice(list(Device)),
            random.choice((*DOMAINS, "only.example")),
        ): random.choice((0, 1, 2, 1_000_000))
        for _ in range(random.randint(1, 60))
    }


def expected(
    events: Totals, said: dict[str, dict[CellKey, int]]
) -> tuple[Counter[Cell], Counter[Cell], Counter[tuple[int, int]]]:
    """By day, by month and of all time."""
    days, months, ever = Counter(events.days), Counter(events.months), Counter(events.ever)
    for cells in said.values():
        for (_, subject, action, day, device, domain), count in cells.items():
            rest = int(device), domain or ""
            days[subject, int(action), day, *rest] += count
            months[subject, int(action), day.replace(day=1), *rest] += count
            ever[subject, int(action)] += count
    return +days, +months, +ever


async def differences(database: Database, tenant_id: int) -> list[object]:
    return [row async for row in Verification(database, tenant_id, "ada", *ALL).rows()]


async def tell(database: Database, tenant_id: int, source: str, cells: dict[CellKey, int]) -> None:
    async with database.writing() as session:
        await say(session, tenant_id, source, cells)


async def tenant(services: Services, clock: Clock, name: str) -> int:
    database = services.database
    user = await create_user(
        database, clock.now, email=f"{name}@example.com", username=name, password=None, name=None
    )
    async with database.writing() as session:
        await session.execute(text(f"UPDATE tenants SET time_zone = '{ZONE}'"))  # noqa: S608
    return user.tenant_id


@pytest.mark.parametrize("seed", range(scaled(1)))
async def test_in_any_order_they_add_to_the_events_and_undone_they_leave_the_events(
    services: Services, clock: Clock, seed: int
) -> None:
    random, database = Random(seed), services.database  # noqa: S311
    tenant_id = await tenant(services, clock, "ada")
    events = drawn(random, tenant_id, START, count=150, days=40)
    parts = [events[start : start + 30] for start in range(0, len(events), 30)]
    said: dict[str, dict[CellKey, int]] = {source: {} for source in SOURCES}
    steps: list[str | list[NewEvent]] = [*parts, *random.choices(SOURCES, k=8)]
    random.shuffle(steps)
    for step in steps:
        if isinstance(step, str):
            cells = cells_of(random, tenant_id)
            await tell(database, tenant_id, step, cells)
            said[step].update(cells)
        else:
            await services.buffer.add(step)

    of_events = counted(events, ZONE)
    assert (await stored(database, tenant_id))[:3] == expected(of_events, said)
    assert await differences(database, tenant_id) == []
    assert await rebuild(database, tenant_id, *ALL) == Rebuilt(0, None)
    for source in random.sample(SOURCES, len(SOURCES)):
        assert await undo(database, tenant_id, source) == sum(1 for n in said[source].values() if n)
        said[source].clear()
        assert (await stored(database, tenant_id))[:3] == expected(of_events, said)
    assert await stored(database, tenant_id) == of_events
    async with database.snapshot() as connection:
        assert list(await connection.scalars(text("SELECT * FROM imported_totals"))) == []


async def test_side_by_side_with_events_and_a_rebuild_nothing_is_lost(
    services: Services, clock: Clock
) -> None:
    random, database = Random(5), services.database  # noqa: S311
    tenant_id = await tenant(services, clock, "ada")
    events = drawn(random, tenant_id, START, count=200, days=40)
    said = {source: cells_of(random, tenant_id) for source in SOURCES}
    await tell(database, tenant_id, "undone", cells_of(random, tenant_id))

    async def looked_for() -> None:
        for _ in range(3):
            await rebuild(database, tenant_id, *ALL)

    async with asyncio.timeout(60):
        await asyncio.gather(
            *(services.buffer.add(events[start : start + 20]) for start in range(0, 200, 20)),
            *(tell(database, tenant_id, source, cells) for source, cells in said.items() for _ in range(2)),
            undo(database, tenant_id, "undone"),
            looked_for(),
        )

    assert (await stored(database, tenant_id))[:3] == expected(counted(events, ZONE), said)
    assert await differences(database, tenant_id) == []
