"""What describes the routes: /openapi.json for programs, and /openapi for people."""

import orjson
from starlette.requests import Request
from starlette.responses import Response

from resolvers.execution import Lifetime
from rest.openapi import openapi
from rest.page import POLICY, page
from server.http.negotiation import JSON
from server.http.responses import Content, response_of

_HOUR = Lifetime(3600, is_private=False)
_GUARDED = {
    "content-security-policy": POLICY,
    "cross-origin-opener-policy": "same-origin",
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
}


class Description:
    """Made once in a process, when it is first asked for."""

    def __init__(self) -> None:
        self._json: bytes | None = None
        self._page: bytes | None = None

    async def json(self, request: Request) -> Response:
        self._json = self._json or orjson.dumps(openapi())
        return await response_of(request, Content(self._json, 200, JSON, _HOUR), {})

    async def page(self, request: Request) -> Response:
        self._page = self._page or page().encode()
        return await response_of(request, Content(self._page, 200, "text/html", _HOUR), _GUARDED)
