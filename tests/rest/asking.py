"""Ways of asking the REST routes over HTTP."""

from typing import Any

import httpx

from base.ids import parse_global_id
from tests.studio import Studio

RANGE = {"startDate": "2023-06-01T00:00:00", "endDate": "2023-07-01T23:59:59"}


def as_(studio: Studio, name: str) -> dict[str, str]:
    return {"x-auth-token": f"Bearer {studio.token(name)}"}


def uuid_of(id: str) -> str:
    """The UUID in a global id, as text."""
    return str(parse_global_id(id)[1])


def number_of(id: str) -> int:
    return parse_global_id(id)[1].int % 2**53


async def post(studio: Studio, path: str, body: Any, by: str | None = None) -> httpx.Response:
    return await studio.client.post(path, json=body, headers=as_(studio, by) if by else {})


def problem(response: httpx.Response) -> dict[str, Any]:
    """The one error of asset analytics, without its message and the request's id."""
    body = response.json()
    (error,) = body.pop("errors")
    assert body == {"success": False, "response": None}
    assert error.pop("requestId") == response.headers["x-request-id"]
    assert error.pop("message")
    found: dict[str, Any] = error
    return found


def detail(response: httpx.Response) -> dict[str, Any]:
    """An error of the other two APIs, in the same way."""
    body: dict[str, Any] = response.json()
    assert body.pop("requestId") == response.headers["x-request-id"]
    assert body.pop("detail")
    return body


def dashboard_of(assets: list[str]) -> dict[str, Any]:
    """Of the assets of the fixture: the first one was viewed most."""
    return {
        "total3DViews": 5,
        "totalARViews": 1,
        "userEngagement": 1,
        "avgNumberInteractions": 2.0,
        "mostViewedProduct": {
            "uuid": uuid_of(assets[0]),
            "name": "Chair",
            "total3DViews": 3,
            "totalARViews": 0,
            "userEngagement": 1,
            "avgNumberInteractions": 2.0,
            "formats": [{"type": "GLB", "url": "https://files.test/c.glb", "sizeBytes": 7}],
        },
    }
