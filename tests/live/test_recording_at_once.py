"""`recordEvents` on the wire: what is answered without a task is answered, stored and logged as all else."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import httpx
import pytest
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from auth.rates import RateLimits, Rates
from server.graphql.record_at_once import RecordAtOnce
from tests.live.served import PATIENCE, Served, served
from tests.server.test_request_scope import written
from tests.studio import Studio
from tests.subjects import stored_events, totals

pytestmark = pytest.mark.parametrize("engine", ["sqlite"])
RECORD = """mutation Record($events: [EventInput!]!) { done: recordEvents(events: $events) {
  stored duplicates dropped corrected results { id status reason } } }"""
LONG = " " * 10_000
"""Behind the document it changes nothing, but makes a request go the usual way."""
OWN = {"date", "x-request-id", "server-timing", "ratelimit"}
VARIES = {"request_id", "duration_ms", "timestamp", "document"}


@contextmanager
def noted(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[bool]]:
    """Of each request, whether it was answered at once."""
    answers: list[bool] = []
    usual = RecordAtOnce.answer_at_once

    def answer_at_once(door: RecordAtOnce, cycle: RequestResponseCycle) -> bool:
        answers.append(usual(door, cycle))
        return answers[-1]

    with monkeypatch.context() as patch:
        patch.setattr(RecordAtOnce, "answer_at_once", answer_at_once)
        yield answers


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

    with noted(monkeypatch) as answers, written() as lines:
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


async def test_who_has_spent_all_is_told_so_as_usual(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    rates = RateLimits(mutations=Rates("15 per minute", "15 per minute"))
    # Each token is a sign-in of its own.
    limited, token = replace(studio.services, rates=rates), studio.token("owner")
    with noted(monkeypatch) as answers:
        async with served(limited) as server:
            told = [await sent(server, token, [view(studio, number)]) for number in range(4)]

    assert answers == [False, True, True, False]
    assert [status for status, _, _ in told] == [200, 200, 200, 429]
    assert told[3][1]["errors"][0]["extensions"]["code"] == "THROTTLED"
    assert (await totals(studio)).total() == 3
