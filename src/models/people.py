from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, LargeBinary, SmallInteger
from sqlmodel import Field, SQLModel

from models.columns import REFERENCE, identity, instant, optional_instant, public_id, reference
from models.types import Day


class Tenant(SQLModel, table=True):
    """Whose numbers they are: one row for each user and each organization."""

    __tablename__ = "tenants"
    __table_args__ = {"info": REFERENCE}

    id: int = identity()
    time_zone: str = Field(default="UTC", max_length=64)
    """The reporting time zone: where a day of this tenant's totals starts and ends."""
    pruned_before: date | None = Field(default=None, sa_type=Day, nullable=True)
    """Raw events of the reporting days before this one are gone; their totals stay."""


class User(SQLModel, table=True):
    __tablename__ = "users"
    __table_args__ = {"info": REFERENCE}

    id: int = identity()
    public_id: UUID = public_id()
    tenant_id: int = reference("tenants", cascade=False)
    email: str = Field(max_length=254, unique=True)
    """Lower case."""
    username: str = Field(max_length=40, unique=True)
    name: str | None = Field(default=None, max_length=200)
    password_hash: str | None = Field(default=None, max_length=255)
    created_at: datetime = instant()


class AuthenticationKey(SQLModel, table=True):
    __tablename__ = "authentication_keys"
    __table_args__ = {"info": REFERENCE}

    id: int = identity()
    public_id: UUID = public_id()
    user_id: int = reference("users", index=True)
    name: str = Field(max_length=100)
    digest: bytes = Field(sa_type=LargeBinary, unique=True)
    """SHA-256 of the key: a key has 256 random bits, so that nothing slower is needed."""
    created_at: datetime = instant()
    expires_at: datetime = instant()
    revoked_at: datetime | None = optional_instant()


class Follow(SQLModel, table=True):
    __tablename__ = "follows"
    __table_args__ = (
        CheckConstraint("follower_id <> followed_id", name="not_oneself"),
        Index("ix_follows_followed_id", "followed_id"),
        {"info": REFERENCE},
    )

    follower_id: int = reference("users", primary_key=True)
    followed_id: int = reference("users", primary_key=True)
    created_at: datetime = instant()


class UserInsight(SQLModel, table=True):
    __tablename__ = "user_insights"
    __table_args__ = {"info": REFERENCE}

    id: int = identity()
    public_id: UUID = public_id()
    user_id: int = Field(sa_type=BigInteger, foreign_key="users.id", ondelete="CASCADE", unique=True)
    has_about: bool = False
    number_of_roles: int = 0
    number_of_acts: int = 0
    connects: int = Field(default=0, sa_type=BigInteger)
    profile_views: int = Field(default=0, sa_type=BigInteger)
    """Those that were never events, to which those that were are added."""
    profile_searches: int = Field(default=0, sa_type=BigInteger)
    """The same."""
    facebook_page_id: int | None = Field(default=None, sa_type=BigInteger)
    twitter_handle: str | None = Field(default=None, max_length=15)
    instagram_handle: str | None = Field(default=None, max_length=30)
    twitter_followers_count: int | None = Field(default=None, sa_type=BigInteger)
    facebook_page_followers_count: int | None = Field(default=None, sa_type=BigInteger)
    instagram_followers_count: int | None = Field(default=None, sa_type=BigInteger)
    created_at: datetime = instant()
    refreshed_at: datetime | None = optional_instant()
    """When the networks were last asked for the followers."""


class Work(SQLModel, table=True):
    __tablename__ = "works"
    __table_args__ = (
        Index("uq_works_item", "insight_id", "source_type", "item_id", unique=True),
        {"info": REFERENCE},
    )

    id: int = identity()
    insight_id: int = reference("user_insights")
    source_type: int = Field(sa_type=SmallInteger)
    item_id: str = Field(max_length=200)
    is_individual_work: bool
    in_app_plays: int = Field(default=0, sa_type=BigInteger)
    """Those that were never events, to which those that were are added."""
    non_app_plays: int | None = Field(default=None, sa_type=BigInteger)
    refreshed_at: datetime | None = optional_instant()
