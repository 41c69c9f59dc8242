"""CORS: which sites' pages may use the API, and which requests need a preflight.

A browser sends some requests of any page without a preflight, from the user's network and with the user's
cookies. It announces all other requests by a preflight, and sends them only if the server allows the origin
of the page. So the server executes no request that a browser could have sent without a preflight.
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
"""How long a browser remembers a preflight; Chromium remembers none for longer."""


def require_preflight(request: Request) -> None:
    """A browser sends a preflight before a request with JSON's media type, even without a body, or with one
    of the headers above. Raises RequestRefused if the request has none of these.
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
    """All values of the header. Two media types then count as none, because a proxy may use the other one."""
    return ", ".join(request.headers.getlist("content-type"))


def _require_json(request: Request) -> None:
    if not is_json(_type_of(request)):
        raise RequestRefused(f"Send the request as `Content-Type: {JSON}`.", Code.BAD_REQUEST, 415)
    if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise RequestRefused("Send the body as it is, not compressed.", Code.BAD_REQUEST, 415)


def with_cors(origins: Collection[str], app: ASGIApp) -> ASGIApp:
    """Lets pages of these origins read the answers. Tokens are sent in headers, so cookies are not needed."""
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
    """Says that answers vary by origin, also in answers to requests without one. Otherwise a cache would give
    pages a response without the header that they need.
    """

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
