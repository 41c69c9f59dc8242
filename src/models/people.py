from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, LargeBinary, SmallInteger, Uuid, text
from sqlmodel import Field, SQLModel

from base.names import username_skeleton
from models.columns import (
    COUNTS_UP,
    LOCAL,
    asked_instant,
    identity,
    instant,
    legacy_id,
    optional_instant,
    public_id,
    reference,
)
from models.personal import OnErasing, of_person
from models.types import Day


class Tenant(SQLModel, table=True):
    """The owner of events and totals: one row for each user and each organization."""

    __tablename__ = "tenants"
    __table_args__ = {"info": LOCAL, **COUNTS_UP}

    id: int = identity()
    time_zone: str = Field(default="UTC", max_length=64)
    """The reporting time zone: it says when a day of this tenant's totals starts and ends."""
    pruned_before: date | None = Field(default=None, sa_type=Day, nullable=True)
    """Raw events of the reporting days before this one are gone; their totals stay."""
    zone_rules: str | None = Field(default=None, max_length=100)
    """The key of the time zone rules by which the days of its totals are made.

    It is None if the clocks of the zone are never changed, if no event of the tenant was counted yet, or if
    the rules are not known.
    """
    older_zone_rules: str | None = Field(default=None, max_length=100)
    """The key of older rules by which some of the days may still be made, until these are counted anew. A key
    without a row stands for any rules.
    """
    deleted_at: datetime | None = optional_instant()
    """From then on nothing is counted for it, and its rows go little by little."""
    subject_deleted_at: datetime | None = optional_instant()
    """When the last subject of its events was deleted, if that is a short time ago. Then processes may still
    remember it, so whether a subject is there is looked up again when an event is stored.
    """
    thinned_before: date | None = Field(default=None, sa_type=Day, nullable=True)
    """Totals of the reporting days before this one have lost their sites, or are gone, as the settings of
    what is kept say. Nobody knows any more what was imported into them, so nothing is.
    """
    hours_before: date | None = Field(default=None, sa_type=Day, nullable=True)
    """What is counted on the days before it, in UTC, is added to `hour_totals`, too. While days are folded,
    it is later than the day in `folded_hours`.
    """
    folding_since: datetime | None = optional_instant()
    """The last sign of life of the process that folds days of this tenant; None if none does."""


class ZoneRules(SQLModel, table=True):
    """Rules of a time zone by which days of totals are made, or were made once."""

    __tablename__ = "zone_rules"
    __table_args__ = {"info": LOCAL}

    key: str = Field(max_length=100, primary_key=True)
    """The name of the zone, and a hash of the rules."""
    file: bytes = Field(sa_type=LargeBinary)
    """In the format TZif (RFC 8536)."""
    version: str = Field(max_length=16)
    """The version of the first tzdata that was found to have them, such as 2026f."""


def _skeleton_of_row(context: Any) -> str:
    return username_skeleton(context.get_current_parameters()["username"])


class User(SQLModel, table=True):
    __tablename__ = "users"
    __table_args__ = (
        Index("ix_users_legacy_id", "legacy_id", unique=True),
        Index("ix_users_username_skeleton", "username_skeleton", unique=True),
        {"info": {**LOCAL, **of_person(id=OnErasing.ROW, secret=("password_hash",))}, **COUNTS_UP},
    )

    id: int = identity()
    public_id: UUID = public_id()
    legacy_id: str | None = legacy_id()
    tenant_id: int = reference("tenants", cascade=False)
    email: str = Field(max_length=254, unique=True)
    """In lower case."""
    username: str = Field(max_length=40, unique=True)
    username_skeleton: str | None = Field(
        default=None, max_length=200, sa_column_kwargs={"default": _skeleton_of_row}
    )
    """What all names have that look like this one: see `base.names`. It follows the username."""
    name: str | None = Field(default=None, max_length=200)
    password_hash: str | None = Field(default=None, max_length=255)
    token_generation: int | None = Field(default=None, sa_type=BigInteger)
    """Access tokens name the one that they were issued in. Those of others are refused. None is 0."""
    tokens_ended_at: datetime | None = optional_instant()
    """When the generation was last raised. Tokens of another issuer are refused if they are not younger."""
    created_at: datetime = instant()
    deleted_at: datetime | None = optional_instant()
    """From then on the row has no name of the person, and goes when the rest is gone."""


class AuthenticationKey(SQLModel, table=True):
    __tablename__ = "authentication_keys"
    __table_args__ = {"info": {**LOCAL, **of_person(user_id=OnErasing.ROW, secret=("digest",))}, **COUNTS_UP}

    id: int = identity()
    public_id: UUID = public_id()
    user_id: int = reference("users", index=True)
    name: str = Field(max_length=100)
    digest: bytes = Field(sa_type=LargeBinary, unique=True)
    """The SHA-256 hash of the key. A key has 256 random bits, so it needs no slower hash."""
    created_at: datetime = instant()
    expires_at: datetime = instant()
    revoked_at: datetime | None = optional_instant()
    last_used_at: datetime | None = optional_instant()
    """The start of the hour in UTC in which it was last used; None if it never was."""


class Follow(SQLModel, table=True):
    __tablename__ = "follows"
    __table_args__ = (
        CheckConstraint("follower_id <> followed_id", name="not_oneself"),
        Index("ix_follows_followed_id", "followed_id"),
        {"info": {**LOCAL, **of_person(follower_id=OnErasing.TAKEN_BACK, followed_id=OnErasing.TAKEN_BACK)}},
    )

    follower_id: int = reference("users", primary_key=True)
    followed_id: int = reference("users", primary_key=True)
    created_at: datetime = instant()


class FollowTotal(SQLModel, table=True):
    """How many follow a user, and how many the user follows: numbers of rows of `follows`. A user without
    such rows may have no total.

    The numbers are no columns of `users`, because rows of users are remembered between requests.
    """

    __tablename__ = "follow_totals"
    __table_args__ = ({"info": {**LOCAL, **of_person(user_id=OnErasing.ROW)}, "sqlite_with_rowid": False},)

    user_id: int = reference("users", primary_key=True)
    followers_count: int = Field(sa_type=BigInteger)
    following_count: int = Field(sa_type=BigInteger)


class UserInsight(SQLModel, table=True):
    __tablename__ = "user_insights"
    __table_args__ = (
        Index("ix_user_insights_legacy_id", "legacy_id", unique=True),
        *(
            Index(
                f"ix_user_insights_{account}_asked_at",
                f"{account}_asked_at",
                "id",
                postgresql_where=text(f"{named} IS NOT NULL"),
                sqlite_where=text(f"{named} IS NOT NULL"),
            )
            for account, named in (
                ("twitter", "twitter_handle"),
                ("facebook_page", "facebook_page_id"),
                ("instagram", "instagram_handle"),
            )
        ),
        {"info": {**LOCAL, **of_person(user_id=OnErasing.ROW)}, **COUNTS_UP},
    )

    id: int = identity()
    public_id: UUID = public_id()
    legacy_id: str | None = legacy_id()
    user_id: int = Field(sa_type=BigInteger, foreign_key="users.id", ondelete="CASCADE", unique=True)
    has_about: bool = False
    number_of_roles: int = 0
    number_of_acts: int = 0
    connects: int = Field(default=0, sa_type=BigInteger)
    profile_views: int = Field(default=0, sa_type=BigInteger)
    """Views that are not among the events. Views that are events are added to it."""
    profile_searches: int = Field(default=0, sa_type=BigInteger)
    """The same for searches."""
    profile_views_scored: int | None = Field(default=None, sa_type=BigInteger)
    """The same for the score: only events that count for the score are added. None stands for
    `profile_views`.
    """
    profile_searches_scored: int | None = Field(default=None, sa_type=BigInteger)
    """The same for searches."""
    facebook_page_id: int | None = Field(default=None, sa_type=BigInteger)
    twitter_handle: str | None = Field(default=None, max_length=15)
    instagram_handle: str | None = Field(default=None, max_length=30)
    twitter_followers_count: int | None = Field(default=None, sa_type=BigInteger)
    facebook_page_followers_count: int | None = Field(default=None, sa_type=BigInteger)
    instagram_followers_count: int | None = Field(default=None, sa_type=BigInteger)
    created_at: datetime = instant()
    twitter_refreshed_at: datetime | None = optional_instant()
    """When the network gave the count. The others mean the same for their networks."""
    facebook_page_refreshed_at: datetime | None = optional_instant()
    instagram_refreshed_at: datetime | None = optional_instant()
    twitter_asked_at: datetime = asked_instant()
    facebook_page_asked_at: datetime = asked_instant()
    instagram_asked_at: datetime = asked_instant()


class Work(SQLModel, table=True):
    __tablename__ = "works"
    __table_args__ = (
        Index("uq_works_item", "insight_id", "source_type", "item_id", unique=True),
        Index("ix_works_asked_at", "source_type", "asked_at", "id"),
        {"info": {**LOCAL, **of_person(insight_id=OnErasing.ROW)}, **COUNTS_UP},
    )

    id: int = identity()
    insight_id: int = reference("user_insights")
    source_type: int = Field(sa_type=SmallInteger)
    item_id: str = Field(max_length=200)
    is_individual_work: bool
    in_app_plays: int = Field(default=0, sa_type=BigInteger)
    """Plays that are not among the events. Plays that are events are added to it."""
    in_app_plays_scored: int | None = Field(default=None, sa_type=BigInteger)
    """The same for the score: only events that count for the score are added. None stands for `in_app_plays`.
    """
    non_app_plays: int | None = Field(default=None, sa_type=BigInteger)
    refreshed_at: datetime | None = optional_instant()
    """When the source gave the plays."""
    asked_at: datetime = asked_instant()


class NetworkLease(SQLModel, table=True):
    """What all workers know about a network that is asked for counts. Only the lease's owner may ask it."""

    __tablename__ = "network_leases"
    __table_args__ = {"info": LOCAL}

    network: int = Field(sa_type=SmallInteger, primary_key=True, sa_column_kwargs={"autoincrement": False})
    owner: UUID = Field(sa_type=Uuid[UUID])
    expires_at: datetime = instant()
    """From then on anybody may take it, because its owner gave it back or is dead."""
    calls: int = Field(default=0, sa_type=BigInteger)
    """Calls granted since the window of the quota began, counted as the network counts them."""
    window_started_at: datetime = instant()
    resumes_at: datetime | None = optional_instant()
    """The network must not be asked before: it said so."""
