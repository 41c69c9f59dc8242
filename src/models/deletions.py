"""What is being deleted, and names in addresses that were given up."""

from datetime import datetime
from enum import IntEnum
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, LargeBinary, SmallInteger, Uuid
from sqlmodel import Field, SQLModel

from models.columns import COUNTS_UP, LOCAL, NEVER, identity, instant, optional_instant
from models.types import Instant


class DeletedKind(IntEnum):
    """The numbers stand in a SmallInteger column. Once it is used, a number keeps its meaning for ever."""

    PUBLICATION = 1
    ASSET = 2
    WORKSPACE = 3
    ORGANIZATION = 4
    ACCOUNT = 5


class Deletion(SQLModel, table=True):
    """Something that nobody finds any more, and whose rows are deleted little by little.

    The row stays for a while after that, because processes may still remember what was deleted.
    """

    __tablename__ = "deletions"
    __table_args__ = {"info": LOCAL, **COUNTS_UP}

    id: int = identity()
    kind: int = Field(sa_type=SmallInteger)
    public_id: UUID = Field(sa_type=Uuid[UUID], unique=True)
    """The one that it had. Nothing else has it any more."""
    object_id: int = Field(sa_type=BigInteger)
    owner_tenant_id: int = Field(sa_type=BigInteger)
    """The tenant for whom its events are counted."""
    requested_at: datetime = instant()
    rows_deleted: int = Field(default=0, sa_type=BigInteger)
    finished_at: datetime | None = optional_instant()
    seed: bytes | None = Field(default=None, sa_type=LargeBinary)
    """The names that take the place of an erased person are made with it. It goes when all is done."""
    worker: UUID | None = Field(default=None, sa_type=Uuid[UUID], nullable=True)
    """Who deletes it now."""
    leased_until: datetime = Field(default=NEVER, sa_type=Instant)
    """From then on another one may go on with it, because the worker gave it back or is dead. Without a
    worker it failed, and waits until then.
    """


class FormerUrl(SQLModel, table=True):
    """A custom URL that a publication had. It leads there, and nobody else gets it for a while."""

    __tablename__ = "former_urls"
    __table_args__ = {"info": LOCAL}

    url: str = Field(max_length=100, primary_key=True)
    """Of a deleted publication it is `~` and a hash: the URL may be a person's name."""
    publication_id: int | None = Field(
        default=None,
        sa_type=BigInteger,
        sa_column_args=[ForeignKey("publications.id", ondelete="SET NULL")],
        nullable=True,
        index=True,
    )
    """None if the publication was deleted."""
    free_from: datetime = instant()
