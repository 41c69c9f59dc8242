"""Totals of rows: how many follow a user, and how many experiences of each type a publication has.

A transaction that adds or removes rows also changes their total. A second writer of the same total waits for
the first one.
"""

from collections import Counter
from collections.abc import Iterable, Mapping

from sqlalchemy.ext.asyncio import AsyncSession

from database import in_bulk
from models import ExperienceTotal, FollowTotal

_ADDED_FOLLOWS = ", ".join(
    f"{name} = t.{name} + excluded.{name}" for name in ("followers_count", "following_count")
)


async def add_follows(session: AsyncSession, pairs: Iterable[tuple[int, int]], number: int) -> None:
    """Adds `number` for each pair of a follower and the user who is followed.

    The totals are written in the order of their users. So two people who follow each other at the same
    moment do not wait for each other in a circle.
    """
    followers: Counter[int] = Counter()
    following: Counter[int] = Counter()
    for follower_id, followed_id in pairs:
        following[follower_id] += number
        followers[followed_id] += number
    rows = [(id, followers[id], following[id]) for id in sorted({*followers, *following})]
    await in_bulk(session, lambda bulk: bulk.upsert(FollowTotal, rows, _ADDED_FOLLOWS))


async def add_experiences(session: AsyncSession, numbers: Mapping[tuple[int, int], int]) -> None:
    """`numbers`: by publication and type, how many experiences were added."""
    rows = [(*key, number) for key, number in sorted(numbers.items())]
    await in_bulk(
        session, lambda bulk: bulk.upsert(ExperienceTotal, rows, "count = t.count + excluded.count")
    )
