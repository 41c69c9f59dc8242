"""Measurements are of the right thing: totals and raw events answer alike, on a filled or copied year."""

from pathlib import Path

import pytest

from bench.generate import ASSETS
from bench.queries import from_totals, measured, questions, table
from bench.year import catalog, copy, fill
from database import Database
from models import Action

EVENTS = 3_000


@pytest.fixture
async def year(engine: str, database_url: str, tmp_path: Path) -> str:
    """The address of a database with so many events."""
    if engine == "sqlite":
        await fill(database_url, EVENTS)
    else:
        await fill(f"sqlite:///{tmp_path / 'source.sqlite3'}", EVENTS)
        await copy(f"sqlite:///{tmp_path / 'source.sqlite3'}", database_url)
    return database_url


async def test_the_years_report_has_every_event(year: str) -> None:
    database = Database(year)
    try:
        *_, report = questions(await catalog(database))
        counted = await from_totals(database, report)
    finally:
        await database.close()

    counts = {
        action: sum(
            count for cells in counted.values() for cell, count in cells.items() if cell.action is action
        )
        for action in report.measure.actions
    }
    engaged = counts.pop(Action.ENGAGED_VIEW)
    assert sum(counts.values()) == EVENTS
    assert 0 < engaged < counts[Action.INTERACTION]
    assert 0 < len(counted) <= ASSETS


async def test_every_question_is_measured_in_both_ways(engine: str, year: str) -> None:
    """That both say the same is held while measuring."""
    answers = await measured(year, 1)

    assert [answer.question.goal for answer in answers] == [30, 15, 80, 300]
    assert all(0 < answer.totals.best <= answer.totals.median and answer.raw.best > 0 for answer in answers)
    shown = [row.split(" | ")[1:3] for row in table(answers).splitlines()[2:]]
    assert shown == [[engine, "15 ms"], [engine, "30 ms"], [engine, "80 ms"], [engine, "300 ms"]]
