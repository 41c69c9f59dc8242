"""Rows that several transactions want to add or change at once: sketches, and engaged views."""

from asyncio import create_task, gather
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import pairwise
from random import Random
from uuid import UUID, uuid4

import pytest
from sqlalchemy import BigInteger, String, bindparam, literal_column, select, text

from base.sketches import estimate, sketching
from database import Bulk, Database, Statement, table_of
from ingest.event_columns import EventColumns
from ingest.events import NewEvent
from ingest.store import Stored, store, store_in_bulk
from models import Action, DayTotal, EngagedView, SubjectKind, VisitorSketch
from resolvers.context import Services
from tests.ingest.test_store import add_tenants
from tests.waiting import somebody_waits

on_postgresql = pytest.mark.parametrize("engine", ["postgresql"])
SUBJECTS = 300
VIEWS = 150
ROWS_READ = Statement(
    select(literal_column("seq_tup_read + coalesce(idx_tup_fetch, 0)", BigInteger()))
    .select_from(text("pg_stat_xact_user_tables"))
    .where(text("relname = :table").bindparams(bindparam("table", type_=String()))),
    int,
)
"""Rows that this connection has read, as long as the server has not told others of it."""
NOON = datetime(2023, 6, 15, 12, tzinfo=UTC)


def happened(tenant: int, action: Action, minute: int, view: UUID | None = None) -> NewEvent:
    """By somebody else in each minute."""
    at = NOON + timedelta(minutes=minute)
    return NewEvent(tenant, uuid4(), 1, action, at, view_id=view, visitor=minute.to_bytes(8))


async def stored(database: Database, events: Sequence[NewEvent]) -> list[Stored]:
    await sketching.ready()
    columns = EventColumns.of(events)
    return await database.in_bulk(lambda bulk: store_in_bulk(bulk, columns))


async def visitors(database: Database, tenant: int) -> dict[tuple[int, int], int]:
    """By the kind and the id of the subject."""
    sketches = table_of(VisitorSketch)
    async with database.snapshot() as connection:
        rows = await connection.execute(select(sketches).where(sketches.c.tenant_id == tenant))
        return {(row.subject_kind, row.subject_id): estimate([row.sketch]).estimate for row in rows}


async def counts(database: Database, tenant: int) -> dict[Action, int]:
    days = table_of(DayTotal)
    async with database.snapshot() as connection:
        rows = await connection.execute(select(days.c.action, days.c.count).where(days.c.tenant_id == tenant))
        return {Action(action): count for action, count in rows}


async def engaged_views(database: Database) -> set[tuple[UUID, UUID, datetime]]:
    """With the first interaction of each."""
    views = table_of(EngagedView)
    async with database.snapshot() as connection:
        rows = await connection.execute(select(views.c.view_id, views.c.event_id, views.c.occurred_at))
        return {(view_id, event_id, at) for view_id, event_id, at in rows}


async def test_visitors_of_transactions_that_begin_a_sketch_at_once_are_all_counted(
    services: Services,
) -> None:
    database = services.database
    (tenant,) = await add_tenants(database, "UTC")

    async with database.writing() as session:
        await store(session, [happened(tenant, Action.VIEW, 1)])
        # It changes other totals, so it waits for nothing but the sketch.
        second = create_task(stored(database, [happened(tenant, Action.LIKE, 2)]))
        await somebody_waits(database, second)

    assert await second == [True]
    assert await visitors(database, tenant) == {(0, 0): 2, (SubjectKind.PUBLICATION, 1): 2}
    assert await counts(database, tenant) == {Action.VIEW: 1, Action.LIKE: 1}


async def test_a_view_in_which_two_transactions_find_the_first_interaction_is_engaged_once(
    services: Services,
) -> None:
    database = services.database
    (tenant,) = await add_tenants(database, "UTC")
    view = uuid4()
    first, second = (happened(tenant, Action.INTERACTION, minute, view) for minute in (1, 2))

    async with database.writing() as session:
        await store(session, [second])
        earlier = create_task(stored(database, [first]))
        await somebody_waits(database, earlier)

    assert await earlier == [True]
    assert await counts(database, tenant) == {Action.INTERACTION: 2, Action.ENGAGED_VIEW: 1}
    async with database.snapshot() as connection:
        (row,) = await connection.execute(select(table_of(EngagedView)))
    assert (row.view_id, row.event_id, row.occurred_at) == (view, first.id, first.occurred_at)


async def test_many_views_in_which_two_transactions_find_the_first_interaction_are_engaged_once(
    services: Services,
) -> None:
    database = services.database
    (tenant,) = await add_tenants(database, "UTC")
    both, earlier_only = [[uuid4() for _ in range(VIEWS)] for _ in range(2)]

    async with database.writing() as session:
        await store(session, [happened(tenant, Action.INTERACTION, 2, view) for view in both])
        events = [happened(tenant, Action.INTERACTION, 1, view) for view in (*both, *earlier_only)]
        earlier = create_task(stored(database, events))
        await somebody_waits(database, earlier)

    assert all(await earlier)
    assert await counts(database, tenant) == {Action.INTERACTION: 3 * VIEWS, Action.ENGAGED_VIEW: 2 * VIEWS}
    assert await engaged_views(database) == {(event.view_id, event.id, event.occurred_at) for event in events}


@pytest.mark.parametrize("minute", [1, 3])
async def test_of_many_views_those_that_are_engaged_are_not_engaged_again(
    services: Services, minute: int
) -> None:
    """An earlier interaction changes when they were engaged."""
    database = services.database
    (tenant,) = await add_tenants(database, "UTC")
    engaged, new = [[uuid4() for _ in range(count)] for count in (VIEWS // 2, 2 * VIEWS)]
    before = [happened(tenant, Action.INTERACTION, 2, view) for view in engaged]
    await stored(database, before)

    more = [happened(tenant, Action.INTERACTION, minute, view) for view in (*engaged, *new)]
    assert all(await stored(database, more))

    assert await counts(database, tenant) == {
        Action.INTERACTION: len(before) + len(more),
        Action.ENGAGED_VIEW: len(engaged) + len(new),
    }
    kept = more if minute < 2 else [*before, *more[len(engaged) :]]
    assert await engaged_views(database) == {(event.view_id, event.id, event.occurred_at) for event in kept}


@on_postgresql
async def test_a_claim_of_views_reads_few_rows_of_a_table_that_was_never_analyzed(services: Services) -> None:
    """PostgreSQL could read all views of the tenant."""
    database = services.database
    (tenant,) = await add_tenants(database, "UTC")
    views = [uuid4() for _ in range(6 * VIEWS)]
    await stored(database, [happened(tenant, Action.INTERACTION, 1, view) for view in views])
    again = EventColumns.of([happened(tenant, Action.INTERACTION, 2, view) for view in views[:VIEWS]])

    async def read(bulk: Bulk) -> list[int]:
        assert all(await store_in_bulk(bulk, again))
        return await bulk.fetch(ROWS_READ, table="engaged_views")

    (rows,) = await database.in_bulk(read)

    # When they are looked for, inserted and locked.
    assert rows <= 3 * VIEWS


@on_postgresql
async def test_a_claim_reads_few_rows_of_a_table_that_was_never_analyzed(services: Services) -> None:
    """PostgreSQL could seek each sketch among all sketches of the tenant's day."""
    database = services.database
    (tenant,) = await add_tenants(database, "UTC")
    await sketching.ready()
    read: list[int] = []

    async def counted(bulk: Bulk, columns: EventColumns) -> None:
        assert all(await store_in_bulk(bulk, columns))
        read.extend(await bulk.fetch(ROWS_READ, table="visitor_sketches"))

    for minute in range(3):
        events = [
            happened(tenant, Action.VIEW, minute)._replace(subject_id=subject)
            for subject in range(1, SUBJECTS + 1)
        ]
        await database.in_bulk(partial(counted, columns=EventColumns.of(events)))

    # Twice a batch, or three times: when they are looked for, locked and changed.
    assert max(later - earlier for earlier, later in pairwise(read)) <= 4 * SUBJECTS


async def test_small_batches_at_once_never_wait_for_each_other_in_a_circle(services: Services) -> None:
    database = services.database
    tenants = await add_tenants(database, "UTC", "Pacific/Apia")
    views = [uuid4() for _ in range(10)]
    events = [
        happened(tenants[number % 2], Action.INTERACTION, number, views[number // 2 % 10])
        for number in range(200)
    ]
    shuffled = Random(5).sample(events, 200)  # noqa: S311
    batches = [shuffled[start : start + 10] for start in range(0, 200, 10)]

    assert await gather(*(stored(database, batch) for batch in batches)) == [[True] * 10] * 20

    for tenant in tenants:
        assert await counts(database, tenant) == {Action.INTERACTION: 100, Action.ENGAGED_VIEW: 10}
        assert await visitors(database, tenant) == {(0, 0): 100, (SubjectKind.ASSET, 1): 100}
