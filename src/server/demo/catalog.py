"""The demo's organization: its people, its workspaces, and the assets in them."""

from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from base.ids import Kind, global_id, uuid7
from database import Statement, table_of
from models import (
    Asset,
    AssetDomain,
    AssetFormat,
    Membership,
    Organization,
    Role,
    Tenant,
    User,
    Workspace,
    WorkspaceMembership,
)
from resolvers.context import Services
from server.demo.articles import ARTICLES, GLB, IMAGE, USDZ, WORKSPACES, Article
from server.demo.pictures import PATH

_MEGABYTE = 1_000_000


class ShownAsset(NamedTuple):
    id: str
    """Its global id."""
    article: Article


class _Named(NamedTuple):
    name: str
    public_id: UUID


_ASSETS = table_of(Asset).c
_NAMED = Statement(select(_ASSETS.name, _ASSETS.public_id).order_by(_ASSETS.created_at), _Named)


async def make_organization(services: Services, at: datetime, users: list[User]) -> None:
    """The admin sees all workspaces, and the member only the first one."""
    admin, member = users[3], users[4]
    async with services.database.writing() as session:
        organization = await _organization(session, at)
        for user, role in ((admin, Role.ADMIN), (member, Role.MEMBER)):
            session.add(
                Membership(organization_id=organization.id, user_id=user.id, role=role, created_at=at)
            )
        workspaces = await _workspaces(session, organization)
        session.add(WorkspaceMembership(workspace_id=workspaces[0].id, user_id=member.id, created_at=at))
        await _assets(session, organization, workspaces)


def legacy_uuid(number: int) -> str:
    """Organizations, workspaces and assets come from a system in which they have such ids."""
    return f"00000000-0000-4000-8000-{number:012}"


async def shown_assets(services: Services) -> list[ShownAsset]:
    """Those that still have the name that the demo gave them."""
    articles = {article.name: article for article in ARTICLES}
    rows = await services.database.fetch(_NAMED)
    return [
        ShownAsset(global_id(Kind.ASSET, row.public_id), articles[row.name])
        for row in rows
        if row.name in articles
    ]


async def _organization(session: AsyncSession, at: datetime) -> Organization:
    tenant = Tenant()
    session.add(tenant)
    await session.flush()
    organization = Organization(
        public_id=uuid7(at),
        legacy_id=legacy_uuid(1),
        tenant_id=tenant.id,
        name="Demo Works",
        created_at=at,
    )
    session.add(organization)
    await session.flush()
    return organization


async def _workspaces(session: AsyncSession, organization: Organization) -> list[Workspace]:
    at = organization.created_at
    made = [
        Workspace(
            public_id=uuid7(at),
            legacy_id=legacy_uuid(11 + number),
            organization_id=organization.id,
            name=name,
            created_at=at + timedelta(minutes=number),
        )
        for number, name in enumerate(WORKSPACES)
    ]
    session.add_all(made)
    await session.flush()
    return made


async def _assets(session: AsyncSession, organization: Organization, workspaces: list[Workspace]) -> None:
    """One minute after another, so that they are always listed in one order."""
    made = []
    for number, article in enumerate(ARTICLES):
        at = organization.created_at + timedelta(minutes=number)
        asset = Asset(
            public_id=uuid7(at),
            legacy_id=legacy_uuid(101 + number),
            organization_id=organization.id,
            workspace_id=workspaces[article.workspace].id,
            name=article.name,
            created_at=at,
        )
        made.append(asset)
    session.add_all(made)
    await session.flush()
    for asset, article in zip(made, ARTICLES, strict=True):
        session.add_all(_formats(asset.id, article))
        session.add_all(AssetDomain(asset_id=asset.id, name=name) for name in article.allowed)


def _formats(asset_id: int, article: Article) -> list[AssetFormat]:
    """The model for pages, the same for iPhones, and a picture."""
    size = round(article.megabytes * _MEGABYTE)
    files = f"https://files.demo.test/{article.slug}"
    return [
        AssetFormat(asset_id=asset_id, type=GLB, url=f"{files}.glb", size_bytes=size),
        AssetFormat(asset_id=asset_id, type=USDZ, url=f"{files}.usdz", size_bytes=size * 6 // 5),
        AssetFormat(asset_id=asset_id, type=IMAGE, url=_picture(article), size_bytes=None),
    ]


def _picture(article: Article) -> str:
    """Its host is that of the usual address of the demo."""
    return f"http://127.0.0.1:8000{PATH.format(name=article.slug)}"
