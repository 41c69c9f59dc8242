"""What happened, and its totals. No foreign keys: these tables are distributed by tenant."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, Index, LargeBinary, SmallInteger, text
from sqlmodel import Field, SQLModel

from models.columns import BY_TENANT, REFERENCE, identity, instant, optional_instant
from models.types import Day, EventId


class Domain(SQLModel, table=True):
    """The site an event came from. 0, which has no row, stands for no domain."""

    __tablename__ = "domains"
    __table_args__ = {"info": REFERENCE}

    id: int = identity()
    name: str = Field(max_length=253, unique=True)
    unused_since: datetime | None = optional_instant()
    """When nothing was found to be counted under it. Who counts under it takes this back."""


class Event(SQLModel, table=True):
    """The truth: the totals are made of these and can be made again."""

    __tablename__ = "events"
    __table_args__ = (
        Index("ix_events_subject_id_occurred_at", "tenant_id", "subject_id", "occurred_at"),
        # Of the few that are somebody's: who came is read from it without going through all that happened.
        Index(
            "ix_events_user_id",
            *("tenant_id", "subject_id", "occurred_at", "action", "user_id"),
            sqlite_where=text("user_id IS NOT NULL"),
            postgresql_where=text("user_id IS NOT NULL"),
        ),
        # Of named visitors who are not signed in: those who are by now are found among them. SQLite takes it
        # only with every column that is asked for.
        Index(
            "ix_events_visitor",
            *("tenant_id", "visitor", "subject_id", "occurred_at", "action", "user_id"),
            sqlite_where=text("user_id IS NULL AND length(visitor) = 16"),
            postgresql_where=text("user_id IS NULL AND length(visitor) = 16"),
        ),
        # Into months, by the time inside an id of version 7: see `database.partitions`.
        {"info": BY_TENANT, "sqlite_with_rowid": False, "postgresql_partition_by": "RANGE (id)"},
    )

    tenant_id: int = Field(sa_type=BigInteger, primary_key=True)
    id: UUID = Field(sa_type=EventId, primary_key=True)
    subject_id: int = Field(sa_type=BigInteger)
    action: int = Field(sa_type=SmallInteger)
    device: int = Field(sa_type=SmallInteger)
    domain_id: int = Field(sa_type=BigInteger)
    occurred_at: datetime = instant()
    view_id: UUID | None = Field(default=None, sa_type=EventId)
    user_id: int | None = Field(default=None, sa_type=BigInteger)
    visitor: bytes | None = Field(default=None, sa_type=LargeBinary)
    """A keyed hash: nobody's name, and of no use to whoever has not the key."""


class DayTotal(SQLModel, table=True):
    """Events of one day of the tenant's reporting time zone. Subject first: a subject's year is one run."""

    __tablename__ = "day_totals"
    __table_args__ = (
        Index("ix_day_totals_day", "tenant_id", "day"),
        {"info": BY_TENANT, "sqlite_with_rowid": False},
    )

    tenant_id: int = Field(sa_type=BigInteger, primary_key=True)
    subject_id: int = Field(sa_type=BigInteger, primary_key=True)
    action: int = Field(sa_type=SmallInteger, primary_key=True)
    day: date = Field(sa_type=Day, primary_key=True)
    device: int = Field(sa_type=SmallInteger, primary_key=True)
    domain_id: int = Field(sa_type=BigInteger, primary_key=True)
    count: int = Field(sa_type=BigInteger)


class MonthTotal(SQLModel, table=True):
    """Events of one month of the tenant's reporting time zone; `month` is its first day."""

    __tablename__ = "month_totals"
    __table_args__ = (
        Index("ix_month_totals_month", "tenant_id", "month"),
        {"info": BY_TENANT, "sqlite_with_rowid": False},
    )

    tenant_id: int = Field(sa_type=BigInteger, primary_key=True)
    subject_id: int = Field(sa_type=BigInteger, primary_key=True)
    action: int = Field(sa_type=SmallInteger, primary_key=True)
    month: date = Field(sa_type=Day, primary_key=True)
    device: int = Field(sa_type=SmallInteger, primary_key=True)
    domain_id: int = Field(sa_type=BigInteger, primary_key=True)
    count: int = Field(sa_type=BigInteger)


class ActiveUser(SQLModel, table=True):
    """When each signed-in person was last active on a subject."""

    __tablename__ = "active_users"
    __table_args__ = ({"info": BY_TENANT, "sqlite_with_rowid": False},)

    tenant_id: int = Field(sa_type=BigInteger, primary_key=True)
    subject_kind: int = Field(sa_type=SmallInteger, primary_key=True)
    subject_id: int = Field(sa_type=BigInteger, primary_key=True)
    user_id: int = Field(sa_type=BigInteger, primary_key=True)
    last_active_at: datetime = instant()


class EngagedView(SQLModel, table=True):
    """A view in which the person interacted, at the first interaction: it is counted once, there."""

    __tablename__ = "engaged_views"
    __table_args__ = (
        Index("ix_engaged_views_subject_id_occurred_at", "tenant_id", "subject_id", "occurred_at"),
        {"info": BY_TENANT, "sqlite_with_rowid": False},
    )

    tenant_id: int = Field(sa_type=BigInteger, primary_key=True)
    view_id: UUID = Field(sa_type=EventId, primary_key=True)
    subject_id: int = Field(sa_type=BigInteger)
    event_id: UUID = Field(sa_type=EventId)
    """The first interaction; of two at one instant, the one with the smaller id."""
    occurred_at: datetime = instant()
    device: int = Field(sa_type=SmallInteger)
    domain_id: int = Field(sa_type=BigInteger)


class VisitorSketch(SQLModel, table=True):
    """The distinct visitors of a subject on one day of the tenant's reporting time zone, estimated.

    Subject 0 of the kind 0 stands for all subjects of the tenant.
    """

    __tablename__ = "visitor_sketches"
    __table_args__ = (
        Index("ix_visitor_sketches_day", "tenant_id", "day"),
        {"info": BY_TENANT},
    )

    tenant_id: int = Field(sa_type=BigInteger, primary_key=True)
    subject_kind: int = Field(sa_type=SmallInteger, primary_key=True)
    subject_id: int = Field(sa_type=BigInteger, primary_key=True)
    day: date = Field(sa_type=Day, primary_key=True)
    version: int = Field(sa_type=SmallInteger)
    """Of the sketch's form and seed: sketches of different versions are never merged."""
    sketch: bytes = Field(sa_type=LargeBinary)


class VisitorSalt(SQLModel, table=True):
    """Of which the salt is made under which a day's visitors are hashed. Gone 48 hours after the day began in
    UTC, and with it the way back.

    PostgreSQL writes nothing of it into its log, nor into statistics; `database.erasing` deletes it.
    """

    __tablename__ = "visitor_salts"
    __table_args__ = {"info": REFERENCE}

    day: date = Field(sa_type=Day, primary_key=True)
    salt: bytes = Field(sa_type=LargeBinary)
    """A seed: the salt is its hash, keyed with a secret that is not in the database."""


class VisitorLink(SQLModel, table=True):
    """Who a named visitor is, as far as a sender named both once. The first one stays."""

    __tablename__ = "visitor_links"
    __table_args__ = ({"info": BY_TENANT, "sqlite_with_rowid": False},)

    tenant_id: int = Field(sa_type=BigInteger, primary_key=True)
    visitor: bytes = Field(sa_type=LargeBinary, primary_key=True)
    user_id: int = Field(sa_type=BigInteger)


class DomainAlias(SQLModel, table=True):
    """Under which name a tenant's site is shown and asked for, whatever it is stored under."""

    __tablename__ = "domain_aliases"
    __table_args__ = {"info": BY_TENANT}

    tenant_id: int = Field(sa_type=BigInteger, primary_key=True)
    pattern: str = Field(max_length=255, primary_key=True)
    """A host, `*.` and a host for all below it, or `www.*`."""
    name: str = Field(max_length=253)
    """The host that is meant; `*` beside `www.*`: what stands behind it."""
