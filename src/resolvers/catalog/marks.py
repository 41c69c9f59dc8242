"""Likes and bookmarks. Each is an event, which counts on the day of its time."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import ClassVar

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from base.calendar import start_of_day, time_zone
from base.ids import uuid7
from ingest.events import NewEvent
from ingest.store import store
from models import Action, Bookmark, Like, Publication, Tenant, User
from resolvers.catalog.kind import Draft
from resolvers.catalog.publications import OfPublication
from resolvers.catalog.references import Target
from resolvers.catalog.rehearsal import AnyTables
from resolvers.catalog.rows import MarkRow
from resolvers.catalog.tables import Columns, Model
from resolvers.catalog.verdicts import Refused


class MarkKind(OfPublication):
    """A mark that exists stays as it is, with its time."""

    row = MarkRow
    targets = (("publication", Target.PUBLICATION), ("user", Target.USER))
    known_by = (("publication_id", "user_id"),)
    kept = ("created_at",)
    action: ClassVar[Action]

    async def inspect(self, tables: AnyTables, drafts: Sequence[Draft]) -> None:
        """Refuses what would not be counted: once it was taken back, the count would be too small."""
        kept_from = await _kept_from(tables, {draft.given["publication_id"] for draft in drafts})
        for draft in drafts:
            start = kept_from[draft.given["publication_id"]]
            if not draft.stored and start and draft.given["created_at"] < start:
                draft.verdict = Refused("PRUNED", f"Days before {start.isoformat()} were pruned.")

    async def added(self, session: AsyncSession, rows: Sequence[Columns]) -> None:
        tenants = await _tenants(session, {row["publication_id"] for row in rows})
        events = [
            NewEvent(
                tenants[row["publication_id"]],
                uuid7(row["created_at"]),
                row["publication_id"],
                self.action,
                row["created_at"],
                user_id=row["user_id"],
            )
            for row in rows
        ]
        await store(session, events)


class LikeKind(MarkKind):
    name = "like"
    model = Like
    action = Action.LIKE


class BookmarkKind(MarkKind):
    name = "bookmark"
    model = Bookmark
    action = Action.BOOKMARK


async def _tenants(session: AsyncSession, ids: set[int]) -> dict[int, int]:
    """The tenant that counts the events of each publication."""
    owned = select(col(Publication.id), col(User.tenant_id)).join(User, col(User.id) == Publication.owner_id)
    rows = await session.execute(owned.where(col(Publication.id).in_(ids)))
    return {row.id: row.tenant_id for row in rows}


async def _kept_from(tables: AnyTables, ids: set[int]) -> dict[int, datetime | None]:
    """Since when the events of each publication are kept; None if none were pruned."""
    publications = await _by_id(tables, Publication, ids)
    owners = await _by_id(tables, User, (row["owner_id"] for row in publications.values()))
    tenants = await _by_id(tables, Tenant, (row["tenant_id"] for row in owners.values()))
    starts = {id: _start(tenant) for id, tenant in tenants.items()}
    return {id: starts[owners[row["owner_id"]]["tenant_id"]] for id, row in publications.items()}


async def _by_id(tables: AnyTables, model: Model, ids: Iterable[int]) -> dict[int, Columns]:
    found = await tables.find(model, ("id",), {(id,) for id in ids})
    return {id: rows[0] for (id,), rows in found.items()}


def _start(tenant: Columns) -> datetime | None:
    pruned_before = tenant["pruned_before"]
    return start_of_day(pruned_before, time_zone(tenant["time_zone"])) if pruned_before else None
