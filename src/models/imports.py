"""Imports of events, so that each can be undone. Events say by themselves which import brought them."""

from datetime import datetime

from sqlalchemy import BigInteger
from sqlmodel import Field, SQLModel

from models.columns import COUNTS_UP, LOCAL, identity, instant, optional_instant


class EventImport(SQLModel, table=True):
    """One run of a command that imports events. Its number is shown, and is never used again."""

    __tablename__ = "event_imports"
    __table_args__ = {"info": LOCAL, **COUNTS_UP}

    id: int = identity()
    file: str = Field(max_length=255)
    """The name of the file, without its folder."""
    started_at: datetime = instant()
    finished_at: datetime | None = optional_instant()
    """When the file was read to its end."""
    stored: int = Field(default=0, sa_type=BigInteger)
    duplicates: int = Field(default=0, sa_type=BigInteger)
    rejected: int = Field(default=0, sa_type=BigInteger)
    undo_started_at: datetime | None = optional_instant()
    undone_at: datetime | None = optional_instant()


class ImportTenant(SQLModel, table=True):
    """What an import has brought for one tenant. It changes in the transactions that store the events, and in
    those that take them out again.
    """

    __tablename__ = "import_tenants"
    __table_args__ = ({"info": LOCAL, "sqlite_with_rowid": False},)

    import_id: int = Field(sa_type=BigInteger, primary_key=True)
    tenant_id: int = Field(sa_type=BigInteger, primary_key=True)
    first_at: datetime = instant()
    """When the first of its events happened."""
    last_at: datetime = instant()
    events: int = Field(sa_type=BigInteger)
    """How many it has brought, less those that an undo has taken out. Deleted and pruned ones count here."""
