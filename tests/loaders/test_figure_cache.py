import asyncio
from asyncio import CancelledError, Event, create_task, gather, sleep
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from base.calendar import AFTER_LAST_DAY, FIRST_DAY
from base.errors import TimedOut
from database import Database, metered
from ingest.rebuild import rebuild
from loaders.base import Loader, Loaders
from loaders.cached import CachedKey, CachedLoader, VersionedKey, Versions
from loaders.engagement import Engagement
from loaders.figure_cache import FigureCache, Version, VersionKey
from server.services import close_services
from tests.conftest import client_of
from tests.events import record, view
from tests.studio import START, Clock, Studio, services_for

DASHBOARD = """query($url: String!) { publication(url: $url) {
  experienceCounts { total }
  metrics { totalLikes generatedAt }
  socialMetrics { followersCount followingCount }
} }"""
URL = "ai-research-studio"
NOON = "2023-06-15T12:00:00Z"
LIKE = """mutation($p: ID!) { likePublication(publicationId: $p) {
  publication { metrics { totalLikes generatedAt } }
} }"""
FOLLOW = "mutation($u: ID!) { followUser(userId: $u) { user { username } } }"
PUBLISH = """mutation($p: ID!) {
  publishExperience(input: {publicationId: $p, type: QUEST, title: "One"}) { experience { id } }
}"""
RANGE = """query($start: RangeBound!, $end: RangeBound!) { publication(url: "ai-research-studio") {
  metrics(range: {start: $start, end: $end}) { totalViews generatedAt previous { totalViews generatedAt } }
} }"""


def computed(statements: list[str]) -> int:
    """How often the active people were counted, of what is kept."""
    return sum(" active_users" in text for text in statements)


async def dashboard(studio: Studio, url: str = URL, by: str = "owner") -> tuple[Any, ...]:
    """Experiences, likes, when, followers, followed."""
    shown = (await studio.ask(DASHBOARD, by, url=url)).data["publication"]
    metrics, social = shown["metrics"], shown["socialMetrics"]
    return (
        shown["experienceCounts"]["total"],
        metrics["totalLikes"],
        metrics["generatedAt"],
        social["followersCount"],
        social["followingCount"],
    )


async def test_what_was_computed_is_used_for_an_hour_while_nothing_changes(studio: Studio) -> None:
    with studio.statements() as statements:
        assert await dashboard(studio) == (0, 0, NOON, 0, 0)
    assert computed(statements) == 1

    studio.clock.advance(minutes=59, seconds=59)
    with studio.statements() as statements:
        assert await dashboard(studio) == (0, 0, NOON, 0, 0)
        assert await dashboard(studio, by="cocreator") == (0, 0, NOON, 0, 0)
    assert computed(statements) == 0

    studio.clock.advance(seconds=1)
    with studio.statements() as statements:
        assert await dashboard(studio) == (0, 0, "2023-06-15T13:00:00Z", 0, 0)
        assert await dashboard(studio, by="cocreator") == (0, 0, "2023-06-15T13:00:00Z", 0, 0)
    assert computed(statements) == 1


async def test_what_anybody_does_is_seen_at_once(studio: Studio) -> None:
    assert await dashboard(studio) == (0, 0, NOON, 0, 0)
    studio.clock.advance(minutes=1)
    assert (await studio.ask(LIKE, "stranger", p=studio.publication)).errors == [
        ("FORBIDDEN", "likePublication.publication.metrics")
    ]
    assert (await studio.ask(FOLLOW, "stranger", u=studio.people["owner"].id)).data
    assert await dashboard(studio) == (0, 1, "2023-06-15T12:01:00Z", 1, 0)

    studio.clock.advance(minutes=1)
    liked = await studio.ask(LIKE, "cocreator", p=studio.publication)
    seen = {"publication": {"metrics": {"totalLikes": 2, "generatedAt": "2023-06-15T12:02:00Z"}}}
    assert liked.data == {"likePublication": seen}
    assert await dashboard(studio) == (0, 2, "2023-06-15T12:02:00Z", 1, 0)

    studio.clock.advance(minutes=1)
    assert (await studio.ask(PUBLISH, "owner", p=studio.publication)).data
    assert await dashboard(studio, by="cocreator") == (1, 2, "2023-06-15T12:03:00Z", 1, 0)


async def test_another_process_uses_nothing_that_is_stale(studio: Studio, database_url: str) -> None:
    """Though nobody tells it: it looks."""
    other = services_for(database_url, studio.clock)
    async with client_of(other) as client:
        elsewhere = replace(studio, services=other, client=client)
        assert await dashboard(elsewhere) == (0, 0, NOON, 0, 0)
        studio.clock.advance(minutes=1)
        await record(studio, [view("2023-06-04T12:00:00")])
        assert (await studio.ask(LIKE, "stranger", p=studio.publication)).errors
        assert await dashboard(elsewhere) == (0, 1, "2023-06-15T12:01:00Z", 0, 0)
    await close_services(other)


async def test_totals_that_were_mended_are_seen_at_once(studio: Studio) -> None:
    """Though as much was counted as before."""
    await record(studio, [view("2023-06-04T12:00:00")])
    assert await within(studio, "2023-06-04", "2023-06-04") == (1, NOON, 0, NOON)
    async with studio.services.database.engine.begin() as connection:
        await connection.exec_driver_sql("UPDATE day_totals SET count = 5")
        await connection.exec_driver_sql("UPDATE publications SET revision = revision + 1")
    assert await within(studio, "2023-06-04", "2023-06-04") == (5, NOON, 0, NOON)

    owner = studio.people["owner"].row.tenant_id
    assert (await rebuild(studio.services.database, owner, FIRST_DAY, AFTER_LAST_DAY)).rows == 1
    assert await within(studio, "2023-06-04", "2023-06-04") == (1, NOON, 0, NOON)


async def test_publications_are_kept_apart(studio: Studio) -> None:
    another = await studio.add_publication("another", "owner")
    assert await dashboard(studio) == await dashboard(studio, "another")
    studio.clock.advance(minutes=1)

    assert (await studio.ask(LIKE, "owner", p=another)).data

    with studio.statements() as statements:
        assert await dashboard(studio) == (0, 0, NOON, 0, 0)
    assert computed(statements) == 0
    assert await dashboard(studio, "another") == (0, 1, "2023-06-15T12:01:00Z", 0, 0)


async def within(studio: Studio, start: str, end: str) -> tuple[Any, ...]:
    """Views and when, and the same of the range before."""
    answer = await studio.ask(RANGE, "owner", start=start, end=end)
    found = answer.data["publication"]["metrics"]
    before = found["previous"]
    return found["totalViews"], found["generatedAt"], before["totalViews"], before["generatedAt"]


async def test_all_that_is_said_of_a_publication_was_so_at_one_time(studio: Studio) -> None:
    await record(studio, [view("2023-06-03T12:00:00"), *[view("2023-06-04T12:00:00")] * 2])

    assert await within(studio, "2023-06-04", "2023-06-04") == (2, NOON, 1, NOON)
    studio.clock.advance(minutes=10)
    with studio.statements() as statements:
        assert await within(studio, "2023-06-04T00:00:00Z", "2023-06-04T23:59:59Z") == (2, NOON, 1, NOON)
    assert not any("day_totals" in text for text in statements)
    # Computed later, of what was so then.
    assert await within(studio, "2023-06-03", "2023-06-03") == (1, NOON, 0, NOON)
    await record(studio, [view("2023-06-03T12:00:00")])
    ten_past = "2023-06-15T12:10:00Z"
    assert await within(studio, "2023-06-04", "2023-06-04") == (2, ten_past, 2, ten_past)
    assert (await dashboard(studio))[2] == ten_past


async def test_requests_at_one_time_for_what_nobody_has_asked_yet_compute_it_once(studio: Studio) -> None:
    with studio.statements() as statements:
        found = await gather(*(dashboard(studio, by=by) for by in ["owner", "cocreator"] * 10))
    assert found == [(0, 0, NOON, 0, 0)] * 20
    assert computed(statements) == 1
    assert studio.services.figure_cache.running == {}


async def test_a_computation_that_fails_is_no_answer_for_others(
    studio: Studio, caplog: pytest.LogCaptureFixture
) -> None:
    async with gone(studio, "active_users"):
        with studio.statements() as statements:
            answers = await gather(*(studio.ask(DASHBOARD, "owner", url=URL) for _ in range(5)))
        for answer in answers:
            assert answer.errors == [("INTERNAL_SERVER_ERROR", "publication.metrics")]
            assert answer.body["data"]["publication"] == {
                "experienceCounts": {"total": 0},
                "metrics": None,
                "socialMetrics": {"followersCount": 0, "followingCount": 0},
            }
        assert computed(statements) == 5
        assert len(caplog.records) == 5
    assert studio.services.figure_cache.running == {}

    assert await dashboard(studio) == (0, 0, NOON, 0, 0)


@asynccontextmanager
async def gone(studio: Studio, table: str) -> AsyncIterator[None]:
    """A database that lacks a table for a while."""

    async def rename(old: str, new: str) -> None:
        async with studio.services.database.engine.begin() as connection:
            await connection.exec_driver_sql(f"ALTER TABLE {old} RENAME TO {new}")

    await rename(table, "gone")
    yield
    await rename("gone", table)


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
async def test_a_request_that_is_cancelled_leaves_what_it_began_to_others(studio: Studio) -> None:
    """It is cut off, and begun anew by one that still waits. Only PostgreSQL lets a test hold a reader up:
    SQLite's wait for nobody.
    """
    async with studio.services.database.engine.begin() as connection:
        await connection.exec_driver_sql("LOCK TABLE active_users IN ACCESS EXCLUSIVE MODE")
        with studio.statements() as statements, seen(studio, "active_users") as begun:
            asking = [create_task(studio.ask(DASHBOARD, "owner", url=URL))]
            await begun.wait()
            asking += [create_task(studio.ask(DASHBOARD, "owner", url=URL)) for _ in range(2)]
            await sleep(0.1)
            asking[0].cancel()
            asking[1].cancel()
            assert [*await gather(*asking[:2], return_exceptions=True)] == [Cancelled(), Cancelled()]
            await connection.rollback()
            answer = await asking[2]
    assert answer.data["publication"]["metrics"] == {"totalLikes": 0, "generatedAt": "2023-06-15T12:00:00Z"}
    assert computed(statements) == 2
    assert studio.services.figure_cache.running == {}


@contextmanager
def seen(studio: Studio, table: str) -> Iterator[Event]:
    """Set once a statement reads from the table."""
    begun = Event()
    with studio.services.database.observed(lambda text: begun.set() if f" {table}" in text else None):
        yield begun


class Cancelled:
    def __eq__(self, other: object) -> bool:
        return isinstance(other, CancelledError)


async def test_what_is_kept_is_a_value(studio: Studio) -> None:
    await dashboard(studio)
    assert {type(value) for value in studio.services.figure_cache._values.values()} == {Engagement}


# The parts alone, where a test says when a computation goes on.


class Unread(Loader[VersionKey, Version]):
    """Says that so many events were counted, of whichever publication."""

    def __init__(self, loaders: Loaders, events: int) -> None:
        super().__init__(loaders)
        self._figure_cache = loaders.figure_cache
        self._events = events

    async def batch_load_fn(self, keys: Sequence[VersionKey]) -> list[Version]:
        return [self._figure_cache.version(key, self._events, START) for key in keys]


class Gated(CachedLoader[str, str]):
    """Computes the upper case of its keys, once `gate` is open."""

    def __init__(self, database: Database, cache: FigureCache, events: int = 0) -> None:
        loaders = Loaders(database, cache, START)
        loaders[Versions] = Unread(loaders, events)
        super().__init__(loaders)
        self.gate = Event()
        self.asked: list[list[str]] = []

    def publication_of(self, _: str) -> tuple[int, int]:
        return 1, 1

    async def compute(self, asked: Sequence[VersionedKey[str]]) -> list[str]:
        keys = [one.key for one in asked]
        self.asked.append(keys)
        await self.gate.wait()
        if "bad" in keys:
            raise ArithmeticError(keys)
        return [key.upper() for key in keys]


class OtherGated(Gated):
    pass


@pytest.fixture
def database(tmp_path: Path) -> Database:
    """Nobody connects to it."""
    return Database(f"sqlite:///{tmp_path}/none.sqlite3")


@pytest.fixture
def cache(clock: Clock) -> FigureCache:
    return FigureCache(timer=lambda: clock.now.timestamp())


def key(text: str, revision: int = 0) -> CachedKey[str]:
    return CachedKey(revision, text)


async def begun() -> None:
    """Until everybody has asked, or waits for another."""
    for _ in range(40):
        await sleep(0)


async def test_loaders_of_two_requests_share_what_they_want_at_one_time(
    database: Database, cache: FigureCache
) -> None:
    first, second = Gated(database, cache), Gated(database, cache)
    of_first = create_task(load(first, "a", "b"))
    await begun()
    of_second = create_task(load(second, "b", "c", "a"))
    await begun()
    assert [first.asked, second.asked] == [[["a", "b"]], [["c"]]]

    second.gate.set()
    await begun()
    assert not of_second.done()
    first.gate.set()
    assert [*await gather(of_first, of_second)] == [["A", "B"], ["B", "C", "A"]]
    assert [first.asked, second.asked] == [[["a", "b"]], [["c"]]]
    assert cache.running == {}


async def load(loader: Gated, *texts: str) -> list[str]:
    return list(await loader.load_many(key(text) for text in texts))


async def test_two_that_want_each_others_keys_do_not_wait_for_ever(
    database: Database, cache: FigureCache
) -> None:
    first, second = Gated(database, cache), Gated(database, cache)
    first.gate.set()
    second.gate.set()
    assert [*await gather(load(first, "a", "b"), load(second, "b", "a"))] == [["A", "B"], ["B", "A"]]


async def test_kinds_of_figures_are_kept_apart(database: Database, cache: FigureCache) -> None:
    one, other = Gated(database, cache), OtherGated(database, cache)
    one.gate.set()
    other.gate.set()
    assert [*await gather(load(one, "a"), load(other, "a"))] == [["A"], ["A"]]
    assert [one.asked, other.asked] == [[["a"]], [["a"]]]


async def test_whoever_waited_for_a_failure_tries_again_one_at_a_time(
    database: Database, cache: FigureCache
) -> None:
    loaders = [Gated(database, cache) for _ in range(3)]
    waiting = [create_task(load(loader, "bad")) for loader in loaders]
    await begun()
    assert [loader.asked for loader in loaders] == [[["bad"]], [], []]
    for loader in loaders:
        loader.gate.set()

    failures = await gather(*waiting, return_exceptions=True)

    assert [type(failure) for failure in failures] == [ArithmeticError] * 3
    assert [loader.asked for loader in loaders] == [[["bad"]]] * 3
    assert cache.running == {}


async def test_a_computation_that_is_cancelled_is_taken_over(database: Database, cache: FigureCache) -> None:
    first, second, third = (Gated(database, cache) for _ in range(3))
    computing, *waiting = (create_task(loader.batch_load_fn([key("a")])) for loader in (first, second, third))
    await begun()
    computing.cancel()
    with pytest.raises(CancelledError):
        await computing
    await begun()
    assert [second.asked, third.asked] == [[["a"]], []]
    second.gate.set()
    assert [*await gather(*waiting)] == [["A"], ["A"]]
    assert cache.running == {}


async def test_who_stops_waiting_stops_nobody_else(database: Database, cache: FigureCache) -> None:
    first, second, third = (Gated(database, cache) for _ in range(3))
    computing, leaving, staying = (
        create_task(loader.batch_load_fn([key("a")])) for loader in (first, second, third)
    )
    await begun()
    leaving.cancel()
    with pytest.raises(CancelledError):
        await leaving
    first.gate.set()
    assert [*await gather(computing, staying)] == [["A"], ["A"]]
    assert [second.asked, third.asked] == [[], []]


async def test_a_slow_computation_of_an_old_revision_replaces_no_newer_one(
    database: Database, cache: FigureCache
) -> None:
    old, new, later = (Gated(database, cache) for _ in range(3))
    slow = create_task(old.batch_load_fn([key("a", 1)]))
    await begun()
    new.gate.set()
    assert await new.batch_load_fn([key("a", 2)]) == ["A"]
    old.gate.set()
    assert await slow == ["A"]

    assert await asyncio.wait_for(later.batch_load_fn([key("a", 2)]), 30) == ["A"]
    assert later.asked == []


async def test_what_was_seen_before_an_event_is_not_used_after_it_nor_the_other_way_round(
    database: Database, cache: FigureCache
) -> None:
    before, after, late = Gated(database, cache, 1), Gated(database, cache, 2), Gated(database, cache, 1)
    for loader in (before, after, late):
        loader.gate.set()
        assert await loader.batch_load_fn([key("a")]) == ["A"]
    # Whoever reads as it was before finds what was found then.
    assert [before.asked, after.asked, late.asked] == [[["a"]], [["a"]], []]
    again = Gated(database, cache, 2)
    assert await again.batch_load_fn([key("a")]) == ["A"]
    assert again.asked == []


async def test_an_hour_of_no_seconds_keeps_nothing(database: Database) -> None:
    loader = Gated(database, FigureCache(seconds=0))
    loader.gate.set()
    assert await loader.batch_load_fn([key("a")]) == ["A"]
    assert await loader.batch_load_fn([key("a")]) == ["A"]
    assert loader.asked == [["a"], ["a"]]


async def test_whoever_is_given_up_does_not_wait_for_what_another_computes(
    database: Database, cache: FigureCache
) -> None:
    first, second = Gated(database, cache), Gated(database, cache)
    computing = create_task(load(first, "a"))
    await begun()
    with metered():
        waiting = create_task(load(second, "a"))
        await begun()
        database.stop_reading()
    with pytest.raises(TimedOut, match="Nobody waits"):
        await waiting

    first.gate.set()
    assert await computing == ["A"]
    assert (second.asked, cache.running) == ([], {})
