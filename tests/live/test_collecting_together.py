"""POST /collect on the wire: what comes in together is judged together, and each as if it were alone."""

from asyncio import Event, StreamReader, StreamWriter, create_task, open_connection, sleep, timeout
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import orjson
import pytest

from ingest.collect_limiter import CollectLimiter, CollectRates
from resolvers.collecting import Admitted, Report, admitted_together
from resolvers.context import Services
from tests.ingest.test_buffer import nothing_written
from tests.live.served import PATIENCE, Served, served
from tests.live.test_collecting_at_once import USUAL, id_of, sent
from tests.server.test_collect import BOT, DESKTOP, TABLET, view
from tests.studio import Studio
from tests.subjects import stored_events, totals

pytestmark = pytest.mark.parametrize("engine", ["sqlite"])


class Asked(NamedTuple):
    events: Any
    agent: str = DESKTOP
    address: str = "203.0.113.1"

    def message(self, **headers: str) -> bytes:
        body = orjson.dumps(self.events)
        headers = {"user-agent": self.agent, "x-forwarded-for": self.address, **headers}
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return (
            f"POST /collect HTTP/1.1\r\nhost: test\r\n{lines}content-length: {len(body)}\r\n\r\n".encode()
            + body
        )


class Answer(NamedTuple):
    status: int
    body: Any
    is_last: bool
    """Whether the connection ends with it."""


async def read_answer(reader: StreamReader) -> Answer:
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
    body = await reader.readexactly(length)
    return Answer(int(head[9:12]), orjson.loads(body), b"\r\nconnection: close\r\n" in head)


@asynccontextmanager
async def connections(
    server: Served, count: int
) -> AsyncIterator[Sequence[tuple[StreamReader, StreamWriter]]]:
    async with timeout(PATIENCE):
        opened = [await open_connection("127.0.0.1", server.port) for _ in range(count)]
        yield opened
        for _, writer in opened:
            writer.close()


async def answers_of(server: Served, requests: Sequence[Asked], **headers: str) -> list[Answer]:
    """They are there before the server has a turn."""
    async with connections(server, len(requests)) as opened:
        for (_, writer), request in zip(opened, requests, strict=True):
            writer.write(request.message(**headers))
        return [await read_answer(reader) for reader, _ in opened]


@contextmanager
def judged(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """How many requests were judged each time."""
    sizes: list[int] = []

    def noted(services: Services, reports: Sequence[Report], now: datetime) -> Admitted | None:
        sizes.append(len(reports))
        return admitted_together(services, reports, now)

    with monkeypatch.context() as patch:
        patch.setattr("server.doors.collect_at_once.admitted_together", noted)
        yield sizes


async def test_each_has_its_own_visitor_and_device(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    def requests(first: int) -> list[Asked]:
        one, other = "203.0.113.1", "203.0.113.2"
        two = [view(studio, id=id_of(first + 4)), view(studio, id=id_of(first + 5), deviceCategory="MOBILE")]
        return [
            Asked(view(studio, id=id_of(first)), DESKTOP, one),
            Asked(view(studio, id=id_of(first + 1)), DESKTOP, other),
            Asked(view(studio, id=id_of(first + 2)), TABLET, one),
            Asked(view(studio, id=id_of(first + 3)), DESKTOP, one),
            Asked(two, TABLET, other),
        ]

    async with served(studio.services) as server:
        await sent(server, view(studio, id=id_of(0)))
        with judged(monkeypatch) as sizes:
            together = await answers_of(server, requests(10))
        usual = await answers_of(server, requests(20), **USUAL)

    assert sizes == [5]
    assert together == usual
    assert [(status, body["stored"]) for status, body, _ in together] == [(202, 1)] * 4 + [(202, 2)]
    rows = {int(str(event.id)[-12:]): event for event in await stored_events(studio)}
    for number in range(10, 16):
        assert rows[number].model_dump(exclude={"id"}) == rows[number + 10].model_dump(exclude={"id"})
    assert rows[10].visitor == rows[13].visitor
    assert len({rows[number].visitor for number in range(10, 16)}) == 4
    assert [rows[number].device for number in range(10, 16)] == [1, 1, 3, 1, 3, 2]
    assert (await totals(studio)).total() == 13


async def test_what_is_odd_goes_the_usual_way_and_leaves_the_others_alone(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = studio.clock.now

    def requests(first: int) -> list[Asked]:
        good = [Asked(view(studio, id=id_of(first + number))) for number in range(4)]
        behind = (now - timedelta(hours=1)).isoformat()
        odd = [
            Asked(view(studio, subject={"publicationId": "nobody"})),
            Asked(view(studio, occurredAt=behind, sentAt=behind)),
            Asked([view(studio, id=id_of(first + 4)), view(studio, occurredAt="2099-01-01T00:00:00Z")]),
            Asked(view(studio, occurredAt="some day")),
        ]
        return [good[0], odd[0], good[1], odd[1], odd[2], good[2], odd[3], good[3]]

    async with served(studio.services) as server:
        await sent(server, view(studio, id=id_of(0)))
        with judged(monkeypatch) as sizes:
            together = await answers_of(server, requests(10))
        usual = await answers_of(server, requests(20), **USUAL)

    assert sizes[0] == 8
    assert together == usual
    assert [status for status, _, _ in together] == [202] * 6 + [400, 202]
    assert together[3].body["results"] == [{"index": 0, "clockCorrection": 3600}]
    assert together[4].body["results"] == [{"index": 1, "reason": "IN_THE_FUTURE"}]
    assert len(await stored_events(studio)) == 13
    assert (await totals(studio)).total() == 13


async def test_a_request_without_events_counts_as_one(studio: Studio) -> None:
    limiter = CollectLimiter(CollectRates(address="4 per minute"))
    limited = replace(studio.services, collect_limiter=limiter)
    async with served(limited) as server:
        await sent(server, view(studio))
        answers = await answers_of(server, [Asked([])] * 5)

    assert sorted(answer.status for answer in answers) == [202] * 4 + [429]


async def test_a_limit_holds_for_each_alone(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    limiter = CollectLimiter(CollectRates(address="2 per minute"))
    limited = replace(studio.services, collect_limiter=limiter)
    requests = [
        Asked(view(studio), address="203.0.113.1"),
        Asked([view(studio), view(studio)], address="203.0.113.2"),
        Asked([view(studio), view(studio)], address="203.0.113.1"),
        Asked(view(studio), address="203.0.113.2"),
        Asked(view(studio), address="203.0.113.1"),
    ]
    async with served(limited) as server:
        await sent(server, view(studio))
        with judged(monkeypatch) as sizes:
            answers = await answers_of(server, requests)

    assert sizes == [5]
    assert [answer.status for answer in answers] == [202, 202, 429, 429, 202]
    assert (await totals(studio)).total() == 5


async def test_what_was_stored_before_is_a_duplicate_of_its_own_request_only(studio: Studio) -> None:
    known = view(studio, id=id_of(1))
    async with served(studio.services) as server:
        await sent(server, known)
        answers = await answers_of(
            server,
            [Asked(known), Asked(view(studio, id=id_of(2))), Asked([view(studio, id=id_of(3)), known])],
        )

    assert [(body["stored"], body["duplicates"]) for _, body, _ in answers] == [(0, 1), (1, 0), (1, 1)]
    assert (await totals(studio)).total() == 3


async def test_what_came_in_is_stored_although_its_clients_have_left_meanwhile(studio: Studio) -> None:
    behind = (studio.clock.now - timedelta(hours=1)).isoformat()
    requests = [Asked(view(studio)), Asked(view(studio, occurredAt=behind, sentAt=behind))]
    async with served(studio.services) as server, connections(server, 3) as opened:
        await sent(server, view(studio))
        stays, *leave = opened
        async with nothing_written(studio):
            stays[1].write(requests[0].message())
            # A batch is being written now, so what comes next has to wait.
            while studio.services.buffer.waiting == 0:  # noqa: ASYNC110  # nobody is told
                await sleep(0)
            for (_, writer), request in zip(leave, requests, strict=True):
                writer.write(request.message())
                await writer.drain()
                writer.transport.abort()
            await sleep(0.05)
        assert (await read_answer(stays[0])).status == 202
        # Nobody says when the others are stored.
        while (await totals(studio)).total() < 4:
            await sent(server, view(studio), **{"user-agent": BOT})

    assert (await totals(studio)).total() == 4


async def test_a_server_that_ends_answers_what_waits_to_be_judged(studio: Studio) -> None:
    behind = (studio.clock.now - timedelta(hours=1)).isoformat()
    requests = [Asked(view(studio)), Asked(view(studio)), Asked(view(studio, sentAt=behind))]
    is_held, may_go_on = Event(), Event()

    async def hold() -> None:
        async with nothing_written(studio):
            is_held.set()
            await may_go_on.wait()
            # The server is told to end meanwhile.
            await sleep(0.3)

    async with timeout(PATIENCE):
        async with served(studio.services) as server:
            await sent(server, view(studio))
            opened = [await open_connection("127.0.0.1", server.port) for _ in requests]
            holding = create_task(hold())
            await is_held.wait()
            for (_, writer), request in zip(opened, requests, strict=True):
                writer.write(request.message())
                await sleep(0.05)
            may_go_on.set()
        await holding
        answers = [await read_answer(reader) for reader, _ in opened]
        for _, writer in opened:
            writer.close()

    assert [(answer.status, answer.is_last) for answer in answers] == [(202, True)] * 3
    assert (await totals(studio)).total() == 4
