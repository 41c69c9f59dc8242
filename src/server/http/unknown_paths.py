"""Paths and methods that no door knows: they are answered by JSON, as every other error is."""

from collections.abc import Mapping
from typing import Any

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from base.errors import NotFound
from server.http.errors import Code


async def _refusal(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    is_unknown = error.status_code == NotFound.status
    body = (
        {"code": NotFound.code, "message": "There is no such path."}
        if is_unknown
        else {"code": Code.BAD_REQUEST, "message": error.detail}
    )
    return Response(orjson.dumps(body), error.status_code, error.headers, "application/json")


UNKNOWN_PATHS: Mapping[Any, Any] = {HTTPException: _refusal}
"""For Starlette, which raises HTTPException for both."""
