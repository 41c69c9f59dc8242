"""The shorter way to the endpoint for most requests: without what is there for all paths and all bodies."""

from starlette.types import ASGIApp, Receive, Scope, Send

from server.http.bodies import may_be_unread

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
        is_short = (
            scope["type"] == "http"
            and scope["path"] == PATH
            and not scope.get("root_path")
            and not may_be_unread(scope["headers"])
        )
        await (self._endpoint if is_short else self._app)(scope, receive, send)
