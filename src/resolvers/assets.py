"""Makes and changes assets."""

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple, TypedDict

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from audit import Act, record
from auth.access import require
from base.errors import BadUserInput
from base.ids import Kind, global_id, uuid7
from base.numbers import LARGEST
from ingest.domains import InvalidDomain, domain_pattern
from ingest.topics import Topic, touch
from loaders.assets import AssetById, AssetRow
from loaders.organizations import WorkspaceRow
from models import (
    Asset,
    AssetDomain,
    AssetFormat,
    AssetFormatType,
    Organization,
    SubjectKind,
)
from resolvers.changes import Checks, checked_changes
from resolvers.context import Context
from resolvers.makers import as_written
from resolvers.organizations import INSIDERS, find_asset, find_workspace
from resolvers.quotas import require_within_quota
from resolvers.text_arguments import required_text

_LONGEST_NAME = 200
_LONGEST_URL = 2000
MOST_FORMATS = 100
MOST_DOMAINS = 100


class GivenFormat(NamedTuple):
    type: AssetFormatType
    url: str
    size_bytes: int | None


async def create_asset(
    context: Context,
    workspace_id: str,
    *,
    name: str,
    formats: Sequence[GivenFormat],
    domains: Sequence[str],
) -> AssetRow:
    """Viewers who may act in the workspace may do so."""
    workspace = await _acting_in(context, workspace_id)
    asset = Asset(
        public_id=uuid7(context.now),
        organization_id=workspace.organization_id,
        workspace_id=workspace.id,
        name=required_text(name, "name", longest=_LONGEST_NAME),
        created_at=context.now,
    )
    require_formats(formats)
    checked_domains = checked_asset_domains(domains)
    async with context.writing() as session:
        await _require_within_quota(context, session, workspace.organization_id)
        session.add(asset)
        await session.flush()
        session.add_all([*_formats(asset.id, formats), *_domains(asset.id, checked_domains)])
    return await as_written(context, AssetById, asset.id)


async def _acting_in(context: Context, workspace_id: str) -> WorkspaceRow:
    context.viewer.required_user_id()
    workspace = await find_workspace(context, workspace_id)
    await require(context.loaders, context.viewer, INSIDERS, workspace)
    return workspace


async def _require_within_quota(context: Context, session: AsyncSession, organization_id: int) -> None:
    made = select(col(Asset.id)).where(
        col(Asset.organization_id) == organization_id, col(Asset.deleted_at).is_(None)
    )
    most = context.limits.quotas.assets
    await require_within_quota(
        session, Organization, organization_id, made, most, "assets of its organization"
    )


class AssetChanges(TypedDict, total=False):
    """A list replaces the whole list from before."""

    name: str | None
    formats: Sequence[GivenFormat] | None
    domains: Sequence[str] | None


async def update_asset(context: Context, id: str, changes: AssetChanges) -> AssetRow:
    context.viewer.required_user_id()
    row = await find_asset(context, id)
    await require(context.loaders, context.viewer, INSIDERS, row)
    given = checked_changes(changes, _CHECKS)
    async with context.writing() as session:
        asset = await session.get_one(Asset, row.id)
        asset.name = given.get("name", row.name)
        await _replace(session, row.id, given.get("formats"), given.get("domains"))
        touch(session, Topic(SubjectKind.ASSET, row.id))
        if (sites := given.get("domains")) is not None:
            changed = global_id(Kind.ASSET, row.public_id)
            await record(
                session,
                context.actor,
                Act.SITES_CHANGED,
                changed,
                organization=row.organization_id,
                sites=len(sites),
            )
    return await as_written(context, AssetById, row.id)


async def _replace(
    session: AsyncSession, asset_id: int, formats: Sequence[GivenFormat] | None, domains: list[str] | None
) -> None:
    if formats is not None:
        await session.execute(delete(AssetFormat).where(col(AssetFormat.asset_id) == asset_id))
        session.add_all(_formats(asset_id, formats))
    if domains is not None:
        await session.execute(delete(AssetDomain).where(col(AssetDomain.asset_id) == asset_id))
        session.add_all(_domains(asset_id, domains))


def _formats(asset_id: int, formats: Sequence[GivenFormat]) -> list[AssetFormat]:
    return [
        AssetFormat(asset_id=asset_id, type=given.type, url=given.url, size_bytes=given.size_bytes)
        for given in formats
    ]


def _domains(asset_id: int, names: Sequence[str]) -> list[AssetDomain]:
    return [AssetDomain(asset_id=asset_id, name=name) for name in names]


def require_formats(formats: Sequence[GivenFormat]) -> Sequence[GivenFormat]:
    for given in formats[:MOST_FORMATS]:
        is_url = given.url.startswith(("https://", "http://")) and given.url.isprintable()
        if not is_url or len(given.url) > _LONGEST_URL:
            raise BadUserInput(
                f"The URL of a file starts with https:// and has {_LONGEST_URL:,} characters at most, "
                "all of them visible.",
                argument="formats.url",
                reason="INVALID_URL",
            )
        if given.size_bytes is not None and not 0 <= given.size_bytes <= LARGEST:
            raise BadUserInput(
                f"The size of a file is 0 to {LARGEST:,} bytes.",
                argument="formats.sizeBytes",
                reason="INVALID_SIZE",
            )
    _require_few(formats, MOST_FORMATS, "formats")
    return formats


def checked_asset_domains(domains: Sequence[str]) -> list[str]:
    _require_few(domains, MOST_DOMAINS, "domains")
    try:
        return sorted({domain_pattern(text) for text in domains})
    except InvalidDomain as error:
        raise BadUserInput(f"`{error}` is no domain.", argument="domains", reason="INVALID_DOMAIN") from None


def _require_few(items: Sequence[object], most: int, argument: str) -> None:
    if len(items) > most:
        raise BadUserInput(f"At most {most} {argument}.", argument=argument, reason="TOO_MANY")


_CHECKS: Checks = {
    "name": partial(required_text, argument="name", longest=_LONGEST_NAME),
    "formats": require_formats,
    "domains": checked_asset_domains,
}
