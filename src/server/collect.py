"""POST /collect: where browsers send what happened."""

import orjson
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from auth.sign_in import viewer_of
from ingest.reports import EventStatus
from ingest.wire import InvalidEvents, events_from_json
from resolvers.collecting import Collected, Origin, collect
from resolvers.context import Context, Services
from server.bodies import body_of
from server.errors import Refused, plain

_MAX_BYTES = 1_000_000
_HOW_APPS_SEND = (
    "This is the user agent of an app or a program. An app's events count when they come with a key or a "
    "token: `Authorization: Token <key>` or `Authorization: Bearer <token>`. Servers send theirs by recordEvents."
)
_SHARED = {
    "access-control-allow-origin": "*",
    # Else a page does not see when to come back.
    "access-control-expose-headers": "retry-after",
    "cache-control": "no-store",
}
_PREFLIGHT = {
    **_SHARED,
    "access-control-allow-methods": "POST",
    "access-control-allow-headers": "authorization, content-type",
    "access-control-max-age": "86400",
}


class Collector:
    """JSON, whatever the content type says: `navigator.sendBeacon` calls it text/plain."""

    def __init__(self, services: Services, *, max_body_seconds: float) -> None:
        self._services = services
        self._max_body_seconds = max_body_seconds

    async def __call__(self, request: Request) -> Response:
        if request.method == "OPTIONS":
            return Response(status_code=204, headers=_PREFLIGHT)
        try:
            return await self._collected(request)
        except Refused as refused:
            body: dict[str, object] = {"code": refused.code, "message": refused.message}
            return _answer(refused.status or 400, body, refused.headers)
        except InvalidEvents as error:
            return _answer(400, {"code": "BAD_REQUEST", "message": f"These are no events: {error}."})
        except ClientDisconnect:
            return Response(status_code=499)
        except Exception as error:
            return _answer(*plain(error))

    async def _collected(self, request: Request) -> Response:
        body = await body_of(request, most=_MAX_BYTES, seconds=self._max_body_seconds)
        events = events_from_json(body)
        services = self._services
        context = Context(
            services, now=services.clock(), address=request.client.host if request.client else ""
        )
        context.viewer = await viewer_of(
            request.headers, context.loaders, services.signer, context.now, services.bearers
        )
        collected = await collect(context, events, _origin(request))
        return _answer(202, _summary(collected))


def _origin(request: Request) -> Origin:
    headers = request.headers
    # What browsers say of the requests of pages that they make ready; the second is Safari's.
    purpose = headers.get("sec-purpose") or headers.get("purpose") or ""
    return Origin(headers.get("user-agent"), purpose.partition(";")[0].strip().lower() == "prefetch")


def _summary(collected: Collected) -> dict[str, object]:
    outcomes = collected.outcomes
    statuses = [outcome.status for outcome in outcomes]
    summary: dict[str, object] = {
        "stored": statuses.count(EventStatus.STORED),
        "duplicates": statuses.count(EventStatus.DUPLICATE),
        "dropped": statuses.count(EventStatus.DROPPED),
        "reasons": sorted({outcome.reason for outcome in outcomes if outcome.reason}),
    }
    if collected.is_nameless_app and outcomes:
        summary["message"] = _HOW_APPS_SEND
    return summary


def _answer(status: int, body: dict[str, object], headers: dict[str, str] | None = None) -> Response:
    return Response(orjson.dumps(body), status, {**_SHARED, **(headers or {})}, "application/json")
