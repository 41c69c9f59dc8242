"""How long the database takes for what dashboards and reports ask, beside the same asked of raw events.

python -m bench.queries --events 10000000 --folder FOLDER

Fills a database of each engine first, unless the folder has one with as many events already.
"""

import asyncio
import sys
from argparse import ArgumentParser
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path
from statistics import median
from tempfile import gettempdir
from time import perf_counter
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1] / "src"))

from base.calendar import DateInterval, Span, buckets, time_zone
from bench.generate import DAYS, START
from bench.year import Catalog, catalog, postgresql_year, sqlite_year
from database import Database
from database.readers import Readers
from database.snapshot import Fetched, Snapshot
from database.statement import Compiled
from figures.assets import ACTIONS
from loaders.count_statements import counts_statement, span_statement, split_as
from loaders.counts import read_counts
from loaders.measures import Cell, Cells, Dimension, Measure, TenantSubject
from models import Action

_ZONE = "UTC"
_DAY = timedelta(days=1)
_YEAR = Span(START, START + DAYS * _DAY)
_NINETY_DAYS = Span(START + 255 * _DAY, START + 345 * _DAY)
"""From a day within a month to another."""
_MARCH = Span(START + 273 * _DAY, START + 304 * _DAY)
_RUNS = 9
_RUNS_OF_RAW_EVENTS = 3

Counted = dict[TenantSubject, Cells]


class _TimedReaders:
    def __init__(self, readers: Readers) -> None:
        self._readers = readers
        self.running = readers.running
        self.seconds = 0.0

    async def fetch(self, statement: Compiled, arguments: list[Any]) -> Fetched:
        began = perf_counter()
        rows = await self._readers.fetch(statement, arguments)
        self.seconds += perf_counter() - began
        return rows

    def snapshot(self, *, is_large: bool) -> Snapshot:
        return self._readers.snapshot(is_large=is_large)

    async def is_reachable(self) -> bool:
        return await self._readers.is_reachable()

    async def close(self) -> None:
        await self._readers.close()


class TimedDatabase(Database):
    """Knows how long its drivers have taken."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.timed = _TimedReaders(self._readers)
        self._readers = self.timed


class Question(NamedTuple):
    name: str
    goal: int
    """In milliseconds."""
    subjects: list[TenantSubject]
    measure: Measure


class Times(NamedTuple):
    """In milliseconds."""

    median: float
    best: float
    """On a machine that has other things to do, too, closer to what the database itself takes."""


class Answer(NamedTuple):
    question: Question
    engine: str
    totals: Times
    raw: Times


def questions(known: Catalog) -> list[Question]:
    everything = [(known.tenant_id, id) for id in known.assets]
    workspace = [
        subject
        for subject, workspace in zip(everything, known.workspaces, strict=True)
        if workspace == known.workspaces[0]
    ]
    days = tuple(bucket.covered for bucket in buckets(_YEAR, DateInterval.DAY, time_zone(_ZONE)))
    by_device = frozenset({Dimension.DEVICE})
    return [
        Question("a workspace's totals over 90 days", 30, workspace, Measure(ACTIONS, (_NINETY_DAYS,))),
        Question(
            "an asset's 365 days by device", 15, everything[:1], Measure((Action.VIEW_3D,), days, by_device)
        ),
        Question("the top asset of a month", 80, everything, Measure(ACTIONS, (_MARCH,))),
        Question("the year's report", 300, everything, Measure(ACTIONS, (_YEAR,), by_device)),
    ]


async def from_totals(database: Database, question: Question) -> Counted:
    return await read_counts(database, _ZONE, question.measure, question.subjects, _YEAR.end.date())


async def from_events(database: Database, question: Question) -> Counted:
    """By the statements that read the edges of a range, as if all of it were one."""
    measure = question.measure
    runs = ("edges", "engaged") if Action.ENGAGED_VIEW in measure.actions else ("edges",)
    counted: Counted = {}
    if len(measure.spans) == 1:
        ((start, stop),) = measure.spans
        found = await database.fetch(
            span_statement(runs, measure.dimensions, of_some_domains=False),
            tenant=question.subjects[0][0],
            subject_ids=[id for _, id in question.subjects],
            actions=list(measure.actions),
            domain=None,
            **{f"{run}_start": start for run in runs},
            **{f"{run}_stop": stop for run in runs},
        )
        for subject_id, (_, action, device, domain), count in found:
            cells = counted.setdefault((question.subjects[0][0], subject_id), {})
            cells[Cell(0, *split_as(action, device, domain))] = count
        return counted
    rows = await database.fetch(
        counts_statement(runs, measure.dimensions, of_some_domains=False),
        tenants=[question.subjects[0][0]],
        subjects=question.subjects,
        actions=list(measure.actions),
        domain=None,
        **{run: list(measure.spans) for run in runs},
    )
    for _, bucket, subject, split, count in rows:
        if bucket % 2:
            counted.setdefault(subject, {})[Cell(bucket // 2, *split)] = count
    return counted


Reading = Callable[[Database, Question], Coroutine[Any, Any, Counted]]


async def _measured(
    database: TimedDatabase, question: Question, reading: Reading, runs: int
) -> tuple[Times, Counted]:
    """The median and the best, in milliseconds, and what was found."""
    taken = []
    for _ in range(runs):
        before = database.timed.seconds
        found = await reading(database, question)
        taken.append(1000 * (database.timed.seconds - before))
    return Times(median(taken), min(taken)), found


async def measured(url: str, runs: int) -> list[Answer]:
    database = TimedDatabase(url)
    answers = []
    try:
        for question in questions(await catalog(database)):
            totals, found = await _measured(database, question, from_totals, runs)
            raw, counted = await _measured(database, question, from_events, min(runs, _RUNS_OF_RAW_EVENTS))
            assert found == counted, question.name
            answers.append(Answer(question, database.dialect_name, totals, raw))
    finally:
        await database.close()
    return answers


HEAD = """\
| what | engine | goal | from totals: median | best | from raw events: median | best |
| --- | --- | --- | --- | --- | --- | --- |"""


def table(answers: Sequence[Answer]) -> str:
    rows = [HEAD]
    for question, engine, totals, raw in sorted(answers, key=lambda answer: answer.question.goal):
        mark = "" if totals.median < question.goal else " (missed)"
        rows.append(
            f"| {question.name} | {engine} | {question.goal} ms | {totals.median:,.1f} ms{mark} | "
            f"{totals.best:,.1f} ms | {raw.median:,.0f} ms | {raw.best:,.0f} ms |"
        )
    return "\n".join(rows)


Year = Callable[[Path, int], AbstractContextManager[str]]
_YEARS: dict[str, Year] = {"sqlite": sqlite_year, "postgresql": postgresql_year}


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=10_000_000, help="how many; 10 million")
    parser.add_argument(
        "--folder",
        type=Path,
        default=Path(gettempdir()) / "viewgraph-bench",
        help="where the databases are kept",
    )
    parser.add_argument("--engine", choices=_YEARS, action="append", help="one alone")
    parser.add_argument("--runs", type=int, default=_RUNS, help="of which the medians are shown")
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    answers = []
    for engine in given.engine or _YEARS:
        with _YEARS[engine](given.folder, given.events) as url:
            answers += asyncio.run(measured(url, given.runs))
    print(table(answers))


if __name__ == "__main__":
    main()
