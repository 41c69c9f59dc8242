"""Invitations that wait for the yes of a user."""

from datetime import datetime
from typing import Self

import strawberry

from base.ids import Kind, global_id
from graph.directives import PERSONAL
from graph.enums import InvitationTarget
from graph.faces import shows
from graph.fields import described, loaded
from graph.types.node import Node
from graph.types.publication import Publication, User
from loaders.invitations import InvitationRow
from loaders.people import UserById
from loaders.publications import PublicationById
from models import Role
from resolvers.invitations import LIFETIME


@shows(InvitationRow)
@strawberry.type(
    description=f"It waits until a user accepts it, and ends {LIFETIME.days} days after it was sent. Only "
    "the user who is invited and those who may invite can see it.",
    directives=[PERSONAL],
)
class Invitation(Node):
    row: strawberry.Private[InvitationRow]
    target: InvitationTarget = described("To what the user is invited.")
    organization_name: str | None = described(
        "What the organization is called, also that of the workspace; null for a publication."
    )
    workspace_name: str | None = described("What the workspace is called; null unless it is to one alone.")
    role: Role | None = described("What the user may do as a member; null unless it is to an organization.")
    created_at: datetime = described("When it was sent.")
    expires_at: datetime = described("From this instant on it is gone. Then the user can be invited again.")
    declined_at: datetime | None = described("When the user declined it; null if the user did not.")

    @loaded(UserById, User)
    def user(self) -> int:
        """The user who is invited."""
        return self.row.user_id

    @loaded(UserById, User)
    def invited_by(self) -> int:
        """The user who sent it."""
        return self.row.inviter_id

    @loaded(PublicationById, Publication | None)
    def publication(self) -> int | None:
        """The publication that the user is to make, too; null unless it is to a publication."""
        return self.row.publication_id

    @classmethod
    def of(cls, row: InvitationRow) -> Self:
        return cls(
            row=row,
            id=strawberry.ID(global_id(Kind.INVITATION, row.public_id)),
            target=InvitationTarget.of(row),
            organization_name=row.organization_name,
            workspace_name=row.workspace_name,
            role=None if row.role is None else Role(row.role),
            created_at=row.created_at,
            expires_at=row.expires_at,
            declined_at=row.declined_at,
        )
