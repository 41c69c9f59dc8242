"""The database's bad days, each made on a database of the test's own, until the block is left."""

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
from asyncio import to_thread
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager, contextmanager, suppress
from pathlib import Path

import asyncpg
from sqlalchemy import Integer, event, literal_column, select, text

from database import Database, Statement
from tests.database.slow import ENDLESS
from tests.postgres import PostgresServer

Fault = Callable[[Database, PostgresServer | None], AbstractAsyncContextManager[None]]

HOLDER = """
import sqlite3, sys
other = sqlite3.connect(sys.argv[1], isolation_level=None)
other.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.read()
"""


# SQLite


@asynccontextmanager
async def locked_file(database: Database, _: PostgresServer | None) -> AsyncIterator[None]:
    other = sqlite3.connect(database.url.database or "", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.close()


@asynccontextmanager
async def halted_holder(database: Database, _: PostgresServer | None) -> AsyncIterator[None]:
    """Another program has the file's lock, and is halted."""
    holder = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", HOLDER, database.url.database or ""),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert holder.stdout
    assert await holder.stdout.readline() == b"held\n"
    holder.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        holder.kill()
        await holder.wait()


@asynccontextmanager
async def _pragma(database: Database, broken: str, sound: str) -> AsyncIterator[None]:
    """On each connection that writes, from the next one on."""
    pragma = broken

    def prepare(connection: sqlite3.Connection, _: object) -> None:
        connection.execute(pragma)

    event.listen(database.engine.sync_engine, "connect", prepare)
    await database.engine.dispose()
    try:
        yield
    finally:
        pragma = sound
        await database.engine.dispose()


def read_only_file(database: Database, _: PostgresServer | None) -> AbstractAsyncContextManager[None]:
    return _pragma(database, "PRAGMA query_only = ON", "PRAGMA query_only = OFF")


@asynccontextmanager
async def full_file(database: Database, _: PostgresServer | None) -> AsyncIterator[None]:
    """It may not grow, and all of its room is taken."""
    async with database.writing() as session:
        await session.execute(text("CREATE TABLE ballast (bytes BLOB)"))
        for table in ("events", "likes"):
            await session.execute(
                text(
                    f"CREATE TRIGGER full_{table} BEFORE INSERT ON {table} BEGIN "  # noqa: S608
                    "INSERT INTO ballast VALUES (zeroblob(1000000)); END"
                )
            )
    async with _pragma(database, "PRAGMA max_page_count = 1", "PRAGMA max_page_count = 1073741823"):
        yield
    async with database.writing() as session:
        for table in ("events", "likes"):
            await session.execute(text(f"DROP TRIGGER full_{table}"))
        await session.execute(text("DROP TABLE ballast"))


# Either


@asynccontextmanager
async def readers_taken(database: Database, _: PostgresServer | None) -> AsyncIterator[None]:
    """By statements that do not end."""
    endless = Statement(select(literal_column(ENDLESS[database.dialect_name], Integer)), int)
    reading = [asyncio.create_task(database.fetch(endless)) for _ in range(4)]
    await asyncio.sleep(0.2)
    try:
        yield
    finally:
        for task in reading:
            task.cancel()
        await asyncio.gather(*reading, return_exceptions=True)


# PostgreSQL


@asynccontextmanager
async def locked_tables(database: Database, _: PostgresServer | None) -> AsyncIterator[None]:
    async with _connected(database) as other, other.transaction():
        await other.execute("LOCK TABLE events, likes, alembic_version IN EXCLUSIVE MODE")
        yield


@asynccontextmanager
async def read_only_server(database: Database, _: PostgresServer | None) -> AsyncIterator[None]:
    """As one that stands by for another."""
    async with _connected(database) as other:
        named = f'ALTER DATABASE "{database.url.database}"'
        await other.execute(f"{named} SET default_transaction_read_only = on")
        await database.engine.dispose()
        try:
            yield
        finally:
            await other.execute("SET default_transaction_read_only = off")
            await other.execute(f"{named} RESET default_transaction_read_only")
            await database.engine.dispose()


@asynccontextmanager
async def full_server(database: Database, _: PostgresServer | None) -> AsyncIterator[None]:
    """The server says so: by its code, and whenever something is written."""
    async with _connected(database) as other:
        await other.execute(
            """CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS
               $$ BEGIN RAISE EXCEPTION 'no space left on device' USING ERRCODE = '53100'; END $$"""
        )
        for table in ("events", "likes", "alembic_version"):
            await other.execute(
                f"CREATE TRIGGER full_disk BEFORE INSERT OR UPDATE ON {table} "
                "FOR EACH STATEMENT EXECUTE FUNCTION full_disk()"
            )
        try:
            yield
        finally:
            await other.execute("DROP FUNCTION full_disk CASCADE")


@asynccontextmanager
async def crowded_server(database: Database, _: PostgresServer | None) -> AsyncIterator[None]:
    """Others have all of its connections, and ours were ended."""
    await database.engine.dispose()
    others: list[asyncpg.Connection] = [await asyncpg.connect(_dsn(database))]
    await others[0].execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    with suppress(asyncpg.TooManyConnectionsError):
        while True:
            others.append(await asyncpg.connect(_dsn(database)))
    try:
        yield
    finally:
        for other in others:
            other.terminate()


@asynccontextmanager
async def halted_server(_: Database, server: PostgresServer | None) -> AsyncIterator[None]:
    """It takes connections, and never answers."""
    assert server
    with halted(await to_thread(lambda: server.process)):
        yield


@contextmanager
def halted(first: int) -> Iterator[None]:
    """The first process and its children."""
    children = Path(f"/proc/{first}/task/{first}/children").read_text().split()
    with ExitStack() as stack:
        for pid in (first, *map(int, children)):
            os.kill(pid, signal.SIGSTOP)
            stack.callback(_continue, pid)
        yield


def _continue(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGCONT)


@asynccontextmanager
async def stopped_server(_: Database, server: PostgresServer | None) -> AsyncIterator[None]:
    assert server
    await to_thread(server.crash)
    try:
        yield
    finally:
        await to_thread(server.restart)


def _dsn(database: Database) -> str:
    return database.url.set(drivername="postgresql").render_as_string(hide_password=False)


@asynccontextmanager
async def _connected(database: Database) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(_dsn(database))
    try:
        yield connection
    finally:
        await connection.close()
