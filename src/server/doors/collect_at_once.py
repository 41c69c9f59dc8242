"""POST /collect without a task, for what pages send most: few events of a stranger about subjects that are
known already, all of which are admitted. Everything else goes the usual way, and gets the same answer there.
"""

from asyncio import Future
from collections.abc import Mapping
from functools import partial
from time import perf_counter
from typing import NamedTuple, cast

from starlette.types import Scope
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from base.errors import ExpectedError, Throttled
from base.networks import network_of
from ingest.batch_writer import StoreResult
from ingest.outcomes import Outcomes
from ingest.wire import InvalidEvents
from ingest.wire_columns import WireColumns, columns_from_json
from resolvers.collecting import Collected, admitted_at_once
from resolvers.context import Services
from server.doors.collect import DOOR, answer_with, origin_in, refusal_of, summary_of
from server.http import access_log
from server.http.client_address import client_address
from server.http.concurrency import ConcurrencyCounter
from server.http.errors import PlainError, plain
from server.http.request_tallies import RequestTallies, code_of
from server.http.tracing import request_id_in
from server.http.whole_answers import send_later

_MOST_BYTES = 4 * 1024
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


class _Request(NamedTuple):
    cycle: RequestResponseCycle
    events: WireColumns
    ids: list[bytes]
    path: str
    id: str
    network: str
    began: float


class CollectAtOnce:
    def __init__(
        self, services: Services, running: ConcurrencyCounter, tallies: RequestTallies | None
    ) -> None:
        """`running`: how many requests run, by their networks."""
        self._services = services
        self._running = running
        self._tallies = tallies

    def answer_at_once(self, cycle: RequestResponseCycle) -> bool:
        """Returns whether the request is or will be answered."""
        scope = cast("Scope", cycle.scope)
        headers = _headers(scope)
        if scope["method"] != "POST" or len(cycle.body) > _MOST_BYTES or headers is None:
            return False
        began = perf_counter()
        try:
            events = columns_from_json(bytes(cycle.body))
        except InvalidEvents:
            return False
        services, address = self._services, client_address(scope)
        now = services.clock()
        admitted = admitted_at_once(services, events, origin_in(headers), address, now)
        network = network_of(address)
        if admitted is None or not services.buffer.has_room:
            return False
        columns, subjects = admitted
        request = _Request(
            cycle,
            events,
            list(columns.ids),
            scope["path"],
            request_id_in(headers.get("x-request-id")),
            network,
            began,
        )
        if not self._running.takes(network):
            return False
        limiter, seconds = services.collect_limiter, now.timestamp()
        try:
            limiter.allow_address(address, events.size, seconds)
            limiter.allow_subjects(subjects, seconds)
            stored = services.buffer.offer(columns)
        except Exception as error:
            self._running.give_back(network)
            if not isinstance(error, Throttled):
                raise
            self._refuse(request, plain(error))
            return True
        stored.add_done_callback(partial(self._answer, request))
        return True

    def _answer(self, request: _Request, stored: "Future[list[StoreResult]]") -> None:
        self._running.give_back(request.network)
        if stored.cancelled():
            return
        error, fates = stored.exception(), self._services.buffer.fates
        if error:
            refusal = refusal_of(cast("Exception", error))
            if isinstance(error, ExpectedError):
                fates.note_failure(DOOR, request.events.size, error.code)
            self._refuse(request, refusal)
            return
        outcomes = Outcomes(request.events, request.ids, list(stored.result()), ())
        fates.note(DOOR, outcomes)
        self._send(request, PlainError(202, summary_of(Collected(outcomes)), {}))

    def _refuse(self, request: _Request, refusal: PlainError) -> None:
        self._send(request, refusal, [{"extensions": {"code": refusal.body["code"]}}])

    def _send(
        self, request: _Request, answer: PlainError, errors: list[dict[str, dict[str, str]]] | None = None
    ) -> None:
        response = answer_with(*answer)
        response.headers["x-request-id"] = request.id
        send_later(request.cycle, response)
        self._note(request, response.status_code, len(response.body), errors or [])

    def _note(
        self, request: _Request, status: int, size: int, errors: list[dict[str, dict[str, str]]]
    ) -> None:
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
