"""The columns that most tables share."""

from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, Uuid
from sqlmodel import Field, SQLModel

from base.time_units import EPOCH
from models.types import Id, Instant

SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

NEVER = EPOCH
"""It sorts before every instant. Null would sort first on one engine, and last on the other."""

# Where a cluster of Citus keeps a table. Without one, all tables are in one database.
BY_TENANT = {"distribution": "tenant_id"}
"""The nodes share it: all rows of a tenant are on one node. It is what grows with events, and what is joined
with that.
"""
REFERENCE = {"distribution": "reference"}
"""Every node has a copy of it, for what is joined with tables of tenants. Every write goes to all nodes."""
LOCAL = {"distribution": "local"}
"""It stays on the coordinator, for what is joined with its like alone. A copy on every node would make
writers of different tenants wait for each other, because a lock of one row locks the whole copy.
"""

# For the `info` of an index that one engine alone has.
ON_SQLITE = {"engine": "sqlite"}
ON_POSTGRESQL = {"engine": "postgresql"}


def is_of_engine(item: Index, engine: str) -> bool:
    return bool(item.info.get("engine", engine) == engine)


COUNTS_UP: dict[str, Any] = {"sqlite_autoincrement": True}
"""For each table with an `identity`: SQLite would give the highest id again after its row was deleted."""


def identity() -> Any:
    """An id for our own use. Ids count up, so they are never shown, and none is given twice."""
    return Field(default=None, primary_key=True, sa_type=Id, sa_column_args=[Identity()])


def public_id() -> Any:
    """A global id is made from it."""
    return Field(sa_type=Uuid[UUID], unique=True)


def legacy_id() -> Any:
    """The id that the object had in the system that it came from: a whole number, or a UUID in lower case
    with hyphens. Its index says within what it is unique.
    """
    return Field(default=None, max_length=36)


def reference(table: str, *, cascade: bool = True, index: bool = False, primary_key: bool = False) -> Any:
    key = ForeignKey(f"{table}.id", ondelete="CASCADE" if cascade else None)
    return Field(sa_type=BigInteger, sa_column_args=[key], index=index, primary_key=primary_key)


def instant(*, primary_key: bool = False) -> Any:
    return Field(sa_type=Instant, primary_key=primary_key)


def asked_instant() -> Any:
    """When a network was last asked, whatever it answered. The row that was asked longest ago comes first."""
    return Field(default=NEVER, sa_type=Instant)


def optional_instant() -> Any:
    return Field(default=None, sa_type=Instant, nullable=True)
