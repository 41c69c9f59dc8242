"""Visitors: how many came, and who is known. The tables of tenants have no foreign keys, because they are
distributed.
"""

from datetime import date
from typing import Final
from uuid import UUID

from sqlalchemy import BigInteger, Index, LargeBinary, SmallInteger
from sqlmodel import Field, SQLModel

from models.columns import BY_TENANT, LOCAL
from models.personal import OnErasing, of_person
from models.types import Day, EventId

NAMED_BYTES: Final = 16
"""The length of the hash of a name that a sender gave its visitor. No other visitor has so many bytes."""


class VisitorSketch(SQLModel, table=True):
    """The distinct visitors of a subject on one day of the tenant's reporting time zone, estimated.

    Subject 0 of the kind 0 stands for all subjects of the tenant.
    """

    __tablename__ = "visitor_sketches"
    __table_args__ = (
        Index("ix_visitor_sketches_day", "tenant_id", "day"),
        # Each new visitor writes the sketch anew. Elsewhere than in its row, that would take more.
        {"info": BY_TENANT, "postgresql_with": {"toast_tuple_target": 8160}},
    )

    tenant_id: int = Field(sa_type=BigInteger, primary_key=True)
    subject_kind: int = Field(sa_type=SmallInteger, primary_key=True)
    subject_id: int = Field(sa_type=BigInteger, primary_key=True)
    day: date = Field(sa_type=Day, primary_key=True)
    version: int = Field(sa_type=SmallInteger)
    """Of the sketch's form and seed: sketches of different versions are never merged."""
    sketch: bytes = Field(sa_type=LargeBinary)


class VisitorSalt(SQLModel, table=True):
    """The seed of the salt with which a day's visitors are hashed. It is erased 48 hours after the day began
    in UTC. From then on nobody can find out whom a hash stands for.

    PostgreSQL writes it neither into its log nor into statistics. `database.erasing` erases it.
    """

    __tablename__ = "visitor_salts"
    __table_args__ = {"info": LOCAL}

    day: date = Field(sa_type=Day, primary_key=True)
    salt: bytes = Field(sa_type=LargeBinary)
    """The seed. The salt is a hash of it, keyed with a secret that is not in the database."""
    keyed_by: str | None = Field(default=None, max_length=12)
    """The id of that secret, which may be replaced while the day lasts; None if it is not known."""


class VisitorLink(SQLModel, table=True):
    """Which user a named visitor is, if a sender once named both together. The first link stays, unless the
    events are taken back that say so."""

    __tablename__ = "visitor_links"
    __table_args__ = (
        {
            "info": {**BY_TENANT, **of_person(user_id=OnErasing.ROW, visitor=OnErasing.ROW)},
            "sqlite_with_rowid": False,
        },
    )

    tenant_id: int = Field(sa_type=BigInteger, primary_key=True)
    visitor: bytes = Field(sa_type=LargeBinary, primary_key=True)
    user_id: int = Field(sa_type=BigInteger)
    event_id: UUID | None = Field(default=None, sa_type=EventId)
    """The event that said so; None if that is not known."""


class LinkedVisit(SQLModel, table=True):
    """A named visitor who is known as a user by now came to a subject on a day of the tenant's reporting time
    zone, without being signed in. Only `VisitorLink` says which user this is.
    """

    __tablename__ = "linked_visits"
    __table_args__ = (
        Index("ix_linked_visits_visitor", "tenant_id", "visitor"),
        {"info": {**BY_TENANT, **of_person(visitor=OnErasing.ROW)}, "sqlite_with_rowid": False},
    )

    tenant_id: int = Field(sa_type=BigInteger, primary_key=True)
    subject_kind: int = Field(sa_type=SmallInteger, primary_key=True)
    subject_id: int = Field(sa_type=BigInteger, primary_key=True)
    day: date = Field(sa_type=Day, primary_key=True)
    visitor: bytes = Field(sa_type=LargeBinary, primary_key=True)
