"""The answers to events that were recorded without a task."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from time import perf_counter
from typing import NamedTuple, cast

from starlette.responses import Response
from starlette.types import Scope
from strawberry.types import ExecutionResult
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from auth.rates import Budget
from auth.viewer import Viewer
from base.coroutines import finished
from base.errors import ExpectedError
from base.scheduler import RunQueue
from database import Usage
from graph.record_events import Recording
from ingest.batch_writer import StoreResult
from ingest.id_columns import text_of
from ingest.outcomes import GivenIds, Outcomes
from ingest.wire import WireSubject
from loaders.subjects import Subject
from resolvers.context import Services
from resolvers.execution import OperationSummary
from server.graphql.answers import answer_of
from server.graphql.endpoint import Endpoint
from server.graphql.replies import Reply, reply_of, reply_of_error
from server.graphql.reporters_headers import ReportersHeaders
from server.http import access_log
from server.http.bodies import NO_BODY
from server.http.codings import IDENTITY
from server.http.rate_limit_headers import left, policy
from server.http.read_headers import ReadRequest
from server.http.receiving import nothing
from server.http.request_scope import RequestScope
from server.http.request_tallies import RequestTallies, code_of
from server.http.server_timing import TimingAudience, timing_of
from server.http.whole_answers import UsualWay, send_later, send_made_later

DOOR = "recordEvents"
_PATH = "/graphql"


class Asked(NamedTuple):
    """A request that can be answered without a task, if its events are admitted."""

    cycle: RequestResponseCycle
    usual_way: UsualWay
    headers: ReportersHeaders
    address: str
    network: str
    viewer: Viewer
    recording: Recording
    document: str
    """Its hash."""
    subjects: Mapping[WireSubject, Subject]
    """On which the viewer may report."""
    began: float
    parse_seconds: float


class Admitted(NamedTuple):
    """A request whose events are admitted."""

    asked: Asked
    ids: Sequence[bytes]
    """Of its events."""
    budget: Budget | None
    """What its sender has left; None if there is no limit."""
    admitted_at: float


class RecordedAnswers:
    def __init__(self, services: Services, endpoint: Endpoint, tallies: RequestTallies | None) -> None:
        self._services = services
        self._endpoint = endpoint
        self._tallies = tallies

    def answer(self, request: Admitted, stored: list[StoreResult] | Exception) -> None:
        """`stored`: the result of each event, or the error that all have."""
        if text := _text_if_stored(request, stored):
            self._send_stored(request, text)
            return
        scope = self._scope(request)
        try:
            response = self._response(request, scope, stored)
        except Exception as error:
            # Nobody hears of what a callback raises, and the client would wait for ever.
            response = self._sent(scope, reply_of_error(error, scope.id))
        self._end(request, scope, response)

    def refuse(self, request: Admitted, error: Exception) -> None:
        scope = self._scope(request)
        self._end(request, scope, self._sent(scope, reply_of_error(error, scope.id)))

    def _send_stored(self, request: Admitted, text: bytes) -> None:
        self._services.buffer.fates.note_stored(DOOR, len(request.ids))
        send_made_later(request.asked.cycle, 200, self._head(request, len(text)), text)
        seconds, operation = perf_counter() - request.asked.began, request.asked.recording.operation
        if access_log.is_written():
            id, trace = request.asked.headers.request_id, request.asked.headers.trace
            line = _line(operation, access_log.viewer_kind(request.asked.viewer), request.asked.document)
            line.write(id, trace, "POST", 200, len(text), seconds)
        if self._tallies:
            self._tallies.note(_PATH, operation, code_of(200, ()), seconds, 0, 0, is_signed_in=True)

    def _head(self, request: Admitted, size: int) -> bytes:
        """The headers of the answer, joined."""
        headers, budget = request.asked.headers, request.budget
        own = f"x-request-id: {headers.request_id}\r\ncontent-length: {size}\r\n"
        if budget:
            own += f"ratelimit: {left(budget)}\r\nratelimit-policy: {policy(budget.limit)}\r\n"
        if self._endpoint.server_timing is not TimingAudience.NOBODY:
            now = perf_counter()
            executed = 0.0, now - request.admitted_at
            timing = timing_of(request.asked.parse_seconds, executed, 0.0, now - request.asked.began)
            own += f"server-timing: {timing}\r\n"
        return headers.form.head + own.encode("latin-1")

    def _scope(self, request: Admitted) -> RequestScope:
        """For every answer but the most frequent one."""
        http = ReadRequest(cast("Scope", request.asked.cycle.scope), nothing)
        id, trace = request.asked.headers.request_id, request.asked.headers.trace
        scope = RequestScope(http, "POST", id, trace, Usage(), NO_BODY, request.asked.began)
        scope.parse_seconds = request.asked.parse_seconds
        scope.log_fields["document"] = request.asked.document
        context = scope.open_context(self._services)
        context.viewer, context.execution.budget = request.asked.viewer, request.budget
        return scope

    def _end(self, request: Admitted, scope: RequestScope, response: Response) -> None:
        scope.answer_with(response)
        send_later(request.asked.cycle, response)
        if access_log.is_written():
            access_log.write(scope.log_line())
        if self._tallies:
            scope.add_to(self._tallies)

    def _response(
        self, request: Admitted, scope: RequestScope, stored: list[StoreResult] | Exception
    ) -> Response:
        context = scope.context
        assert context
        context.execution.execute = perf_counter() - request.admitted_at
        context.execution.operation = OperationSummary("mutation", request.asked.recording.operation, None)
        answer = finished(answer_of(self._result(request, stored), scope.id, RunQueue()))
        return self._sent(scope, reply_of(answer, context, None))

    def _sent(self, scope: RequestScope, reply: Reply) -> Response:
        return finished(self._endpoint.sent(cast("ReadRequest", scope.connection), reply, scope))

    def _result(self, request: Admitted, stored: list[StoreResult] | Exception) -> ExecutionResult:
        fates, recording = self._services.buffer.fates, request.asked.recording
        if isinstance(stored, Exception):
            if isinstance(stored, ExpectedError):
                fates.note_failure(DOOR, len(request.ids), stored.code)
            return recording.failed(stored)
        outcomes = Outcomes(GivenIds.of_events(recording.given), request.ids, list(stored), ())
        fates.note(DOOR, outcomes)
        return ExecutionResult(recording.data(outcomes), None)


def _text_if_stored(request: Admitted, stored: list[StoreResult] | Exception) -> bytes | None:
    """The answer to a single event that is stored, if it is not compressed."""
    if stored != [StoreResult.NEW]:
        return None
    given = request.asked.recording.given[0].id
    text = request.asked.recording.text_of_stored(given.lower() if given else text_of(request.ids[0]))
    return text if request.asked.headers.form.codings.of(text) == IDENTITY else None


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
