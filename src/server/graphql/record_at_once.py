"""`recordEvents` without a task, for what servers send most: few events in a variable of a known document,
about subjects on which the sender was just allowed to report. Everything else goes the usual way, and gets
the same answer there.
"""

from asyncio import Future
from functools import partial
from time import perf_counter
from typing import NamedTuple, TypeVar, cast

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Scope
from strawberry.types import ExecutionResult
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from auth.sign_in import remembered_viewer
from base.coroutines import finished
from base.errors import BadUserInput, ExpectedError, Throttled
from base.networks import network_of
from base.scheduler import RunQueue
from database import Usage
from execution.operation import recording_in
from graph.event_variables import EVENT_TYPE
from graph.record_events import Recording
from ingest.batch_writer import StoreResult
from ingest.event_columns import EventColumns
from ingest.outcomes import Outcomes
from ingest.wire_columns import WireColumns
from resolvers.context import Context, Services
from resolvers.execution import OperationSummary
from resolvers.recording import admitted_at_once
from server.graphql.answers import answer_of
from server.graphql.endpoint import Endpoint, require_acceptable
from server.graphql.replies import Reply, reply_of, reply_of_error
from server.graphql.requested_documents import RequestedDocuments
from server.graphql.requests import request_in_body
from server.http import access_log
from server.http.bodies import NO_BODY, may_be_unread
from server.http.concurrency import ConcurrencyCounter
from server.http.cors import require_preflight
from server.http.errors import RequestRefused
from server.http.negotiation import preferred
from server.http.read_headers import ReadRequest
from server.http.request_scope import RequestScope
from server.http.request_tallies import RequestTallies
from server.http.tracing import request_id_of, trace_of
from server.http.whole_answers import send_later

T = TypeVar("T")

_MOST_BYTES = 8 * 1024
_MOST_ANSWERED = 64 * 1024
"""Bytes. A larger answer might have to wait for a turn, or for a thread that compresses it."""
_MARK = EVENT_TYPE.encode()
_DOOR = "recordEvents"


class _Asked(NamedTuple):
    """A request that can be answered here."""

    cycle: RequestResponseCycle
    scope: RequestScope
    context: Context
    recording: Recording
    events: WireColumns
    admitted: EventColumns
    refreshed: frozenset[int]


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
        if len(cycle.body) > _MOST_BYTES or _MARK not in cycle.body or cycle.scope["method"] != "POST":
            return False
        try:
            asked = self._asked(cycle)
        except (RequestRefused, BadUserInput):
            return False
        if asked is None or not self._services.buffer.has_room:
            return False
        network = network_of(asked.context.address)
        if not self._running.takes(network):
            return False
        began = perf_counter()
        try:
            asked.recording.spend(asked.context)
            stored = self._services.buffer.offer(asked.admitted, asked.refreshed)
        except Exception as error:
            self._running.give_back(network)
            if not isinstance(error, Throttled):
                raise
            # Here, because the usual way would charge the request again.
            self._end(asked, self._sent(asked, reply_of_error(error, asked.scope.id)))
            return True
        stored.add_done_callback(partial(self._answer, asked, network, began))
        return True

    def _asked(self, cycle: RequestResponseCycle) -> _Asked | None:
        """None for what goes the usual way. Raises RequestRefused and BAD_USER_INPUT."""
        request = ReadRequest(cast("Scope", cycle.scope), _nothing)
        if may_be_unread(request.scope["headers"]) or preferred(_accept(request)) is None:
            return None
        require_acceptable(request)
        require_preflight(request)
        headers = request.headers
        scope = RequestScope(request, "POST", request_id_of(headers), trace_of(headers), Usage(), NO_BODY)
        sent = request_in_body(bytes(cycle.body))
        operation = self._documents.found_at_once(sent)
        recording = recording_in(operation, sent.variables) if operation else None
        if operation is None or recording is None or recording.most_bytes() > _MOST_ANSWERED:
            return None
        scope.parse_seconds = scope.seconds()
        scope.log_fields["document"] = operation.document.hash
        context = scope.open_context(self._services)
        viewers = self._services.viewer_cache
        signer, uses = self._services.signer, self._services.key_uses
        viewer = remembered_viewer(context.credentials, signer, uses, context.now, viewers)
        if viewer is None:
            return None
        context.viewer = viewer
        events = recording.events()
        admitted = admitted_at_once(context, events)
        return _Asked(cycle, scope, context, recording, events, *admitted) if admitted else None

    def _answer(self, asked: _Asked, network: str, began: float, stored: "Future[list[StoreResult]]") -> None:
        self._running.give_back(network)
        if stored.cancelled():
            return
        try:
            response = self._response(asked, began, stored)
        except Exception as error:
            # Nobody hears of what a callback raises, and the client would wait for ever.
            response = self._sent(asked, reply_of_error(error, asked.scope.id))
        self._end(asked, response)

    def _end(self, asked: _Asked, response: Response) -> None:
        asked.scope.answer_with(response)
        send_later(asked.cycle, response)
        if access_log.is_written():
            access_log.write(asked.scope.log_line())
        if self._tallies:
            asked.scope.add_to(self._tallies)

    def _response(self, asked: _Asked, began: float, stored: "Future[list[StoreResult]]") -> Response:
        execution = asked.context.execution
        execution.execute = perf_counter() - began
        execution.operation = OperationSummary("mutation", asked.recording.operation, lifetime=None)
        answer = finished(answer_of(self._result(asked, stored), asked.scope.id, RunQueue()))
        return self._sent(asked, reply_of(answer, asked.context, None))

    def _sent(self, asked: _Asked, reply: Reply) -> Response:
        request = cast("Request", asked.scope.connection)
        return finished(self._endpoint.sent(request, reply, asked.scope))

    def _result(self, asked: _Asked, stored: "Future[list[StoreResult]]") -> ExecutionResult:
        error, fates = stored.exception(), self._services.buffer.fates
        if error:
            if isinstance(error, ExpectedError):
                fates.note_failure(_DOOR, asked.events.size, error.code)
            return asked.recording.failed(cast("Exception", error))
        outcomes = Outcomes(asked.events, asked.admitted.ids, list(stored.result()), ())
        fates.note(_DOOR, outcomes)
        return ExecutionResult(asked.recording.data(outcomes), None)


def _accept(request: Request) -> str:
    return ", ".join(request.headers.getlist("accept"))


async def _nothing() -> Message:
    raise NotImplementedError
