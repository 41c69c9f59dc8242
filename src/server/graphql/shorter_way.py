"""The shorter way to the endpoint for most requests: without what is there for all paths and all bodies."""

from collections.abc import Mapping

from starlette.types import ASGIApp, Receive, Scope, Send

from server.http.bodies import may_be_unread
from server.http.whole_answers import sending_whole, taken_cycle

PATH = "/graphql"


class ShorterWay:
    """Starlette's routes and its middleware for errors take as long as to write the answer. The endpoint
    answers all errors itself.
    """

    def __init__(self, app: ASGIApp, endpoint: ASGIApp, posted: Mapping[str, ASGIApp]) -> None:
        """`app` answers all other requests. `endpoint` has what even the shorter way needs. So have the doors
        in `posted`, by their paths: a POST goes the shorter way to them.
        """
        self._app = app
        self._endpoint = endpoint
        self._posted = posted

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if door := self._door(scope):
            await door(scope, receive, sending_whole(scope, send))
        else:
            taken_cycle(scope)
            await self._app(scope, receive, send)

    def _door(self, scope: Scope) -> ASGIApp | None:
        if scope["type"] != "http":
            return None
        path = scope["path"]
        door = self._endpoint if path == PATH else self._posted.get(path)
        if door is None or (path != PATH and scope["method"] != "POST"):
            return None
        return None if may_be_unread(scope["headers"]) else door
