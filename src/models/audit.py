"""What is kept of acts that change who may do what, or what is there at all."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Index, SmallInteger
from sqlmodel import Field, SQLModel

from models.columns import COUNTS_UP, LOCAL, identity, instant, public_id
from models.personal import OnErasing, of_person


def _listed(name: str) -> Index:
    """For the trail of what the column names, the newest entries first."""
    return Index(f"ix_audit_entries_{name}", name, "created_at", "public_id")


class AuditEntry(SQLModel, table=True):
    """An act that was done. It has no foreign keys, because it stays when what it names is gone.

    Ids that others see stand in it as they see them, so that it can be read without the program.
    """

    __tablename__ = "audit_entries"
    __table_args__ = (
        Index("ix_audit_entries_created_at", "created_at", "public_id"),
        _listed("organization_id"),
        _listed("publication_id"),
        _listed("account_id"),
        Index("ix_audit_entries_user_id", "user_id"),
        {
            "info": {**LOCAL, **of_person(user_id=OnErasing.REPLACED, account_id=OnErasing.REPLACED)},
            **COUNTS_UP,
        },
    )

    id: int = identity()
    public_id: UUID = public_id()
    created_at: datetime = instant()
    act: str = Field(max_length=40)
    """The name of an `Act`. A later version may have others."""
    actor: int = Field(sa_type=SmallInteger)
    """The number of an `ActorKind`."""
    user_id: int | None = Field(default=None, sa_type=BigInteger)
    """Who did it; None for an operator, and for somebody who was erased."""
    key: str | None = Field(default=None, max_length=40)
    """The global id of the authentication key that the request showed."""
    command: str | None = Field(default=None, max_length=60)
    """What an operator ran, without its arguments."""
    object: str | None = Field(default=None, max_length=40)
    """The global id of what it was done to, or the number of an import. It may be a user's id."""
    organization_id: int | None = Field(default=None, sa_type=BigInteger)
    """Whose admins may see the entry."""
    publication_id: int | None = Field(default=None, sa_type=BigInteger)
    """Whose owner may see it."""
    account_id: int | None = Field(default=None, sa_type=BigInteger)
    """The user whose account it is about, who may see it."""
    changes: str | None = Field(default=None, max_length=2000)
    """JSON: a list of the name of a value, and of the value before and after. Never a secret, a name or an
    address of a person.
    """
