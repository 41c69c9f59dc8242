"""A path with a slash too many leads to the path without it."""

from starlette.datastructures import URL
from starlette.responses import RedirectResponse
from starlette.routing import Match, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from server.http.forwarded import prefix_of


class WithoutSlash:
    """Starlette's own redirection writes an absolute address, with the host that the request names and
    without the prefix.
    """

    def __init__(self, router: Router) -> None:
        self._router = router
        self._otherwise: ASGIApp = router.default

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        if scope["type"] == "http" and path.endswith("/") and self._is_known(scope, path.rstrip("/")):
            place = URL(path=f"{prefix_of(scope)}{path.rstrip('/')}", query=scope["query_string"].decode())
            await RedirectResponse(place)(scope, receive, send)
        else:
            await self._otherwise(scope, receive, send)

    def _is_known(self, scope: Scope, path: str) -> bool:
        bare = {**scope, "path": path}
        return any(route.matches(bare)[0] != Match.NONE for route in self._router.routes)
