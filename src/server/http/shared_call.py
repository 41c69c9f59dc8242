"""Requests whose events share one call of the buffer. Each is answered as if its events were alone."""

import logging
from asyncio import Future
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Protocol, TypeAlias, TypeVar, cast

from ingest.batch_writer import StoreResult
from ingest.buffer import Buffer
from ingest.call import Call
from ingest.event_columns import EventColumns

log = logging.getLogger("viewgraph")


class WithEvents(Protocol):
    @property
    def ids(self) -> Sequence[bytes]:
        """Of its events."""


R = TypeVar("R", bound=WithEvents)
Stored: TypeAlias = "list[StoreResult] | Exception | None"
"""The result of each event of a request, or the error that all have. None if nobody waits for it any more."""
Answer: TypeAlias = Callable[[R, Stored], None]


def offer_together(
    buffer: Buffer,
    requests: Sequence[R],
    events: EventColumns,
    answer: Answer[R],
    refreshed: frozenset[int] = frozenset(),
) -> None:
    """Has the buffer store the events of the requests, which stand in order. `refreshed` is as there."""
    call = buffer.offer_together(events, len(requests), refreshed)
    call.done.add_done_callback(partial(_answer_each, buffer, requests, call, answer))


def _answer_each(
    buffer: Buffer, requests: Sequence[R], call: Call, answer: Answer[R], done: Future[Any]
) -> None:
    failed, start = done.cancelled() or done.exception(), 0
    for request in requests:
        stop = start + len(request.ids)
        if failed:
            _answer(request, answer, done)
        elif None in (own := call.results[start:stop]):
            # The others do not wait until its tenant is no longer locked.
            later = buffer.offer_later(call.part(start, stop))
            later.add_done_callback(partial(_answer, request, answer))
        else:
            _give(request, answer, cast("list[StoreResult]", own))
        start = stop


def _answer(request: R, answer: Answer[R], done: Future[Any]) -> None:
    if done.cancelled():
        _give(request, answer, None)
    else:
        _give(request, answer, cast("Exception | None", done.exception()) or done.result())


def _give(request: R, answer: Answer[R], stored: Stored) -> None:
    try:
        answer(request, stored)
    except Exception as error:
        # The others are still answered.
        log.error("Events could not be answered", exc_info=error)
