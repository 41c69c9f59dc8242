"""An organization of many assets and events that is to be deleted, and what is left of it afterwards."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from random import Random
from typing import Any, NamedTuple

from sqlalchemy import String, cast, func, insert, literal, select, update
from sqlmodel import SQLModel

from base.calendar import month_start
from base.ids import Kind, global_id, uuid7
from base.packed import packed_instant
from base.sketches import sketching
from database import Database, ensure_past_partitions, table_of
from ingest.event_columns import EventColumns
from ingest.store import store_in_bulk
from models import Action, Asset, Membership, Organization, Role, Workspace

_ASSETS = 1_000
_DAYS = 30
_BATCH = 20_000
_SITES = 5
_NAME = "Zephyrine"
_KEPT = ("deletions", "audit_entries")
"""Tables that say what was deleted: for an hour, and for as long as the audit trail is kept."""
_WORD = re.compile(r"[\w-]+")


class Doomed(NamedTuple):
    """By what an organization and all that is in it can be found."""

    ids: dict[str, set[int]]
    """By the names of columns."""
    words: set[str]


async def filled(url: str, events: int) -> Doomed:
    database = Database(url)
    try:
        return await _filled(database, events)
    finally:
        await database.close()


async def _filled(database: Database, events: int) -> Doomed:
    assets, now = table_of(Asset), datetime.now(UTC)
    async with database.writing() as session:
        await session.execute(update(Membership).values(role=Role.OWNER))
        organization = (await session.execute(select(Organization))).scalar_one()
        workspace = (await session.execute(select(Workspace))).scalar_one()
        known = await session.scalar(select(func.count()).select_from(assets)) or 0
        common = {"organization_id": organization.id, "workspace_id": workspace.id, "created_at": now}
        made = [{**common, "public_id": uuid7(now), "name": _NAME} for _ in range(known, _ASSETS)]
        await session.execute(insert(assets), made)
        number = cast(assets.c.id, String)
        await session.execute(update(assets).values(name=literal(f"{_NAME} ").concat(number)))
        for owner in (organization, workspace):
            owner.name = f"{_NAME}'s"
        rows = (await session.execute(select(assets.c.id, assets.c.public_id))).all()
    ids = {id for id, _ in rows}
    await _count(database, organization.tenant_id, sorted(ids), events, now)
    words = {_NAME}
    for kind, public_id in (
        (Kind.ORGANIZATION, organization.public_id),
        (Kind.WORKSPACE, workspace.public_id),
        *((Kind.ASSET, public_id) for _, public_id in rows),
    ):
        words |= {str(public_id), public_id.hex, global_id(kind, public_id)}
    found_by = {"organization_id": organization.id, "workspace_id": workspace.id}
    by_one = {"tenant_id": organization.tenant_id, **found_by}
    return Doomed({"asset_id": ids, **{column: {id} for column, id in by_one.items()}}, words)


async def _count(database: Database, tenant: int, assets: Sequence[int], events: int, now: datetime) -> None:
    """In the order of time, as they would have come in."""
    await sketching.ready()
    first = now - timedelta(days=_DAYS)
    await ensure_past_partitions(database, now, {month_start(at.date()) for at in (first, now)})
    random = Random(1)  # noqa: S311  # nothing secret
    step = timedelta(days=_DAYS) * min(_BATCH / events, 1)
    for number in range(0, events, _BATCH):
        begin = first + step * (number // _BATCH)
        batch = _events(random, tenant, assets, begin, step, min(_BATCH, events - number))
        await database.in_bulk(partial(store_in_bulk, events=batch))


def _events(
    random: Random, tenant: int, assets: Sequence[int], begin: datetime, step: timedelta, number: int
) -> EventColumns:
    times = sorted(begin + step * random.random() for _ in range(number))
    return EventColumns(
        [tenant] * number,
        [uuid7(at).bytes for at in times],
        random.choices(assets, k=number),
        [int(Action.VIEW_3D)] * number,
        [packed_instant(at) for at in times],
        random.choices([1, 2], k=number),
        [f"site{site}.example.com" for site in random.choices(range(_SITES), k=number)],
        [None] * number,
        [None] * number,
        [random.randbytes(15) for _ in range(number)],
        [True] * number,
    )


async def found(url: str, doomed: Doomed) -> list[str]:
    """Where something of it is left, in any table."""
    database = Database(url)
    seen: list[str] = []
    async with database.snapshot() as connection:
        for table in SQLModel.metadata.sorted_tables:
            if table.name in _KEPT:
                continue
            rows = (await connection.execute(select(table))).mappings().all()
            seen += (f"{table.name}: {what}" for what in sorted(_left(rows, doomed)))
    await database.close()
    return seen


def _left(rows: Sequence[Any], doomed: Doomed) -> set[str]:
    left = doomed.words.intersection(_WORD.findall(repr(rows)))
    for column, ids in doomed.ids.items():
        left |= {f"{column} {row[column]}" for row in rows if column in row and row[column] in ids}
    return left
