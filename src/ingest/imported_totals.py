"""Totals of days that sources from elsewhere say, without events. What a source says is stored with its name,
and counted in the totals in the same transaction.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Final, NamedTuple

from sqlalchemy import BigInteger, Select, cast, func, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlmodel import SQLModel

from base.errors import BadUserInput
from base.numbers import LARGEST
from database import Bulk, Database, bulk, delete_rows, table_of
from ingest.columns import DOMAINS, IMPORTED, SUBJECTS
from ingest.deleted_subjects import are_there
from ingest.deltas import SubjectKey, TotalKey, by_month, by_subject, packed_keys
from ingest.domain_ids import DOMAIN_IDS, add_domains
from ingest.publication_revisions import raise_revisions
from ingest.store import add_to_totals
from ingest.tenants import TenantRow, wait_to_share
from ingest.topics import Topic, touch
from ingest.total_admission import CellKey, Rejected, TotalReason, thinned
from models import (
    SUBJECT_OF,
    Action,
    DayTotal,
    Device,
    Domain,
    ImportedTotal,
    MonthTotal,
    SubjectKind,
    SubjectTotal,
)

AT_A_TIME: Final = 5_000
"""How many cells share a transaction."""
_SOURCE: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}", re.ASCII)
_WHEN_SAID: Final = "count = excluded.count"

Cells = Mapping[CellKey, int]
Row = tuple[Any, ...]


class Source(NamedTuple):
    """What one tenant has of a source."""

    tenant_id: int
    name: str
    cells: int
    counted: int
    first: date
    last: date


def source_named(text: str) -> str:
    """Raises BAD_USER_INPUT."""
    if not _SOURCE.fullmatch(text):
        raise BadUserInput(
            f"{text[:80]!r} is no name of a source: it has 1 to 64 of the characters a-z, 0-9, '.', '_' and "
            "'-', and begins with a letter or a digit, such as plausible-2025.",
            argument="--source",
            reason="INVALID_SOURCE",
        )
    return text


async def sources(
    connection: AsyncConnection, tenant_ids: Collection[int] | None, name: str | None = None
) -> list[Source]:
    """All sources of these tenants, or of all tenants; or only those of one name."""
    statement = (
        select(
            IMPORTED.tenant_id,
            IMPORTED.source,
            func.count(),
            cast(func.sum(IMPORTED.count), BigInteger),
            func.min(IMPORTED.day),
            func.max(IMPORTED.day),
        )
        .group_by(IMPORTED.tenant_id, IMPORTED.source)
        .order_by(IMPORTED.tenant_id, IMPORTED.source)
    )
    if tenant_ids is not None:
        statement = statement.where(IMPORTED.tenant_id.in_(tenant_ids))
    if name is not None:
        statement = statement.where(IMPORTED.source == name)
    return [Source(*row) for row in await connection.execute(statement)]


async def said_by(
    connection: AsyncConnection, tenant_id: int, source: str, subject_ids: Iterable[int]
) -> dict[CellKey, int]:
    """What the source says of these subjects."""
    statement = _said(tenant_id, source).where(IMPORTED.subject_id.in_(sorted(set(subject_ids))))
    return _cells(await connection.execute(statement))


async def require_room(connection: AsyncConnection, raised: Mapping[SubjectKey, int]) -> None:
    """`raised`: by how much totals of all time of one tenant's subjects will rise. Raises BAD_USER_INPUT if
    one of them would be larger than what is counted.
    """
    if not raised:
        return
    tenant_id = next(iter(raised)).tenant_id
    statement = select(SUBJECTS.tenant_id, SUBJECTS.subject_id, SUBJECTS.action, SUBJECTS.count).where(
        SUBJECTS.tenant_id == tenant_id, SUBJECTS.subject_id.in_({key.subject_id for key in raised})
    )
    counted = {SubjectKey(*key): count for *key, count in await connection.execute(statement)}
    for key, more in raised.items():
        if counted.get(key, 0) + more > LARGEST:
            raise BadUserInput(
                f"The total of {Action(key.action).name} of a subject would be larger than {LARGEST:,}, the "
                "largest number that is counted. Nothing was stored: give smaller counts.",
                argument="count",
                reason="TOO_LARGE",
            )


async def undo(database: Database, tenant_id: int, source: str) -> int:
    """Undoes an import, some cells at a time, and returns how many there were. If it is stopped halfway, the
    next one goes on.
    """
    undone = 0
    while rows := await _some_rows(database, tenant_id, source):
        async with database.writing() as session:
            await wait_to_share(session, tenant_id)
            await _say(session, await _refreshed(session, rows), [(*row[:-1], 0) for row in rows])
        undone += len(rows)
    return undone


async def say(session: AsyncSession, tenant_id: int, source: str, cells: Cells) -> dict[CellKey, Rejected]:
    """Stores what the source says of these cells from now on, and adds the difference to the totals. A cell
    of 0 is removed. Call it first in a transaction.

    Returns the cells that cannot be stored any more, because their subject was deleted or their day has lost
    detail meanwhile.
    """
    tenant = await wait_to_share(session, tenant_id)
    rejected = await _rejected(await bulk(session), cells, tenant)
    if left := {cell: n for cell, n in cells.items() if cell not in rejected}:
        await _say_all(session, tenant_id, source, left)
    return rejected


async def _rejected(writer: Bulk, cells: Cells, tenant: TenantRow) -> dict[CellKey, Rejected]:
    acted = [(cell.tenant_id, int(cell.action), cell.subject_id) for cell in cells]
    there = await are_there(writer, acted, {tenant.id: tenant})
    rejected: dict[CellKey, Rejected] = {}
    if first := tenant.thinned_before:
        old = (cell for cell in cells if cell.day < first)
        rejected.update((cell, Rejected(TotalReason.TOO_OLD, thinned(first))) for cell in old)
    if there is not None:
        gone = (cell for cell, is_it in zip(cells, there, strict=True) if not is_it)
        words = "it was deleted meanwhile"
        rejected.update((cell, Rejected(TotalReason.UNKNOWN_SUBJECT, words)) for cell in gone)
    return rejected


async def _say_all(session: AsyncSession, tenant_id: int, source: str, cells: Cells) -> None:
    writer = await _refreshed(session, [tuple(cell) for cell in cells])
    ids = await _domain_ids(writer, {cell.domain for cell in cells})
    rows = [
        (
            tenant_id,
            cell.subject_id,
            int(cell.action),
            cell.day,
            int(cell.device),
            ids[cell.domain],
            source,
            n,
        )
        for cell, n in cells.items()
    ]
    # Writers that lock in one order never wait for each other in a circle.
    await _say(session, writer, sorted(rows))


async def _refreshed(session: AsyncSession, rows: Iterable[Row]) -> Bulk:
    """Cached figures of the subjects become stale, and those who watch them wake after the commit."""
    topics = {Topic(SUBJECT_OF[action], subject_id) for _, subject_id, action, *_ in rows}
    touch(session, *topics)
    writer = await bulk(session)
    await raise_revisions(writer, sorted(id for kind, id in topics if kind is SubjectKind.PUBLICATION))
    return writer


async def _say(session: AsyncSession, writer: Bulk, rows: Sequence[Row]) -> None:
    """The rows are those of the table, in order."""
    known = await writer.claim(ImportedTotal, rows)
    await writer.upsert(ImportedTotal, rows, _WHEN_SAID)
    await _drop_zeros(session, ImportedTotal, [row[:-1] for row in rows if not row[-1]])
    await change_totals(session, writer, _deltas(rows, known))


async def change_totals(session: AsyncSession, writer: Bulk, by_day: Counter[TotalKey]) -> None:
    """Adds these to the totals of days, months and all time. Some may be negative."""
    await add_to_totals(writer, packed_keys(by_day))
    # No total of 0 is left behind: after an undo, the tables are as they were before.
    smaller = Counter({key: n for key, n in by_day.items() if n < 0})
    await _drop_zeros(session, DayTotal, sorted(smaller))
    await _drop_zeros(session, MonthTotal, sorted(by_month(smaller)))
    await _drop_zeros(session, SubjectTotal, sorted(by_subject(smaller)))


def _deltas(rows: Sequence[Row], known: Sequence[Row | None]) -> Counter[TotalKey]:
    deltas: Counter[TotalKey] = Counter()
    for row, before in zip(rows, known, strict=True):
        *key, _, count = row
        if change := count - (before[-1] if before else 0):
            deltas[TotalKey(*key)] = change
    return deltas


async def _drop_zeros(session: AsyncSession, model: type[SQLModel], keys: Sequence[tuple[Any, ...]]) -> None:
    await delete_rows(session, model, keys, table_of(model).c.count == 0)


async def _domain_ids(writer: Bulk, names: set[str | None]) -> dict[str | None, int]:
    ids: dict[str | None, int] = {None: 0}
    ids.update(await writer.fetch(DOMAIN_IDS, names=sorted(name for name in names if name)))
    await add_domains(writer, names, ids)
    return ids


async def _some_rows(database: Database, tenant_id: int, source: str) -> list[Row]:
    """The first rows of a source, in the order of the table."""
    is_said = (IMPORTED.tenant_id == tenant_id, IMPORTED.source == source)
    table = table_of(ImportedTotal)
    statement = select(table).where(*is_said).order_by(*table.primary_key.columns).limit(AT_A_TIME)
    async with database.snapshot() as connection:
        return [tuple(row) for row in await connection.execute(statement)]


def _said(tenant_id: int, source: str) -> Select[Any]:
    columns = (IMPORTED.subject_id, IMPORTED.action, IMPORTED.day, IMPORTED.device, DOMAINS.name)
    return (
        select(IMPORTED.tenant_id, *columns, IMPORTED.count)
        .select_from(table_of(ImportedTotal).outerjoin(table_of(Domain), DOMAINS.id == IMPORTED.domain_id))
        .where(IMPORTED.tenant_id == tenant_id, IMPORTED.source == source)
        .order_by(IMPORTED.subject_id, IMPORTED.action, IMPORTED.day)
    )


def _cells(rows: Iterable[Any]) -> dict[CellKey, int]:
    return {
        CellKey(tenant_id, subject_id, Action(action), day, Device(device), domain): count
        for tenant_id, subject_id, action, day, device, domain, count in rows
    }
