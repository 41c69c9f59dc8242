"""How the cost of reads grows with the number of events, in the reporting time zone and in others.

python -m bench.growth --events 1000000 --events 10000000 --folder FOLDER

Each number of users needs a folder of its own.

Each database has a year of one tenant: 20 assets, three actions, three devices and two sites. Events lie
evenly in time, so a day has the same rows of totals however many events there are. A tenth of them have one
of `--users` users. Up to `--raw` events all are there, and days are folded as a server does it; of more
events, the latest are there, beside all totals and all attendances.
Reads are of days that are over. CPU is that of this process, and of PostgreSQL.
"""

import asyncio
import sys
from argparse import ArgumentParser
from array import array
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, date, datetime, timedelta
from itertools import islice, product
from pathlib import Path
from tempfile import gettempdir
from time import perf_counter, process_time
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1] / "src"))

import numpy
from sqlalchemy import text

from base.attendance import packed
from base.calendar import Cut, DateInterval, Span, Timeline, month_start, time_zone
from base.sketches import ALL_SUBJECTS
from bench.cpu import cpu_seconds
from database import Database, bulk, ensure_partitions
from database.bulk.columns import columns_of
from ingest.folding import fold
from loaders.attendance import Attended, numbers_attended
from loaders.counts import read_counts
from loaders.measures import Measure
from loaders.members import members_of
from loaders.points import read_points
from models import (
    Action,
    Attendance,
    DayTotal,
    Domain,
    Event,
    FoldedHours,
    HourTotal,
    MonthTotal,
    SubjectKind,
    SubjectTotal,
    Tenant,
)
from server import migrations
from tests.postgres import PostgresServer

START = datetime(2022, 6, 1, tzinfo=UTC)
DAYS = 365
STOP = START + timedelta(days=DAYS)
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata")
"""The first one is the reporting time zone."""
TENANT = 1
_HOUR = timedelta(hours=1)
_SUBJECTS = range(1, 21)
_ACTIONS = {Action.VIEW_3D: 0.6, Action.INTERACTION: 0.3, Action.AR_CLICK: 0.1}
_DEVICES = {1: 0.35, 2: 0.5, 3: 0.15}
_DOMAINS = {1: 0.7, 2: 0.3}
_WITH_USER = 10
"""One of so many events has a user."""
_MIXED = 0x9E3779B97F4A7C15
_AT_A_TIME = 20_000
_MOST_POINTS = 1_000_000
_LEAST_SECONDS = 0.1
_LEAST_TIMES = 3
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

Cell = tuple[int, int, int, int]
"""Subject, action, device and domain."""


def shares() -> dict[Cell, float]:
    """The share of each cell in all events."""
    subjects = {id: 2 * id / (len(_SUBJECTS) * (len(_SUBJECTS) + 1)) for id in _SUBJECTS}
    parts = product(subjects.items(), _ACTIONS.items(), _DEVICES.items(), _DOMAINS.items())
    return {
        (subject, int(action), device, domain): a * b * c * d
        for (subject, a), (action, b), (device, c), (domain, d) in parts
    }


class Day(NamedTuple):
    day: date
    counts: dict[Cell, list[int]]
    """Of each hour in UTC."""


def days_of(events: int) -> Iterator[Day]:
    """What is left over in one hour counts in the next one."""
    rates = {cell: share * events / (24 * DAYS) for cell, share in shares().items()}
    for number in range(DAYS):
        counts = {
            cell: [int(rate * (hour + 1)) - int(rate * hour) for hour in range(24 * number, 24 * number + 24)]
            for cell, rate in rates.items()
        }
        yield Day((START + timedelta(days=number)).date(), counts)


def events_of(day: Day, users: int) -> Iterator[tuple[Any, ...]]:
    """Rows of the table, with packed values. Those of an hour are as far apart as they can be."""
    start = (datetime.combine(day.day, datetime.min.time(), UTC) - _EPOCH) // _MICROSECOND
    for hour in range(24):
        for (subject, action, device, domain), counts in day.counts.items():
            count = counts[hour]
            for number in range(count):
                at = start + hour * 3_600_000_000 + number * 3_600_000_000 // count
                low = (subject << 48 | action << 40 | device << 36 | domain << 32 | number) & (1 << 62) - 1
                id = (at // 1_000) << 80 | 7 << 76 | (at % 1_000) << 64 | 0b10 << 62 | low
                bytes_ = id.to_bytes(16, "big")
                yield (
                    TENANT,
                    bytes_,
                    subject,
                    action,
                    device,
                    domain,
                    at,
                    None,
                    user_of(id, users),
                    bytes_[8:],
                    None,
                )


def user_of(id: int, users: int) -> int | None:
    """As if drawn at random."""
    drawn = (id ^ id >> 64) * _MIXED % (1 << 64)
    return 1 + (drawn >> 16) % users if (drawn >> 48) % _WITH_USER == 0 else None


def attendances_of(day: Day, users: int) -> list[tuple[Any, ...]]:
    """Rows of the table, with packed values. They are those of `events_of`."""
    start = (datetime.combine(day.day, datetime.min.time(), UTC) - _EPOCH) // _MICROSECOND
    came: dict[int, list[Any]] = {}
    for (subject, action, device, domain), counts in day.counts.items():
        cell = 0b10 << 62 | subject << 48 & (1 << 62) - 1 | action << 40 | device << 36 | domain << 32
        for hour, count in enumerate(counts):
            numbers = numpy.arange(count, dtype="u8")
            at = start + hour * 3_600_000_000 + numbers * 3_600_000_000 // max(count, 1)
            high = at // 1_000 << 16 | 7 << 12 | at % 1_000
            drawn = (high ^ (cell | numbers)) * numpy.uint64(_MIXED)
            are_named = (drawn >> 48) % _WITH_USER == 0
            ids = 1 + (drawn[are_named] >> 16) % users
            came.setdefault(subject, []).append(ids << 24 | 1 << hour)
    subjects = {(int(SubjectKind.ASSET), subject): numpy.concatenate(some) for subject, some in came.items()}
    subjects[ALL_SUBJECTS] = numpy.concatenate(list(subjects.values()))
    rows = [
        (TENANT, *key, day.day.toordinal(), packed(array("Q", some.tobytes())))
        for key, some in subjects.items()
        if len(some)
    ]
    return sorted(rows)


async def fill(url: str, events: int, raw: int, users: int) -> float | None:
    """Returns the CPU seconds that folding took this process, if days were folded."""
    await migrations.upgrade(url)
    database = Database(url)
    kept = max(0, int(DAYS * (1 - raw / events)))
    try:
        async with database.writing() as session:
            session.add(Tenant(id=TENANT))
            session.add_all(Domain(id=id, name=f"shop-{id}.example") for id in _DOMAINS)
        for month in range(13):
            await ensure_partitions(database, START + timedelta(days=28 * month))
        months: dict[tuple[int, ...], int] = {}
        ever: dict[tuple[int, int], int] = {}
        for number, day in enumerate(days_of(events)):
            await _store_day(database, day, users, has_events=number >= kept, is_folded=kept > 0)
            for (subject, action, *rest), counts in day.counts.items():
                key = (subject, action, month_start(day.day).toordinal(), *rest)
                months[key] = months.get(key, 0) + sum(counts)
                ever[subject, action] = ever.get((subject, action), 0) + sum(counts)
            print(f"\r{database.dialect_name}: {day.day}", end="", flush=True)
        async with database.writing() as session:
            writer = (await bulk(session)).packed
            await writer.insert_new(MonthTotal, [(TENANT, *key, n) for key, n in sorted(months.items())])
            await writer.insert_new(SubjectTotal, [(TENANT, *key, n) for key, n in sorted(ever.items())])
        print()
        return None if kept else await _folded(database)
    finally:
        await database.close()


async def _store_day(database: Database, day: Day, users: int, *, has_events: bool, is_folded: bool) -> None:
    ordinal = day.day.toordinal()
    sums = {cell: [sum(counts[:hour]) for hour in range(1, 25)] for cell, counts in day.counts.items()}
    async with database.writing() as session:
        writer = (await bulk(session)).packed
        known = sorted(cell for cell, of_cell in sums.items() if of_cell[-1])
        await writer.insert_new(
            DayTotal, [(TENANT, *cell[:2], ordinal, *cell[2:], sums[cell][-1]) for cell in known]
        )
        if is_folded:
            hours = [(TENANT, cell[0], ordinal, *cell[1:], *sums[cell]) for cell in known]
            await writer.insert_new(HourTotal, sorted(hours))
            await writer.insert_new(Attendance, attendances_of(day, users))
            await (await bulk(session)).upsert(
                FoldedHours, [(TENANT, day.day + timedelta(days=1))], "before = excluded.before"
            )
    rows = events_of(day, users) if has_events else iter(())
    while some := list(islice(rows, _AT_A_TIME)):
        await _store_events(database, some)


async def _store_events(database: Database, rows: list[tuple[Any, ...]]) -> None:
    if database.dialect_name == "sqlite":
        async with database.writing() as session:
            await (await bulk(session)).packed.insert_new(Event, rows)
        return
    columns = columns_of(Event, "postgresql", are_packed=True)
    async with database.engine.connect() as connection:
        raw = await connection.get_raw_connection()
        driver: Any = raw.driver_connection
        await driver.copy_records_to_table(
            columns.table, records=columns.bound_rows(rows), columns=columns.names
        )


async def _folded(database: Database) -> float:
    began = process_time()
    await fold(database, TENANT, lambda: STOP, STOP.date())
    return process_time() - began


class Question(NamedTuple):
    name: str
    ask: Callable[[Database, str], Awaitable[object]]


def questions() -> list[Question]:
    """Each ends a day before the last one."""
    last = STOP - timedelta(days=1)
    everything, one = [(TENANT, id) for id in _SUBJECTS], [(TENANT, _SUBJECTS[9])]
    views = Measure((Action.VIEW_3D,), ())

    def series(days: int, interval: DateInterval, subjects: Sequence[tuple[int, int]]) -> Any:
        async def ask(database: Database, zone: str) -> object:
            first = local(last - timedelta(days=days), zone)
            cut = Cut(Span(first, local(last, zone)), interval, time_zone(zone))
            timeline = Timeline(cut, cut.buckets())
            members = members_of([(*subject, 0) for subject in subjects])
            return await read_points(database, ZONES[0], timeline, views, members, _MOST_POINTS, STOP.date())

        return ask

    def total(days: int, hours: int) -> Any:
        async def ask(database: Database, zone: str) -> object:
            ends = [local(last - timedelta(days=back), zone) + hours * _HOUR for back in (days, 1)]
            measure = Measure(tuple(_ACTIONS), (Span(*ends),))
            return await read_counts(database, ZONES[0], measure, everything, STOP.date())

        return ask

    def people(days: int, hours: int, subjects: Sequence[tuple[int, int]]) -> Any:
        async def ask(database: Database, zone: str) -> object:
            ends = [local(last - timedelta(days=back), zone) + hours * _HOUR for back in (days, 1)]
            ids = tuple(id for _, id in subjects)
            asked = [Attended(TENANT, SubjectKind.ASSET, ids, has_all=len(ids) > 1)]
            return await numbers_attended(database, asked, tuple(_ACTIONS), Span(*ends), STOP.date())

        return ask

    return [
        Question("30 days of all assets, as one number", total(30, 0)),
        Question("90 days of all assets from 07:00 to 07:00", total(90, 7)),
        Question("120 days of one asset by day", series(120, DateInterval.DAY, one)),
        Question("120 days of all assets by day", series(120, DateInterval.DAY, everything)),
        Question("11 months of all assets by month", series(330, DateInterval.MONTH, everything)),
        Question("7 days of one asset by the hour", series(7, DateInterval.HOUR, one)),
        Question("signed-in people of 90 days of one asset", people(90, 0, one)),
        Question("signed-in people of 90 days of all assets", people(90, 0, everything)),
        Question("signed-in people of 90 days of all assets from 07:00 to 07:00", people(90, 7, everything)),
    ]


def local(day: datetime, zone: str) -> datetime:
    return datetime.combine(day.date(), datetime.min.time(), time_zone(zone)).astimezone(UTC)


class Taken(NamedTuple):
    """In milliseconds, the least of several rounds."""

    cpu: float
    wall: float


class Column(NamedTuple):
    heading: str
    database: Database
    server: int | None
    """The process of PostgreSQL."""
    is_folded: bool | None
    """Whether days are folded before it is measured; None if that does not change."""

    async def prepare(self) -> None:
        if self.is_folded is None:
            return
        async with self.database.writing() as session:
            await session.execute(text("DELETE FROM folded_hours"))
            if self.is_folded:
                session.add(FoldedHours(tenant_id=TENANT, before=STOP.date()))

    def cpu(self) -> float:
        return process_time() + (cpu_seconds(self.server) if self.server else 0.0)

    async def take(self, question: Question, zone: str) -> Taken:
        await question.ask(self.database, zone)
        before, began, times = self.cpu(), perf_counter(), 0
        while perf_counter() - began < _LEAST_SECONDS or times < _LEAST_TIMES:
            await question.ask(self.database, zone)
            times += 1
        wall = perf_counter() - began
        return Taken(1000 * (self.cpu() - before) / times, 1000 * wall / times)


async def measured(columns: Sequence[Column], rounds: int, words: str) -> Iterator[str]:
    """The lines of a table. What is compared is measured by turns, because others use the machine, too."""
    lines = []
    asked = [question for question in questions() if words in question.name]
    for question, zone in product(asked, ZONES):
        taken: list[list[Taken]] = [[] for _ in columns]
        for _ in range(rounds):
            for column, found in zip(columns, taken, strict=True):
                await column.prepare()
                found.append(await column.take(question, zone))
        least = [Taken(*map(min, zip(*found, strict=True))) for found in taken]
        cells = [f"{one.cpu:.2f} ({one.wall:.2f})" for one in least]
        lines.append(f"| {question.name} | {zone} | {' | '.join(cells)} |")
    for column in columns:
        await column.database.close()
    return iter(lines)


@contextmanager
def _sqlite(folder: Path, events: int, raw: int, users: int) -> Iterator[tuple[str, int | None]]:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"growth-{events}.sqlite3"
    if not file.exists():
        partial = file.with_suffix(".partial")
        partial.unlink(missing_ok=True)
        _tell("sqlite", events, asyncio.run(fill(f"sqlite:///{partial}", events, raw, users)))
        partial.rename(file)
    yield f"sqlite:///{file}", None


@contextmanager
def _postgresql(folder: Path, events: int, raw: int, users: int) -> Iterator[tuple[str, int | None]]:
    with PostgresServer(durable=True, folder=folder / "postgresql") as server:
        name, partial = f"growth_{events}", f"growing_{events}"
        if not server.execute(f"SELECT count(*) FROM pg_database WHERE datname = '{name}'"):  # noqa: S608
            server.execute(f"DROP DATABASE IF EXISTS {partial}")
            server.create_database(partial)
            _tell("postgresql", events, asyncio.run(fill(server.url(partial), events, raw, users)))
            # What autovacuum does sooner or later.
            server.execute("VACUUM ANALYZE", partial)
            server.execute(f"ALTER DATABASE {partial} RENAME TO {name}")
        assert server._keeper
        yield server.url(name), server._keeper.pid


def _tell(engine: str, events: int, seconds: float | None) -> None:
    if seconds is not None:
        print(f"{engine}: folding {events:,} events took {1e6 * seconds / events:.2f} µs of our CPU an event")


_ENGINES = {"sqlite": _sqlite, "postgresql": _postgresql}


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, action="append", help="1, 10 and 100 million")
    parser.add_argument("--raw", type=int, default=10_000_000, help="how many raw events there are at most")
    parser.add_argument("--users", type=int, default=20_000, help="how many users there are")
    parser.add_argument("--folder", type=Path, default=Path(gettempdir()) / "viewgraph-bench")
    parser.add_argument("--engine", choices=_ENGINES, action="append", help="one alone")
    parser.add_argument("--only", default="", help="questions with these words")
    parser.add_argument("--rounds", type=int, default=5, help="of which the least is shown")
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    for engine in given.engine or _ENGINES:
        with ExitStack() as stack:
            columns = []
            for events in given.events or [1_000_000, 10_000_000, 100_000_000]:
                filled = _ENGINES[engine](given.folder / f"{events}", events, given.raw, given.users)
                columns += _columns(*stack.enter_context(filled), events, has_all=events <= given.raw)
            headings = [f"{engine}: CPU in ms (and in all)", "zone", *(column.heading for column in columns)]
            print(f"| {' | '.join(headings)} |\n|{' --- |' * len(headings)}")
            print("\n".join(asyncio.run(measured(columns, given.rounds, given.only))), flush=True)


def _columns(url: str, server: int | None, events: int, *, has_all: bool) -> list[Column]:
    if not has_all:
        return [Column(f"{events:,}", Database(url), server, None)]
    database = Database(url)
    return [
        Column(f"{events:,}, not folded", database, server, is_folded=False),
        Column(f"{events:,}", database, server, is_folded=True),
    ]


if __name__ == "__main__":
    main()
