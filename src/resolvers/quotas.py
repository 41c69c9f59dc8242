"""How much somebody may make. It is counted in the transaction that makes one more."""

from typing import Any, NamedTuple

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import SQLModel, col

from base.errors import Conflict, Unauthenticated
from models import User


class Quotas(NamedTuple):
    """The most that people may make of each thing."""

    appointment_hours: int = 24
    appointments: int = 50
    """Of one person; those that are over or cancelled do not count."""
    appointments_of_publication: int = 10
    """Of one person with the makers of one publication; those that are over or cancelled do not count."""
    publications: int = 1_000
    """Of one owner."""
    experiences: int = 10_000
    """Of one publication."""
    comments: int = 1_000
    """Of one person on one publication."""
    keys: int = 100
    """Of one person, including those that were revoked or expired in the last 30 days."""
    invitations: int = 200
    """From one person that were not accepted and have not expired."""
    organizations: int = 100
    """Of one person, as an owner."""
    members: int = 10_000
    """Of one organization."""
    workspaces: int = 1_000
    """Of one organization."""
    assets: int = 100_000
    """Of one organization."""


USUAL_QUOTAS = Quotas()


async def require_within_quota(
    session: AsyncSession, whole: type[SQLModel], id: int, those: Select[Any], most: int, what: str
) -> None:
    """`those` selects what the row of `whole` with this id already has. Raises CONFLICT if that is `most` or
    more, and UNAUTHENTICATED for a user who was deleted meanwhile.

    The row is locked, so a request that makes a second one at the same time waits here. A transaction locks a
    user's row before a publication's, so that no two wait for each other.
    """
    key = col(whole.id)  # type: ignore[attr-defined]
    locked = select(key).where(key == id).with_for_update(key_share=True)
    if whole is User:
        locked = locked.where(col(User.deleted_at).is_(None))
    if await session.scalar(locked) is None and whole is User:
        raise Unauthenticated("Your account was deleted meanwhile.")
    counted = await session.scalar(select(func.count()).select_from(those.limit(most).subquery()))
    if (counted or 0) >= most:
        raise Conflict(f"There are {most:,} {what}, and these are the most.", reason="TOO_MANY", most=most)
