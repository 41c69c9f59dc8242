"""`recordEvents` without a task, for what servers send most: few events in a variable of a known document,
about subjects on which the sender was just allowed to report. Everything else goes the usual way, and gets
the same answer there.
"""

from asyncio import Future
from datetime import datetime
from functools import lru_cache, partial
from time import perf_counter
from typing import NamedTuple, cast

from starlette.responses import Response
from starlette.types import Scope
from strawberry.types import ExecutionResult
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from auth.rates import Budget
from auth.sign_in import remembered_viewer
from auth.viewer import Viewer
from base.coroutines import finished
from base.errors import ExpectedError, Throttled
from base.networks import network_of
from base.scheduler import RunQueue
from database import Usage
from execution.operation import recording_in
from graph.event_variables import EVENT_TYPE, unclear_subjects
from graph.record_events import Recording
from ingest.batch_writer import StoreResult
from ingest.event_columns import EventColumns
from ingest.id_columns import text_of
from ingest.outcomes import Outcomes
from ingest.wire_columns import NotPlain, WireColumns, columns_of_plain
from resolvers.context import Services
from resolvers.execution import OperationSummary
from resolvers.recording import admitted_at_once
from server.graphql.answers import answer_of
from server.graphql.endpoint import Endpoint
from server.graphql.replies import Reply, reply_of, reply_of_error
from server.graphql.reporters_headers import ReportersHeaders, headers_of
from server.graphql.reporting_requests import reporting_request
from server.graphql.requested_documents import RequestedDocuments
from server.http import access_log
from server.http.bodies import NO_BODY
from server.http.client_address import client_address
from server.http.codings import IDENTITY
from server.http.concurrency import ConcurrencyCounter
from server.http.errors import RequestRefused
from server.http.rate_limit_headers import left, policy
from server.http.read_headers import ReadRequest
from server.http.receiving import nothing
from server.http.request_scope import RequestScope
from server.http.request_tallies import RequestTallies, code_of
from server.http.server_timing import TimingAudience, timing_of
from server.http.whole_answers import send_later, send_made_later

_MOST_BYTES = 8 * 1024
_MOST_ANSWERED = 64 * 1024
"""Bytes. A larger answer might have to wait for a turn, or for a thread that compresses it."""
_MARK = EVENT_TYPE.encode()
_DOOR = "recordEvents"
_PATH = "/graphql"


class _Asked(NamedTuple):
    """A request that can be answered here."""

    cycle: RequestResponseCycle
    headers: ReportersHeaders
    address: str
    viewer: Viewer
    now: datetime
    recording: Recording
    document: str
    """Its hash."""
    events: WireColumns
    admitted: EventColumns
    refreshed: frozenset[int]
    began: float
    parse_seconds: float


class _Taken(NamedTuple):
    """The same, when it was paid for."""

    asked: _Asked
    network: str
    budget: Budget | None
    began: float


class RecordAtOnce:
    def __init__(
        self,
        services: Services,
        documents: RequestedDocuments,
        endpoint: Endpoint,
        running: ConcurrencyCounter,
        tallies: RequestTallies | None,
    ) -> None:
        """`running`: how many requests run, by their networks."""
        self._services = services
        self._documents = documents
        self._endpoint = endpoint
        self._running = running
        self._tallies = tallies

    def answer_at_once(self, cycle: RequestResponseCycle) -> bool:
        """Returns whether the request will be answered."""
        asked = self._asked(cycle)
        if asked is None or not self._services.buffer.has_room:
            return False
        network = network_of(asked.address)
        if not self._running.takes(network):
            return False
        began, budget = perf_counter(), None
        try:
            budget = self._spent(asked)
            if budget:
                budget.require()
            stored = self._services.buffer.offer(asked.admitted, asked.refreshed)
        except Exception as error:
            self._running.give_back(network)
            if not isinstance(error, Throttled):
                raise
            # Here, because the usual way would charge the request again.
            scope = self._scope(_Taken(asked, network, budget, began))
            self._end(asked, scope, self._sent(scope, reply_of_error(error, scope.id)))
            return True
        stored.add_done_callback(partial(self._answer, _Taken(asked, network, budget, began)))
        return True

    def _spent(self, asked: _Asked) -> Budget | None:
        cost = asked.recording.cost
        return self._services.spend(asked.viewer, asked.address, cost, asked.now, writes=True)

    def _asked(self, cycle: RequestResponseCycle) -> _Asked | None:
        """None for what goes the usual way."""
        began, services, http = perf_counter(), self._services, cast("Scope", cycle.scope)
        if len(cycle.body) > _MOST_BYTES or _MARK not in cycle.body or http["method"] != "POST":
            return None
        headers = headers_of(http)
        recorded = headers and self._recording(cycle.body)
        if not headers or not recorded:
            return None
        recording, document = recorded
        parse_seconds, now = perf_counter() - began, services.clock()
        viewer = remembered_viewer(
            headers.credentials, services.signer, services.key_uses, now, services.viewer_cache
        )
        try:
            events = columns_of_plain(recording.given)
        except NotPlain:
            return None
        admitted = viewer and not unclear_subjects(events) and admitted_at_once(services, viewer, events, now)
        if not viewer or not admitted:
            return None
        address = client_address(http)
        return _Asked(
            cycle,
            headers,
            address,
            viewer,
            now,
            recording,
            document,
            events,
            *admitted,
            began,
            parse_seconds,
        )

    def _recording(self, body: bytes | bytearray) -> tuple[Recording, str] | None:
        """With the hash of the document."""
        asked = reporting_request(body)
        try:
            operation = self._documents.found_at_once(asked) if asked else None
        except RequestRefused:
            return None
        recording = recording_in(operation, asked.variables) if asked and operation else None
        if operation is None or recording is None or recording.most_bytes() > _MOST_ANSWERED:
            return None
        return recording, operation.document.hash

    def _answer(self, taken: _Taken, stored: "Future[list[StoreResult]]") -> None:
        self._running.give_back(taken.network)
        if stored.cancelled():
            return
        asked = taken.asked
        if text := _text_if_stored(asked, stored):
            self._send_stored(taken, text)
            return
        scope = self._scope(taken)
        try:
            response = self._response(taken, scope, stored)
        except Exception as error:
            # Nobody hears of what a callback raises, and the client would wait for ever.
            response = self._sent(scope, reply_of_error(error, scope.id))
        self._end(asked, scope, response)

    def _send_stored(self, taken: _Taken, text: bytes) -> None:
        asked = taken.asked
        self._services.buffer.fates.note_stored(_DOOR, asked.events.size)
        send_made_later(asked.cycle, 200, self._head(taken, len(text)), text)
        seconds, operation = perf_counter() - asked.began, asked.recording.operation
        if access_log.is_written():
            id, trace = asked.headers.request_id, asked.headers.trace
            line = _line(operation, access_log.viewer_kind(asked.viewer), asked.document)
            line.write(id, trace, "POST", 200, len(text), seconds)
        if self._tallies:
            self._tallies.note(_PATH, operation, code_of(200, ()), seconds, 0, 0, is_signed_in=True)

    def _head(self, taken: _Taken, size: int) -> bytes:
        """The headers of the answer, joined."""
        headers, budget = taken.asked.headers, taken.budget
        own = f"x-request-id: {headers.request_id}\r\ncontent-length: {size}\r\n"
        if budget:
            own += f"ratelimit: {left(budget)}\r\nratelimit-policy: {policy(budget.limit)}\r\n"
        if self._endpoint.server_timing is not TimingAudience.NOBODY:
            now = perf_counter()
            executed = 0.0, now - taken.began
            timing = timing_of(taken.asked.parse_seconds, executed, 0.0, now - taken.asked.began)
            own += f"server-timing: {timing}\r\n"
        return headers.form.head + own.encode("latin-1")

    def _scope(self, taken: _Taken) -> RequestScope:
        """For every answer but the most frequent one."""
        asked = taken.asked
        request = ReadRequest(cast("Scope", asked.cycle.scope), nothing)
        id, trace = asked.headers.request_id, asked.headers.trace
        scope = RequestScope(request, "POST", id, trace, Usage(), NO_BODY, asked.began)
        scope.parse_seconds = asked.parse_seconds
        scope.log_fields["document"] = asked.document
        context = scope.open_context(self._services)
        context.now, context.viewer, context.execution.budget = asked.now, asked.viewer, taken.budget
        return scope

    def _end(self, asked: _Asked, scope: RequestScope, response: Response) -> None:
        scope.answer_with(response)
        send_later(asked.cycle, response)
        if access_log.is_written():
            access_log.write(scope.log_line())
        if self._tallies:
            scope.add_to(self._tallies)

    def _response(self, taken: _Taken, scope: RequestScope, stored: "Future[list[StoreResult]]") -> Response:
        context = scope.context
        assert context
        context.execution.execute = perf_counter() - taken.began
        context.execution.operation = OperationSummary("mutation", taken.asked.recording.operation, None)
        answer = finished(answer_of(self._result(taken.asked, stored), scope.id, RunQueue()))
        return self._sent(scope, reply_of(answer, context, None))

    def _sent(self, scope: RequestScope, reply: Reply) -> Response:
        request = cast("ReadRequest", scope.connection)
        return finished(self._endpoint.sent(request, reply, scope))

    def _result(self, asked: _Asked, stored: "Future[list[StoreResult]]") -> ExecutionResult:
        error, fates = stored.exception(), self._services.buffer.fates
        if error:
            if isinstance(error, ExpectedError):
                fates.note_failure(_DOOR, asked.events.size, error.code)
            return asked.recording.failed(cast("Exception", error))
        outcomes = Outcomes(asked.events, asked.admitted.ids, list(stored.result()), ())
        fates.note(_DOOR, outcomes)
        return ExecutionResult(asked.recording.data(outcomes), None)


def _text_if_stored(asked: _Asked, stored: "Future[list[StoreResult]]") -> bytes | None:
    """The answer to a single event that is stored, if it is not compressed."""
    if stored.exception() or stored.result() != [StoreResult.NEW]:
        return None
    given = asked.events.ids[0]
    text = asked.recording.text_of_stored(given.lower() if given else text_of(asked.admitted.ids[0]))
    return text if asked.headers.form.codings.of(text) == IDENTITY else None


@lru_cache(256)
def _line(operation: str | None, viewer: str, document: str) -> access_log.RepeatedLine:
    return access_log.repeated_line(
        {
            "operation": access_log.operation_name(operation),
            "type": "mutation",
            "statements": 0,
            "database_ms": 0.0,
            "viewer": viewer,
            "document": document,
        }
    )
