"""POST /collect: the door to which browsers send events."""

import re
from collections.abc import Mapping

import orjson
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from ingest.admission import Reason
from ingest.wire import InvalidEvents
from ingest.wire_columns import columns_from_json
from resolvers.collecting import Collected, Origin, collect
from resolvers.context import Services
from server.http.bodies import BodyLimits
from server.http.errors import Code, PlainError, plain
from server.http.request_scope import RequestScope, request_scope
from server.http.time_limit import in_time

_MAX_BYTES = 1_000_000
DOOR = "collect"
_HOW_APPS_SEND = (
    "The user agent is an app's or a program's. An app's events count when they come with a key or a token: "
    "`Authorization: Token <key>` or `Authorization: Bearer <token>`. Servers send theirs by recordEvents."
)
_SHARED = {
    "access-control-allow-origin": "*",
    # Without this header, a page's script can read neither of the two.
    "access-control-expose-headers": "retry-after, x-request-id",
    "cache-control": "no-store",
}
_PREFLIGHT = {
    **_SHARED,
    "access-control-allow-methods": "POST",
    "access-control-max-age": "86400",
}

_NAME = re.compile(r"[a-z0-9_-]{1,100}", re.IGNORECASE)
"""The name of a header."""


class CollectEndpoint:
    """Takes JSON with any content type: `navigator.sendBeacon` sends it as text/plain."""

    def __init__(self, services: Services, *, max_body_seconds: float) -> None:
        self._services = services
        self._body_limits = BodyLimits(_MAX_BYTES, max_body_seconds)

    async def respond(self, request: Request) -> Response:
        if request.method == "OPTIONS":
            return _preflight(request)
        with request_scope(request, request.method, self._body_limits) as scope:
            scope.log_fields["path"] = request.scope["path"]
            response = await self._response(scope)
            response.headers["x-request-id"] = scope.id
            scope.answer_with(response)
        return response

    async def _response(self, scope: RequestScope) -> Response:
        try:
            return answer_with(202, summary_of(await self._collected(scope)))
        except ClientDisconnect:
            return Response(status_code=499)
        except Exception as error:
            status, body, headers = refusal_of(error)
            scope.note_error(body["code"])
            return answer_with(status, body, headers)

    async def _collected(self, scope: RequestScope) -> Collected:
        events = columns_from_json(await scope.read_body())
        context = scope.open_context(self._services)

        async def made() -> Collected:
            await context.identify(self._services.viewer_cache, is_reporting=True)
            return await collect(context, events, origin_in(scope.connection.headers))

        return await in_time(context, made(), what="request", is_safe=True)


def refusal_of(error: Exception) -> PlainError:
    if isinstance(error, InvalidEvents):
        return PlainError(400, {"code": Code.BAD_REQUEST, "message": f"These are no events: {error}."}, {})
    return plain(error)


def origin_in(headers: Mapping[str, str]) -> Origin:
    # Browsers send these headers for pages that they load in advance; Safari sends the second one.
    purpose = headers.get("sec-purpose") or headers.get("purpose") or ""
    return Origin(
        headers.get("user-agent"),
        is_ahead=purpose.partition(";")[0].strip().lower() == "prefetch",
        opted_out=_opts_out(headers),
    )


def summary_of(collected: Collected) -> dict[str, object]:
    outcomes = collected.outcomes
    told = [] if outcomes.are_plain else [(outcome.reason, outcome.clock_behind) for outcome in outcomes]
    summary: dict[str, object] = {
        "stored": outcomes.stored,
        "duplicates": outcomes.duplicates,
        "dropped": outcomes.dropped,
        "corrected": outcomes.corrected,
        "reasons": sorted({reason for reason, _ in told if reason}),
        "results": [result for place, one in enumerate(told) if (result := _result(place, *one))],
    }
    if collected.is_nameless_app and len(outcomes):
        summary["message"] = _HOW_APPS_SEND
    return summary


def _result(place: int, reason: Reason | None, clock_behind: int) -> dict[str, object] | None:
    """The answer's entry about one event. None for an event that was stored as it was sent, or is a
    duplicate.
    """
    if reason:
        return {"index": place, "reason": reason}
    return {"index": place, "clockCorrection": clock_behind} if clock_behind else None


def _opts_out(headers: Mapping[str, str]) -> bool:
    """Whether the browser asks not to be tracked, by Do Not Track or Global Privacy Control."""
    return "1" in (headers.get("dnt"), headers.get("sec-gpc"))


def _preflight(request: Request) -> Response:
    """Allows all headers, because tools that watch a page add headers to its requests, such as
    `traceparent`.
    """
    asked = request.headers.get("access-control-request-headers", "")
    names = [name.strip() for name in asked.split(",")]
    allowed = dict.fromkeys(["authorization", "content-type", *filter(_NAME.fullmatch, names)])
    return Response(
        status_code=204, headers={**_PREFLIGHT, "access-control-allow-headers": ", ".join(allowed)}
    )


def answer_with(status: int, body: dict[str, object], headers: dict[str, str] | None = None) -> Response:
    return Response(orjson.dumps(body), status, {**_SHARED, **(headers or {})}, "application/json")
