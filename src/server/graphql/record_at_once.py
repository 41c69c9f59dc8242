"""`recordEvents` without a task, for what servers send most: few events in a variable of a known document,
about subjects on which the sender was just allowed to report. Requests that come in together are admitted and
stored together. Everything else goes the usual way, and gets the same answer there.
"""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from itertools import chain
from time import perf_counter
from typing import cast

from starlette.types import Scope
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from auth.sign_in import remembered_viewer
from base.errors import Throttled
from base.networks import network_of
from graph.event_variables import unclear_subjects
from graph.record_events import Recording
from ingest.event_columns import EventColumns
from ingest.wire import WireSubject
from loaders.subjects import Subject
from resolvers.context import Services
from resolvers.recording import admitted_at_once, publications, subjects_at_once
from server.graphql.endpoint import Endpoint
from server.graphql.recorded_answers import Admitted, Asked, RecordedAnswers
from server.graphql.reporters_headers import headers_of
from server.graphql.reporting_requests import MARK, reporting_in
from server.graphql.requested_documents import RequestedDocuments
from server.http.client_address import client_address
from server.http.concurrency import ConcurrencyCounter
from server.http.gathered_requests import MOST_WEIGHT, GatheredRequests, weight_of
from server.http.request_tallies import RequestTallies
from server.http.shared_call import Stored, offer_together
from server.http.whole_answers import usual_way

_MOST_BYTES = 32 * 1024
"""Mostly some 100 events, and never more than 500. They are judged in one turn of the event loop."""
_MOST_ANSWERED = 64 * 1024
"""Bytes. A larger answer might have to wait for a turn, or for a thread that compresses it."""


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
        self._gathered = GatheredRequests(services.buffer, self._are_admitted, self._decline)

    def answer_at_once(self, cycle: RequestResponseCycle) -> bool:
        """Returns whether the request will be answered, or goes the usual way later."""
        asked = self._asked(cycle)
        if asked is None:
            return False
        weight, has_room = weight_of(asked.recording.given), self._services.buffer.has_room
        if weight > MOST_WEIGHT or not has_room or not self._running.takes(asked.network):
            return False
        self._gathered.add(asked, weight)
        return True

    def _asked(self, cycle: RequestResponseCycle) -> Asked | None:
        """None for what goes the usual way."""
        began, services, http = perf_counter(), self._services, cast("Scope", cycle.scope)
        if len(cycle.body) > _MOST_BYTES or MARK not in cycle.body or http["method"] != "POST":
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
        address = client_address(http)
        return Asked(
            cycle,
            usual_way(cycle),
            headers,
            address,
            network_of(address),
            viewer,
            recording,
            document,
            subjects,
            began,
            parse_seconds,
        )

    def _recording(self, body: bytes | bytearray) -> tuple[Recording, str] | None:
        """With the hash of the document."""
        reporting = None if self._documents.is_logged else reporting_in(body, self._documents)
        if reporting is None or reporting.recording.most_bytes() > _MOST_ANSWERED:
            return None
        # The usual way registers documents, and finds registered ones.
        needs_more = reporting.request.extensions or reporting.request.documentId
        return None if needs_more else (reporting.recording, reporting.operation.document.hash)

    def _are_admitted(self, requests: list[Asked]) -> bool:
        """Admits and stores the events of all, or of none."""
        now, events = self._services.clock(), None
        with suppress(Exception):
            # The task meets the same error again. It answers and logs it.
            events = self._admitted(requests, now)
        if events is not None:
            self._store(requests, events, now)
        return events is not None

    def _admitted(self, requests: list[Asked], now: datetime) -> EventColumns | None:
        events = list(chain.from_iterable(request.recording.given for request in requests))
        return admitted_at_once(self._services, events, _subjects_of(requests), now)

    def _decline(self, request: Asked) -> None:
        self._running.give_back(request.network)
        request.usual_way(request.cycle)

    def _store(self, requests: list[Asked], events: EventColumns, now: datetime) -> None:
        """Has the buffer store the events of those who may spend what that costs."""
        paid: list[Admitted] = []
        places: list[int] = []
        stop = 0
        for request in requests:
            start, stop = stop, stop + len(request.recording.given)
            if admitted := self._paid(request, events.ids[start:stop], now):
                paid.append(admitted)
                places += range(start, stop)
        if not paid:
            return
        refreshed = publications(_subjects_of([one.asked for one in paid]))
        try:
            offer_together(self._services.buffer, paid, events.at(places), self._answer, refreshed)
        except Exception:
            # The task meets the same error again. It answers and logs it.
            for one in paid:
                self._decline(one.asked)

    def _paid(self, asked: Asked, ids: Sequence[bytes], now: datetime) -> Admitted | None:
        """None if the sender may not spend what that costs. Then the request is answered."""
        try:
            budget = self._services.spend(asked.viewer, asked.address, asked.recording.cost, now, writes=True)
        except Exception:
            # The task meets the same error again. It answers and logs it.
            self._decline(asked)
            return None
        admitted = Admitted(asked, ids, budget, perf_counter())
        try:
            if budget:
                budget.require()
        except Throttled as error:
            # Here, because the usual way would charge the request again.
            self._running.give_back(asked.network)
            self._answers.refuse(admitted, error)
            return None
        return admitted

    def _answer(self, request: Admitted, stored: Stored) -> None:
        self._running.give_back(request.asked.network)
        if stored is not None:
            self._answers.answer(request, stored)


def _subjects_of(requests: Sequence[Asked]) -> dict[WireSubject, Subject]:
    return {name: one for request in requests for name, one in request.subjects.items()}
