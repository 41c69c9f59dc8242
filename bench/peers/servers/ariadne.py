"""Ariadne, with aiodataloader, and with documents that are parsed and validated once."""

from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from aiodataloader import DataLoader
from ariadne import ObjectType, QueryType, ScalarType, make_executable_schema
from ariadne.asgi import GraphQL
from graphql import DocumentNode, GraphQLError, GraphQLSchema, parse, validate
from starlette.applications import Starlette
from starlette.routing import Route

from bench.peers.servers import orm

SCHEMA = Path(__file__).parents[1] / "schema.graphql"
FIGURES = ("views", "likes", "bookmarks", "shares", "comments")


def loaders() -> dict[str, DataLoader[int, Any]]:
    return {
        "users": DataLoader(orm.users),
        "experience_counts": DataLoader(orm.experience_counts),
        "engagements": DataLoader(orm.engagements),
        "social_metrics": DataLoader(orm.social_metrics),
        "assets": DataLoader(orm.assets),
    }


async def publication(_: Any, __: Any, *, url: str) -> Any:
    return await orm.publication(url)


async def publications(_: Any, __: Any, *, first: int) -> Any:
    return {"edges": [{"node": row} for row in await orm.publications(first)]}


async def asset(_: Any, info: Any, *, id: int) -> Any:
    return await info.context["loaders"]["assets"].load(id)


def organization(_: Any, __: Any, *, id: int) -> Any:
    return {"id": id}


async def owner(row: orm.Publication, info: Any) -> Any:
    return await info.context["loaders"]["users"].load(row.owner_id)


async def experience_counts(row: orm.Publication, info: Any) -> Any:
    return await info.context["loaders"]["experience_counts"].load(row.id)


async def metrics(row: orm.Publication, info: Any) -> Any:
    return await info.context["loaders"]["engagements"].load(row.id)


async def social_metrics(row: orm.Publication, info: Any) -> Any:
    return await info.context["loaders"]["social_metrics"].load(row.owner_id)


def created_at(row: orm.Publication, _: Any) -> datetime:
    return orm.created_at(row)


async def of_asset(row: orm.Asset, _: Any, *, start: int, end: int) -> Any:
    return _by_device(await orm.of_asset(orm.Range(row.id, start, end)))


async def by_device(organization: Any, _: Any, *, start: int, end: int) -> Any:
    return _by_device(await orm.by_device(orm.Range(organization["id"], start, end)))


async def by_asset(organization: Any, _: Any, *, start: int, end: int) -> Any:
    rows = await orm.by_asset(orm.Range(organization["id"], start, end))
    points = [{"date_interval": str(day), "count": count, "asset_id": asset} for day, asset, count in rows]
    return {"views": {"points": points}}


async def point_asset(point: Any, info: Any) -> Any:
    return await info.context["loaders"]["assets"].load(point["asset_id"])


def _by_device(rows: Any) -> Any:
    points = [
        {"date_interval": str(day), "device_category": device, "count": count} for day, device, count in rows
    ]
    return {"views": {"points": points}}


def _types() -> list[Any]:
    query = QueryType()
    query.set_field("publication", publication)
    query.set_field("publications", publications)
    query.set_field("asset", asset)
    query.set_field("organization", organization)
    of_publication = ObjectType("Publication")
    of_publication.set_field("createdAt", created_at)
    of_publication.set_field("owner", owner)
    of_publication.set_field("experienceCounts", experience_counts)
    of_publication.set_field("metrics", metrics)
    of_publication.set_field("socialMetrics", social_metrics)
    figures = ObjectType("PublicationMetrics")
    for name in FIGURES:
        figures.set_alias(f"total{name.title()}", name)
    of = ObjectType("Asset")
    of.set_field("metrics", of_asset)
    of_organization = ObjectType("Organization")
    of_organization.set_field("metricsByDevice", by_device)
    of_organization.set_field("metricsByAsset", by_asset)
    point = ObjectType("AssetPoint")
    point.set_field("asset", point_asset)
    instant = ScalarType("DateTime", serializer=datetime.isoformat)
    return [query, of_publication, figures, of, of_organization, point, instant]


schema = make_executable_schema(SCHEMA.read_text(), *_types(), convert_names_case=True)
_parsed = lru_cache(128)(parse)


@lru_cache(128)
def _errors(document: DocumentNode) -> list[GraphQLError]:
    return validate(schema, document)


def parsed(_: Any, request: Any) -> DocumentNode:
    return _parsed(request["query"])


def validated(_: GraphQLSchema, document: DocumentNode, *__: Any, **___: Any) -> list[GraphQLError]:
    return _errors(document)


def context(request: Any, _: Any) -> Any:
    return {"request": request, "loaders": loaders()}


endpoint = GraphQL(schema, context_value=context, query_parser=parsed, query_validator=validated)
app = Starlette(routes=[Route("/graphql", endpoint)])
