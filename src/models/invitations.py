from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, SmallInteger, text
from sqlmodel import Field, SQLModel

from models.columns import COUNTS_UP, LOCAL, identity, instant, optional_instant, public_id, reference
from models.personal import OnErasing, of_person

_OF_ORGANIZATION = text("workspace_id IS NULL AND organization_id IS NOT NULL")


def _target(table: str) -> int | None:
    key = ForeignKey(f"{table}.id", ondelete="CASCADE")
    target: int | None = Field(default=None, sa_type=BigInteger, sa_column_args=[key], nullable=True)
    return target


class Invitation(SQLModel, table=True):
    """It waits for the yes of a user. It is deleted when the user accepts, when it is withdrawn, and within
    an hour after it expired.
    """

    __tablename__ = "invitations"
    __table_args__ = (
        CheckConstraint("(organization_id IS NULL) <> (publication_id IS NULL)", name="one_target"),
        Index("ix_invitations_user_id", "user_id", "created_at", "public_id"),
        Index("ix_invitations_inviter_id", "inviter_id"),
        Index(
            "uq_invitations_organization_id",
            "organization_id",
            "user_id",
            unique=True,
            postgresql_where=_OF_ORGANIZATION,
            sqlite_where=_OF_ORGANIZATION,
        ),
        Index("ix_invitations_organization_id", "organization_id", "created_at", "public_id"),
        Index("uq_invitations_workspace_id", "workspace_id", "user_id", unique=True),
        Index("uq_invitations_publication_id", "publication_id", "user_id", unique=True),
        Index("ix_invitations_expires_at", "expires_at"),
        {
            "info": {**LOCAL, **of_person(user_id=OnErasing.ROW, inviter_id=OnErasing.ROW)},
            **COUNTS_UP,
        },
    )

    id: int = identity()
    public_id: UUID = public_id()
    user_id: int = reference("users")
    """Who is invited."""
    inviter_id: int = reference("users")
    organization_id: int | None = _target("organizations")
    """Of an invitation to a workspace, the organization of that."""
    workspace_id: int | None = _target("workspaces")
    """None if it is not for a workspace alone."""
    publication_id: int | None = _target("publications")
    role: int | None = Field(default=None, sa_type=SmallInteger, nullable=True)
    """In the organization. None for a workspace or a publication."""
    created_at: datetime = instant()
    expires_at: datetime = instant()
    declined_at: datetime | None = optional_instant()
    """It is kept until it expires, so that nobody asks again before."""


class InvitedWorkspace(SQLModel, table=True):
    """A workspace that somebody may enter who accepts an invitation to the organization."""

    __tablename__ = "invited_workspaces"
    __table_args__ = (Index("ix_invited_workspaces_workspace_id", "workspace_id"), {"info": LOCAL})

    invitation_id: int = reference("invitations", primary_key=True)
    workspace_id: int = reference("workspaces", primary_key=True)
