"""POST /collect without a task, for what pages send most: few events of a stranger about subjects that are
known already, all of which are admitted. Requests that come in together are judged together. Everything else
goes the usual way, and gets the same answer there.
"""

from asyncio import Future, TimerHandle, get_running_loop
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from functools import lru_cache, partial
from time import perf_counter
from typing import NamedTuple, TypeAlias, cast

from starlette.types import Scope
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from base.errors import ExpectedError, Throttled
from base.networks import network_of
from ingest.batch_writer import StoreResult
from ingest.call import Call
from ingest.outcomes import Outcomes, Result
from ingest.wire_columns import NotPlain, plain_events
from resolvers.collecting import Admitted, Collected, Report, admitted_together, device_at_once
from resolvers.context import Services
from server.doors.collect import DOOR, answer_with, origin_in, refusal_of, summary_of
from server.http import access_log
from server.http.client_address import client_address
from server.http.concurrency import ConcurrencyCounter
from server.http.errors import PlainError, plain
from server.http.request_tallies import RequestTallies, code_of
from server.http.tracing import request_id_in
from server.http.whole_answers import UsualWay, joined, send_made_later, usual_way

_MOST_BYTES = 4 * 1024
_MOST_TOGETHER = 50
"""Events that wait. To judge so many takes half a millisecond, and some if all of them are odd."""
_MOST_SECONDS = 0.02
"""How long a request waits at most until it is judged. A batch may take longer."""
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


class _Group(NamedTuple):
    """Requests that are admitted."""

    requests: list[_Request]
    admitted: Admitted

    def only(self, request: _Request, start: int, stop: int) -> "_Group":
        """One of its requests, whose events stand there."""
        wire, events, subjects = self.admitted
        return _Group([request], Admitted(wire.between(start, stop), events.between(start, stop), subjects))


class CollectAtOnce:
    def __init__(
        self, services: Services, running: ConcurrencyCounter, tallies: RequestTallies | None
    ) -> None:
        """`running`: how many requests run, by their networks."""
        self._services = services
        self._running = running
        self._tallies = tallies
        self._waiting: list[_Request] = []
        """Requests that are not judged yet."""
        self._waiting_events = 0
        self._timer: TimerHandle | None = None

    def answer_at_once(self, cycle: RequestResponseCycle) -> bool:
        """Returns whether the request is or will be answered."""
        request = self._request(cycle)
        if request is None or not self._running.takes(request.network):
            return False
        self._waiting.append(request)
        self._waiting_events += len(request.report.events)
        if self._waiting_events >= _MOST_TOGETHER:
            self._judge()
        elif self._timer is None:
            self._timer = get_running_loop().call_later(_MOST_SECONDS, self._judge)
            self._services.buffer.before_next_batch(self._judge)
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
        if device is None or not events:
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

    def _judge(self) -> None:
        """Judges the requests that wait."""
        requests, self._waiting, self._waiting_events = self._waiting, [], 0
        if self._timer:
            self._timer.cancel()
            self._timer = None
        if requests:
            self._judge_together(requests, self._services.clock())

    def _judge_together(self, requests: list[_Request], now: datetime) -> None:
        """What cannot be judged together is judged by halves, until whatever is odd is alone."""
        admitted = self._admitted(requests, now)
        if admitted is not None:
            self._store(_Group(requests, admitted), now)
        elif len(requests) == 1:
            self._decline(requests)
        else:
            middle = len(requests) // 2
            self._judge_together(requests[:middle], now)
            self._judge_together(requests[middle:], now)

    def _admitted(self, requests: list[_Request], now: datetime) -> Admitted | None:
        with suppress(Exception):
            # The task meets the same error again. It answers and logs it.
            return admitted_together(self._services, [request.report for request in requests], now)
        return None

    def _decline(self, requests: list[_Request]) -> None:
        for request in requests:
            self._running.give_back(request.network)
            request.usual_way(request.cycle)

    def _store(self, group: _Group, now: datetime) -> None:
        """Has the buffer store those that the limits allow."""
        allowed = [request for request in group.requests if self._is_allowed(request, group.admitted, now)]
        if len(allowed) < len(group.requests):
            admitted = self._admitted(allowed, now) if allowed else None
            if admitted is None:
                self._decline(allowed)
                return
            group = _Group(allowed, admitted)
        try:
            call = self._services.buffer.offer_together(group.admitted.events, len(group.requests))
        except Exception:
            self._decline(group.requests)
            return
        call.done.add_done_callback(partial(self._answer, group, call))

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
            self._refuse(request, plain(error))
            return False
        return True

    def _answer(self, group: _Group, call: Call, stored: "Future[list[StoreResult | None]]") -> None:
        if stored.cancelled():
            for request in group.requests:
                self._running.give_back(request.network)
            return
        error, wire = stored.exception(), group.admitted.wire
        if error:
            self._refuse_all(group, cast("Exception", error))
            return
        results = stored.result()
        if results.count(StoreResult.NEW) < wire.size:
            self._answer_each(group, call)
            return
        self._note_fates(group, results)
        for request in group.requests:
            self._send(request, 202, *_all_stored(len(request.report.events)))

    def _refuse_all(self, group: _Group, error: Exception) -> None:
        refusal = refusal_of(error)
        if isinstance(error, ExpectedError):
            self._services.buffer.fates.note_failure(DOOR, group.admitted.wire.size, error.code)
        for request in group.requests:
            self._refuse(request, refusal)

    def _answer_each(self, group: _Group, call: Call) -> None:
        start = 0
        for request in group.requests:
            stop = start + len(request.report.events)
            one, own = group.only(request, start, stop), call.results[start:stop]
            if None in own:
                # The others do not wait until its tenant is no longer locked.
                part = call.part(start, stop)
                self._services.buffer.offer_later(part).add_done_callback(partial(self._answer, one, part))
            else:
                outcomes = self._note_fates(one, own)
                self._send_response(request, PlainError(202, summary_of(Collected(outcomes)), {}))
            start = stop

    def _note_fates(self, group: _Group, results: list[StoreResult | None]) -> Outcomes:
        wire, events, _ = group.admitted
        outcomes = Outcomes(wire, events.ids, cast("list[Result]", results), ())
        self._services.buffer.fates.note(DOOR, outcomes)
        return outcomes

    def _refuse(self, request: _Request, refusal: PlainError) -> None:
        self._send_response(request, refusal, [{"extensions": {"code": refusal.body["code"]}}])

    def _send_response(self, request: _Request, answer: PlainError, errors: _Errors = ()) -> None:
        response = answer_with(*answer)
        self._send(request, response.status_code, joined(response.raw_headers), bytes(response.body), errors)

    def _send(self, request: _Request, status: int, head: bytes, body: bytes, errors: _Errors = ()) -> None:
        self._running.give_back(request.network)
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
