"""The OpenAPI document and its page."""

import re
from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import httpx
import pytest
from graphql import parse, validate

from graph.schema import schema
from rest.openapi import openapi
from rest.table import ROUTES
from tests.rest.asking import RANGE, as_, post
from tests.studio import Studio

one_engine = pytest.mark.parametrize("engine", ["sqlite"])
VIEWS = {**RANGE, "viewType": "3DView", "dateInterval": "WEEK", "returnFields": ["device"]}


def test_each_stored_document_fits_the_schema() -> None:
    for route in ROUTES:
        assert validate(schema._schema, parse(route.document)) == []


@one_engine
async def test_it_names_each_route_and_no_other(client: httpx.AsyncClient) -> None:
    response = await client.get("/openapi.json")

    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    assert response.headers["cache-control"] == "max-age=3600, public"
    found = response.json()
    assert found == openapi()
    assert found["openapi"] == "3.1.0"
    paths = {(method.upper(), path) for path, item in found["paths"].items() for method in item}
    assert paths == {(route.method, route.path) for route in ROUTES}
    names = [item["operationId"] for one in found["paths"].values() for item in one.values()]
    assert len(names) == len(set(names)) == 12


def test_every_reference_leads_somewhere() -> None:
    found = openapi()
    references = set(re.findall(r"'#/components/schemas/([^']+)'", str(found)))

    assert references == found["components"]["schemas"].keys()
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+", name) for name in references)


@pytest.mark.usefixtures("assets")
async def test_answers_have_the_shape_that_it_promises(studio: Studio) -> None:
    insight = {"number_of_roles": 1, "works": []}
    owner = studio.people["owner"].id
    answers = {
        "/api/v1/aistudios/metrics/": await post(
            studio, "/api/v1/aistudios/metrics/", {"url": "ai-research-studio"}, "owner"
        ),
        "/v2/metrics/dashboard": await post(studio, "/v2/metrics/dashboard", RANGE, "admin"),
        "/v2/metrics/views-data": await post(studio, "/v2/metrics/views-data", VIEWS, "admin"),
        "/v2/metrics/summary-report": await post(studio, "/v2/metrics/summary-report", RANGE, "admin"),
        "/v1/organizations": await studio.client.get("/v1/organizations", headers=as_(studio, "admin")),
        "/v1/auth/logout": await post(studio, "/v1/auth/logout", None, "admin"),
        "/v1/auth/login": await post(studio, "/v1/auth/login", {}),
        "/api/user_insights/": await post(studio, "/api/user_insights/", insight, "owner"),
        "/api/user_insights/{user_id}": await studio.client.get(
            f"/api/user_insights/{owner}", headers=as_(studio, "stranger")
        ),
    }
    for path, response in answers.items():
        (operation,) = openapi()["paths"][path].values()
        promised = operation["responses"][str(response.status_code)]["content"]["application/json"]["schema"]
        assert list(mistakes(response.json(), promised)) == [], path


def mistakes(value: Any, schema: dict[str, Any], at: str = "$") -> Iterator[str]:
    """Where a value is not as the schema says, by the keywords that ours use."""
    if "$ref" in schema:
        yield from mistakes(value, openapi()["components"]["schemas"][schema["$ref"].rpartition("/")[2]], at)
        return
    if "anyOf" in schema:
        if all(list(mistakes(value, one, at)) for one in schema["anyOf"]):
            yield f"{at} is none of them"
        return
    if "enum" in schema and value not in schema["enum"]:
        yield f"{at} is {value!r}"
    kinds: dict[str, Any] = {
        "object": dict, "array": list, "string": str, "boolean": bool, "null": type(None),
        "integer": int, "number": (int, float),
    }  # fmt: skip
    if "type" in schema and not isinstance(value, kinds[schema["type"]]):
        yield f"{at} is no {schema['type']}"
    elif isinstance(value, dict):
        yield from (f"{at} lacks {name}" for name in schema.get("required", ()) if name not in value)
        known = schema.get("properties", {})
        yield from (f"{at} has {name}" for name in value if name not in known)
        for name in value.keys() & known.keys():
            yield from mistakes(value[name], known[name], f"{at}.{name}")
    elif isinstance(value, list):
        for place, item in enumerate(value):
            yield from mistakes(item, schema.get("items", {}), f"{at}[{place}]")
    elif isinstance(value, str) and "pattern" in schema and not re.search(schema["pattern"], value):
        yield f"{at} is {value!r}"


@one_engine
async def test_the_page_has_every_route_and_runs_nothing(client: httpx.AsyncClient) -> None:
    response = await client.get("/openapi", headers={"accept": "text/html"})

    assert response.status_code == 200
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    page = response.text
    for route in ROUTES:
        assert f"<code>{route.method} {route.path}</code>" in page
    assert "<script" not in page
    (style,) = re.findall("<style>(.*?)</style>", page, re.DOTALL)
    hashed = b64encode(sha256(style.encode()).digest()).decode()
    assert response.headers["content-security-policy"] == (
        f"default-src 'none'; style-src 'sha256-{hashed}'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    )
    assert response.headers["x-content-type-options"] == "nosniff"
