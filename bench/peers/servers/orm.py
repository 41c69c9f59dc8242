"""How the GraphQL peers in Python read: by SQLModel and asynchronous SQLAlchemy, one statement a batch."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import DateTime, func
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlmodel import Field, SQLModel, col, select
from sqlmodel.ext.asyncio.session import AsyncSession

DATABASE = os.environ["PEER_DATABASE"]


def _engine() -> AsyncEngine:
    if DATABASE.startswith("sqlite:"):
        return create_async_engine(DATABASE.replace("sqlite:", "sqlite+aiosqlite:"))
    return create_async_engine(
        DATABASE.replace("postgresql:", "postgresql+asyncpg:"), pool_size=10, max_overflow=0
    )


ENGINE = _engine()


def session() -> AsyncSession:
    return AsyncSession(ENGINE, expire_on_commit=False)


class AppUser(SQLModel, table=True):
    __tablename__ = "app_user"

    id: int = Field(primary_key=True)
    name: str | None


class Publication(SQLModel, table=True):
    id: int = Field(primary_key=True)
    name: str
    custom_url: str
    created_at: datetime = Field(sa_type=DateTime(timezone=True))
    owner_id: int


class Experience(SQLModel, table=True):
    id: int = Field(primary_key=True)
    publication_id: int
    type: str


class Follow(SQLModel, table=True):
    follower_id: int = Field(primary_key=True)
    followed_id: int = Field(primary_key=True)


class Engagement(SQLModel, table=True):
    publication_id: int = Field(primary_key=True)
    views: int
    likes: int
    bookmarks: int
    shares: int
    comments: int
    monthly_active_users: int


class Asset(SQLModel, table=True):
    id: int = Field(primary_key=True)
    organization_id: int
    name: str


class AssetDaily(SQLModel, table=True):
    __tablename__ = "asset_daily"

    asset_id: int = Field(primary_key=True)
    day: int = Field(primary_key=True)
    device: str = Field(primary_key=True)
    count: int


@dataclass
class ExperienceCounts:
    ai_expert: int = 0
    ai_note: int = 0
    quest: int = 0
    podcast: int = 0

    @property
    def total(self) -> int:
        return self.ai_expert + self.ai_note + self.quest + self.podcast


@dataclass
class SocialMetrics:
    followers_count: int
    following_count: int


@dataclass
class Range:
    """Of an asset or an organization; days are numbers, such as 20250131, and both ends are included."""

    id: int
    start: int
    end: int


# Batches


async def users(ids: Sequence[int]) -> list[AppUser]:
    async with session() as reading:
        found = {row.id: row for row in await reading.exec(select(AppUser).where(col(AppUser.id).in_(ids)))}
    return [found[id] for id in ids]


async def experience_counts(ids: Sequence[int]) -> list[ExperienceCounts]:
    of, type = col(Experience.publication_id), col(Experience.type)
    counted = select(of, type, func.count()).where(of.in_(ids)).group_by(of, type)
    counts = {id: ExperienceCounts() for id in ids}
    async with session() as reading:
        for id, name, number in await reading.exec(counted):
            setattr(counts[id], name.lower(), number)
    return [counts[id] for id in ids]


async def engagements(ids: Sequence[int]) -> list[Engagement]:
    of = col(Engagement.publication_id)
    async with session() as reading:
        found = {row.publication_id: row for row in await reading.exec(select(Engagement).where(of.in_(ids)))}
    return [found[id] for id in ids]


async def social_metrics(ids: Sequence[int]) -> list[SocialMetrics]:
    async with session() as reading:
        followers = await _follows(reading, col(Follow.followed_id), ids)
        following = await _follows(reading, col(Follow.follower_id), ids)
    return [SocialMetrics(followers.get(id, 0), following.get(id, 0)) for id in ids]


async def _follows(reading: AsyncSession, column: Any, ids: Sequence[int]) -> dict[int, int]:
    counted = select(column, func.count()).where(column.in_(ids)).group_by(column)
    return dict((await reading.exec(counted)).all())


async def assets(ids: Sequence[int]) -> list[Asset]:
    async with session() as reading:
        found = {row.id: row for row in await reading.exec(select(Asset).where(col(Asset.id).in_(ids)))}
    return [found[id] for id in ids]


# One by one


async def publication(url: str) -> Publication | None:
    async with session() as reading:
        return (await reading.exec(select(Publication).where(Publication.custom_url == url))).first()


async def publications(first: int) -> Sequence[Publication]:
    async with session() as reading:
        return (await reading.exec(select(Publication).order_by(col(Publication.id)).limit(first))).all()


def created_at(row: Publication) -> datetime:
    """SQLite keeps no zone."""
    return row.created_at if row.created_at.tzinfo else row.created_at.replace(tzinfo=UTC)


async def of_asset(range: Range) -> Sequence[Any]:
    return await _points(col(AssetDaily.device), col(AssetDaily.asset_id) == range.id, range)


async def by_device(range: Range) -> Sequence[Any]:
    return await _points(col(AssetDaily.device), _in_organization(range), range)


async def by_asset(range: Range) -> Sequence[Any]:
    return await _points(col(AssetDaily.asset_id), _in_organization(range), range)


def _in_organization(range: Range) -> Any:
    of = select(Asset.id).where(Asset.organization_id == range.id)
    return col(AssetDaily.asset_id).in_(of)


async def _points(group: Any, whose: Any, range: Range) -> Sequence[Any]:
    day = col(AssetDaily.day)
    statement = (
        select(day, group, func.sum(AssetDaily.count).label("count"))
        .where(whose, day.between(range.start, range.end))
        .group_by(day, group)
        .order_by(day, group)
    )
    async with session() as reading:
        return (await reading.exec(statement)).all()
