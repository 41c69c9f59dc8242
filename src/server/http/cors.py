"""CORS: which sites' pages may use the API.

A browser sends some requests of any page without a preflight, from the user's network. It announces all other
requests by a preflight, and sends them only if the server allows the origin of the page. So a request that
needs no preflight is executed only if no page of another site has sent it.
"""

from collections.abc import Collection

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server.http.errors import Code, RequestRefused
from server.http.negotiation import JSON, is_json
from server.http.rate_limit_headers import HEADERS

ANY = "*"
_ASKED_ABOUT = ("apollo-require-preflight", "x-apollo-operation-name", "graphql-require-preflight")
_OWN = ("same-origin", "none")
ANOTHER_SITE = (
    "A page of another site has sent this. If it may ask here, name its origin in VIEWGRAPH_CORS_ORIGINS."
)
_SHOWN = ("x-auth-token", "x-request-id", "retry-after", *HEADERS)
_SECONDS = 7200
"""How long a browser remembers a preflight; Chromium remembers none for longer."""
_OF_TEXT = frozenset(("content-length", "content-type"))


def require_preflight(request: Request) -> None:
    """A browser sends a preflight before a body of JSON's media type. Raises RequestRefused for any other."""
    if not is_json(_type_of(request)):
        raise RequestRefused(f"Send the request as `Content-Type: {JSON}`.", Code.BAD_REQUEST, 415)
    if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise RequestRefused("Send the body as it is, not compressed.", Code.BAD_REQUEST, 415)


def require_own_page(request: Request, origins: Collection[str]) -> None:
    """A GET may come from a page of this server, from a page of these origins, or from no page at all: a
    client that is no browser, or an address that somebody opened. A request that needs a preflight was
    allowed already. Raises RequestRefused.
    """
    headers = request.headers
    if is_json(_type_of(request)) or any(headers.get(name) for name in _ASKED_ABOUT):
        return
    origin, site = headers.get("origin"), headers.get("sec-fetch-site")
    if origin and (ANY in origins or origin in origins):
        return
    # Browsers name the site only to servers with TLS and to loopback, and the origin only for scripts.
    is_own = site in _OWN if site else origin is None or origin.partition("://")[2] == headers.get("host")
    if not is_own:
        raise RequestRefused(ANOTHER_SITE, Code.BAD_REQUEST, 403)


def _type_of(request: Request) -> str:
    """All values of the header. Two media types then count as none, because a proxy may use the other one."""
    return ", ".join(request.headers.getlist("content-type"))


def with_cors(origins: Collection[str], app: ASGIApp) -> ASGIApp:
    """Lets pages of these origins read the answers. Tokens are sent in headers, so cookies are not needed."""
    if not origins:
        return app
    shared = _Shared(
        app,
        allow_origins=origins,
        allow_methods=("GET", "HEAD", "POST"),
        allow_headers=(ANY,),
        expose_headers=_SHOWN,
        max_age=_SECONDS,
    )
    return _VaryByOrigin(shared)


class _Shared(CORSMiddleware):
    """A refused preflight says which setting allows it, to whoever looks at it in the browser's tools."""

    def preflight_response(self, request_headers: Headers) -> Response:
        if not self.is_allowed_origin(request_headers["origin"]):
            refusal = {"code": Code.BAD_REQUEST, "message": ANOTHER_SITE}
            return JSONResponse(refusal, 403, headers={"vary": "Origin"})
        # Starlette answers by text.
        response = super().preflight_response(request_headers)
        shared = {name: value for name, value in response.headers.items() if name not in _OF_TEXT}
        if response.status_code == 200:
            return Response(headers=shared)
        words = bytes(response.body).decode()
        return JSONResponse({"code": Code.BAD_REQUEST, "message": words}, response.status_code, shared)


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
