"""Which cached figures are stale: those of an older revision of their publication."""

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from models import Publication


async def refresh(session: AsyncSession, which: ColumnElement[bool]) -> None:
    """What was cached of these publications is stale.

    First in its transaction: every writer locks a publication before its totals. And locked in one
    order: an update takes its rows as it finds them, and two of them would wait for each other in a
    circle.
    """
    ids = select(col(Publication.id)).where(which).order_by(col(Publication.id))
    await session.execute(ids.with_for_update(key_share=True))
    await session.execute(update(Publication).where(which).values(revision=Publication.revision + 1))
