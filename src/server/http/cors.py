"""CORS: which sites' pages may use the API, and which requests need a preflight. A browser sends some
requests of any page without a preflight, with the user's network and cookies. Other requests it announces
first, and sends them only if the origin of the page is allowed. So nothing is executed that a browser
could have sent without a preflight.
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
    """A browser sends a preflight for the media type of JSON, with or without a body, and for each of the
    headers. Raises RequestRefused where there is none of them.
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
    """Two media types count as none: a proxy may go by the other one."""
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
    """Says that answers vary by origin, also to requests without one. Otherwise a cache would answer
    pages with a response that lacks the header for them.
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
