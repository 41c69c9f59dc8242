"""3D assets, their files, and the assets of an organization or workspace."""

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, and_, select

from database import Lookup, Statement, among, table_of
from loaders.base import GroupLoader, RowLoader, after_key
from loaders.legacy import LegacyLoader, of_legacy_ids
from loaders.organizations import ORGANIZATIONS, TENANTS
from models import Asset, AssetFormat, Organization, Tenant

ASSETS = table_of(Asset).c
FORMATS = table_of(AssetFormat).c


class AssetRow(NamedTuple):
    id: int
    public_id: UUID
    organization_id: int
    workspace_id: int
    name: str
    created_at: datetime
    tenant_id: int
    time_zone: str
    """The reporting time zone of the organization."""
    legacy_id: str | None


ASSET_COLUMNS = (
    ASSETS.id,
    ASSETS.public_id,
    ASSETS.organization_id,
    ASSETS.workspace_id,
    ASSETS.name,
    ASSETS.created_at,
    ORGANIZATIONS.tenant_id,
    TENANTS.time_zone,
    ASSETS.legacy_id,
)
ASSETS_WITH_TENANT = (
    table_of(Asset)
    .join(
        table_of(Organization),
        and_(
            ORGANIZATIONS.id == ASSETS.organization_id,
            ASSETS.deleted_at.is_(None),
            ORGANIZATIONS.deleted_at.is_(None),
        ),
    )
    .join(table_of(Tenant), TENANTS.id == ORGANIZATIONS.tenant_id)
)
_ASSETS = select(*ASSET_COLUMNS).select_from(ASSETS_WITH_TENANT)


class AssetById(RowLoader[int, AssetRow]):
    statement = Lookup(_ASSETS.where(among(ASSETS.id, "keys")), AssetRow)
    key = "id"


class AssetByPublicId(RowLoader[UUID, AssetRow]):
    statement = Lookup(_ASSETS.where(among(ASSETS.public_id, "keys")), AssetRow)
    key = "public_id"


class AssetByLegacyId(LegacyLoader[AssetRow]):
    statement = Lookup(of_legacy_ids(_ASSETS, ASSETS), AssetRow)


class AssetsByLegacyId(GroupLoader[str, AssetRow]):
    """Of all organizations."""

    statement = Lookup(
        select(ASSETS.legacy_id, *ASSET_COLUMNS)
        .select_from(ASSETS_WITH_TENANT)
        .where(among(ASSETS.legacy_id, "keys")),
        after_key(AssetRow),
    )


class AssetKeys(NamedTuple):
    """Only the ids of an asset and its workspace, for scopes of many assets."""

    id: int
    workspace_id: int


def _assets_of(scope: ColumnElement[int]) -> Statement[tuple[Any, AssetKeys]]:
    statement = (
        select(scope, ASSETS.id, ASSETS.workspace_id)
        .where(among(scope, "keys"), ASSETS.deleted_at.is_(None))
        .order_by(ASSETS.id)
    )
    return Statement(statement, after_key(AssetKeys))


class AssetsOfOrganization(GroupLoader[int, AssetKeys]):
    statement = _assets_of(ASSETS.organization_id)


class AssetsOfWorkspace(GroupLoader[int, AssetKeys]):
    statement = _assets_of(ASSETS.workspace_id)


class FormatRow(NamedTuple):
    type: int
    url: str
    size_bytes: int | None


class FormatsOfAsset(GroupLoader[int, FormatRow]):
    statement = Lookup(
        select(FORMATS.asset_id, FORMATS.type, FORMATS.url, FORMATS.size_bytes)
        .where(among(FORMATS.asset_id, "keys"))
        .order_by(FORMATS.asset_id, FORMATS.type, FORMATS.id),
        after_key(FormatRow),
    )
