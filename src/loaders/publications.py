from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, and_, bindparam, select

from database import Lookup, among, table_of
from loaders.base import GroupLoader, Loader, Loaders, RowLoader, after_key
from loaders.people import USER_COLUMNS, USERS, UserRow
from models import (
    Appointment,
    CoCreator,
    Comment,
    Experience,
    ExperienceTotal,
    FormerUrl,
    Instant,
    Publication,
    Tenant,
    User,
)

PUBLICATIONS = table_of(Publication).c
CO_CREATORS = table_of(CoCreator).c
EXPERIENCES = table_of(Experience).c
EXPERIENCE_TOTALS = table_of(ExperienceTotal).c
COMMENTS = table_of(Comment).c
APPOINTMENTS = table_of(Appointment).c
FORMER_URLS = table_of(FormerUrl).c
TENANTS = table_of(Tenant).c


class PublicationRow(NamedTuple):
    id: int
    public_id: UUID
    owner_id: int
    name: str
    custom_url: str
    allow_bookings: bool
    created_at: datetime
    revision: int
    tenant_id: int
    time_zone: str
    """The reporting time zone of its tenant."""
    legacy_id: str | None
    shared_figures: str | None
    """As in the table."""


PUBLICATION_COLUMNS = (
    PUBLICATIONS.id,
    PUBLICATIONS.public_id,
    PUBLICATIONS.owner_id,
    PUBLICATIONS.name,
    PUBLICATIONS.custom_url,
    PUBLICATIONS.allow_bookings,
    PUBLICATIONS.created_at,
    PUBLICATIONS.revision,
    USERS.tenant_id,
    TENANTS.time_zone,
    PUBLICATIONS.legacy_id,
    PUBLICATIONS.shared_figures,
)
PUBLICATIONS_WITH_TENANT = (
    # Those that are deleted are left out.
    table_of(Publication)
    .join(table_of(User), and_(USERS.id == PUBLICATIONS.owner_id, PUBLICATIONS.deleted_at.is_(None)))
    .join(table_of(Tenant), TENANTS.id == USERS.tenant_id)
)


def is_published(publication_id: ColumnElement[int]) -> ColumnElement[bool]:
    """The condition by which rows of a publication are joined with it, unless that is deleted."""
    return and_(PUBLICATIONS.id == publication_id, PUBLICATIONS.deleted_at.is_(None))


_PUBLICATIONS = select(*PUBLICATION_COLUMNS).select_from(PUBLICATIONS_WITH_TENANT)


class PublicationById(RowLoader[int, PublicationRow]):
    statement = Lookup(_PUBLICATIONS.where(among(PUBLICATIONS.id, "keys")), PublicationRow)
    key = "id"


class PublicationByPublicId(RowLoader[UUID, PublicationRow]):
    statement = Lookup(_PUBLICATIONS.where(among(PUBLICATIONS.public_id, "keys")), PublicationRow)
    key = "public_id"


class PublicationByLegacyId(RowLoader[str, PublicationRow]):
    statement = Lookup(_PUBLICATIONS.where(among(PUBLICATIONS.legacy_id, "keys")), PublicationRow)
    key = "legacy_id"


class PublicationByUrl(RowLoader[str, PublicationRow]):
    statement = Lookup(_PUBLICATIONS.where(among(PUBLICATIONS.custom_url, "keys")), PublicationRow)
    key = "custom_url"


class PublicationByFormerUrl(Loader[str, PublicationRow | None]):
    """The publication that had this custom URL before, unless that is too long ago."""

    _statement = Lookup(
        select(FORMER_URLS.url, *PUBLICATION_COLUMNS)
        .select_from(
            PUBLICATIONS_WITH_TENANT.join(table_of(FormerUrl), FORMER_URLS.publication_id == PUBLICATIONS.id)
        )
        .where(among(FORMER_URLS.url, "keys"), FORMER_URLS.free_from > bindparam("now", type_=Instant())),
        after_key(PublicationRow),
    )

    def __init__(self, loaders: Loaders) -> None:
        super().__init__(loaders)
        self._now = loaders.now

    async def batch_load_fn(self, urls: Sequence[str]) -> list[PublicationRow | None]:
        found = dict(await self.database.fetch(self._statement, keys=urls, now=self._now))
        return [found.get(url) for url in urls]


class CoCreators(GroupLoader[int, UserRow]):
    """The users who make each publication together with its owner, in the order in which they joined."""

    statement = Lookup(
        select(CO_CREATORS.publication_id, *USER_COLUMNS)
        .select_from(table_of(CoCreator).join(table_of(User), USERS.id == CO_CREATORS.user_id))
        .where(among(CO_CREATORS.publication_id, "keys"))
        .order_by(CO_CREATORS.publication_id, CO_CREATORS.created_at, CO_CREATORS.user_id),
        after_key(UserRow),
    )


class CoCreatorKey(NamedTuple):
    publication_id: int
    user_id: int


class IsCoCreator(Loader[CoCreatorKey, bool]):
    """Whether a user makes a publication together with its owner."""

    _statement = Lookup(
        select(CO_CREATORS.publication_id, CO_CREATORS.user_id).where(
            among(CO_CREATORS.publication_id, "publications"), among(CO_CREATORS.user_id, "users")
        ),
        CoCreatorKey,
    )

    async def batch_load_fn(self, keys: Sequence[CoCreatorKey]) -> list[bool]:
        found = await self.database.fetch(
            self._statement,
            publications=list({key.publication_id for key in keys}),
            users=list({key.user_id for key in keys}),
        )
        known = set(found)
        return [key in known for key in keys]


class ExperienceRow(NamedTuple):
    id: int
    public_id: UUID
    publication_id: int
    type: int
    title: str
    published_at: datetime


EXPERIENCE_COLUMNS = (
    EXPERIENCES.id,
    EXPERIENCES.public_id,
    EXPERIENCES.publication_id,
    EXPERIENCES.type,
    EXPERIENCES.title,
    EXPERIENCES.published_at,
)


class ExperienceByPublicId(RowLoader[UUID, ExperienceRow]):
    statement = Lookup(
        select(*EXPERIENCE_COLUMNS)
        .join(table_of(Publication), is_published(EXPERIENCES.publication_id))
        .where(among(EXPERIENCES.public_id, "keys")),
        ExperienceRow,
    )
    key = "public_id"


class CommentRow(NamedTuple):
    id: int
    public_id: UUID
    publication_id: int
    author_id: int
    body: str
    created_at: datetime


COMMENT_COLUMNS = tuple(COMMENTS[name] for name in CommentRow._fields)


class CommentByPublicId(RowLoader[UUID, CommentRow]):
    statement = Lookup(
        select(*COMMENT_COLUMNS)
        .join(table_of(Publication), is_published(COMMENTS.publication_id))
        .where(among(COMMENTS.public_id, "keys")),
        CommentRow,
    )
    key = "public_id"


class AppointmentRow(NamedTuple):
    id: int
    public_id: UUID
    publication_id: int
    user_id: int
    starts_at: datetime
    ends_at: datetime
    created_at: datetime
    cancelled_at: datetime | None


APPOINTMENT_COLUMNS = tuple(APPOINTMENTS[name] for name in AppointmentRow._fields)


class AppointmentByPublicId(RowLoader[UUID, AppointmentRow]):
    statement = Lookup(
        select(*APPOINTMENT_COLUMNS)
        .join(table_of(Publication), is_published(APPOINTMENTS.publication_id))
        .where(among(APPOINTMENTS.public_id, "keys")),
        AppointmentRow,
    )
    key = "public_id"
