"""`recordEvents` without a task, for what servers send most: few events in a variable of a known document,
about subjects on which the sender was just allowed to report. Requests that come in at one turn of the event
loop are admitted together. Everything else goes the usual way, and gets the same answer there.
"""

from asyncio import Future, get_running_loop
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from itertools import chain
from time import perf_counter
from typing import NamedTuple, cast

from starlette.types import Scope
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from auth.sign_in import remembered_viewer
from auth.viewer import Viewer
from base.errors import Throttled
from base.networks import network_of
from execution.operation import recording_in
from graph.event_variables import EVENT_TYPE, unclear_subjects
from graph.record_events import Recording
from ingest.batch_writer import StoreResult
from ingest.event_columns import EventColumns
from ingest.wire import WireSubject
from loaders.subjects import Subject
from resolvers.context import Services
from resolvers.recording import admitted_at_once, publications, subjects_at_once
from server.graphql.endpoint import Endpoint
from server.graphql.recorded_answers import Admitted, RecordedAnswers
from server.graphql.reporters_headers import ReportersHeaders, headers_of
from server.graphql.reporting_requests import reporting_request
from server.graphql.requested_documents import RequestedDocuments
from server.http.client_address import client_address
from server.http.concurrency import ConcurrencyCounter
from server.http.errors import RequestRefused
from server.http.request_tallies import RequestTallies
from server.http.whole_answers import UsualWay, usual_way

_MOST_BYTES = 8 * 1024
_MOST_ANSWERED = 64 * 1024
"""Bytes. A larger answer might have to wait for a turn, or for a thread that compresses it."""
_MOST_TOGETHER = 200
"""Events. To admit so many takes a millisecond or two."""
_MARK = EVENT_TYPE.encode()


class _Asked(NamedTuple):
    """A request that can be answered here, if its events are admitted."""

    cycle: RequestResponseCycle
    usual_way: UsualWay
    headers: ReportersHeaders
    address: str
    viewer: Viewer
    recording: Recording
    document: str
    """Its hash."""
    subjects: Mapping[WireSubject, Subject]
    began: float
    parse_seconds: float

    @property
    def network(self) -> str:
        return network_of(self.address)


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
        self._running = running
        self._answers = RecordedAnswers(services, endpoint, tallies)
        self._waiting: list[_Asked] = []
        """Requests whose events are not admitted yet."""
        self._waiting_events = 0

    def answer_at_once(self, cycle: RequestResponseCycle) -> bool:
        """Returns whether the request will be answered, or goes the usual way later."""
        asked = self._asked(cycle)
        if asked is None or not self._services.buffer.has_room or not self._running.takes(asked.network):
            return False
        if not self._waiting:
            # All that is there already comes before it.
            get_running_loop().call_soon(self._admit)
        self._waiting.append(asked)
        self._waiting_events += len(asked.recording.given)
        if self._waiting_events >= _MOST_TOGETHER:
            self._admit()
        return True

    def _asked(self, cycle: RequestResponseCycle) -> _Asked | None:
        """None for what goes the usual way."""
        began, services, http = perf_counter(), self._services, cast("Scope", cycle.scope)
        if len(cycle.body) > _MOST_BYTES or _MARK not in cycle.body or http["method"] != "POST":
            return None
        headers = headers_of(http)
        recorded = headers and self._recording(cycle.body)
        if not headers or not recorded:
            return None
        (recording, document), parse_seconds = recorded, perf_counter() - began
        viewer = remembered_viewer(
            headers.credentials,
            services.signer,
            services.key_uses,
            services.clock(),
            services.viewer_cache,
        )
        subjects = viewer and subjects_at_once(services, viewer, recording.given)
        if not viewer or not subjects or unclear_subjects(subjects):
            return None
        return _Asked(
            cycle,
            usual_way(cycle),
            headers,
            client_address(http),
            viewer,
            recording,
            document,
            subjects,
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

    def _admit(self) -> None:
        """Admits the events of the requests that wait."""
        requests, self._waiting, self._waiting_events = self._waiting, [], 0
        if requests and not self._are_admitted(requests):
            for request in requests:
                if not self._are_admitted([request]):
                    self._decline(request)

    def _are_admitted(self, requests: list[_Asked]) -> bool:
        """Admits and stores the events of all, or of none."""
        events = None
        with suppress(Exception):
            # The task meets the same error again. It answers and logs it.
            events = self._admitted(requests)
        if events is None:
            return False
        start = 0
        for request in requests:
            stop = start + len(request.recording.given)
            self._store(request, events.between(start, stop))
            start = stop
        return True

    def _admitted(self, requests: list[_Asked]) -> EventColumns | None:
        subjects = requests[0].subjects
        if len(requests) > 1:
            subjects = {name: one for request in requests for name, one in request.subjects.items()}
        events = list(chain.from_iterable(request.recording.given for request in requests))
        return admitted_at_once(self._services, events, subjects, self._services.clock())

    def _decline(self, request: _Asked) -> None:
        self._running.give_back(request.network)
        request.usual_way(request.cycle)

    def _store(self, asked: _Asked, events: EventColumns) -> None:
        """Has the buffer store the events, if the sender may spend what that costs."""
        buffer = self._services.buffer
        if not buffer.has_room:
            self._decline(asked)
            return
        try:
            request = self._charged(asked, events)
            request.require_paid()
            stored = buffer.offer(events, publications(asked.subjects))
        except Throttled as error:
            # Here, because the usual way would charge the request again.
            self._running.give_back(asked.network)
            self._answers.refuse(request, error)
        except Exception:
            # The task meets the same error again. It answers and logs it.
            self._decline(asked)
        else:
            stored.add_done_callback(partial(self._answer, request, asked.network))

    def _charged(self, asked: _Asked, events: EventColumns) -> Admitted:
        """It may cost more than the sender has left."""
        cycle, _, headers, address, viewer, recording, document, _, began, parse_seconds = asked
        now, cost = self._services.clock(), recording.cost
        budget = self._services.spend(viewer, address, cost, now, writes=True)
        return Admitted(
            cycle, headers, viewer, recording, document, events, budget, began, parse_seconds, perf_counter()
        )

    def _answer(self, request: Admitted, network: str, stored: "Future[list[StoreResult]]") -> None:
        self._running.give_back(network)
        if not stored.cancelled():
            self._answers.answer(request, stored)
