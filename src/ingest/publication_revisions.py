"""Revisions of publications: figures that are cached for an older revision are stale."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from database import Bulk, Statement, among, table_of
from ingest.columns import PUBLICATIONS
from models import Publication

_LOCK = Statement(
    select(PUBLICATIONS.id)
    .where(among(PUBLICATIONS.id, "ids"))
    .order_by(PUBLICATIONS.id)
    .with_for_update(key_share=True),
    lambda id: id,
)
_REFRESH = Statement(
    update(table_of(Publication))
    .where(among(PUBLICATIONS.id, "ids"))
    .values(revision=PUBLICATIONS.revision + 1)
    .returning(PUBLICATIONS.id),
    lambda id: id,
)


async def raise_revision(session: AsyncSession, which: ColumnElement[bool]) -> None:
    """Makes the cached figures of these publications stale.

    Call it first in a transaction, because every writer locks a publication before its totals. It locks in
    one order: an update locks its rows as it finds them, and two updates could wait for each other in a
    circle.
    """
    ids = select(col(Publication.id)).where(which).order_by(col(Publication.id))
    await session.execute(ids.with_for_update(key_share=True))
    await session.execute(update(Publication).where(which).values(revision=Publication.revision + 1))


async def raise_revisions(bulk: Bulk, ids: Sequence[int]) -> None:
    """The same, for publications by their ids."""
    await bulk.fetch(_LOCK, ids=ids)
    await bulk.fetch(_REFRESH, ids=ids)
