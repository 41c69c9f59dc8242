"""Strawberry as it comes: data loaders, and its caches of parsed and validated documents."""

from datetime import datetime
from typing import Any

import strawberry
from starlette.applications import Starlette
from starlette.routing import Route
from strawberry.asgi import GraphQL
from strawberry.dataloader import DataLoader
from strawberry.extensions import ParserCache, ValidationCache

from bench.peers.servers import orm


def loaders() -> dict[str, DataLoader[int, Any]]:
    return {
        "users": DataLoader(orm.users),
        "experience_counts": DataLoader(orm.experience_counts),
        "engagements": DataLoader(orm.engagements),
        "social_metrics": DataLoader(orm.social_metrics),
        "assets": DataLoader(orm.assets),
    }


@strawberry.type
class User:
    name: str | None


@strawberry.type
class ExperienceCounts:
    ai_expert: int
    ai_note: int
    quest: int
    podcast: int
    total: int


@strawberry.type
class PublicationMetrics:
    total_views: int
    total_likes: int
    total_bookmarks: int
    total_shares: int
    total_comments: int
    monthly_active_users: int


@strawberry.type
class SocialMetrics:
    followers_count: int
    following_count: int


@strawberry.type
class Publication:
    id: strawberry.Private[int]
    owner_id: strawberry.Private[int]
    name: str
    custom_url: str
    created_at: datetime

    @strawberry.field
    async def owner(self, info: strawberry.Info) -> User:
        row = await info.context["loaders"]["users"].load(self.owner_id)
        return User(name=row.name)

    @strawberry.field
    async def experience_counts(self, info: strawberry.Info) -> ExperienceCounts:
        row = await info.context["loaders"]["experience_counts"].load(self.id)
        return ExperienceCounts(
            ai_expert=row.ai_expert,
            ai_note=row.ai_note,
            quest=row.quest,
            podcast=row.podcast,
            total=row.total,
        )

    @strawberry.field
    async def metrics(self, info: strawberry.Info) -> PublicationMetrics:
        row = await info.context["loaders"]["engagements"].load(self.id)
        return PublicationMetrics(
            total_views=row.views,
            total_likes=row.likes,
            total_bookmarks=row.bookmarks,
            total_shares=row.shares,
            total_comments=row.comments,
            monthly_active_users=row.monthly_active_users,
        )

    @strawberry.field
    async def social_metrics(self, info: strawberry.Info) -> SocialMetrics:
        row = await info.context["loaders"]["social_metrics"].load(self.owner_id)
        return SocialMetrics(followers_count=row.followers_count, following_count=row.following_count)


def publication(row: orm.Publication) -> Publication:
    return Publication(
        id=row.id,
        owner_id=row.owner_id,
        name=row.name,
        custom_url=row.custom_url,
        created_at=orm.created_at(row),
    )


@strawberry.type
class PublicationEdge:
    node: Publication


@strawberry.type
class PublicationConnection:
    edges: list[PublicationEdge]


@strawberry.type
class DevicePoint:
    date_interval: str
    device_category: str
    count: int


@strawberry.type
class DeviceSeries:
    points: list[DevicePoint]


@strawberry.type
class DeviceMetrics:
    views: DeviceSeries


def by_device(rows: Any) -> DeviceMetrics:
    points = [
        DevicePoint(date_interval=str(day), device_category=device, count=count)
        for day, device, count in rows
    ]
    return DeviceMetrics(views=DeviceSeries(points=points))


@strawberry.type
class Asset:
    id: strawberry.Private[int]
    name: str

    @strawberry.field
    async def metrics(self, start: int, end: int) -> DeviceMetrics:
        return by_device(await orm.of_asset(orm.Range(self.id, start, end)))


@strawberry.type
class AssetPoint:
    asset_id: strawberry.Private[int]
    date_interval: str
    count: int

    @strawberry.field
    async def asset(self, info: strawberry.Info) -> Asset:
        row = await info.context["loaders"]["assets"].load(self.asset_id)
        return Asset(id=row.id, name=row.name)


@strawberry.type
class AssetSeries:
    points: list[AssetPoint]


@strawberry.type
class AssetMetrics:
    views: AssetSeries


@strawberry.type
class Organization:
    id: strawberry.Private[int]

    @strawberry.field
    async def metrics_by_device(self, start: int, end: int) -> DeviceMetrics:
        return by_device(await orm.by_device(orm.Range(self.id, start, end)))

    @strawberry.field
    async def metrics_by_asset(self, start: int, end: int) -> AssetMetrics:
        rows = await orm.by_asset(orm.Range(self.id, start, end))
        points = [
            AssetPoint(asset_id=asset, date_interval=str(day), count=count) for day, asset, count in rows
        ]
        return AssetMetrics(views=AssetSeries(points=points))


@strawberry.type
class Query:
    @strawberry.field
    async def publication(self, url: str) -> Publication | None:
        row = await orm.publication(url)
        return publication(row) if row else None

    @strawberry.field
    async def publications(self, first: int) -> PublicationConnection:
        rows = await orm.publications(first)
        return PublicationConnection(edges=[PublicationEdge(node=publication(row)) for row in rows])

    @strawberry.field
    async def asset(self, info: strawberry.Info, id: int) -> Asset | None:
        row = await info.context["loaders"]["assets"].load(id)
        return Asset(id=row.id, name=row.name)

    @strawberry.field
    async def organization(self, id: int) -> Organization | None:
        return Organization(id=id)


class Endpoint(GraphQL[Any, None]):
    async def get_context(self, request: Any, response: Any) -> Any:
        return {"request": request, "response": response, "loaders": loaders()}


schema = strawberry.Schema(Query, extensions=[ParserCache, ValidationCache])
app = Starlette(routes=[Route("/graphql", Endpoint(schema, graphql_ide=None))])
