"""POST /collect on the wire: what is answered without a task is answered, stored and logged as all else."""

from asyncio import open_connection, timeout
from dataclasses import replace
from typing import Any

import httpx
import orjson
import pytest

from ingest.collect_limiter import CollectLimiter, CollectRates
from server.doors.collect_at_once import CollectAtOnce
from tests.live.answers_at_once import noted
from tests.live.served import PATIENCE, Served, served
from tests.server.test_collect import BOT, DESKTOP, TABLET, view
from tests.server.test_request_scope import written
from tests.studio import Studio
from tests.subjects import stored_events, totals

pytestmark = pytest.mark.parametrize("engine", ["sqlite"])
USUAL = {"traceparent": "nonsense"}
"""A header that changes nothing, but makes a request go the usual way."""
OWN = {"date", "x-request-id"}
VARIES = {"request_id", "duration_ms", "timestamp"}


async def sent(server: Served, events: Any, **headers: str) -> tuple[int, bytes, dict[str, str]]:
    headers = {"user-agent": DESKTOP, "content-type": "text/plain", **headers}
    async with httpx.AsyncClient(timeout=PATIENCE) as client:
        url = server.url.replace("/graphql", "/collect")
        response = await client.post(url, content=orjson.dumps(events), headers=headers)
    return (
        response.status_code,
        response.content,
        {name: value for name, value in response.headers.items() if name not in OWN},
    )


def id_of(number: int) -> str:
    return f"0188beed-4200-7111-8111-{number:012}"


async def test_what_is_answered_at_once_is_as_usual(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    def events(first: int) -> list[Any]:
        """Of each request."""
        one = view(studio, id=id_of(first), domain="https://Shop.example/chair")
        two = [view(studio, id=id_of(first + 1)), view(studio, id=id_of(first + 2), deviceCategory="TABLET")]
        return [one, one, two, [one, view(studio, id=id_of(first + 3))]]

    with noted(monkeypatch, CollectAtOnce) as answers, written() as lines:
        async with served(studio.services) as server:
            # Until now, nobody knows the subject.
            await sent(server, view(studio, id=id_of(0)))
            usual = [await sent(server, one, **USUAL) for one in events(10)]
            quick = [await sent(server, one) for one in events(20)]
            proxied = await sent(server, view(studio, id=id_of(30)), **{"x-forwarded-for": "203.0.113.9"})
            odd = [
                await sent(server, view(studio, subject={"publicationId": "nobody"})),
                await sent(server, view(studio), **{"user-agent": BOT}),
                await sent(server, view(studio), purpose="prefetch"),
                await sent(server, view(studio), authorization=f"Bearer {studio.token('owner')}"),
                await sent(server, "nonsense"),
            ]

    assert answers == [False] * 5 + [True] * 5 + [False] * 5
    assert quick == usual
    assert proxied == usual[0]
    assert [status for status, _, _ in odd] == [202, 202, 202, 202, 400]
    rows = {int(str(event.id)[-12:]): event for event in await stored_events(studio)}
    assert sorted(rows) == [0, 10, 11, 12, 13, 20, 21, 22, 23, 30]
    for number in range(10, 14):
        assert rows[number].model_dump(exclude={"id"}) == rows[number + 10].model_dump(exclude={"id"})
    assert rows[30].visitor != rows[20].visitor
    assert (await totals(studio)).total() == 10
    told = [{name: value for name, value in line.items() if name not in VARIES} for line in lines()]
    assert told[5:9] == told[1:5]


async def test_what_takes_long_to_judge_goes_the_usual_way(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    def events(count: int) -> list[Any]:
        return [view(studio, domain=f"{number}.shop.example") for number in range(count)]

    # In one turn, a hundred domains are read, and no more events are judged than one request may have.
    few = replace(studio.services, limits=replace(studio.services.limits, events=30))
    with noted(monkeypatch, CollectAtOnce) as answers:
        async with served(studio.services) as server:
            told = [await sent(server, events(count)) for count in (1, 100, 101)]
        async with served(few) as server:
            told += [await sent(server, events(count)) for count in (30, 31)]

    assert answers == [False, True, False, True, False]
    assert [status for status, _, _ in told] == [202, 202, 202, 202, 422]
    assert (await totals(studio)).total() == 1 + 100 + 101 + 30


async def test_limits_hold_at_once(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    def limited(**rates: str) -> Studio:
        limiter = CollectLimiter(CollectRates(**rates))
        return replace(studio, services=replace(studio.services, collect_limiter=limiter))

    for rates in ({"address": "2 per minute"}, {"subject": "2 per minute"}):
        with noted(monkeypatch, CollectAtOnce) as answers:
            async with served(limited(**rates).services) as server:
                await sent(server, view(studio))
                taken = await sent(server, view(studio))
                quick = await sent(server, view(studio))
                usual = await sent(server, view(studio), **USUAL)

        assert answers[1:] == [True, True, False]
        assert (taken[0], quick[0]) == (202, 429)
        assert quick == usual


async def test_what_fails_at_once_gives_its_place_back(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    def offer(*_: Any) -> None:
        monkeypatch.undo()
        raise RuntimeError

    async with served(studio.services, max_connections_per_address=3) as server:
        await sent(server, view(studio))
        told = []
        for _ in range(3):
            monkeypatch.setattr(studio.services.buffer, "offer_together", offer)
            told.append(await sent(server, view(studio)))

    assert [status for status, _, _ in told] == [202, 202, 202]
    assert (await totals(studio)).total() == 4


async def test_what_comes_together_is_answered_in_turn(studio: Studio) -> None:
    body = orjson.dumps(view(studio))
    request = (
        b"POST /collect HTTP/1.1\r\nHost: test\r\nUser-Agent: %b\r\nX-Request-Id: %b\r\n"
        b"Content-Length: %d\r\n%b\r\n%b"
    )

    def asked(id: bytes, more: bytes = b"") -> bytes:
        return request % (TABLET.encode(), id, len(body), more, body)

    async with served(studio.services) as server, timeout(PATIENCE):
        await sent(server, view(studio))
        reader, writer = await open_connection("127.0.0.1", server.port)
        writer.write(asked(b"first") + asked(b"second") + asked(b"third", b"Connection: close\r\n"))
        read = await reader.read()
        writer.close()

    assert read.count(b"HTTP/1.1 202 Accepted") == 3
    places = [read.index(b"x-request-id: " + id) for id in (b"first", b"second", b"third")]
    assert places == sorted(places)
    assert (await totals(studio)).total() == 4


async def test_the_events_of_who_has_left_are_stored(studio: Studio) -> None:
    body = orjson.dumps(view(studio))
    async with served(studio.services) as server, timeout(PATIENCE):
        await sent(server, view(studio))
        _, writer = await open_connection("127.0.0.1", server.port)
        head = b"POST /collect HTTP/1.1\r\nHost: test\r\nUser-Agent: %b\r\nContent-Length: %d\r\n\r\n"
        writer.write(head % (DESKTOP.encode(), len(body)) + body)
        await writer.drain()
        writer.transport.abort()
        # Nobody says when it was received.
        while (await totals(studio)).total() < 2:
            await sent(server, view(studio), **{"user-agent": BOT})

    assert (await totals(studio)).total() == 2
