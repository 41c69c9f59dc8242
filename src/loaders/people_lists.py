"""The lists of who belongs to what, and of what people leave: connections page through them."""

from dataclasses import replace
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import BigInteger, and_, bindparam

from database import table_of
from loaders.credentials import KEYS, OWN_KEY_COLUMNS, OwnKeyRow
from loaders.listings import WORKSPACES_OF_ORGANIZATION
from loaders.organizations import (
    MEMBERSHIPS,
    WORKSPACE_MEMBERSHIPS,
    WORKSPACES,
    WORKSPACES_WITH_TENANT,
)
from loaders.pages import Listing
from loaders.people import USERS
from loaders.publications import (
    APPOINTMENT_COLUMNS,
    APPOINTMENTS,
    COMMENT_COLUMNS,
    COMMENTS,
    PUBLICATIONS,
    AppointmentRow,
    CommentRow,
    is_published,
)
from models import (
    Appointment,
    AuthenticationKey,
    Comment,
    Membership,
    Publication,
    User,
    WorkspaceMembership,
)


class MemberRow(NamedTuple):
    public_id: UUID
    """Of the user."""
    organization_id: int
    user_id: int
    role: int
    created_at: datetime


MEMBERS_OF_ORGANIZATION = Listing(
    columns=(USERS.public_id, *(MEMBERSHIPS[name] for name in MemberRow._fields[1:])),
    source=table_of(Membership).join(table_of(User), USERS.id == MEMBERSHIPS.user_id),
    public_id=USERS.public_id,
    orders={"created_at": MEMBERSHIPS.created_at},
    row=MemberRow,
    parent=MEMBERSHIPS.organization_id,
)
WORKSPACES_OF_MEMBER = replace(
    WORKSPACES_OF_ORGANIZATION,
    source=WORKSPACES_WITH_TENANT.join(
        table_of(WorkspaceMembership), WORKSPACE_MEMBERSHIPS.workspace_id == WORKSPACES.id
    ),
    parent=WORKSPACE_MEMBERSHIPS.user_id,
    filter=WORKSPACES.organization_id == bindparam("filter", type_=BigInteger()),
)
"""Filtered by the organization."""
KEYS_OF_USER = Listing(
    columns=OWN_KEY_COLUMNS,
    source=table_of(AuthenticationKey),
    public_id=KEYS.public_id,
    orders={"created_at": KEYS.created_at},
    row=OwnKeyRow,
    parent=KEYS.user_id,
)
_BY_SOMEBODY_THERE = and_(USERS.id == COMMENTS.author_id, USERS.deleted_at.is_(None))
COMMENTS_OF_PUBLICATION = Listing(
    columns=COMMENT_COLUMNS,
    source=table_of(Comment).join(table_of(User), _BY_SOMEBODY_THERE),
    public_id=COMMENTS.public_id,
    orders={"created_at": COMMENTS.created_at},
    row=CommentRow,
    parent=COMMENTS.publication_id,
)
COMMENTS_FOR_OWNER = replace(
    COMMENTS_OF_PUBLICATION,
    source=COMMENTS_OF_PUBLICATION.source.join(table_of(Publication), is_published(COMMENTS.publication_id)),
    parent=PUBLICATIONS.owner_id,
)
APPOINTMENTS_OF_PUBLICATION = Listing(
    columns=APPOINTMENT_COLUMNS,
    source=table_of(Appointment).join(table_of(Publication), is_published(APPOINTMENTS.publication_id)),
    public_id=APPOINTMENTS.public_id,
    orders={"created_at": APPOINTMENTS.created_at},
    row=AppointmentRow,
    parent=APPOINTMENTS.publication_id,
)
APPOINTMENTS_OF_USER = replace(APPOINTMENTS_OF_PUBLICATION, parent=APPOINTMENTS.user_id)
APPOINTMENTS_FOR_OWNER = replace(APPOINTMENTS_OF_PUBLICATION, parent=PUBLICATIONS.owner_id)
