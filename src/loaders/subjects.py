"""What events can happen to, by the ids that their senders know."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select

from base.aliases import NO_ALIASES, Aliases
from base.calendar import start_of_day, time_zone
from database import Statement, among, table_of
from loaders.base import Loader
from loaders.domains import aliases_by_tenant
from loaders.organizations import ORGANIZATIONS
from loaders.people import USERS
from loaders.publications import PUBLICATIONS, PUBLICATIONS_WITH_TENANT, TENANTS
from models import Asset, AssetDomain, Organization, SubjectKind, Tenant, User, UserInsight, Work

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
    """The only sites from which its events count, `*.` and a host for all below it; none named, all."""
    oldest: datetime | None = None
    """Raw events from before it were pruned: nothing that happened before it is taken in any more."""
    time_zone: str = "UTC"
    """The tenant's reporting one."""
    aliases: Aliases = NO_ALIASES
    """By which the sites above may go, too."""


class _SubjectRow(NamedTuple):
    public_id: UUID
    id: int
    tenant_id: int
    owner_id: int
    time_zone: str
    pruned_before: date | None

    def subject(
        self, kind: SubjectKind, domains: frozenset[str] = frozenset(), aliases: Aliases = NO_ALIASES
    ) -> Subject:
        return Subject(
            kind, self.id, self.tenant_id, self.owner_id, domains, self._oldest(), self.time_zone, aliases
        )

    def _oldest(self) -> datetime | None:
        return start_of_day(self.pruned_before, time_zone(self.time_zone)) if self.pruned_before else None


_KEPT = (TENANTS.time_zone, TENANTS.pruned_before)
_USERS_WITH_TENANT = table_of(User).join(table_of(Tenant), TENANTS.id == USERS.tenant_id)


class PublicationSubject(Loader[UUID, Subject | None]):
    _statement = Statement(
        select(PUBLICATIONS.public_id, PUBLICATIONS.id, USERS.tenant_id, PUBLICATIONS.owner_id, *_KEPT)
        .select_from(PUBLICATIONS_WITH_TENANT)
        .where(among(PUBLICATIONS.public_id, "keys")),
        _SubjectRow,
    )

    async def batch_load_fn(self, keys: Sequence[UUID]) -> list[Subject | None]:
        rows = await self.database.fetch(self._statement, keys=keys)
        found = {row.public_id: row.subject(SubjectKind.PUBLICATION) for row in rows}
        return [found.get(key) for key in keys]


class ProfileSubject(Loader[UUID, Subject | None]):
    _statement = Statement(
        select(USERS.public_id, USERS.id, USERS.tenant_id, USERS.id.label("owner_id"), *_KEPT)
        .select_from(_USERS_WITH_TENANT)
        .where(among(USERS.public_id, "keys")),
        _SubjectRow,
    )

    async def batch_load_fn(self, keys: Sequence[UUID]) -> list[Subject | None]:
        rows = await self.database.fetch(self._statement, keys=keys)
        found = {row.public_id: row.subject(SubjectKind.PROFILE) for row in rows}
        return [found.get(key) for key in keys]


class AssetSubject(Loader[UUID, Subject | None]):
    _statement = Statement(
        select(
            ASSETS.public_id,
            ASSETS.id,
            ORGANIZATIONS.tenant_id,
            ASSETS.workspace_id,
            *_KEPT,
            ASSET_DOMAINS.name,
        )
        .select_from(
            table_of(Asset)
            .join(table_of(Organization), ORGANIZATIONS.id == ASSETS.organization_id)
            .join(table_of(Tenant), TENANTS.id == ORGANIZATIONS.tenant_id)
            .outerjoin(table_of(AssetDomain), ASSET_DOMAINS.asset_id == ASSETS.id)
        )
        .where(among(ASSETS.public_id, "keys")),
        lambda *values: (_SubjectRow(*values[:-1]), values[-1]),
    )

    async def batch_load_fn(self, keys: Sequence[UUID]) -> list[Subject | None]:
        domains: defaultdict[_SubjectRow, set[str]] = defaultdict(set)
        for row, domain in await self.database.fetch(self._statement, keys=keys):
            domains[row] |= {domain} if domain else set()
        tenants = {row.tenant_id for row, names in domains.items() if names}
        aliases = await aliases_by_tenant(self.database, tenants) if tenants else {}
        found = {
            row.public_id: row.subject(
                SubjectKind.ASSET, frozenset(names), aliases.get(row.tenant_id, NO_ALIASES)
            )
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
            WORKS.id,
            USERS.tenant_id,
            USERS.id.label("owner_id"),
            *_KEPT,
            WORKS.source_type,
            WORKS.item_id,
        )
        .select_from(
            table_of(Work)
            .join(table_of(UserInsight), INSIGHTS.id == WORKS.insight_id)
            .join(_USERS_WITH_TENANT, USERS.id == INSIGHTS.user_id)
        )
        .where(among(USERS.public_id, "users")),
        lambda *values: (
            WorkKey(values[0], *values[-2:]),
            _SubjectRow(*values[:-2]).subject(SubjectKind.WORK),
        ),
    )

    async def batch_load_fn(self, keys: Sequence[WorkKey]) -> list[Subject | None]:
        users = list({key.user for key in keys})
        found = dict(await self.database.fetch(self._statement, users=users))
        return [found.get(key) for key in keys]
