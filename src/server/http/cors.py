"""Other sites: whose pages may ask, and what a browser asks before it sends their requests.

A browser sends some requests of any page without asking, with what the user's network and cookies allow.
Whatever it asks about first (a preflight) is refused unless the origin of the page is one that is allowed.
So nothing is executed that could have been sent without asking.
"""

from collections.abc import Collection

from starlette.datastructures import MutableHeaders
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server.http.errors import Code, RequestRefused
from server.http.negotiation import JSON, is_json
from server.http.rate_limit_headers import HEADERS

ANY = "*"
_ASKED_ABOUT = ("apollo-require-preflight", "x-apollo-operation-name", "graphql-require-preflight")
_SHOWN = ("x-auth-token", "x-request-id", "retry-after", *HEADERS)
_SECONDS = 7200
"""For which a browser remembers what it was told; Chromium remembers nothing longer."""


def require_preflight(request: Request) -> None:
    """The type of JSON is asked about, with or without a body, and so is each of the headers.

    Raises RequestRefused.
    """
    if request.method == "POST":
        _require_json(request)
    elif not is_json(_type_of(request)) and not any(request.headers.get(name) for name in _ASKED_ABOUT):
        raise RequestRefused(
            "Send a header that browsers ask about first, such as `GraphQL-Require-Preflight: 1`.",
            Code.BAD_REQUEST,
            400,
        )


def _type_of(request: Request) -> str:
    """Two types are none: somebody on the way may go by the other."""
    return ", ".join(request.headers.getlist("content-type"))


def _require_json(request: Request) -> None:
    if not is_json(_type_of(request)):
        raise RequestRefused(f"Send the request as `Content-Type: {JSON}`.", Code.BAD_REQUEST, 415)
    if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise RequestRefused("Send the body as it is, not compressed.", Code.BAD_REQUEST, 415)


def with_cors(origins: Collection[str], app: ASGIApp) -> ASGIApp:
    """Pages of these origins may read the answers. Tokens stand in headers, so no cookie is sent along."""
    if not origins:
        return app
    shared = CORSMiddleware(
        app,
        allow_origins=origins,
        allow_methods=("GET", "HEAD", "POST"),
        allow_headers=(ANY,),
        expose_headers=_SHOWN,
        max_age=_SECONDS,
    )
    return _VaryByOrigin(shared)


class _VaryByOrigin:
    """By origin, and not only where there is one: or a cache would answer pages with what has no header
    for them."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if "origin" not in headers.get("vary", "").lower():
                    headers.add_vary_header("Origin")
            await send(message)

        await self._app(scope, receive, sent)
