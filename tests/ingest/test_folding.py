"""Days that are over are folded into totals by the hour. Whatever happens meanwhile and later, an answer from
these totals is the one that raw events give.
"""

import asyncio
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from itertools import product
from random import Random
from typing import Any, NamedTuple

import pytest
import pytest_asyncio
from sqlalchemy import select, text

from audit import Actor
from base.calendar import AFTER_LAST_DAY, FIRST_DAY, Cut, DateInterval, Span, Timeline, buckets, time_zone
from base.ids import uuid7
from base.time_units import HOUR
from database import Database, table_of
from figures.folds import done_to
from ingest.deletions.pace import Pace
from ingest.discrepancy_rows import DiscrepancyRow
from ingest.event_columns import EventColumns
from ingest.event_imports import begin_import
from ingest.events import NewEvent
from ingest.fold_claims import Busy
from ingest.folding import fold, fold_all
from ingest.prune import prune
from ingest.rebuild import Rebuilt, change_time_zone, rebuild
from ingest.retention import Retention, keep_to
from ingest.store import store, store_in_bulk
from ingest.verify import Verification
from loaders.attendance import Attended, numbers_attended
from loaders.counts import read_counts
from loaders.measures import Cell, Dimension, Measure
from loaders.members import members_of
from loaders.points import read_points
from models import SUBJECT_OF, Action, Attendance, Device, FoldedHours, HourTotal, SubjectKind, Tenant
from resolvers.context import Services
from resolvers.import_undo import undo_import
from server.accounts import create_user
from tests.commands import done
from tests.events import record, view
from tests.ingest.brute import ACTIONS, drawn
from tests.interrupted import Change, Interrupted
from tests.studio import SECRET, START, Clock, Studio
from tests.waiting import somebody_waits

ALL = FIRST_DAY, AFTER_LAST_DAY
TODAY = START.date()
DAY = timedelta(days=1)
PEOPLE_WITHIN = (
    Span(START.replace(hour=7) - 18 * DAY, START.replace(hour=3) - DAY),
    Span(START.replace(hour=0) - 5 * DAY, START.replace(hour=0)),
    Span(START.replace(hour=18, minute=30) - 9 * DAY, START.replace(hour=18, minute=30) - 2 * DAY),
    Span(START - 3 * DAY, START - timedelta(minutes=1)),
    Span(START.replace(hour=2) - 4 * DAY, START.replace(hour=17) - 4 * DAY),
    Span(START.replace(hour=2, minute=10) - 4 * DAY, START.replace(hour=2, minute=40) - 4 * DAY),
)
"""Ranges with whole days and hours and with parts of hours, until today, and within a day or an hour."""
COUNTED = (*dict.fromkeys(ACTIONS), Action.ENGAGED_VIEW)
Points = tuple[bool, Counter[Any]]
"""Whether some are missing, and how much was counted by what."""


class Place(NamedTuple):
    """A user who counts in New York, and what happened to what is theirs in the last 20 days."""

    services: Services
    clock: Clock
    tenant_id: int
    events: list[NewEvent]

    @property
    def database(self) -> Database:
        return self.services.database

    async def add(self, events: list[NewEvent]) -> None:
        await self.services.buffer.add(events)

    async def fold(self, before: date = TODAY, pace: Pace | None = None) -> None:
        await fold(self.database, self.tenant_id, self.clock, before, pace)

    async def lines(self) -> list[DiscrepancyRow]:
        verification = Verification(self.database, self.tenant_id, "ada", *ALL)
        return [line async for line in verification.rows()]

    async def execute(self, *statements: str) -> None:
        async with self.database.writing() as session:
            for statement in statements:
                await session.execute(text(statement))

    async def rows(self, model: Any) -> list[tuple[Any, ...]]:
        async with self.database.snapshot() as connection:
            return sorted(map(tuple, (await connection.execute(select(table_of(model)))).all()))

    async def people(self, *spans: Span) -> list[list[int]]:
        """How many different signed-in people came to each subject, and to some together."""
        found, today = [], self.clock.now.date()
        for span in spans:
            for kind in SubjectKind:
                asked = [Attended(self.tenant_id, kind, ids) for ids in ((1,), (2,), (3,), (1, 2, 3))]
                found.append(await numbers_attended(self.database, asked, done_to(kind), span, today))
        return found

    async def totals(self, zone: str = "Europe/Berlin") -> list[Any]:
        """Of all subjects: days of the last weeks, and one range that begins and ends within a day."""
        span = Span(START.replace(hour=7) - 18 * DAY, START.replace(hour=3) - DAY)
        days = tuple(bucket.covered for bucket in buckets(span, DateInterval.DAY, time_zone(zone)))
        subjects = [(self.tenant_id, id) for id in (1, 2, 3)]
        found: list[Any] = []
        for spans in ((span,), days):
            measure = Measure(COUNTED, spans, frozenset(Dimension))
            cells = await read_counts(self.database, "America/New_York", measure, subjects, TODAY)
            found += [cells.get(subject, {}) for subject in subjects]
        return found

    async def answers(self, zone: str = "Europe/Berlin") -> list[Any]:
        """Totals, and people of several ranges."""
        return [*await self.totals(zone), *await self.people(*PEOPLE_WITHIN)]

    async def answers_of_events(self) -> list[Any]:
        """As if nothing were folded."""
        folded = await self.rows(FoldedHours)
        await self.execute("DELETE FROM folded_hours")
        answers = await self.answers()
        async with self.database.writing() as session:
            session.add_all(FoldedHours(tenant_id=id, before=before) for id, before in folded)
        return answers


@pytest_asyncio.fixture
async def place(services: Services, clock: Clock) -> Place:
    user = await create_user(
        services.database, clock.now, email="ada@example.com", username="ada", password=None, name=None
    )
    made = Place(services, clock, user.tenant_id, drawn(Random(7), user.tenant_id, START, count=300, days=20))  # noqa: S311
    await made.execute("UPDATE tenants SET time_zone = 'America/New_York'")
    return made


def added(place: Place, events: list[NewEvent]) -> list[Change]:
    """In small parts."""

    def adding(part: list[NewEvent]) -> Change:
        return lambda: place.add(part)

    return [adding(events[start : start + 20]) for start in range(0, len(events), 20)]


def came(events: list[NewEvent], *spans: Span) -> list[list[int]]:
    """The slow and obvious way."""
    found = []
    for span, kind in product(spans, SubjectKind):
        people = {
            (event.subject_id, event.user_id)
            for event in events
            if event.user_id and event.action in done_to(kind) and span.start <= event.occurred_at < span.end
        }
        each = [len([1 for subject, _ in people if subject == id]) for id in (1, 2, 3)]
        found.append([*each, len({user_id for _, user_id in people})])
    return found


async def is_right(place: Place) -> bool:
    """Whether answers are those of raw events, and the totals, too."""
    return await place.answers() == await place.answers_of_events() and await place.lines() == []


async def test_what_comes_while_days_are_folded_and_later_is_in_their_totals(place: Place) -> None:
    await place.add(place.events[:150])
    meanwhile = added(place, place.events[150:250])

    await place.fold(pace=Interrupted(*meanwhile))

    assert await place.rows(FoldedHours) == [(place.tenant_id, TODAY)]
    assert await is_right(place)
    await place.add(place.events[250:])
    assert await is_right(place)
    # In whatever zone, and on whatever days: of some days, only half an hour is left to raw events.
    kolkata = await place.answers("Asia/Kolkata")
    await place.execute("DELETE FROM folded_hours")
    assert kolkata == await place.answers("Asia/Kolkata")
    assert all(kolkata)
    assert await place.people(*PEOPLE_WITHIN) == came(place.events, *PEOPLE_WITHIN)


async def test_hours_of_a_series_are_those_of_raw_events(place: Place) -> None:
    by_hour = Cut(
        Span(START.replace(hour=7) - 18 * DAY, START.replace(hour=3) - DAY),
        DateInterval.HOUR,
        time_zone("Europe/Berlin"),
    )
    timeline = Timeline(by_hour, by_hour.buckets())
    every, none = frozenset(Dimension), frozenset[Dimension]()

    async def hours(by: frozenset[Dimension], parts: list[int], most: int = 10_000) -> Points:
        members = members_of([(place.tenant_id, id, part) for id, part in zip((1, 2, 3), parts, strict=True)])
        measure = Measure(COUNTED, (), by)
        found = await read_points(place.database, "UTC", timeline, measure, members, most, TODAY)
        points: Counter[Any] = Counter()
        for read in found:
            for place_, cell in enumerate(read.cells):
                domain = read.domains and read.domains[place_]
                hour = read.positions[cell // read.of_a_part]
                key = (hour, read.part_of(cell), cell % read.of_a_group, domain)
                taken_back = read.taken_back[place_] if read.taken_back else 0
                points.update({(*key, "count"): read.counts[place_], (*key, "taken back"): taken_back})
        return any(read.is_cut for read in found), +points

    asked = [(by, parts) for by in (every, none) for parts in ([0, 0, 0], [0, 1, 2], [0, 1, 1])]
    await place.add(place.events)
    of_events = [await hours(*one) for one in asked]

    await place.fold()

    assert [await hours(*one) for one in asked] == of_events
    assert all(len(points) > 150 and not is_cut for is_cut, points in of_events)
    assert any(key[-1] == "taken back" for key in of_events[0][1])
    # More points than may be asked for are told, though they are in fewer rows.
    assert (await hours(none, [0, 0, 0], most=15))[0]
    # Each row is read once.
    seen: list[str] = []
    with place.database.observed(seen.append):
        await hours(none, [0, 0, 0])
    assert "until_23" in seen[0]


async def test_an_import_that_is_undone_leaves_totals_and_people_as_they_were(place: Place) -> None:
    await place.add(place.events[:150])
    await place.fold()
    before = await place.rows(HourTotal), await place.rows(Attendance), await place.answers()
    number = await begin_import(place.database, "events.csv", place.clock.now)
    brought = EventColumns.of(place.events[150:])
    await place.database.in_bulk(lambda bulk: store_in_bulk(bulk, brought, import_id=number))
    assert await place.rows(Attendance) != before[1]
    assert await is_right(place)

    assert await undo_import(place.services, number, place.clock.now) == 150

    assert (await place.rows(HourTotal), await place.rows(Attendance), await place.answers()) == before
    assert await place.lines() == []


async def test_an_event_that_is_not_committed_yet_is_waited_for(place: Place) -> None:
    await place.add(place.events[:150])
    async with place.database.writing() as session:
        await store(session, place.events[150:])
        folding = asyncio.create_task(place.fold())
        await somebody_waits(place.database, folding)
    await folding

    assert await is_right(place)


async def test_two_workers_that_begin_at_once_fold_each_day_once(place: Place, database_url: str) -> None:
    await place.add(place.events)
    other = Database(database_url)
    await asyncio.gather(*(fold_all(database, place.clock) for database in (place.database, other)))
    await other.close()

    # If days were folded twice, their totals would be twice as many.
    assert await place.rows(FoldedHours) == [(place.tenant_id, TODAY)]
    assert await is_right(place)


async def test_no_worker_locks_a_tenant_of_which_another_one_folds_days(
    place: Place, database_url: str
) -> None:
    await place.add(place.events)
    other = Database(database_url)
    seen: list[str] = []

    async def come_second() -> None:
        with other.observed(seen.append):
            await fold_all(other, place.clock)

    await place.fold(pace=Interrupted(come_second))
    await other.close()

    locks = [text for text in seen if text.startswith(("BEGIN IMMEDIATE", "UPDATE")) or "FOR UPDATE" in text]
    assert (len(seen) > 0, locks) == (True, [])
    assert await is_right(place)


class Killed(Exception):
    pass


async def test_a_fold_that_was_killed_is_begun_anew(place: Place) -> None:
    await place.add(place.events[:150])

    async def kill() -> None:
        raise Killed

    with pytest.raises(Killed):
        await place.fold(pace=Interrupted(*added(place, place.events[150:170]), kill))
    await place.add(place.events[170:200])
    left = await place.rows(HourTotal)
    # Nobody knows yet that it was killed.
    with pytest.raises(Busy):
        await place.fold()
    await fold_all(place.database, place.clock)
    assert (await place.rows(FoldedHours), await place.rows(HourTotal)) == ([], left)
    assert await is_right(place)

    place.clock.advance(minutes=11)
    await place.fold(pace=Interrupted(*added(place, place.events[200:240])))

    await place.add(place.events[240:])
    assert await place.rows(FoldedHours) == [(place.tenant_id, TODAY)]
    assert await is_right(place)


async def test_whoever_was_taken_for_killed_folds_no_more(place: Place) -> None:
    await place.add(place.events)

    async def overtake() -> None:
        place.clock.advance(minutes=11)
        await place.fold()

    with pytest.raises(Busy):
        await place.fold(pace=Interrupted(overtake))

    assert await place.rows(FoldedHours) == [(place.tenant_id, TODAY)]
    assert await is_right(place)


async def test_a_fold_that_takes_long_is_not_taken_for_killed(place: Place) -> None:
    await place.add(place.events)

    async def look() -> None:
        place.clock.advance(minutes=6)
        with pytest.raises(Busy):
            await place.fold()

    await place.fold(pace=Interrupted(*added(place, place.events[:20]), look, look, look))

    assert await place.rows(FoldedHours) == [(place.tenant_id, TODAY)]
    assert await is_right(place)


async def test_a_fold_that_takes_very_long_adds_nothing_of_subjects_that_are_gone(place: Place) -> None:
    """Nobody may remember any more that they were deleted."""
    await place.add(place.events)

    async def wait() -> None:
        place.clock.advance(minutes=31)

    await place.fold(pace=Interrupted(*[wait] * 20))

    # Of all subjects of these events, there is only the user.
    kept = {(row[1], SUBJECT_OF[Action(row[3])]) for row in await place.rows(HourTotal)}
    assert kept == {(1, SubjectKind.PROFILE)}


async def test_engaged_views_that_are_mended_end_a_fold_that_has_not_seen_them(place: Place) -> None:
    await place.add(place.events)
    await place.fold(TODAY - 12 * DAY)
    folded = await place.rows(FoldedHours)
    await place.execute("DELETE FROM engaged_views")

    async def mend() -> None:
        await rebuild(place.database, place.tenant_id, *ALL)

    with pytest.raises(Busy):
        await place.fold(pace=Interrupted(*added(place, place.events[:20]), mend))
    assert await place.rows(FoldedHours) == folded
    assert await is_right(place)

    # What is left is deleted first.
    await place.fold()
    assert await place.rows(FoldedHours) == [(place.tenant_id, TODAY)]
    assert await is_right(place)


async def test_only_days_that_have_been_over_for_hours_are_folded_each_day(place: Place) -> None:
    await place.add(place.events)
    place.clock.now = START.replace(hour=5)
    await fold_all(place.database, place.clock)
    first = await place.rows(FoldedHours)
    place.clock.now = START.replace(hour=6)
    await fold_all(place.database, place.clock)
    then = await place.rows(FoldedHours)
    # Nothing happens any more: a day has to have something for it to be folded.
    place.clock.advance(days=30)
    await fold_all(place.database, place.clock)
    last = await place.rows(FoldedHours)

    assert [before for _, before in (*first, *then, *last)] == [TODAY - DAY, TODAY, TODAY + 7 * DAY]
    assert await is_right(place)


async def test_tenants_without_days_to_fold_cost_no_statements_of_their_own(place: Place) -> None:
    await place.add(place.events)
    await fold_all(place.database, place.clock)
    async with place.database.writing() as session:
        session.add_all(Tenant() for _ in range(600))
    place.clock.advance(days=30)
    await fold_all(place.database, place.clock)
    assert await place.rows(FoldedHours) == [(place.tenant_id, TODAY + 7 * DAY)]

    seen: list[str] = []
    with place.database.observed(seen.append):
        await fold_all(place.database, place.clock)

    assert [("day_totals" in one) for one in seen] == [False, True, False, True, False]


async def test_a_batch_of_days_that_are_not_folded_says_nothing_about_them(place: Place) -> None:
    recent = [event for event in place.events if event.occurred_at >= START - DAY / 2]
    await place.add([event for event in place.events if event.occurred_at < START - DAY / 2])
    await place.fold(TODAY)

    def about_hours(statements: list[str]) -> int:
        return sum("hour_totals" in one or "folded_hours" in one for one in statements)

    seen: list[str] = []
    with place.database.observed(seen.append):
        await place.add(recent)
        in_batch = about_hours(seen)
        await place.add([place.events[0]._replace(id=uuid7(START), occurred_at=START - 3 * DAY)])

    assert (in_batch, about_hours(seen)) == (0, 1)
    assert await is_right(place)


async def test_answers_in_whole_hours_stay_when_raw_events_are_pruned(place: Place) -> None:
    await place.add(place.events)
    before = await place.totals()

    pruned = await prune(place.database, [place.tenant_id], START, keep=5 * DAY)

    assert pruned.events > 200 or pruned.partitions
    assert await place.totals() == before
    # Nobody knows any more who came.
    assert {row[3] < TODAY - 5 * DAY for row in await place.rows(Attendance)} == {False}
    # What takes something back has its time.
    taken = NewEvent(place.tenant_id, uuid7(START), 1, Action.UNLIKE, START - 10 * DAY, Device.TABLET)
    async with place.database.writing() as session:
        await store(session, [taken])
    cell = Cell(0, Action.UNLIKE, int(Device.TABLET), "")
    after = await place.totals()
    assert after[0].get(cell, 0) == before[0].get(cell, 0) + 1
    assert await place.lines() == []


async def test_a_late_event_of_days_that_are_pruned_is_folded_before_it_is_dropped(
    place: Place,
) -> None:
    """Nothing else happened on its day, so nothing says that the day is to be folded."""
    await place.add([event for event in place.events if event.occurred_at < START - 12 * DAY])
    await place.fold(TODAY - 10 * DAY)
    at = START - 7 * DAY
    late = NewEvent(place.tenant_id, uuid7(at), 1, Action.VIEW, at)

    async with place.database.writing() as session:
        await store(session, [late])
        pruning = asyncio.create_task(prune(place.database, [place.tenant_id], START, keep=5 * DAY))
        await somebody_waits(place.database, pruning)
    await pruning

    assert [row[1:4] for row in await place.rows(HourTotal) if row[2] > TODAY - 10 * DAY] == [
        (1, TODAY - 7 * DAY, int(Action.VIEW))
    ]


async def test_no_day_is_folded_to_be_pruned_that_has_just_ended(place: Place) -> None:
    """On the Azores, 2023-03-26 begins at 1:00 in UTC, and the day after it at 0:00."""
    await place.execute("UPDATE tenants SET time_zone = 'Atlantic/Azores'")
    at = datetime(2023, 3, 26, 0, 30, tzinfo=UTC)
    await place.add([NewEvent(place.tenant_id, uuid7(at), 1, Action.VIEW, at)])

    async def pruned(now: datetime) -> tuple[int, list[Any]]:
        done = await prune(place.database, [place.tenant_id], now, keep=DAY)
        return done.events, [before for _, before in await place.rows(FoldedHours)]

    assert await pruned(datetime(2023, 3, 27, 0, 59, 55, tzinfo=UTC)) == (0, [])
    assert await pruned(datetime(2023, 3, 27, 1, 0, 5, tzinfo=UTC)) == (1, [date(2023, 3, 27)])


async def test_totals_by_the_hour_lose_sites_and_days_as_others_do(place: Place) -> None:
    await place.add(place.events)
    june = date(2023, 6, 1)

    async def of_may() -> list[tuple[Any, ...]]:
        return [row for row in await place.rows(HourTotal) if row[2] < june]

    def summed(rows: list[tuple[Any, ...]]) -> Counter[tuple[Any, ...]]:
        """By subject, day, action, device and hour."""
        sums: Counter[tuple[Any, ...]] = Counter()
        for row in rows:
            sums.update({(*row[1:5], hour): number for hour, number in enumerate(row[6:])})
        return sums

    await place.fold()
    before = await of_may()
    await keep_to(place.database, [place.tenant_id], START, Retention(10, 10, None))
    without_sites = await of_may()
    # These went with the raw events.
    assert min(row[3] for row in await place.rows(Attendance)) == START.date() - 10 * DAY
    await keep_to(place.database, [place.tenant_id], START, Retention(10, 10, 10))

    assert {row[5] for row in before} > {0} == {row[5] for row in without_sites}
    assert summed(without_sites) == summed(before)
    assert await of_may() == []
    assert len(await place.rows(HourTotal)) > 50
    assert [line for line in await place.lines() if line.table == "hour_totals"] == []


async def test_totals_by_the_hour_are_verified_and_mended(place: Place) -> None:
    at = datetime(2023, 6, 10, 23, 30, tzinfo=UTC)
    await place.add(
        [
            NewEvent(place.tenant_id, uuid7(at), subject, Action.VIEW, at + hours * HOUR, Device.MOBILE)
            for subject, hours in ((1, 0), (1, -3), (2, 0))
        ]
    )
    await place.fold()
    await place.execute(
        "UPDATE hour_totals SET until_22 = until_22 + 4, until_23 = until_23 + 4, until_24 = until_24 + 4 "
        "WHERE subject_id = 1",
        "UPDATE hour_totals SET subject_id = 3 WHERE subject_id = 2",
    )

    lines = await place.lines()

    assert [
        (line.table, line.subject, line.action, line.day, line.stored, line.counted) for line in lines
    ] == [
        ("hour_totals", f"publication {id}", "VIEW", "2023-06-10", stored, counted)
        for id, stored, counted in (
            (1, "1 at 20, 4 at 21, 1 at 23", "1 at 20, 1 at 23"),
            (2, "-", "1 at 23"),
            (3, "1 at 23", "-"),
        )
    ]
    assert await rebuild(place.database, place.tenant_id, date(2023, 6, 10), date(2023, 6, 11)) == Rebuilt(
        3, None
    )
    assert await is_right(place)


async def test_another_time_zone_leaves_totals_by_the_hour_as_they_are(place: Place) -> None:
    await place.add(place.events)
    await place.fold()
    seen: list[str] = []

    with place.database.observed(seen.append):
        changed = await change_time_zone(place.database, place.tenant_id, "Asia/Kolkata", Actor(START))

    assert changed > 0
    assert not any("hour_totals" in statement for statement in seen)
    assert await place.lines() == []


async def test_figures_are_explained_by_totals_by_the_hour(studio: Studio, database_url: str) -> None:
    days = ("2023-06-02T21:30:00", "2023-06-02T22:30:00", "2023-06-05T21:59:59", "2023-06-05T22:00:00")
    await record(studio, [view(at) for at in days])
    await fold_all(studio.services.database, studio.clock)

    told = await asyncio.to_thread(
        done, "explain", "ai-research-studio", "totalViews", "--from", "2023-06-03", "--to", "2023-06-05",
        "--time-zone", "Europe/Berlin", VIEWGRAPH_DATABASE_URL=database_url, VIEWGRAPH_SECRET=SECRET,
    )  # fmt: skip

    lines = [" ".join(line.split()) for line in told.splitlines()]
    assert [line for line in lines if line.startswith(("hour_totals", "day_totals", "events"))] == [
        "hour_totals 2023-06-02T22:00:00Z 2023-06-03T00:00:00Z VIEW 1 1 1",
        "day_totals 2023-06-03 2023-06-06 VIEW 1 2 2",
        "hour_totals 2023-06-05T22:00:00Z 2023-06-06T00:00:00Z VIEW 1 -1 -1",
    ]


async def test_days_with_much_are_folded_one_by_one(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.folding._EVENTS", 40)
    monkeypatch.setattr("ingest.folding._ROWS", 7)
    await place.add(place.events)
    ends: list[date] = []

    async def note() -> None:
        async with place.database.snapshot() as connection:
            ends.extend(await connection.scalars(select(table_of(Tenant).c.hours_before)))

    await place.fold(pace=Interrupted(*[note] * 200))

    assert len(dict.fromkeys(ends)) > 5
    assert await place.rows(FoldedHours) == [(place.tenant_id, TODAY)]
    assert await is_right(place)
