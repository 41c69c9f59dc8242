import sqlite3
from asyncio import Future, Runner, create_task, gather, get_running_loop, sleep, wait_for
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from random import Random
from time import perf_counter
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import event as sqlalchemy_event
from sqlalchemy import select, text
from sqlmodel import col

from base.errors import Unavailable
from base.ids import parse_global_id, uuid7
from database import Database
from ingest.batch_writer import StoreResult
from ingest.buffer import Buffer
from ingest.call import Call
from ingest.event_columns import EventColumns
from ingest.events import NewEvent
from ingest.sizes import Sizes
from ingest.topics import Topics
from models import Action, Publication, Tenant
from server.http.gathered_requests import GatheredRequests
from tests.draws import scaled
from tests.ingest.brute import counted, drawn, stored
from tests.studio import START, Studio
from tests.subjects import stored_events, totals

on_sqlite = pytest.mark.parametrize("engine", ["sqlite"])
on_postgresql = pytest.mark.parametrize("engine", ["postgresql"])


@asynccontextmanager
async def buffer_over(studio: Studio, **sizes: Any) -> AsyncIterator[Buffer]:
    buffer = Buffer(studio.services.database, Topics(), Sizes(**sizes))
    yield buffer
    await buffer.close()


def views(studio: Studio, count: int) -> list[NewEvent]:
    """Of the owner's publication, which is the first."""
    tenant_id, now = studio.people["owner"].row.tenant_id, studio.clock.now
    return [NewEvent(tenant_id, uuid7(now), 1, Action.VIEW, now) for _ in range(count)]


@contextmanager
def commits(studio: Studio) -> Iterator[list[str]]:
    """One for each transaction of the buffer that is committed meanwhile."""
    seen: list[str] = []
    with studio.statements() as statements:
        yield seen
    seen += [text for text in statements if text == "COMMIT"]


@asynccontextmanager
async def nothing_written(studio: Studio) -> AsyncIterator[None]:
    """Who stores events has to wait meanwhile: for the lock of the file, or of the table of totals."""
    async with studio.services.database.writing() as session:
        if studio.services.database.dialect_name == "postgresql":
            await session.execute(text("LOCK TABLE day_totals IN EXCLUSIVE MODE"))
        yield


@contextmanager
def locked_file(studio: Studio) -> Iterator[sqlite3.Connection]:
    """By another program. It is let go at the end, or by a rollback."""
    other = sqlite3.connect(studio.services.database.url.database or "", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    yield other
    other.close()


async def impatient_with_locks(studio: Studio) -> None:
    """SQLite would wait for ten seconds before it says that the file is locked."""
    engine = studio.services.database.engine
    await engine.dispose()
    sqlalchemy_event.listen(
        engine.sync_engine, "connect", lambda driver, _: driver.execute("PRAGMA busy_timeout = 10")
    )


async def test_calls_that_come_in_together_share_a_transaction(studio: Studio) -> None:
    sent = views(studio, 50)
    async with buffer_over(studio) as buffer:
        with commits(studio) as committed:
            fates = await gather(*(buffer.add([view]) for view in sent))

    assert fates == [[StoreResult.NEW]] * 50
    assert len(committed) == 1
    assert studio.services.database.connections().writing == 0
    assert {event.id for event in await stored_events(studio)} == {view.id for view in sent}
    assert await totals(studio) == {Action.VIEW: 50}


async def test_what_comes_in_while_a_batch_is_written_shares_the_next_transaction(studio: Studio) -> None:
    first, *others = views(studio, 20)
    async with buffer_over(studio) as buffer:
        with commits(studio) as committed:
            async with nothing_written(studio):
                calls = [create_task(buffer.add([first]))]
                await sleep(0.05)
                calls += [create_task(buffer.add([view])) for view in others]
                await sleep(0.05)
            await gather(*calls)

    assert len(committed) == 2
    assert await totals(studio) == {Action.VIEW: 20}


async def test_what_is_offered_right_before_a_batch_is_in_it(studio: Studio) -> None:
    first, *others = views(studio, 5)
    offered: list[Future[list[StoreResult]]] = []
    async with buffer_over(studio) as buffer:

        def offer() -> None:
            offered.extend(buffer.offer(EventColumns.of([view])) for view in others)

        with commits(studio) as committed:
            buffer.before_next_batch(offer)
            buffer.before_next_batch(offer)
            assert await buffer.add([first]) == [StoreResult.NEW]

    assert [await one for one in offered] == [[StoreResult.NEW]] * 4
    assert len(committed) == 1
    assert await totals(studio) == {Action.VIEW: 5}


async def test_who_fails_to_offer_holds_back_nobody(studio: Studio, caplog: pytest.LogCaptureFixture) -> None:
    def offer() -> None:
        raise RuntimeError

    async with buffer_over(studio) as buffer:
        buffer.before_next_batch(offer)
        assert await buffer.add(views(studio, 1)) == [StoreResult.NEW]

    assert caplog.messages == ["Events could not be offered"]
    assert await totals(studio) == {Action.VIEW: 1}


async def test_what_is_offered_last_is_written_when_it_is_closed(studio: Studio) -> None:
    buffer = Buffer(studio.services.database, Topics())
    offered: list[Future[list[StoreResult]]] = []
    buffer.before_next_batch(lambda: offered.append(buffer.offer(EventColumns.of(views(studio, 1)))))
    await buffer.close()

    assert [await one for one in offered] == [[StoreResult.NEW]]
    assert await totals(studio) == {Action.VIEW: 1}


async def write_slowly(studio: Studio, buffer: Buffer) -> None:
    """Has six requests stored, in more than 1.6 seconds."""
    async with nothing_written(studio):
        before = [create_task(buffer.add([view])) for view in views(studio, 6)]
        await sleep(1.6)
    await gather(*before)


async def test_after_a_slow_batch_of_many_requests_the_next_one_waits_for_all_of_them(studio: Studio) -> None:
    async with buffer_over(studio, linger=60) as buffer:
        await write_slowly(studio, buffer)
        with commits(studio) as committed:
            calls: list[Future[list[StoreResult]]] = [create_task(buffer.add(views(studio, 1)))]
            await sleep(0.02)
            for _ in range(5):
                buffer.note_request()
            calls.append(buffer.offer_together(EventColumns.of(views(studio, 5)), requests=5).done)
            await gather(*calls)

    assert len(committed) == 1
    assert await totals(studio) == {Action.VIEW: 12}


def gathering(buffer: Buffer, judged: list[int]) -> GatheredRequests[int]:
    """`judged` gets how many requests are judged together, each time."""

    def judge(requests: list[int]) -> bool:
        judged.append(len(requests))
        return True

    return GatheredRequests(buffer, judge, judged.append)


@on_sqlite
@pytest.mark.parametrize(("weight", "requests"), [(1, 50), (9, 50), (10, 50), (100, 5), (250, 2), (500, 1)])
async def test_gathered_requests_are_judged_before_they_are_too_many(
    studio: Studio, weight: int, requests: int
) -> None:
    judged: list[int] = []
    async with buffer_over(studio) as buffer:
        gathered = gathering(buffer, judged)
        for number in range(requests):
            assert judged == []
            gathered.add(number, weight)
        assert judged == [requests]

    assert judged == [requests]


@on_sqlite
@pytest.mark.parametrize(("weight", "together"), [(120, 4), (251, 1), (499, 1)])
async def test_gathered_requests_are_judged_before_one_that_would_be_too_much(
    studio: Studio, weight: int, together: int
) -> None:
    judged: list[int] = []
    async with buffer_over(studio) as buffer:
        gathered = gathering(buffer, judged)
        for number in range(together + 1):
            assert judged == []
            gathered.add(number, weight)
        assert judged == [together]

    assert judged == [together, 1]


async def test_a_batch_that_is_full_waits_for_nobody(studio: Studio) -> None:
    async with buffer_over(studio, linger=60, batch=10, prompt_batch=10) as buffer:
        await write_slowly(studio, buffer)
        began = perf_counter()
        calls = [create_task(buffer.add(views(studio, 4))) for _ in range(2)]
        await sleep(0.02)
        assert not calls[0].done()
        calls.append(create_task(buffer.add(views(studio, 4))))
        await gather(*calls)
        assert perf_counter() - began < 0.7

    assert await totals(studio) == {Action.VIEW: 18}


async def test_who_closes_waits_for_nobody(studio: Studio) -> None:
    async with buffer_over(studio, linger=60) as buffer:
        await write_slowly(studio, buffer)
        began = perf_counter()
        last = create_task(buffer.add(views(studio, 1)))
        await sleep(0.02)
    await last

    assert perf_counter() - began < 0.7
    assert await totals(studio) == {Action.VIEW: 7}


async def test_nobody_waits_for_requests_that_are_gathered_already(studio: Studio) -> None:
    async with buffer_over(studio, linger=60) as buffer:
        judged: Future[Call] = get_running_loop().create_future()

        def judge(requests: list[NewEvent]) -> bool:
            judged.set_result(buffer.offer_together(EventColumns.of(requests), len(requests)))
            return True

        def decline(request: NewEvent) -> None:
            raise AssertionError(request)

        gathered = GatheredRequests(buffer, judge, decline)
        await write_slowly(studio, buffer)
        began = perf_counter()
        for view in views(studio, 6):
            gathered.add(view, 1)
        await (await judged).done
        # All who could come are there, so the 0.8 seconds that one would have waited for others are saved.
        assert perf_counter() - began < 0.7

    assert await totals(studio) == {Action.VIEW: 12}


@on_postgresql
async def test_of_requests_together_only_those_of_a_locked_tenant_are_left(studio: Studio) -> None:
    async with studio.services.database.writing() as session:
        session.add(tenant := Tenant())
    open, beside, *locked = views(studio, 5)
    locked = [view._replace(tenant_id=tenant.id) for view in locked]
    events = EventColumns.of([open, locked[0], beside, *locked[1:]])
    async with buffer_over(studio, pause=0.01) as buffer:
        async with studio.services.database.writing() as session:
            await session.execute(select(Tenant).where(col(Tenant.id) == tenant.id).with_for_update())
            call = buffer.offer_together(events, requests=4)
            results = await call.done
            later = [buffer.offer_later(call.part(start, start + 2)) for start in (0, 2)]
            await buffer.add(views(studio, 1))
            assert not any(one.done() for one in later)
        # What was stored the first time is no duplicate the second time.
        assert await gather(*later) == [[StoreResult.NEW] * 2] * 2

    assert results == [StoreResult.NEW, None, StoreResult.NEW, None, None]
    with pytest.raises(Unavailable):
        await buffer.offer_later(call.part(4, 5))
    assert {event.id for event in await stored_events(studio)} >= {
        view.id for view in (open, beside, *locked[:2])
    }


@on_postgresql
async def test_a_part_that_is_offered_later_has_the_patience_that_is_left(studio: Studio) -> None:
    async with studio.services.database.writing() as session:
        session.add(tenant := Tenant())
    locked = [view._replace(tenant_id=tenant.id) for view in views(studio, 1)]
    async with buffer_over(studio, pause=0.01) as buffer:
        call = buffer.offer_together(EventColumns.of(locked), requests=1)
        call.results = [None]
        part = call.part(0, 1)

        assert (part.deadline, part.events.size) == (call.deadline, 1)
        assert await call.done == [StoreResult.NEW]


async def test_a_batch_has_no_more_events_than_it_may_unless_one_call_has(studio: Studio) -> None:
    sizes = [4, 4, 4, 4, 25, 4, 4]
    async with buffer_over(studio, batch=10) as buffer:
        with commits(studio) as committed:
            fates = await gather(*(buffer.add(views(studio, size)) for size in sizes))

    assert [len(call) for call in fates] == sizes
    assert len(committed) == len(["4 + 4", "4 + 4", "25", "4 + 4"])
    assert await totals(studio) == {Action.VIEW: sum(sizes)}


@pytest.mark.parametrize(
    ("prompt_seconds", "batches"), [(60.0, ["4", "4 + 4 + 4", "4 + 4"]), (0.0, ["4"] * 6)]
)
async def test_batches_grow_only_if_the_database_was_quick_before(
    studio: Studio, prompt_seconds: float, batches: list[str]
) -> None:
    async with buffer_over(studio, batch=12, prompt_batch=4, prompt_seconds=prompt_seconds) as buffer:
        with commits(studio) as committed:
            await gather(*(buffer.add(views(studio, 4)) for _ in range(6)))

    assert len(committed) == len(batches)
    assert await totals(studio) == {Action.VIEW: 24}


@on_sqlite
@pytest.mark.parametrize("last", ["failed", "known"])
async def test_a_batch_that_failed_or_had_nothing_new_says_nothing_of_the_next_one(
    studio: Studio, last: str
) -> None:
    async with buffer_over(studio, batch=12, prompt_batch=4, prompt_seconds=60.0, limit=0.2) as buffer:
        first = views(studio, 4)
        await buffer.add(first)
        if last == "known":
            assert await buffer.add(first) == [StoreResult.KNOWN] * 4
        else:
            async with nothing_written(studio):
                with pytest.raises(Unavailable):
                    await buffer.add(views(studio, 4))
        with commits(studio) as committed:
            await gather(*(buffer.add(views(studio, 4)) for _ in range(3)))

    assert len(committed) == len(["4", "4 + 4"])
    assert await totals(studio) == {Action.VIEW: 16}


@pytest.mark.parametrize(
    ("pace", "most"), [(0.0, 5_000), (25_000.0, 5_000), (50_000.0, 10_000), (80_000.0, 16_000), (1e6, 16_000)]
)
def test_a_batch_is_as_large_as_the_pace_of_the_last_one_allows(pace: float, most: int) -> None:
    assert Sizes().most(pace) == most
    assert Sizes(batch=7).most(pace) == 7


async def test_when_it_is_full_callers_wait_and_then_are_told_when_to_come_again(studio: Studio) -> None:
    async with buffer_over(studio, capacity=10, patience=0.2) as buffer:
        async with nothing_written(studio):
            taken = create_task(buffer.add(views(studio, 10)))
            await sleep(0.05)
            with pytest.raises(Unavailable) as refused:
                await buffer.add(views(studio, 1))
            buffer.sizes = buffer.sizes._replace(patience=60)
            patient = create_task(buffer.add(views(studio, 1)))
            await sleep(0.05)
            assert not taken.done()
            assert not patient.done()

        assert await taken == [StoreResult.NEW] * 10
        assert await patient == [StoreResult.NEW]

    assert refused.value.extensions == {"code": "UNAVAILABLE", "retryAfter": 5}
    assert await totals(studio) == {Action.VIEW: 11}


@pytest.mark.parametrize(
    ("poison", "fate"),
    [
        pytest.param({"tenant_id": 1_000_000}, StoreResult.GONE, id="of a tenant that is gone"),
        pytest.param({"subject_id": None}, StoreResult.REFUSED, id="without what the table demands"),
        pytest.param({"subject_id": 2**63}, StoreResult.REFUSED, id="with a number that no column holds"),
    ],
)
async def test_a_poisonous_event_holds_back_nobody(
    studio: Studio, poison: dict[str, Any], fate: StoreResult
) -> None:
    before, bad, after, *alone = views(studio, 23)
    async with buffer_over(studio) as buffer:
        mixed, *others = await gather(
            buffer.add([before, bad._replace(**poison), after]), *(buffer.add([view]) for view in alone)
        )

    assert mixed == [StoreResult.NEW, fate, StoreResult.NEW]
    assert others == [[StoreResult.NEW]] * 20
    ids = {event.id for event in await stored_events(studio)}
    assert ids == {view.id for view in (before, after, *alone)}
    assert await totals(studio) == {Action.VIEW: 22}


async def test_all_poison_is_found(studio: Studio) -> None:
    sent = views(studio, 9)
    bad = {0, 3, 4, 8}
    async with buffer_over(studio) as buffer:
        fates = await buffer.add(
            [view._replace(subject_id=2**63) if place in bad else view for place, view in enumerate(sent)]
        )

    assert [place for place, fate in enumerate(fates) if fate is StoreResult.REFUSED] == sorted(bad)
    assert fates.count(StoreResult.NEW) == 5
    assert await totals(studio) == {Action.VIEW: 5}


@on_sqlite
async def test_a_locked_file_is_tried_again_until_it_is_let_go(
    studio: Studio, caplog: pytest.LogCaptureFixture
) -> None:
    await impatient_with_locks(studio)
    async with buffer_over(studio) as buffer:
        with locked_file(studio) as other:
            calls = [create_task(buffer.add([view])) for view in views(studio, 10)]
            await sleep(0.3)
            assert not any(call.done() for call in calls)
            other.rollback()
            assert await gather(*calls) == [[StoreResult.NEW]] * 10

    assert caplog.messages[0].startswith("The database is away, trying again")
    assert await totals(studio) == {Action.VIEW: 10}


@on_sqlite
async def test_a_file_that_stays_locked_makes_callers_come_again(studio: Studio) -> None:
    await impatient_with_locks(studio)
    sent = views(studio, 10)
    async with buffer_over(studio, patience=0.2) as buffer:
        with locked_file(studio), pytest.raises(Unavailable) as refused:
            await buffer.add(sent)
        assert await studio.count("events") == 0
        assert await buffer.add(sent) == [StoreResult.NEW] * 10

    assert refused.value.extensions == {"code": "UNAVAILABLE", "retryAfter": 5}
    assert await totals(studio) == {Action.VIEW: 10}


@on_postgresql
async def test_a_connection_that_breaks_under_a_batch_is_replaced(
    studio: Studio, caplog: pytest.LogCaptureFixture
) -> None:
    waiting = text(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )

    async def ended() -> bool:
        async with studio.services.database.writing() as session:
            return bool((await session.execute(waiting)).all())

    async with buffer_over(studio) as buffer:
        async with nothing_written(studio):
            call = create_task(buffer.add(views(studio, 10)))
            # Within one transaction, what others wait for stays as it was seen first.
            while not await ended():  # noqa: ASYNC110  # another process
                await sleep(0.01)
            await sleep(0.05)
        assert await call == [StoreResult.NEW] * 10

    assert caplog.messages[0].startswith("The database is away, trying again")
    assert await totals(studio) == {Action.VIEW: 10}


async def test_closing_writes_what_was_taken_in(studio: Studio) -> None:
    buffer = Buffer(studio.services.database, Topics())
    calls = [create_task(buffer.add([view])) for view in views(studio, 5)]
    await sleep(0)
    await buffer.close()

    assert await gather(*calls) == [[StoreResult.NEW]] * 5
    assert await totals(studio) == {Action.VIEW: 5}
    with pytest.raises(Unavailable):
        await buffer.add(views(studio, 1))


async def test_closing_sends_away_who_still_waits_for_room(studio: Studio) -> None:
    buffer = Buffer(studio.services.database, Topics(), Sizes(capacity=1))
    async with nothing_written(studio):
        taken, late = (create_task(buffer.add([view])) for view in views(studio, 2))
        await sleep(0.05)
        closing = create_task(buffer.close())
        await sleep(0.05)
    await wait_for(closing, 5)

    assert await taken == [StoreResult.NEW]
    with pytest.raises(Unavailable):
        await wait_for(late, 5)
    assert await totals(studio) == {Action.VIEW: 1}


async def test_events_of_a_caller_who_has_left_are_stored(studio: Studio) -> None:
    async with buffer_over(studio) as buffer:
        stays, leaves = (create_task(buffer.add([view])) for view in views(studio, 2))
        await sleep(0)
        leaves.cancel()
        assert await stays == [StoreResult.NEW]

    assert leaves.cancelled()
    assert await totals(studio) == {Action.VIEW: 2}


async def test_an_id_is_new_once_in_a_batch(studio: Studio) -> None:
    first, second = views(studio, 2)
    async with buffer_over(studio) as buffer:
        one, other, again = await gather(
            buffer.add([first, second, first]), buffer.add([second]), buffer.add([first])
        )
        later = await buffer.add([second])

    assert one == [StoreResult.NEW, StoreResult.NEW, StoreResult.KNOWN]
    assert (other, again, later) == ([StoreResult.KNOWN], [StoreResult.KNOWN], [StoreResult.KNOWN])
    assert len(await stored_events(studio)) == 2
    assert await totals(studio) == {Action.VIEW: 2}


async def test_makers_see_a_batch_at_once_when_they_are_to(studio: Studio) -> None:
    _, public_id = parse_global_id(studio.publication)
    async with buffer_over(studio) as buffer:
        await gather(*(buffer.add([view], refreshed=frozenset([1])) for view in views(studio, 3)))
        await buffer.add(views(studio, 1))

    async with studio.services.database.writing() as session:
        publication = (await session.execute(select(Publication))).scalar_one()
    assert (publication.id, publication.public_id) == (1, public_id)
    before = 1
    assert publication.revision == before + 1


# Any interleaving


class Plan(NamedTuple):
    seed: int
    zone: str
    batches: list[tuple[int, list[int]]]
    """By which of two buffers, and which of the events, each maybe again."""


plans = st.builds(
    Plan,
    st.integers(0, 2**32),
    st.sampled_from(["UTC", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia"]),
    st.lists(
        st.tuples(st.integers(0, 1), st.lists(st.integers(0, 29), min_size=1, max_size=30)),
        min_size=1,
        max_size=8,
    ),
)


def test_however_calls_come_each_distinct_event_counts_once(database_url: str) -> None:
    """Through two buffers, as of two workers: totals, active users, engaged views and sketches."""

    async def check(plan: Plan) -> None:
        async with databases[0].writing() as session:
            session.add(tenant := Tenant(time_zone=plan.zone))
        events = drawn(Random(plan.seed), tenant.id, START, count=30, days=3)  # noqa: S311
        calls = [(buffer, [events[number] for number in numbers]) for buffer, numbers in plan.batches]
        fates = await gather(*(buffers[buffer].add(sent) for buffer, sent in calls))

        sent = [event for _, call in calls for event in call]
        assert await stored(databases[0], tenant.id) == counted(sent, plan.zone)
        told = zip(sent, (fate for call in fates for fate in call), strict=True)
        new = [event.id for event, fate in told if fate is StoreResult.NEW]
        assert sorted(new) == sorted({event.id for event in sent})
        assert {fate for call in fates for fate in call} <= {StoreResult.NEW, StoreResult.KNOWN}

    with Runner() as runner:
        databases = [Database(database_url), Database(database_url)]
        buffers = [Buffer(database, Topics(), Sizes(batch=40)) for database in databases]

        @settings(max_examples=scaled(30), database=None)
        @given(plans)
        def check_any(plan: Plan) -> None:
            runner.run(check(plan))

        try:
            check_any()
        finally:
            for buffer in buffers:
                runner.run(buffer.close())
            for database in databases:
                runner.run(database.close())
