"""Requests that share a call of the buffer, over a real one."""

from asyncio import Event, timeout
from typing import NamedTuple

import pytest

from base.errors import Unavailable
from ingest.batch_writer import StoreResult
from ingest.event_columns import EventColumns
from server.http.shared_call import Stored, offer_together
from tests.ingest.test_buffer import buffer_over, nothing_written, views
from tests.live.served import PATIENCE
from tests.studio import Studio
from tests.subjects import totals

pytestmark = pytest.mark.parametrize("engine", ["sqlite"])


class Asked(NamedTuple):
    name: str
    ids: list[bytes]


def asked(events: EventColumns) -> list[Asked]:
    return [Asked("first", list(events.ids[:1])), Asked("second", list(events.ids[1:]))]


async def test_a_fault_in_the_answer_to_one_request_leaves_the_others_alone(
    studio: Studio, caplog: pytest.LogCaptureFixture
) -> None:
    told: dict[str, Stored] = {}
    is_last = Event()

    def answer(request: Asked, stored: Stored) -> None:
        if request.name == "first":
            raise ZeroDivisionError
        told[request.name] = stored
        is_last.set()

    events = EventColumns.of(views(studio, 3))
    async with buffer_over(studio) as buffer, timeout(PATIENCE):
        offer_together(buffer, asked(events), events, answer)
        await is_last.wait()

    assert told == {"second": [StoreResult.NEW] * 2}
    assert caplog.messages == ["Events could not be answered"]
    assert (await totals(studio)).total() == 3


async def test_what_fails_fails_for_each(studio: Studio) -> None:
    told: dict[str, Stored] = {}
    is_last = Event()

    def answer(request: Asked, stored: Stored) -> None:
        told[request.name] = stored
        if len(told) == len(requests):
            is_last.set()

    events = EventColumns.of(views(studio, 3))
    requests = asked(events)
    async with (
        buffer_over(studio, limit=0.1, patience=0.1) as buffer,
        nothing_written(studio),
        timeout(PATIENCE),
    ):
        offer_together(buffer, requests, events, answer)
        await is_last.wait()

    assert [type(stored) for stored in told.values()] == [Unavailable] * 2
    assert (await totals(studio)).total() == 0
