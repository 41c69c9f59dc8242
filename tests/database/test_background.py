"""Units of work that nobody waits for."""

import asyncio
import shutil
import sqlite3
import time
from pathlib import Path
from threading import Thread

import asyncpg
import pytest
from sqlalchemy import delete, func, insert, select

from database import Bulk, Database, Statement, table_of
from models import Domain

DOMAINS = table_of(Domain).c
NAMES = ["a.example", "b.example", "c.example"]
NUMBER = Statement(select(func.count()).select_from(table_of(Domain)), int)
FORGET = Statement(delete(table_of(Domain)).where(DOMAINS.name != "a.example"), tuple)

PROCESS = Statement(select(func.pg_backend_pid()), int)


async def forgotten(bulk: Bulk) -> int:
    return await bulk.delete(FORGET)


async def refused(bulk: Bulk) -> int:
    await bulk.delete(FORGET)
    raise LookupError


async def stored(database: Database) -> None:
    async with database.writing() as session:
        await session.execute(insert(table_of(Domain)), [{"name": name} for name in NAMES])


async def test_work_in_the_background_is_committed_and_changes_no_answer(database: Database) -> None:
    await stored(database)
    changes = database.commits.changes, database.commits.counts

    rows, seconds = await database.in_background(forgotten)

    assert rows == 2
    assert 0 < seconds < 10
    assert await database.fetch(NUMBER) == [1]
    assert (database.commits.changes, database.commits.counts) == changes


async def test_work_in_the_background_that_fails_is_undone(database: Database) -> None:
    await stored(database)

    with pytest.raises(LookupError):
        await database.in_background(refused)

    assert await database.fetch(NUMBER) == [3]
    assert (await database.in_background(forgotten))[0] == 2


@pytest.mark.parametrize("engine", ["postgresql"])
async def test_work_is_done_if_the_server_has_closed_the_held_connection_meanwhile(
    database: Database, database_url: str
) -> None:
    await stored(database)
    ((held,), _) = await database.in_background(lambda bulk: bulk.fetch(PROCESS))

    async def end() -> None:
        other = await asyncpg.connect(database_url.replace("+asyncpg", ""))
        assert await other.fetchval("SELECT pg_terminate_backend($1, 5000)", held)
        await other.close()

    # Meanwhile this event loop hears of nothing.
    thread = Thread(target=asyncio.run, args=(end(),))
    thread.start()
    thread.join()
    time.sleep(1.1)  # noqa: ASYNC251  # for longer than a connection counts as fresh

    assert (await database.in_background(forgotten))[0] == 2


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_after_work_in_the_background_commits_wait_for_the_disk_again(database: Database) -> None:
    await stored(database)
    for work in (forgotten, refused):
        try:
            await database.in_background(work)
        except LookupError:
            continue
        held = await database._held.take()
        pragmas = [
            (await held.driver.execute_fetchall(f"PRAGMA {name}"))[0][0]
            for name in ("synchronous", "wal_autocheckpoint")
        ]
        await database._held.give_back(held)
        assert pragmas == [2, 4000]


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_work_in_the_background_leaves_no_log_for_others_to_move(
    database: Database, tmp_path: Path
) -> None:
    await stored(database)

    await database.in_background(forgotten)

    file = database.url.database
    assert file
    # Without its log.
    alone = shutil.copy(file, tmp_path / "alone.sqlite3")
    connection = sqlite3.connect(f"file:{alone}?immutable=1", uri=True)
    assert connection.execute("SELECT name FROM domains").fetchall() == [("a.example",)]
    connection.close()
