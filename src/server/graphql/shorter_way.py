"""The shorter way to the endpoint for most requests: without what is there for all paths and all bodies."""

from starlette.types import ASGIApp, Receive, Scope, Send

from server.http.bodies import may_be_unread
from server.http.whole_answers import sending_whole, taken_cycle

PATH = "/graphql"


class ShorterWay:
    """Starlette's routes and its middleware for errors take as long as to write the answer. The endpoint
    answers all errors itself.
    """

    def __init__(self, app: ASGIApp, endpoint: ASGIApp) -> None:
        """`app` answers all other requests. `endpoint` has what even the shorter way needs."""
        self._app = app
        self._endpoint = endpoint

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if _is_short(scope):
            await self._endpoint(scope, receive, sending_whole(scope, send))
        else:
            taken_cycle(scope)
            await self._app(scope, receive, send)


def _is_short(scope: Scope) -> bool:
    return scope["type"] == "http" and scope["path"] == PATH and not may_be_unread(scope["headers"])
