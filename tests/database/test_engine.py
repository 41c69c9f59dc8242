"""What a connection to a file needs before it is of use."""

import sqlite3
from asyncio import create_task, sleep
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from database import Database


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "without_log.sqlite3"


@pytest.fixture
def writer(file: Path) -> Iterator[sqlite3.Connection]:
    """Somebody who is writing to a file that has no log yet."""
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("CREATE TABLE days (day INTEGER)")
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("INSERT INTO days VALUES (1)")
        yield connection


async def days_in(database: Database) -> list[int]:
    try:
        async with database.engine.connect() as connection:
            return list((await connection.execute(text("SELECT day FROM days"))).scalars())
    finally:
        await database.close()


def mode_of(file: Path) -> str:
    with closing(sqlite3.connect(file)) as connection:
        return str(connection.execute("PRAGMA journal_mode").fetchone()[0])


async def test_a_file_without_a_log_gets_one_as_soon_as_its_writer_is_done(
    file: Path, writer: sqlite3.Connection
) -> None:
    days = create_task(days_in(Database(f"sqlite:///{file}")))
    await sleep(0.2)
    assert not days.done()
    writer.execute("COMMIT")

    assert await days == [1]
    assert mode_of(file) == "wal"


@pytest.mark.usefixtures("writer")
async def test_who_writes_for_long_is_not_waited_for_without_end(file: Path) -> None:
    with pytest.raises(OperationalError, match="database is locked"):
        await days_in(Database(f"sqlite:///{file}", write_seconds=0.2))

    assert mode_of(file) == "delete"
