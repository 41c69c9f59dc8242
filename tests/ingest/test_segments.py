"""Segments of the index by which SQLite finds the events of named visitors."""

from collections import Counter
from datetime import date, timedelta

import pytest
from sqlalchemy import select, update

from base.ids import uuid7
from database import Database, table_of
from ingest.buffer import Buffer
from ingest.events import NewEvent
from ingest.topics import Topics
from models import Action, Event, LinkedVisit, Tenant
from resolvers.context import Services
from tests.studio import START

EVENTS = table_of(Event).c
ADA = b"sixteen bytes of"


async def add_tenant(database: Database) -> int:
    async with database.writing() as session:
        tenant = Tenant(time_zone="UTC")
        session.add(tenant)
    return tenant.id


def views(tenant: int, count: int, visitor: bytes | None = ADA, user: int | None = None) -> list[NewEvent]:
    return [
        NewEvent(tenant, uuid7(START), 1, Action.VIEW, START, user_id=user, visitor=visitor)
        for _ in range(count)
    ]


async def segments(database: Database, tenant: int) -> Counter[int | None]:
    """How many events each has."""
    async with database.snapshot() as connection:
        return Counter(await connection.scalars(select(EVENTS.segment).where(EVENTS.tenant_id == tenant)))


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_a_segment_is_filled_by_one_process_after_the_other(services: Services) -> None:
    database = services.database
    tenant = await add_tenant(database)
    for count in (510, 1, 2, 1):
        await services.buffer.add(views(tenant, count))
    assert await segments(database, tenant) == {1: 513, 2: 1}

    restarted = Buffer(database, Topics())
    await restarted.add(views(tenant, 1_000))
    await restarted.add(views(tenant, 30))
    assert await segments(database, tenant) == {1: 513, 2: 1_031}

    # The other process believes that there is room.
    await services.buffer.add(views(tenant, 1_023))
    await services.buffer.add(views(tenant, 1))
    await restarted.add(views(tenant, 1))
    assert await segments(database, tenant) == {1: 513, 2: 2_054, 3: 2}
    await restarted.close()


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_each_tenant_has_segments_of_its_own(services: Services) -> None:
    database = services.database
    one, other = [await add_tenant(database) for _ in range(2)]
    await services.buffer.add(views(one, 512))
    await services.buffer.add([*views(one, 2), *views(other, 2)])

    assert await segments(database, one) == {1: 512, 2: 2}
    assert await segments(database, other) == {1: 2}


async def test_events_without_names_have_no_segment(services: Services) -> None:
    tenant = await add_tenant(services.database)
    await services.buffer.add([*views(tenant, 2, None), *views(tenant, 2, b"fifteen bytes..")])

    assert await segments(services.database, tenant) == {None: 4}


@pytest.mark.parametrize("engine", ["postgresql"])
async def test_tables_of_months_need_no_segments(services: Services) -> None:
    tenant = await add_tenant(services.database)
    await services.buffer.add(views(tenant, 2))

    assert await segments(services.database, tenant) == {None: 2}


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_a_name_is_found_in_all_segments_and_in_events_without_one(services: Services) -> None:
    database = services.database
    tenant = await add_tenant(database)
    for days in range(4):
        at = START - timedelta(days=days)
        await services.buffer.add([NewEvent(tenant, uuid7(at), 1, Action.VIEW, at, visitor=ADA)])
    async with database.writing() as session:
        ids = await session.scalars(select(EVENTS.id))
        for id, segment in zip(ids, (None, 1, 7, 8), strict=True):
            changed = update(table_of(Event)).where(EVENTS.id == id).values(segment=segment)
            await session.execute(changed)

    await services.buffer.add(views(tenant, 1, ADA, 7))

    async with database.snapshot() as connection:
        found = set(await connection.scalars(select(table_of(LinkedVisit).c.day)))
    assert found == {date(2023, 6, day) for day in (12, 13, 14, 15)}
