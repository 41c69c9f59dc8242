"""Invitations that wait for the yes of a user."""

from dataclasses import replace
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import and_, bindparam, select

from database import Lookup, among, table_of
from loaders.base import RowLoader
from loaders.organizations import ORGANIZATIONS, WORKSPACES
from loaders.pages import Listing
from loaders.publications import PUBLICATIONS
from models import Instant, Invitation, Organization, Publication, Workspace

INVITATIONS = table_of(Invitation).c


class InvitationRow(NamedTuple):
    id: int
    public_id: UUID
    user_id: int
    inviter_id: int
    organization_id: int | None
    """Of an invitation to a workspace, the organization of that."""
    workspace_id: int | None
    publication_id: int | None
    role: int | None
    created_at: datetime
    expires_at: datetime
    declined_at: datetime | None
    organization_name: str | None
    workspace_name: str | None
    publication_name: str | None


_COLUMNS = (
    *(INVITATIONS[name] for name in InvitationRow._fields[:-3]),
    ORGANIZATIONS.name.label("organization_name"),
    WORKSPACES.name.label("workspace_name"),
    PUBLICATIONS.name.label("publication_name"),
)
_WITH_TARGETS = (
    table_of(Invitation)
    .outerjoin(table_of(Organization), ORGANIZATIONS.id == INVITATIONS.organization_id)
    .outerjoin(table_of(Workspace), WORKSPACES.id == INVITATIONS.workspace_id)
    .outerjoin(table_of(Publication), PUBLICATIONS.id == INVITATIONS.publication_id)
)
_IS_GOOD = INVITATIONS.expires_at > bindparam("filter", type_=Instant())


class InvitationByPublicId(RowLoader[UUID, InvitationRow]):
    statement = Lookup(
        select(*_COLUMNS).select_from(_WITH_TARGETS).where(among(INVITATIONS.public_id, "keys")),
        InvitationRow,
    )
    key = "public_id"


INVITATIONS_OF_ORGANIZATION = Listing(
    columns=_COLUMNS,
    source=_WITH_TARGETS,
    public_id=INVITATIONS.public_id,
    orders={"created_at": INVITATIONS.created_at},
    row=InvitationRow,
    parent=INVITATIONS.organization_id,
    filter=_IS_GOOD,
)
"""Filtered by the instant at which they have not expired. Those to its workspaces are among them."""
INVITATIONS_TO_PUBLICATION = replace(INVITATIONS_OF_ORGANIZATION, parent=INVITATIONS.publication_id)
INVITATIONS_OF_USER = replace(
    INVITATIONS_OF_ORGANIZATION,
    parent=INVITATIONS.user_id,
    filter=and_(_IS_GOOD, INVITATIONS.declined_at.is_(None)),
)
