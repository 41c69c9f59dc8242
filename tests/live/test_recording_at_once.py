"""`recordEvents` on the wire: what is answered without a task is answered, stored and logged as all else."""

from asyncio import gather
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from uuid import UUID

import httpx
import pytest

from auth.rates import RateLimits, Rates
from base.fair_queue import FairQueue
from graph.record_events import Recording
from server.graphql.record_at_once import RecordAtOnce
from tests.live.answers_at_once import noted
from tests.live.served import PATIENCE, Served, served
from tests.server.test_request_scope import written
from tests.studio import Studio
from tests.subjects import stored_events, totals

pytestmark = pytest.mark.parametrize("engine", ["sqlite"])
RECORD = """mutation Record($events: [EventInput!]!) { done: recordEvents(events: $events) {
  stored duplicates dropped corrected results { id status reason } } }"""
LONG = " " * 33_000
"""Behind the document it changes nothing, but makes a request go the usual way."""
OWN = {"date", "x-request-id", "server-timing", "ratelimit"}
VARIES = {"request_id", "duration_ms", "timestamp", "document"}


@contextmanager
def charged(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """What callers are charged for their share of the worker."""
    costs: list[int] = []
    usual = FairQueue.charge

    def charge(queue: FairQueue, caller: Hashable, cost: int) -> None:
        costs.append(cost)
        usual(queue, caller, cost)

    with monkeypatch.context() as patch:
        patch.setattr(FairQueue, "charge", charge)
        yield costs


def id_of(number: int) -> str:
    return f"0188beed-4200-7111-8111-{number:012}"


def view(studio: Studio, number: int, **given: Any) -> dict[str, Any]:
    subject = {"publicationId": studio.publication}
    return {"subject": subject, "action": "VIEW", "id": id_of(number), **given}


async def sent(
    server: Served, token: str | None, events: Any, more: str = "", **headers: str
) -> tuple[int, Any, dict[str, str]]:
    headers |= {"authorization": f"Bearer {token}"} if token else {}
    async with httpx.AsyncClient(timeout=PATIENCE) as client:
        body = {"query": RECORD + more, "variables": {"events": events}}
        response = await client.post(server.url, json=body, headers=headers)
    given = {name: value for name, value in response.headers.items() if name not in OWN}
    return response.status_code, response.json(), given


async def test_what_is_recorded_at_once_is_as_usual(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    token, other = studio.token("owner"), studio.token("stranger")
    graphql = {"accept": "application/graphql-response+json"}

    def requests(first: int) -> list[tuple[Any, dict[str, str]]]:
        one = view(studio, first, domain="https://Shop.example/chair", visitor="somebody")
        two = [view(studio, first + 1), view(studio, first + 2, deviceCategory="TABLET")]
        return [([one], {}), ([one], {}), (two, graphql), ([one, view(studio, first + 3)], {})]

    with noted(monkeypatch, RecordAtOnce) as answers, written() as lines:
        async with served(studio.services) as server:
            # Until now, nobody knows the document, the viewer, the subject and the right to report on it.
            await sent(server, token, [view(studio, 0)])
            await sent(server, token, [view(studio, 1)], LONG)
            usual = [await sent(server, token, one, LONG, **headers) for one, headers in requests(10)]
            quick = [await sent(server, token, one, **headers) for one, headers in requests(20)]
            odd = [
                await sent(server, other, [view(studio, 40)]),
                await sent(server, None, [view(studio, 41)]),
                await sent(server, token, [view(studio, 42, action="VIEW_3D")]),
                await sent(server, token, [view(studio, 43, userId="nobody")]),
                await sent(server, token, [{"action": "VIEW"}]),
            ]

    assert answers == [False] * 6 + [True] * 4 + [False] * 5
    for (status, body, headers), (_, usual_body, usual_headers) in zip(quick, usual, strict=True):
        assert status == 200
        results, usual_results = (one["data"]["done"].pop("results") for one in (body, usual_body))
        assert body == usual_body
        assert [int(one.pop("id")[-12:]) - 10 for one in results] == [
            int(one.pop("id")[-12:]) for one in usual_results
        ]
        assert results == usual_results
        assert headers == usual_headers
    assert [status for status, _, _ in odd] == [200] * 5
    rows = {int(str(event.id)[-12:]): event for event in await stored_events(studio)}
    assert sorted(rows) == [0, 1, *range(10, 14), *range(20, 24)]
    for number in range(10, 14):
        assert rows[number].model_dump(exclude={"id"}) == rows[number + 10].model_dump(exclude={"id"})
    assert (await totals(studio)).total() == 10
    told = [{name: value for name, value in line.items() if name not in VARIES} for line in lines()]
    assert told[6:10] == told[2:6]


async def test_what_takes_long_to_judge_goes_the_usual_way(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    def events(first: int, count: int) -> list[dict[str, Any]]:
        return [view(studio, first + number, domain=f"{number}.shop.example") for number in range(count)]

    token = studio.token("owner")
    with noted(monkeypatch, RecordAtOnce) as answers:
        async with served(studio.services) as server:
            # In one turn, a hundred domains are read.
            told = [await sent(server, token, events(1_000 * count, count)) for count in (1, 100, 101)]

    assert answers == [False, True, False]
    assert [status for status, _, _ in told] == [200, 200, 200]
    assert (await totals(studio)).total() == 1 + 100 + 101


async def test_who_has_spent_all_is_told_so_as_usual(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    rates, token = RateLimits(mutations=Rates("15 per minute", "15 per minute")), studio.token("owner")
    limited = replace(studio.services, rates=rates)
    with noted(monkeypatch, RecordAtOnce) as answers:
        async with served(limited) as server:
            told = [await sent(server, token, [view(studio, number)]) for number in range(3)]
            with charged(monkeypatch) as quick, written() as lines:
                told.append(await sent(server, token, [view(studio, 3)]))
            # Whoever is the first to send a document pays for its parsing, too.
            told.append(await sent(server, token, [view(studio, 4)], LONG))
            with charged(monkeypatch) as usual, written() as usual_lines:
                told.append(await sent(server, token, [view(studio, 4)], LONG))

    assert answers == [False, True, True, True, False, False]
    assert [status for status, _, _ in told] == [200, 200, 200, 429, 429, 429]
    for _, body, _ in told[3:]:
        assert body["errors"][0]["extensions"]["code"] == "THROTTLED"
        body["errors"][0]["extensions"].pop("requestId", None)
    assert told[3] == told[4] == told[5]
    assert len(quick) == 1
    assert quick == usual
    (line,), (usual_line,) = lines(), usual_lines()
    assert {**line, **dict.fromkeys(VARIES)} == {**usual_line, **dict.fromkeys(VARIES)}
    assert (await totals(studio)).total() == 3


async def test_what_fails_at_once_gives_its_place_back(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    def offer(*_: Any) -> None:
        monkeypatch.undo()
        raise RuntimeError

    async with served(studio.services, max_connections_per_address=3) as server:
        token = studio.token("owner")
        await sent(server, token, [view(studio, 0)])
        told = []
        for number in range(1, 4):
            monkeypatch.setattr(studio.services.buffer, "offer_together", offer)
            told.append(await sent(server, token, [view(studio, number)]))

    assert [status for status, _, _ in told] == [200, 200, 200]
    assert (await totals(studio)).total() == 4


async def test_what_is_odd_among_requests_that_come_together_holds_up_no_other(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = studio.token("owner")
    odd = {3: {"userId": "nobody"}, 8: {"viewId": "no id"}}
    with noted(monkeypatch, RecordAtOnce) as answers:
        async with served(studio.services) as server:
            await sent(server, token, [view(studio, 99)])
            events = [[view(studio, number, **odd.get(number, {}))] for number in range(20)]
            told = await gather(*(sent(server, token, one) for one in events))

    assert (answers[0], answers.count(True)) == (False, 18)
    assert [status for status, _, _ in told] == [200] * 20
    results = [body["data"]["done"]["results"] for _, body, _ in told]
    reasons = {3: "UNKNOWN_USER", 8: "INVALID_ID"}
    for number, (result,) in enumerate(results):
        status = "DROPPED" if number in odd else "STORED"
        assert result == {"id": id_of(number), "status": status, "reason": reasons.get(number)}
    assert (await totals(studio)).total() == 19


async def test_what_might_make_a_large_answer_goes_the_usual_way(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A small request asks for the same again and again."""
    names = " ".join(f"n{number}:id" for number in range(300))
    query = f"mutation($e: [EventInput!]!) {{ recordEvents(events: $e) {{ results {{ {names} }} }} }}"
    headers = {"authorization": f"Bearer {studio.token('owner')}", "accept-encoding": "gzip"}
    with noted(monkeypatch, RecordAtOnce) as answers:
        async with served(studio.services) as server, httpx.AsyncClient(timeout=PATIENCE) as client:
            for number, count in enumerate((1, 2, 30)):
                events = [view(studio, 100 * number + one) for one in range(count)]
                body = {"query": query, "variables": {"e": events}}
                answer = await client.post(server.url, json=body, headers=headers)

    assert answers == [False, True, False]
    assert len(answer.json()["data"]["recordEvents"]["results"]) == 30
    assert len(answer.content) > 256 * 1024
    assert (await totals(studio)).total() == 33


async def test_a_fault_in_an_answer_that_is_given_at_once_is_answered_too(
    studio: Studio, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    token = studio.token("owner")
    with noted(monkeypatch, RecordAtOnce) as answers:
        async with served(studio.services) as server:
            for number in range(2):
                await sent(server, token, [view(studio, number)])
            monkeypatch.setattr(Recording, "data", _broken)
            # Whether an event is stored already is not known before the commit.
            status, body, _ = await sent(server, token, [view(studio, 1)])

    assert answers == [False, True, True]
    assert status == 500
    (error,) = body["errors"]
    assert error["extensions"]["code"] == "INTERNAL_SERVER_ERROR"
    assert "a fault of the tests" not in str(body)
    assert "a fault of the tests" in caplog.text


def _broken(*_: Any) -> Any:
    raise ZeroDivisionError("a fault of the tests")


async def test_a_single_event_is_answered_in_the_words_of_the_usual_way(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    headers = {"authorization": f"Bearer {studio.token('owner')}", "accept-encoding": "gzip"}
    upper = "0188BEED-4200-7111-8ABC-0000000000{}"
    with noted(monkeypatch, RecordAtOnce) as answers:
        async with served(studio.services) as server, httpx.AsyncClient(timeout=PATIENCE) as client:

            async def told(id: str | None, names: int, more: str = "") -> httpx.Response:
                named = " ".join(f"n{number}:id" for number in range(names))
                query = f"mutation($e: [EventInput!]!) {{ a: recordEvents(events: $e) {{ \
                    corrected r: results {{ __typename clockCorrection status {named} }} }} }}"
                body = {"query": query + more, "variables": {"e": [view(studio, 0, id=id)]}}
                return await client.post(server.url, json=body, headers=headers)

            for number, names in enumerate((1, 30)):
                await told(id_of(number), names)
            usual = [await told(upper.format("0A"), 1, LONG), await told(upper.format("1A"), 30, LONG)]
            quick = [await told(upper.format("0B"), 1), await told(upper.format("1B"), 30)]
            nameless = await told(None, 1)

    assert answers == [False] * 4 + [True] * 3
    assert ["content-encoding" in one.headers for one in quick] == [False, True]
    for one, as_usual in zip(quick, usual, strict=True):
        assert one.headers.keys() == as_usual.headers.keys()
        assert one.text == as_usual.text.replace("0a", "0b").replace("1a", "1b")
    (result,) = quick[0].json()["data"]["a"]["r"]
    assert result["n0"] == upper.format("0B").lower()
    (result,) = nameless.json()["data"]["a"]["r"]
    assert result["n0"] == str(UUID(result["n0"]))
    assert result["status"] == "STORED"
    assert (await totals(studio)).total() == 7
