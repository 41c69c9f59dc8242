"""3D assets, their files, and which of them a scope has."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select

from database import Statement, among, table_of
from loaders.base import Loader, RowLoader
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
    """The organization's."""


ASSET_COLUMNS = (
    ASSETS.id,
    ASSETS.public_id,
    ASSETS.organization_id,
    ASSETS.workspace_id,
    ASSETS.name,
    ASSETS.created_at,
    ORGANIZATIONS.tenant_id,
    TENANTS.time_zone,
)
ASSETS_WITH_TENANT = (
    table_of(Asset)
    .join(table_of(Organization), ORGANIZATIONS.id == ASSETS.organization_id)
    .join(table_of(Tenant), TENANTS.id == ORGANIZATIONS.tenant_id)
)
_ASSETS = select(*ASSET_COLUMNS).select_from(ASSETS_WITH_TENANT)


class AssetById(RowLoader[int, AssetRow]):
    statement = Statement(_ASSETS.where(among(ASSETS.id, "keys")), AssetRow)
    key = "id"


class AssetByPublicId(RowLoader[UUID, AssetRow]):
    statement = Statement(_ASSETS.where(among(ASSETS.public_id, "keys")), AssetRow)
    key = "public_id"


class AssetKeys(NamedTuple):
    """An asset by its numbers alone, for scopes of many."""

    id: int
    workspace_id: int
    organization_id: int


class AssetsOfOrganization(Loader[int, tuple[AssetKeys, ...]]):
    _statement = Statement(
        select(ASSETS.id, ASSETS.workspace_id, ASSETS.organization_id)
        .where(among(ASSETS.organization_id, "keys"))
        .order_by(ASSETS.id),
        AssetKeys,
    )

    async def batch_load_fn(self, ids: Sequence[int]) -> list[tuple[AssetKeys, ...]]:
        assets: defaultdict[int, list[AssetKeys]] = defaultdict(list)
        for row in await self.database.fetch(self._statement, keys=ids):
            assets[row.organization_id].append(row)
        return [tuple(assets[id]) for id in ids]


class AssetsOfWorkspace(Loader[int, tuple[AssetKeys, ...]]):
    _statement = Statement(
        select(ASSETS.id, ASSETS.workspace_id, ASSETS.organization_id)
        .where(among(ASSETS.workspace_id, "keys"))
        .order_by(ASSETS.id),
        AssetKeys,
    )

    async def batch_load_fn(self, ids: Sequence[int]) -> list[tuple[AssetKeys, ...]]:
        assets: defaultdict[int, list[AssetKeys]] = defaultdict(list)
        for row in await self.database.fetch(self._statement, keys=ids):
            assets[row.workspace_id].append(row)
        return [tuple(assets[id]) for id in ids]


class FormatRow(NamedTuple):
    asset_id: int
    type: int
    url: str
    size_bytes: int | None


class FormatsOfAsset(Loader[int, tuple[FormatRow, ...]]):
    _statement = Statement(
        select(FORMATS.asset_id, FORMATS.type, FORMATS.url, FORMATS.size_bytes)
        .where(among(FORMATS.asset_id, "keys"))
        .order_by(FORMATS.asset_id, FORMATS.type, FORMATS.id),
        FormatRow,
    )

    async def batch_load_fn(self, ids: Sequence[int]) -> list[tuple[FormatRow, ...]]:
        formats: defaultdict[int, list[FormatRow]] = defaultdict(list)
        for row in await self.database.fetch(self._statement, keys=ids):
            formats[row.asset_id].append(row)
        return [tuple(formats[id]) for id in ids]
