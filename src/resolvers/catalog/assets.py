"""Assets with their formats, and the sites that may show them."""

from collections.abc import Mapping, Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from ingest.topics import Topic, touch
from models import Asset, AssetDomain, AssetFormat, SubjectKind
from resolvers.assets import MOST_DOMAINS, MOST_FORMATS, GivenFormat, checked_asset_domains, require_formats
from resolvers.catalog.kind import CatalogKind, Most, ReadRow
from resolvers.catalog.references import Target
from resolvers.catalog.rows import AssetFormatRow, AssetRow, FormatItem
from resolvers.catalog.tables import Change, Columns


class AssetFormatKind(CatalogKind):
    """A format is recognised by its type and URL."""

    name = "assetFormat"
    row = AssetFormatRow
    model = AssetFormat
    targets = (("asset", Target.ASSET),)
    known_by = (("asset_id", "type", "url"),)
    list_column = "asset_id"
    most = Most("asset_id", MOST_FORMATS, "formats of an asset")

    def columns(self, read: ReadRow) -> Columns:
        given = {name: value for name, value in _formats([read.row])[0].items() if value is not None}
        return {"asset_id": read.named(Target.ASSET, read.row.asset)["id"], **given}


class AssetDomainKind(CatalogKind):
    """Only in lists."""

    name = "assetDomain"
    model = AssetDomain
    known_by = (("asset_id", "name"),)
    most = Most("asset_id", MOST_DOMAINS, "domains of an asset")
    list_column = "asset_id"


ASSET_FORMAT = AssetFormatKind()
_ASSET_DOMAIN = AssetDomainKind()


class AssetKind(CatalogKind):
    name = "asset"
    row = AssetRow
    model = Asset
    targets = (("workspace", Target.WORKSPACE),)
    known_by = (("organization_id", "legacy_id"),)
    required = ("name",)

    def columns(self, read: ReadRow) -> Columns:
        organization_id = read.named(Target.WORKSPACE, read.row.workspace)["organization_id"]
        return {**super().columns(read), "organization_id": organization_id}

    def lists(self, read: ReadRow) -> Mapping[CatalogKind, list[Columns]]:
        row = read.row
        lists: dict[CatalogKind, list[Columns]] = {}
        if row.formats is not None:
            lists[ASSET_FORMAT] = _formats(row.formats)
        if row.domains is not None:
            lists[_ASSET_DOMAIN] = [{"name": name} for name in checked_asset_domains(row.domains)]
        return lists

    async def changed(self, session: AsyncSession, changes: Sequence[Change]) -> None:
        touch(session, *(Topic(SubjectKind.ASSET, row["id"]) for row, _ in changes))


def _formats(given: Sequence[FormatItem]) -> list[Columns]:
    """Raises BAD_USER_INPUT."""
    require_formats([GivenFormat(one.type, one.url, one.size_bytes) for one in given])
    return [{"type": int(one.type), "url": one.url, "size_bytes": one.size_bytes} for one in given]
