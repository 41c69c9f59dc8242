"""Batches of events, however they come, against a count of the distinct events in plain Python."""

import asyncio
from asyncio import CancelledError, Runner, create_task, gather, sleep
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from random import Random
from typing import Any, NamedTuple
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text
from sqlmodel import SQLModel, col

from base.ids import uuid7
from database import Database, table_of
from ingest.batch_writer import StoreResult
from ingest.events import NewEvent
from ingest.store import store
from models import (
    NAMED_BYTES,
    Action,
    ActiveUser,
    DayTotal,
    Device,
    Domain,
    EngagedView,
    Event,
    MonthTotal,
    SubjectKind,
    SubjectTotal,
    Tenant,
    VisitorLink,
    VisitorSketch,
)
from resolvers.context import Services
from tests.draws import scaled
from tests.locks import waits

NOON = datetime(2023, 6, 15, 12, tzinfo=UTC)
ZONES = [
    "UTC",
    "Africa/Cairo",
    "America/New_York",
    "America/St_Johns",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Pacific/Kiritimati",
    "Pacific/Pago_Pago",
]
# Where some zone's day or month begins, or its clocks are changed: over midnight, by a day, by half an hour.
EDGES = [
    datetime.fromisoformat(text)
    for text in (
        "2010-11-07T02:31:00Z",
        "2011-12-30T10:00:00Z",
        "2023-04-27T22:00:00Z",
        "2023-10-26T21:00:00Z",
        "2023-04-01T15:00:00Z",
        "2023-03-12T07:00:00Z",
        "2023-11-05T06:00:00Z",
        "2023-07-01T00:00:00Z",
        "2023-06-30T10:00:00Z",
        "2023-07-01T11:00:00Z",
        "2023-06-30T18:15:00Z",
    )
]
AROUND = [
    sign * timedelta(**size)
    for size in ({"microseconds": 1}, {"minutes": 30}, {"hours": 1}, {"hours": 2}, {"days": 1})
    for sign in (-1, 1)
]
TAKING_BACK = {Action.UNLIKE, Action.UNBOOKMARK, Action.UNCOMMENT, Action.CANCEL}


class Given(NamedTuple):
    """An event but for its tenant and id."""

    subject_id: int
    action: Action
    occurred_at: datetime
    device: Device
    site: str | None
    user_id: int | None


class Batch(NamedTuple):
    keys: list[tuple[int, int]]
    """The number of a tenant, and that of an id."""
    failures: int
    """How often its transaction fails before it goes through."""
    times: int
    """How often it is sent because nobody heard that it went through."""


class Plan(NamedTuple):
    zones: list[str]
    """Of each tenant."""
    events: dict[tuple[int, int], Given]
    batches: list[Batch]


instants = st.one_of(
    st.builds(datetime.__add__, st.sampled_from(EDGES), st.sampled_from([timedelta(0), *AROUND])),
    st.builds(NOON.__add__, st.timedeltas(timedelta(days=-5000), timedelta(days=2000))),
)
contents = st.builds(
    Given,
    st.integers(1, 2),
    st.sampled_from([Action.VIEW, Action.LIKE, Action.UNLIKE, Action.BOOK, Action.CANCEL, Action.VIEW_3D]),
    instants,
    st.sampled_from(Device),
    st.sampled_from([None, "a", "b"]),
    st.sampled_from([None, 1, 2]),
)


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    zones = draw(st.lists(st.sampled_from(ZONES), min_size=1, max_size=3, unique=True))
    keys = st.tuples(st.integers(0, len(zones) - 1), st.integers(0, 9))
    events = draw(st.dictionaries(keys, contents, min_size=1, max_size=20))
    batch = st.builds(
        Batch,
        st.lists(st.sampled_from(sorted(events)), max_size=20),
        st.integers(0, 1),
        st.integers(1, 2),
    )
    return Plan(zones, events, draw(st.lists(batch, min_size=1, max_size=5)))


def around_every_edge() -> Plan:
    """In every zone, in two batches that overlap."""
    instants = [edge + size for edge in EDGES for size in (timedelta(0), *AROUND)]
    events = {
        (zone, number): Given(1, Action.VIEW, at, Device.DESKTOP, None, number % 3)
        for zone in range(len(ZONES))
        for number, at in enumerate(instants)
    }
    keys = list(events)
    return Plan(ZONES, events, [Batch(keys[:600], 1, 1), Batch(keys[:300:-1], 0, 2)])


class Lost(Exception):
    """The server goes down before the commit."""


async def add_tenants(database: Database, *zones: str) -> list[int]:
    tenants = [Tenant(time_zone=zone) for zone in zones]
    async with database.writing() as session:
        session.add_all(tenants)
    return [tenant.id for tenant in tenants]


async def send(database: Database, events: Sequence[NewEvent], batch: Batch) -> list[tuple[int, UUID]]:
    """What was told to be new, as often as it was."""
    for _ in range(batch.failures):
        with suppress(Lost):
            async with database.writing() as session:
                await store(session, events)
                raise Lost
    told: list[tuple[int, UUID]] = []
    for _ in range(batch.times):
        async with database.writing() as session:
            new = await store(session, events)
        told += new
    return told


@lru_cache(maxsize=4096)
def day_in(zone: str, at: datetime) -> date:
    """The latest date that the clocks have shown by then: set back over midnight, they show an old one."""
    minutes = [at - timedelta(minutes=n) for n in range(180)]
    return max(minute.astimezone(ZoneInfo(zone)).date() for minute in minutes)


class Totals(NamedTuple):
    events: set[tuple[Any, ...]]
    days: dict[tuple[Any, ...], int]
    months: dict[tuple[Any, ...], int]
    ever: dict[tuple[Any, ...], int]
    active: dict[tuple[Any, ...], datetime]


def recount(zones: dict[int, str], events: Sequence[NewEvent]) -> Totals:
    """The events are distinct."""
    days: Counter[tuple[Any, ...]] = Counter()
    months: Counter[tuple[Any, ...]] = Counter()
    ever: Counter[tuple[Any, ...]] = Counter()
    active: dict[tuple[Any, ...], datetime] = {}
    for event in events:
        day = day_in(zones[event.tenant_id], event.occurred_at)
        subject, rest = (event.tenant_id, event.subject_id, event.action), (event.device, event.domain)
        days[*subject, day, *rest] += 1
        months[*subject, date(day.year, day.month, 1), *rest] += 1
        ever[subject] += 1
        if event.user_id is not None and event.action not in TAKING_BACK:
            kind = SubjectKind.ASSET if event.action == Action.VIEW_3D else SubjectKind.PUBLICATION
            key = (event.tenant_id, kind, event.subject_id, event.user_id)
            active[key] = max(active.get(key, event.occurred_at), event.occurred_at)
    return Totals(
        {event[: NewEvent._fields.index("is_believed")] for event in events},
        dict(days),
        dict(months),
        dict(ever),
        active,
    )


async def totals(database: Database, tenants: Sequence[int]) -> Totals:
    """As they are in the database."""

    async def rows(model: type[SQLModel]) -> list[Any]:
        table = table_of(model)
        return list(await connection.execute(select(table).where(table.c.tenant_id.in_(tenants))))

    async with database.engine.connect() as connection:
        domains = table_of(Domain).c
        names: dict[int, str | None] = dict(
            (await connection.execute(select(domains.id, domains.name))).all()
        )
        sites = {**names, 0: None}
        found = Totals(
            {
                (
                    *(row.tenant_id, row.id, row.subject_id, row.action, row.occurred_at, row.device),
                    *(sites[row.domain_id], row.view_id, row.user_id, row.visitor),
                )
                for row in await rows(Event)
            },
            {(*row[:5], sites[row.domain_id]): row.count for row in await rows(DayTotal)},
            {(*row[:5], sites[row.domain_id]): row.count for row in await rows(MonthTotal)},
            {tuple(row)[:3]: row.count for row in await rows(SubjectTotal)},
            {tuple(row)[:4]: row.last_active_at for row in await rows(ActiveUser)},
        )
        await connection.rollback()
    return found


def test_however_batches_come_each_distinct_event_counts_once(database_url: str) -> None:
    """One database and one event loop for all examples; each has tenants of its own."""

    async def check(plan: Plan) -> None:
        tenants = await add_tenants(databases[0], *plan.zones)
        events = {
            (tenant, number): NewEvent(
                tenants[tenant],
                UUID(int=number),
                given.subject_id,
                given.action,
                given.occurred_at,
                given.device,
                # New ones each time: writers want to add them at once.
                f"{given.site}.{tenants[0]}.example.com" if given.site else None,
                user_id=given.user_id,
            )
            for (tenant, number), given in plan.events.items()
        }
        told = await gather(
            *(
                send(databases[number % 2], [events[key] for key in batch.keys], batch)
                for number, batch in enumerate(plan.batches)
            )
        )
        sent = {events[key] for batch in plan.batches for key in batch.keys}
        expected = recount(dict(zip(tenants, plan.zones, strict=True)), list(sent))
        assert await totals(databases[0], tenants) == expected
        assert Counter(key for keys in told for key in keys) == Counter(event[:2] for event in sent)

    with Runner() as runner:
        databases = [Database(database_url), Database(database_url)]

        @settings(max_examples=scaled(20), database=None)
        @given(plans())
        @example(around_every_edge())
        def check_any(plan: Plan) -> None:
            runner.run(check(plan))

        try:
            check_any()
        finally:
            for database in databases:
                runner.run(database.close())


def some_events(tenants: Sequence[int], count: int) -> list[NewEvent]:
    return [
        NewEvent(
            tenants[number % len(tenants)],
            uuid4(),
            number % 3,
            Action.VIEW,
            NOON - timedelta(days=number % 50),
            Device(number % 4),
            f"{number % 7}.example.com" if number % 7 else None,
            user_id=number % 11,
        )
        for number in range(count)
    ]


ONCE = Batch([], failures=0, times=1)


async def test_a_batch_whose_transaction_fails_leaves_nothing(services: Services) -> None:
    database = services.database
    tenants = await add_tenants(database, "UTC", "Pacific/Apia")
    events = some_events(tenants, 30)
    stranger = events[0]._replace(tenant_id=max(tenants) + 1)

    with suppress(Lost):
        async with database.writing() as session:
            assert len(await store(session, events)) == 30
            raise Lost
    assert await totals(database, tenants) == Totals(set(), {}, {}, {}, {})
    # An event of a tenant that is gone is left out.
    with suppress(Lost):
        async with database.writing() as session:
            assert len(await store(session, [*events, stranger])) == 30
            raise Lost
    assert await totals(database, [*tenants, stranger.tenant_id]) == Totals(set(), {}, {}, {}, {})

    assert len(await send(database, events, ONCE)) == 30
    zones = dict(zip(tenants, ["UTC", "Pacific/Apia"], strict=True))
    assert await totals(database, tenants) == recount(zones, events)


@pytest.mark.parametrize("engine", ["postgresql"])
async def test_who_waits_for_one_tenant_holds_no_later_one(services: Services) -> None:
    """The later one has no clock yet, which the batch stores. Otherwise two could wait for each other."""
    database = services.database
    tenants = first, later = await add_tenants(database, "UTC", "Africa/Cairo")
    events = some_events(tenants, 30)

    async with database.writing() as session:
        await session.execute(tenant_locked(first))
        storing = create_task(send(database, events, ONCE))
        await waits(storing, await session.connection())
        await session.execute(tenant_locked(later, nowait=True))

    assert len(await storing) == 30
    assert await totals(database, tenants) == recount({first: "UTC", later: "Africa/Cairo"}, events)


def tenant_locked(id: int, *, nowait: bool = False) -> Any:
    """As by whoever adds a domain."""
    return select(col(Tenant.id)).where(col(Tenant.id) == id).with_for_update(key_share=True, nowait=nowait)


async def test_a_batch_that_is_cancelled_before_its_commit_leaves_nothing(services: Services) -> None:
    database = services.database
    (tenant,) = await add_tenants(database, "UTC")
    events = some_events([tenant], 30)
    is_stored = asyncio.Event()

    async def stored_but_never_committed() -> None:
        async with database.writing() as session:
            await store(session, events)
            is_stored.set()
            await sleep(60)

    task = create_task(stored_but_never_committed())
    await is_stored.wait()
    task.cancel()
    with pytest.raises(CancelledError):
        await task
    assert await totals(database, [tenant]) == Totals(set(), {}, {}, {}, {})

    assert len(await send(database, events, ONCE)) == 30
    assert await totals(database, [tenant]) == recount({tenant: "UTC"}, events)


async def test_of_two_events_with_one_id_the_first_counts(services: Services) -> None:
    database = services.database
    (tenant,) = await add_tenants(database, "UTC")
    first, later = (event._replace(id=UUID(int=7)) for event in some_events([tenant], 9)[::8])
    assert first[2:] != later[2:]

    assert await send(database, [first, later], ONCE) == [(tenant, UUID(int=7))]
    assert await send(database, [later], ONCE) == []
    assert await totals(database, [tenant]) == recount({tenant: "UTC"}, [first])


async def test_no_events_are_no_work(services: Services) -> None:
    seen: list[str] = []
    async with services.database.writing() as session:
        with services.database.observed(seen.append):
            assert await store(session, []) == set()
    assert seen == []


async def test_a_batch_may_have_thousands_of_events(services: Services) -> None:
    database = services.database
    zones = ["UTC", "Pacific/Apia", "America/New_York"]
    tenants = await add_tenants(database, *zones)
    events = [
        event._replace(domain=f"{number % 400}.example.com")
        for number, event in enumerate(some_events(tenants, 4000))
    ]

    assert len(await send(database, [*events, *events[:100]], ONCE)) == 4000
    assert await totals(database, tenants) == recount(dict(zip(tenants, zones, strict=True)), events)


@pytest.mark.parametrize("engine", ["postgresql"])
@pytest.mark.parametrize("days", [0, 40])
async def test_many_events_are_copied_if_that_is_the_order_of_their_keys(
    services: Services, days: int
) -> None:
    """PostgreSQL copies into one month after another, where others lock tenant by tenant."""
    database = services.database
    tenants = await add_tenants(database, "UTC", "UTC")
    events = [
        event._replace(id=uuid7(NOON - timedelta(days=days * (number // 200))))
        for number, event in enumerate(some_events(tenants, 400))
    ]
    seen: list[str] = []
    with database.observed(seen.append):
        assert len(await send(database, events, ONCE)) == 400

    assert any(text.startswith("COPY") for text in seen) == (days == 0)
    assert await totals(database, tenants) == recount(dict.fromkeys(tenants, "UTC"), events)


@pytest.mark.parametrize("place", [0, 1, -1])
async def test_a_large_batch_may_have_a_few_events_that_are_there(services: Services, place: int) -> None:
    database = services.database
    (tenant,) = await add_tenants(database, "UTC")
    events = sorted(event._replace(id=uuid7(NOON)) for event in some_events([tenant], 600))
    known = events[place]

    assert await services.buffer.add([known]) == [StoreResult.NEW]
    results = await services.buffer.add(events)
    assert results == [StoreResult.KNOWN if event is known else StoreResult.NEW for event in events]
    assert await services.buffer.add(events) == [StoreResult.KNOWN] * 600
    assert await send(database, events, ONCE) == []

    assert await totals(database, [tenant]) == recount({tenant: "UTC"}, events)


@pytest.mark.parametrize("stored_for_each", [1, 8])
async def test_of_many_named_events_those_that_are_stored_already_are_told_apart(
    services: Services, stored_for_each: int
) -> None:
    """`stored_for_each`: how many stored events lie between those of a batch, for each of them."""
    database, random = services.database, Random(3)  # noqa: S311
    zones = ["UTC", "Pacific/Apia"]
    tenants = await add_tenants(database, *zones)
    events = sorted(
        event._replace(visitor=random.randbytes(16) if random.random() < 0.9 else None, user_id=None)
        for event in some_events(tenants, 1_200 * (1 + stored_for_each))
    )
    resent = random.sample(events, 100)
    batch = sorted({*events[:: 1 + stored_for_each], *resent})
    stored = [event for event in events if event not in set(batch)] + resent

    assert len(await send(database, stored, ONCE)) == len(stored)
    new = await send(database, batch, ONCE)

    assert sorted(new) == sorted(event[:2] for event in batch if event not in set(resent))
    assert await send(database, events, ONCE) == []
    assert await totals(database, tenants) == recount(dict(zip(tenants, zones, strict=True)), events)


async def test_events_are_stored_in_tables_to_which_a_later_version_gave_columns(services: Services) -> None:
    database = services.database
    (tenant,) = await add_tenants(database, "UTC")
    totals_of = (DayTotal, MonthTotal, SubjectTotal, ActiveUser, EngagedView, VisitorSketch, VisitorLink)
    async with database.writing() as session:
        for model in (Event, *totals_of):
            await session.execute(text(f"ALTER TABLE {table_of(model).name} ADD COLUMN later BIGINT"))
    seen = NewEvent(tenant, uuid4(), 1, Action.VIEW, NOON, user_id=1, visitor=b"x" * NAMED_BYTES)
    touched = seen._replace(id=uuid4(), action=Action.INTERACTION, user_id=None, view_id=uuid4())

    # Many at once go another way than a few, and those that are there already another one.
    assert len(await send(database, [*some_events([tenant], 600), seen], ONCE)) == 601
    assert len(await send(database, [seen, touched], ONCE)) == 1

    async with database.snapshot() as connection:
        for model in (Event, *totals_of):
            assert (await connection.execute(select(table_of(model)).limit(1))).first()
    assert len((await totals(database, [tenant])).events) == 602


async def test_writers_of_the_same_totals_at_once_never_wait_for_each_other_in_a_circle(
    services: Services,
) -> None:
    database = services.database
    zones = ["UTC", "Pacific/Apia", "America/New_York"]
    tenants = await add_tenants(database, *zones)
    batches = [_shuffled(tenants, 60, seed) for seed in range(20)]

    told = await gather(*(send(database, batch, ONCE) for batch in batches))

    assert [len(new) for new in told] == [60] * 20
    events = [event for batch in batches for event in batch]
    assert await totals(database, tenants) == recount(dict(zip(tenants, zones, strict=True)), events)


async def test_writers_of_the_same_events_at_once_never_wait_for_each_other_in_a_circle(
    services: Services,
) -> None:
    """A batch of thousands takes several statements: each writer holds some events and wants others."""
    database = services.database
    (tenant,) = await add_tenants(database, "UTC")
    events = _shuffled([tenant], 3600, 0)
    # Three writers bring the first third, three the second, and all of them the last.
    batches = [events[:1200] + events[2400:], events[1200:]] * 3
    random = Random(7)  # noqa: S311
    told = await gather(*(send(database, random.sample(batch, 2400), ONCE) for batch in batches))

    assert sum(len(new) for new in told) == 3600
    assert await totals(database, [tenant]) == recount({tenant: "UTC"}, events)


def _shuffled(tenants: Sequence[int], count: int, seed: int) -> list[NewEvent]:
    """Without domains: those who wait for a new one come one by one."""
    events = [event._replace(domain=None) for event in some_events(tenants, count)]
    return Random(seed).sample(events, count)  # noqa: S311
