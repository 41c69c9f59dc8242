"""What events can happen to, by the ids that their senders know."""

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select

from database import Statement, among, table_of
from loaders.base import Loader
from loaders.organizations import ORGANIZATIONS
from loaders.people import USERS
from loaders.publications import PUBLICATIONS
from models import Asset, AssetDomain, Organization, Publication, SubjectKind, User, UserInsight, Work

ASSETS = table_of(Asset).c
ASSET_DOMAINS = table_of(AssetDomain).c
INSIGHTS = table_of(UserInsight).c
WORKS = table_of(Work).c


class Subject(NamedTuple):
    kind: SubjectKind
    id: int
    tenant_id: int
    owner_id: int
    """The user, or for an asset the workspace, that it belongs to."""
    domains: frozenset[str] = frozenset()
    """The only sites from which its events count; none named, all."""


class _SubjectRow(NamedTuple):
    public_id: UUID
    id: int
    tenant_id: int
    owner_id: int


class PublicationSubject(Loader[UUID, Subject | None]):
    _statement = Statement(
        select(PUBLICATIONS.public_id, PUBLICATIONS.id, USERS.tenant_id, PUBLICATIONS.owner_id)
        .select_from(table_of(Publication).join(table_of(User), USERS.id == PUBLICATIONS.owner_id))
        .where(among(PUBLICATIONS.public_id, "keys")),
        _SubjectRow,
    )

    async def batch_load_fn(self, keys: Sequence[UUID]) -> list[Subject | None]:
        rows = await self.database.fetch(self._statement, keys=keys)
        found = {row.public_id: Subject(SubjectKind.PUBLICATION, *row[1:]) for row in rows}
        return [found.get(key) for key in keys]


class ProfileSubject(Loader[UUID, Subject | None]):
    _statement = Statement(
        select(USERS.public_id, USERS.id, USERS.tenant_id, USERS.id.label("owner_id")).where(
            among(USERS.public_id, "keys")
        ),
        _SubjectRow,
    )

    async def batch_load_fn(self, keys: Sequence[UUID]) -> list[Subject | None]:
        rows = await self.database.fetch(self._statement, keys=keys)
        found = {row.public_id: Subject(SubjectKind.PROFILE, *row[1:]) for row in rows}
        return [found.get(key) for key in keys]


class AssetSubject(Loader[UUID, Subject | None]):
    _statement = Statement(
        select(ASSETS.public_id, ASSETS.id, ORGANIZATIONS.tenant_id, ASSETS.workspace_id, ASSET_DOMAINS.name)
        .select_from(
            table_of(Asset)
            .join(table_of(Organization), ORGANIZATIONS.id == ASSETS.organization_id)
            .outerjoin(table_of(AssetDomain), ASSET_DOMAINS.asset_id == ASSETS.id)
        )
        .where(among(ASSETS.public_id, "keys")),
        lambda *values: (_SubjectRow(*values[:4]), values[4]),
    )

    async def batch_load_fn(self, keys: Sequence[UUID]) -> list[Subject | None]:
        domains: defaultdict[_SubjectRow, set[str]] = defaultdict(set)
        for row, domain in await self.database.fetch(self._statement, keys=keys):
            domains[row] |= {domain} if domain else set()
        found = {
            row.public_id: Subject(SubjectKind.ASSET, *row[1:], frozenset(names))
            for row, names in domains.items()
        }
        return [found.get(key) for key in keys]


class WorkKey(NamedTuple):
    user: UUID
    source_type: int
    item_id: str


class WorkSubject(Loader[WorkKey, Subject | None]):
    """All works of the users named are read: a profile shows a few."""

    _statement = Statement(
        select(
            USERS.public_id,
            WORKS.source_type,
            WORKS.item_id,
            WORKS.id,
            USERS.tenant_id,
            USERS.id.label("owner"),
        )
        .select_from(
            table_of(Work)
            .join(table_of(UserInsight), INSIGHTS.id == WORKS.insight_id)
            .join(table_of(User), USERS.id == INSIGHTS.user_id)
        )
        .where(among(USERS.public_id, "users")),
        lambda user, source, item, *rest: (WorkKey(user, source, item), Subject(SubjectKind.WORK, *rest)),
    )

    async def batch_load_fn(self, keys: Sequence[WorkKey]) -> list[Subject | None]:
        users = list({key.user for key in keys})
        found = dict(await self.database.fetch(self._statement, users=users))
        return [found.get(key) for key in keys]
