"""GET /metrics, for whoever has the token."""

from collections.abc import Callable
from hmac import compare_digest

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from starlette.requests import Request
from starlette.responses import Response


class MetricsDoor:
    def __init__(
        self, registry: Callable[[], CollectorRegistry], publish: Callable[[], None], token: str
    ) -> None:
        self._registry = registry
        self._publish = publish
        self._expected = f"Bearer {token}".encode()

    async def respond(self, request: Request) -> Response:
        given = request.headers.get("authorization", "").encode()
        if not compare_digest(given, self._expected):
            return Response(status_code=401, headers={"www-authenticate": "Bearer"})
        # Other processes publish once a second; this one does it now.
        self._publish()
        encode, media_type = choose_encoder(request.headers.get("accept", ""))
        return Response(
            encode(self._registry()), headers={"cache-control": "no-store", "content-type": media_type}
        )
