"""Events and their totals. They have no foreign keys, because these tables are distributed by tenant."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, Index, LargeBinary, SmallInteger, text
from sqlmodel import Field, SQLModel

from models.columns import (
    BY_TENANT,
    COUNTS_UP,
    ON_POSTGRESQL,
    ON_SQLITE,
    REFERENCE,
    identity,
    instant,
    optional_instant,
)
from models.personal import OnErasing, of_person
from models.types import Day, EventId


class Domain(SQLModel, table=True):
    """The site that an event came from. The id 0, which has no row, stands for no domain."""

    __tablename__ = "domains"
    __table_args__ = {"info": REFERENCE, **COUNTS_UP}

    id: int = identity()
    name: str = Field(max_length=253, unique=True)
    unused_since: datetime | None = optional_instant()
    """When it was found that nothing is counted under it. Counting under it again makes this null."""


class Event(SQLModel, table=True):
    """The source of truth: the totals are made from events, and can be made again."""

    __tablename__ = "events"
    __table_args__ = (
        Index("ix_events_subject_id_occurred_at", "tenant_id", "subject_id", "occurred_at"),
        # For the few events with a user: it finds the users without reading all events.
        Index(
            "ix_events_user_id",
            *("tenant_id", "subject_id", "occurred_at", "action", "user_id"),
            sqlite_where=text("user_id IS NOT NULL"),
            postgresql_where=text("user_id IS NOT NULL"),
        ),
        # For named visitors who are not signed in: some of them turn out to be users.
        Index(
            "ix_events_visitor",
            "tenant_id",
            "visitor",
            postgresql_where=text("user_id IS NULL AND length(visitor) = 16"),
            info=ON_POSTGRESQL,
        ),
        # For named visitors who are signed in: it finds the events that say which user a visitor is.
        Index(
            "ix_events_named",
            "tenant_id",
            "visitor",
            postgresql_where=text("user_id IS NOT NULL AND length(visitor) = 16"),
            info=ON_POSTGRESQL,
        ),
        # For all named visitors. New rows change only pages of the newest segments: see `database.segments`.
        Index(
            "ix_events_segment",
            *("tenant_id", "segment", "visitor"),
            sqlite_where=text("length(visitor) = 16"),
            info=ON_SQLITE,
        ),
        # Partitioned by month, which is inside an id of version 7: see `database.partitions`.
        {
            "info": {
                **BY_TENANT,
                **of_person(user_id=OnErasing.REPLACED, visitor=OnErasing.REPLACED),
                "sqlite_seeks_by": "ix_events_subject_id_occurred_at",
            },
            "sqlite_with_rowid": False,
            "postgresql_partition_by": "RANGE (id)",
        },
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
    """A keyed hash. It is no name, and of no use without the key."""
    import_id: int | None = Field(default=None, sa_type=BigInteger)
    """The number of the import that has brought it; None if no import has."""
    segment: int | None = Field(default=None, sa_type=BigInteger)
    """On SQLite, the part of an index that it came into, counted from 1. Named visitors of events without one
    are found, too.
    """


class DayTotal(SQLModel, table=True):
    """Events of one day of the tenant's reporting time zone. A subject's rows are together, in the order of
    days.
    """

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


class SubjectTotal(SQLModel, table=True):
    """Events of all time: the sum of a subject's totals by month."""

    __tablename__ = "subject_totals"
    __table_args__ = ({"info": BY_TENANT, "sqlite_with_rowid": False},)

    tenant_id: int = Field(sa_type=BigInteger, primary_key=True)
    subject_id: int = Field(sa_type=BigInteger, primary_key=True)
    action: int = Field(sa_type=SmallInteger, primary_key=True)
    count: int = Field(sa_type=BigInteger)


class ImportedTotal(SQLModel, table=True):
    """What a source from elsewhere says of one day, without events. The totals have it in them, and are made
    from these rows and from the events.
    """

    __tablename__ = "imported_totals"
    __table_args__ = (
        # It finds the cells of a source in the order of the key.
        Index(
            "ix_imported_totals_source",
            *("tenant_id", "source", "subject_id", "action", "day", "device", "domain_id"),
        ),
        {"info": BY_TENANT, "sqlite_with_rowid": False},
    )

    tenant_id: int = Field(sa_type=BigInteger, primary_key=True)
    subject_id: int = Field(sa_type=BigInteger, primary_key=True)
    action: int = Field(sa_type=SmallInteger, primary_key=True)
    day: date = Field(sa_type=Day, primary_key=True)
    """A day of the tenant's reporting time zone. It keeps its date, whatever that zone is later."""
    device: int = Field(sa_type=SmallInteger, primary_key=True)
    domain_id: int = Field(sa_type=BigInteger, primary_key=True)
    source: str = Field(max_length=64, primary_key=True)
    """The name of the import."""
    count: int = Field(sa_type=BigInteger)


class ActiveUser(SQLModel, table=True):
    """When each signed-in person was last active on a subject."""

    __tablename__ = "active_users"
    __table_args__ = (
        {"info": {**BY_TENANT, **of_person(user_id=OnErasing.ROW)}, "sqlite_with_rowid": False},
    )

    tenant_id: int = Field(sa_type=BigInteger, primary_key=True)
    subject_kind: int = Field(sa_type=SmallInteger, primary_key=True)
    subject_id: int = Field(sa_type=BigInteger, primary_key=True)
    user_id: int = Field(sa_type=BigInteger, primary_key=True)
    last_active_at: datetime = instant()


class EngagedView(SQLModel, table=True):
    """A view in which the person interacted. It is counted once, at its first interaction."""

    __tablename__ = "engaged_views"
    __table_args__ = (
        Index("ix_engaged_views_subject_id_occurred_at", "tenant_id", "subject_id", "occurred_at"),
        {
            "info": {**BY_TENANT, "sqlite_seeks_by": "ix_engaged_views_subject_id_occurred_at"},
            "sqlite_with_rowid": False,
        },
    )

    tenant_id: int = Field(sa_type=BigInteger, primary_key=True)
    view_id: UUID = Field(sa_type=EventId, primary_key=True)
    subject_id: int = Field(sa_type=BigInteger)
    event_id: UUID = Field(sa_type=EventId)
    """The first interaction; if two are at one instant, the one with the smaller id."""
    occurred_at: datetime = instant()
    device: int = Field(sa_type=SmallInteger)
    domain_id: int = Field(sa_type=BigInteger)


class DomainAlias(SQLModel, table=True):
    """The name under which a tenant's site is shown and asked for. It may be stored under another name."""

    __tablename__ = "domain_aliases"
    __table_args__ = {"info": BY_TENANT}

    tenant_id: int = Field(sa_type=BigInteger, primary_key=True)
    pattern: str = Field(max_length=255, primary_key=True)
    """A host; `*.` and a host, for all hosts below it; or `www.*`."""
    name: str = Field(max_length=253)
    """The host that the pattern means. For `www.*` it is `*`: the host without `www.`."""
