"""POST /collect without a task, for what pages send most: few events of a stranger about subjects that are
known already, all of which are admitted. Requests that come in together are judged together. Everything else
goes the usual way, and gets the same answer there.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from functools import lru_cache
from time import perf_counter
from typing import NamedTuple, TypeAlias, cast

from starlette.types import Scope
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from base.errors import ExpectedError, Throttled
from base.networks import network_of
from ingest.batch_writer import StoreResult
from ingest.outcomes import GivenIds, Outcomes
from ingest.wire_columns import NotPlain, plain_events
from resolvers.collecting import Admitted, Collected, Report, admitted_together, device_at_once
from resolvers.context import Services
from server.doors.collect import DOOR, answer_with, origin_in, refusal_of, summary_of
from server.http import access_log
from server.http.client_address import client_address
from server.http.concurrency import ConcurrencyCounter
from server.http.errors import PlainError, plain
from server.http.gathered_requests import MOST_WEIGHT, GatheredRequests, weight_of
from server.http.request_tallies import RequestTallies, code_of
from server.http.shared_call import Stored, offer_together
from server.http.tracing import request_id_in
from server.http.whole_answers import UsualWay, joined, send_made_later, usual_way

_MOST_BYTES = 32 * 1024
"""Mostly some 100 events, and never more than 500. They are judged in one turn of the event loop."""
_READ = {
    b"user-agent": "user-agent",
    b"sec-purpose": "sec-purpose",
    b"purpose": "purpose",
    b"dnt": "dnt",
    b"sec-gpc": "sec-gpc",
    b"x-request-id": "x-request-id",
}
_OF_OTHERS = frozenset({b"authorization", b"x-auth-token", b"traceparent", b"transfer-encoding", b"expect"})
"""Headers of requests that go the usual way."""

_Errors: TypeAlias = Sequence[dict[str, dict[str, str]]]


class _Request(NamedTuple):
    cycle: RequestResponseCycle
    usual_way: UsualWay
    report: Report
    path: str
    id: str
    network: str
    began: float


class _Allowed(NamedTuple):
    """A request whose events are admitted, and within the limits."""

    request: _Request
    ids: Sequence[bytes]
    """Of its events."""


class CollectAtOnce:
    def __init__(
        self, services: Services, running: ConcurrencyCounter, tallies: RequestTallies | None
    ) -> None:
        """`running`: how many requests run, by their networks."""
        self._services = services
        self._running = running
        self._tallies = tallies
        self._gathered = GatheredRequests(services.buffer, self._are_admitted, self._decline)

    def answer_at_once(self, cycle: RequestResponseCycle) -> bool:
        """Returns whether the request is or will be answered."""
        request = self._request(cycle)
        if request is None:
            return False
        weight = weight_of(request.report.events)
        if weight > MOST_WEIGHT or not self._running.takes(request.network):
            return False
        self._gathered.add(request, weight)
        return True

    def _request(self, cycle: RequestResponseCycle) -> _Request | None:
        """None for what goes the usual way."""
        services, scope = self._services, cast("Scope", cycle.scope)
        headers = _headers(scope)
        if (
            scope["method"] != "POST"
            or len(cycle.body) > _MOST_BYTES
            or headers is None
            or not services.buffer.has_room
        ):
            return None
        began = perf_counter()
        origin, address = origin_in(headers), client_address(scope)
        try:
            events = plain_events(cycle.body)
        except NotPlain:
            return None
        device = device_at_once(services, origin, address, services.clock())
        # A request without events counts as one against the limits. The usual way does that.
        if device is None or not events or len(events) > services.limits.events:
            return None
        return _Request(
            cycle,
            usual_way(cycle),
            Report(events, origin.agent, address, device),
            scope["path"],
            request_id_in(headers.get("x-request-id")),
            network_of(address),
            began,
        )

    def _are_admitted(self, requests: list[_Request]) -> bool:
        """Admits and stores the events of all, or of none."""
        now, admitted = self._services.clock(), None
        with suppress(Exception):
            # The task meets the same error again. It answers and logs it.
            admitted = admitted_together(self._services, [request.report for request in requests], now)
        if admitted:
            self._store(requests, admitted, now)
        return admitted is not None

    def _decline(self, request: _Request) -> None:
        self._running.give_back(request.network)
        request.usual_way(request.cycle)

    def _store(self, requests: list[_Request], admitted: Admitted, now: datetime) -> None:
        """Has the buffer store the events of those whom the limits allow."""
        allowed: list[_Allowed] = []
        places: list[int] = []
        stop = 0
        for request in requests:
            start, stop = stop, stop + len(request.report.events)
            if self._is_allowed(request, admitted, now):
                allowed.append(_Allowed(request, admitted.events.ids[start:stop]))
                places += range(start, stop)
        if not allowed:
            return
        try:
            offer_together(self._services.buffer, allowed, admitted.events.at(places), self._answer)
        except Exception:
            # The task meets the same error again. It answers and logs it.
            for one in allowed:
                self._decline(one.request)

    def _is_allowed(self, request: _Request, admitted: Admitted, now: datetime) -> bool:
        limiter, seconds, (events, _, address, _) = (
            self._services.collect_limiter,
            now.timestamp(),
            request.report,
        )
        try:
            limiter.allow_address(address, len(events), seconds)
            limiter.allow_subjects((admitted.subjects[event.subject] for event in events), seconds)
        except Throttled as error:
            self._running.give_back(request.network)
            self._refuse(request, plain(error))
            return False
        return True

    def _answer(self, allowed: _Allowed, stored: Stored) -> None:
        (request, ids), fates = allowed, self._services.buffer.fates
        self._running.give_back(request.network)
        if isinstance(stored, Exception):
            if isinstance(stored, ExpectedError):
                fates.note_failure(DOOR, len(ids), stored.code)
            self._refuse(request, refusal_of(stored))
        elif stored and stored.count(StoreResult.NEW) == len(ids):
            fates.note_stored(DOOR, len(ids))
            self._send(request, 202, *_all_stored(len(ids)))
        elif stored:
            outcomes = Outcomes(GivenIds.of_events(request.report.events), ids, list(stored), ())
            fates.note(DOOR, outcomes)
            self._send_response(request, PlainError(202, summary_of(Collected(outcomes)), {}))

    def _refuse(self, request: _Request, refusal: PlainError) -> None:
        self._send_response(request, refusal, [{"extensions": {"code": refusal.body["code"]}}])

    def _send_response(self, request: _Request, answer: PlainError, errors: _Errors = ()) -> None:
        response = answer_with(*answer)
        self._send(request, response.status_code, joined(response.raw_headers), bytes(response.body), errors)

    def _send(self, request: _Request, status: int, head: bytes, body: bytes, errors: _Errors = ()) -> None:
        send_made_later(request.cycle, status, b"%bx-request-id: %b\r\n" % (head, request.id.encode()), body)
        self._note(request, status, len(body), errors)

    def _note(self, request: _Request, status: int, size: int, errors: _Errors) -> None:
        seconds = perf_counter() - request.began
        if self._tallies:
            self._tallies.note(request.path, None, code_of(status, errors), seconds, 0, 0, is_signed_in=False)
        if access_log.is_written():
            access_log.write(
                {
                    "request_id": request.id,
                    "method": "POST",
                    "status": status,
                    "bytes": size,
                    "duration_ms": access_log.milliseconds(seconds),
                    "statements": 0,
                    "database_ms": 0.0,
                    "viewer": "anonymous",
                    "errors": access_log.error_codes(errors),
                    "path": request.path,
                }
            )


@lru_cache(maxsize=64)
def _all_stored(events: int) -> tuple[bytes, bytes]:
    """The headers and the body of the answer that most requests get."""
    summary = {"stored": events, "duplicates": 0, "dropped": 0, "corrected": 0, "reasons": [], "results": []}
    response = answer_with(202, summary)
    return joined(response.raw_headers), bytes(response.body)


def _headers(scope: Scope) -> Mapping[str, str] | None:
    """Those that count here. None if the request has to go the usual way."""
    found: dict[str, str] = {}
    for name, value in scope["headers"]:
        if name in _OF_OTHERS:
            return None
        if name in _READ:
            # Of several, the first counts.
            found.setdefault(_READ[name], value.decode("latin-1"))
    return found
