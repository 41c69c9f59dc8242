"""Databases with a year of events that happened to assets, filled once and kept in a folder."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from time import monotonic
from typing import Any, NamedTuple

from sqlalchemy import Table, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import SQLModel, col

from bench.generate import DAYS, START, Happened, fill_catalog, happened
from database import Database, ensure_partitions, in_bulk
from database.statement import DIALECTS, bind_processor
from ingest.event_columns import EventColumns
from ingest.events import NewEvent
from ingest.store import store_in_bulk
from ingest.visitors import named_visitor
from models import Action, Asset, Device, Organization
from server import migrations
from tests.postgres import PostgresServer

_AT_A_TIME = 50_000
_KEY = b"the key of a benchmark"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MONTH = timedelta(days=28)


class Catalog(NamedTuple):
    tenant_id: int
    assets: list[int]
    """By their numbers."""
    workspaces: list[int]
    """Of each asset."""


async def catalog(database: Database) -> Catalog:
    asset = (col(Organization.tenant_id), col(Asset.id), col(Asset.workspace_id))
    async with database.snapshot() as connection:
        found = await connection.execute(
            select(*asset)
            .join(Organization, col(Organization.id) == col(Asset.organization_id))
            .order_by(col(Asset.public_id))
        )
        tenants, assets, workspaces = zip(*found, strict=True)
    return Catalog(tenants[0], list(assets), list(workspaces))


async def fill(url: str, count: int) -> None:
    """By the way that events take, in large batches."""
    await migrations.upgrade(url)
    database = Database(url)
    try:
        await fill_catalog(database)
        known = await catalog(database)
        began, done = monotonic(), 0
        for batch in _batches(known, count):
            await _store(database, batch)
            done += len(batch)
            pace = done / (monotonic() - began)
            print(f"\r{database.dialect_name}: {done:,} events, {pace:,.0f}/s", end="", flush=True)
        print()
    finally:
        await database.close()


async def copy(source_url: str, url: str) -> None:
    """All rows, as they are: several times faster than to count them again."""
    await migrations.upgrade(url)
    source, target = Database(source_url), Database(url)
    try:
        for days in range(0, DAYS, _MONTH.days):
            await ensure_partitions(target, START + timedelta(days=days))
        async with source.snapshot() as reading, target.engine.connect() as writing:
            connection = await writing.get_raw_connection()
            for table in SQLModel.metadata.sorted_tables:
                print(f"\r{target.dialect_name}: copying {table.name:<25}", end="", flush=True)
                await _copy(reading, connection.driver_connection, table)
        print()
    finally:
        await source.close()
        await target.close()


async def _copy(reading: AsyncConnection, driver: Any, table: Table) -> None:
    names = [column.name for column in table.columns]
    converts = [bind_processor(column.type, DIALECTS["postgresql"]) for column in table.columns]
    rows = await reading.stream(select(table))
    async for part in rows.partitions(_AT_A_TIME):
        columns = [
            [None if value is None else convert(value) for value in column] if convert else column
            for column, convert in zip(zip(*part, strict=True), converts, strict=True)
        ]
        await driver.copy_records_to_table(table.name, records=zip(*columns, strict=True), columns=names)


async def _store(database: Database, batch: list[NewEvent]) -> None:
    async with database.writing() as session:
        await in_bulk(session, lambda bulk: store_in_bulk(bulk, EventColumns.of(batch)))


def _batches(known: Catalog, count: int) -> Iterator[list[NewEvent]]:
    events = (_event(known, one) for one in happened(count, publications=0))
    while batch := list(islice(events, _AT_A_TIME)):
        yield batch


def _event(known: Catalog, one: Happened) -> NewEvent:
    return NewEvent(
        known.tenant_id,
        one.id,
        known.assets[one.subject],
        Action[one.action],
        _EPOCH + timedelta(milliseconds=one.milliseconds),
        Device[one.device],
        one.domain,
        one.view_id,
        None,
        named_visitor(_KEY, known.tenant_id, one.visitor),
    )


@contextmanager
def sqlite_year(folder: Path, count: int) -> Iterator[str]:
    """The address of a database with so many events."""
    file = folder / f"year-{count}.sqlite3"
    if not file.exists():
        partial = file.with_suffix(".partial")
        for left_over in folder.glob(f"{partial.name}*"):
            left_over.unlink()
        asyncio.run(fill(f"sqlite:///{partial}", count))
        partial.rename(file)
    yield f"sqlite:///{file}"


@contextmanager
def postgresql_year(folder: Path, count: int) -> Iterator[str]:
    """The address of a database with so many events, on a server of its own."""
    with PostgresServer(durable=True, folder=folder / "postgresql") as server:
        name, partial = f"year_{count}", f"partial_{count}"
        if not server.execute(f"SELECT count(*) FROM pg_database WHERE datname = '{name}'"):  # noqa: S608
            server.execute(f"DROP DATABASE IF EXISTS {partial}")
            server.create_database(partial)
            with sqlite_year(folder, count) as source:
                asyncio.run(copy(source, server.url(partial)))
            # What autovacuum does sooner or later.
            server.execute("VACUUM ANALYZE", partial)
            server.execute(f"ALTER DATABASE {partial} RENAME TO {name}")
        yield server.url(name)
