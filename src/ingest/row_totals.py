"""Totals of rows: how many follow a user, and how many experiences of each type a publication has.

A transaction that adds or removes rows also changes their total. A second writer of the same total waits for
the first one.
"""

from sqlalchemy.ext.asyncio import AsyncSession

from database import in_bulk
from models import ExperienceTotal, ExperienceType, FollowTotal

_ADDED_FOLLOWS = ", ".join(
    f"{name} = t.{name} + excluded.{name}" for name in ("followers_count", "following_count")
)


async def add_follows(session: AsyncSession, follower_id: int, followed_id: int, number: int) -> None:
    """The totals are written in the order of their users. So two people who follow each other at the same
    moment do not wait for each other in a circle.
    """
    rows = sorted([(follower_id, 0, number), (followed_id, number, 0)])
    await in_bulk(session, lambda bulk: bulk.upsert(FollowTotal, rows, _ADDED_FOLLOWS))


async def add_experience(session: AsyncSession, publication_id: int, type: ExperienceType) -> None:
    rows = [(publication_id, int(type), 1)]
    await in_bulk(
        session, lambda bulk: bulk.upsert(ExperienceTotal, rows, "count = t.count + excluded.count")
    )
