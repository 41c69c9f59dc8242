from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import and_, select

from database import Lookup, among, table_of
from loaders.base import GroupLoader, Loader, Loaders, RowLoader, after_key
from loaders.legacy import LegacyLoader, of_legacy_ids
from models import Membership, Organization, Role, Tenant, Workspace, WorkspaceMembership

ORGANIZATIONS = table_of(Organization).c
WORKSPACES = table_of(Workspace).c
TENANTS = table_of(Tenant).c
MEMBERSHIPS = table_of(Membership).c
WORKSPACE_MEMBERSHIPS = table_of(WorkspaceMembership).c


class OrganizationRow(NamedTuple):
    id: int
    public_id: UUID
    tenant_id: int
    name: str
    created_at: datetime
    time_zone: str
    """The reporting time zone of its tenant."""
    legacy_id: str | None


ORGANIZATION_COLUMNS = (
    ORGANIZATIONS.id,
    ORGANIZATIONS.public_id,
    ORGANIZATIONS.tenant_id,
    ORGANIZATIONS.name,
    ORGANIZATIONS.created_at,
    TENANTS.time_zone,
    ORGANIZATIONS.legacy_id,
)
ORGANIZATIONS_WITH_TENANT = table_of(Organization).join(
    table_of(Tenant), and_(TENANTS.id == ORGANIZATIONS.tenant_id, ORGANIZATIONS.deleted_at.is_(None))
)
_ORGANIZATIONS = select(*ORGANIZATION_COLUMNS).select_from(ORGANIZATIONS_WITH_TENANT)


class OrganizationById(RowLoader[int, OrganizationRow]):
    statement = Lookup(_ORGANIZATIONS.where(among(ORGANIZATIONS.id, "keys")), OrganizationRow)
    key = "id"


class OrganizationByPublicId(RowLoader[UUID, OrganizationRow]):
    statement = Lookup(_ORGANIZATIONS.where(among(ORGANIZATIONS.public_id, "keys")), OrganizationRow)
    key = "public_id"


class OrganizationByLegacyId(RowLoader[str, OrganizationRow]):
    statement = Lookup(_ORGANIZATIONS.where(among(ORGANIZATIONS.legacy_id, "keys")), OrganizationRow)
    key = "legacy_id"


class WorkspaceRow(NamedTuple):
    id: int
    public_id: UUID
    organization_id: int
    name: str
    created_at: datetime
    tenant_id: int
    time_zone: str
    """The reporting time zone of the organization."""
    legacy_id: str | None


WORKSPACE_COLUMNS = (
    WORKSPACES.id,
    WORKSPACES.public_id,
    WORKSPACES.organization_id,
    WORKSPACES.name,
    WORKSPACES.created_at,
    ORGANIZATIONS.tenant_id,
    TENANTS.time_zone,
    WORKSPACES.legacy_id,
)
WORKSPACES_WITH_TENANT = (
    table_of(Workspace)
    .join(
        table_of(Organization),
        and_(
            ORGANIZATIONS.id == WORKSPACES.organization_id,
            WORKSPACES.deleted_at.is_(None),
            ORGANIZATIONS.deleted_at.is_(None),
        ),
    )
    .join(table_of(Tenant), TENANTS.id == ORGANIZATIONS.tenant_id)
)
_WORKSPACES = select(*WORKSPACE_COLUMNS).select_from(WORKSPACES_WITH_TENANT)


class WorkspaceById(RowLoader[int, WorkspaceRow]):
    statement = Lookup(_WORKSPACES.where(among(WORKSPACES.id, "keys")), WorkspaceRow)
    key = "id"


class WorkspaceByPublicId(RowLoader[UUID, WorkspaceRow]):
    statement = Lookup(_WORKSPACES.where(among(WORKSPACES.public_id, "keys")), WorkspaceRow)
    key = "public_id"


class WorkspaceByLegacyId(LegacyLoader[WorkspaceRow]):
    statement = Lookup(of_legacy_ids(_WORKSPACES, WORKSPACES), WorkspaceRow)


class RolesOfUser(Loader[int, dict[int, Role]]):
    """The role in each organization that a user belongs to, by the organization's id."""

    _statement = Lookup(
        select(MEMBERSHIPS.user_id, MEMBERSHIPS.organization_id, MEMBERSHIPS.role).where(
            among(MEMBERSHIPS.user_id, "keys")
        ),
        lambda user_id, organization_id, role: (user_id, organization_id, Role(role)),
    )

    def __init__(self, loaders: Loaders) -> None:
        super().__init__(loaders)
        self._rights = loaders.rights

    async def batch_load_fn(self, user_ids: Sequence[int]) -> list[dict[int, Role]]:
        if self._rights is None:
            return await self._read_roles(user_ids)
        remembered, mark = self._rights
        return await remembered.roles.all(user_ids, mark, self._read_roles)

    async def _read_roles(self, user_ids: Sequence[int]) -> list[dict[int, Role]]:
        roles: dict[int, dict[int, Role]] = {id: {} for id in user_ids}
        for user_id, organization_id, role in await self.database.fetch(self._statement, keys=user_ids):
            roles[user_id][organization_id] = role
        return [roles[id] for id in user_ids]


class WorkspacesOfUser(GroupLoader[int, int]):
    """The ids of the workspaces that a user was added to. Owners and admins may enter the others, too."""

    statement = Lookup(
        select(WORKSPACE_MEMBERSHIPS.user_id, WORKSPACE_MEMBERSHIPS.workspace_id).where(
            among(WORKSPACE_MEMBERSHIPS.user_id, "keys")
        ),
        after_key(int),
    )

    def __init__(self, loaders: Loaders) -> None:
        super().__init__(loaders)
        self._rights = loaders.rights

    async def batch_load_fn(self, user_ids: Sequence[int]) -> list[tuple[int, ...]]:
        if self._rights is None:
            return await super().batch_load_fn(user_ids)
        remembered, mark = self._rights
        return await remembered.workspaces.all(user_ids, mark, super().batch_load_fn)
