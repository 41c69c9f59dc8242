"""`recordEvents` on the wire: what comes in together is stored together, and each as if it were alone."""

from asyncio import create_task, sleep
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, NamedTuple

import orjson
import pytest
from sqlalchemy import select
from sqlmodel import col

from auth.rates import RateLimits, Rates
from base.ids import Kind, global_id, uuid7
from ingest.buffer import Buffer
from ingest.call import Call
from ingest.event_columns import EventColumns
from models import Publication, Tenant
from tests.live.served import Served, served
from tests.live.test_collecting_together import Answer, connections, read_answer
from tests.live.test_recording_at_once import LONG, RECORD, id_of, sent, view
from tests.studio import Studio
from tests.subjects import totals

on_sqlite = pytest.mark.parametrize("engine", ["sqlite"])
on_postgresql = pytest.mark.parametrize("engine", ["postgresql"])


class Asked(NamedTuple):
    token: str
    events: list[Any]

    def message(self, more: str) -> bytes:
        body = orjson.dumps({"query": RECORD + more, "variables": {"events": self.events}})
        lines = f"authorization: Bearer {self.token}\r\ncontent-type: application/json\r\n"
        head = f"POST /graphql HTTP/1.1\r\nhost: test\r\n{lines}content-length: {len(body)}\r\n\r\n"
        return head.encode() + body


async def answers_of(server: Served, requests: Sequence[Asked], more: str = "") -> list[Answer]:
    """They are there before the server has a turn."""
    async with connections(server, len(requests)) as opened:
        for (_, writer), request in zip(opened, requests, strict=True):
            writer.write(request.message(more))
        return [await read_answer(reader) for reader, _ in opened]


@contextmanager
def offered(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[int, int, frozenset[int]]]]:
    """Of each call of the buffer: how many events of how many requests, and which publications."""
    calls: list[tuple[int, int, frozenset[int]]] = []
    usual = Buffer.offer_together

    def noted(
        buffer: Buffer, events: EventColumns, requests: int, refreshed: frozenset[int] = frozenset()
    ) -> Call:
        calls.append((events.size, requests, refreshed))
        return usual(buffer, events, requests, refreshed)

    with monkeypatch.context() as patch:
        patch.setattr(Buffer, "offer_together", noted)
        yield calls


async def publication_of_stranger(studio: Studio) -> dict[str, Any]:
    """As events name it."""
    now, owner_id = studio.clock.now, studio.people["stranger"].row.id
    async with studio.services.database.writing() as session:
        session.add(
            made := Publication(
                public_id=uuid7(now), owner_id=owner_id, name="Two", custom_url="two", created_at=now
            )
        )
    return {"publicationId": global_id(Kind.PUBLICATION, made.public_id)}


async def revisions(studio: Studio) -> dict[int, int]:
    async with studio.services.database.writing() as session:
        rows = await session.execute(select(col(Publication.id), col(Publication.revision)))
        return {row.id: row.revision for row in rows}


def statuses(answer: Answer) -> list[str]:
    return [one["status"] for one in answer.body["data"]["done"]["results"]]


@on_sqlite
async def test_each_viewer_reports_only_on_what_is_its_own(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner, stranger = studio.token("owner"), studio.token("stranger")
    other = await publication_of_stranger(studio)

    def requests(first: int) -> list[Asked]:
        return [
            Asked(owner, [view(studio, first)]),
            Asked(stranger, [view(studio, first + 1, subject=other)]),
            Asked(stranger, [view(studio, first + 2)]),
            Asked(owner, [view(studio, first + 3), view(studio, 0), view(studio, first + 4)]),
            Asked(owner, [view(studio, first + 5, subject=other)]),
        ]

    async with served(studio.services) as server:
        await sent(server, owner, [view(studio, 0)])
        await sent(server, stranger, [view(studio, 1, subject=other)])
        before = await revisions(studio)
        with offered(monkeypatch) as calls:
            together = await answers_of(server, requests(10))
        after = await revisions(studio)
        usual = await answers_of(server, requests(20), LONG)

    assert calls == [(5, 3, frozenset(before))]
    assert [statuses(answer) for answer in together] == [
        ["STORED"],
        ["STORED"],
        ["DROPPED"],
        ["STORED", "DUPLICATE", "STORED"],
        ["DROPPED"],
    ]
    assert [statuses(answer) for answer in usual] == [statuses(answer) for answer in together]
    assert all(after[id] > before[id] for id in before)
    assert (await totals(studio)).total() == 10
    counts = studio.services.buffer.fates.counts
    assert {(fate.status, fate.reason): count for fate, count in counts.items()} == {
        ("STORED", ""): 10,
        ("DUPLICATE", ""): 2,
        ("DROPPED", "UNKNOWN_SUBJECT"): 4,
    }


@on_sqlite
async def test_who_has_spent_all_is_refused_among_others(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    rates = RateLimits(mutations=Rates("15 per minute", "15 per minute"))
    limited = replace(studio.services, rates=rates)
    owner, stranger = studio.token("owner"), studio.token("stranger")
    other = await publication_of_stranger(studio)
    requests = [
        Asked(owner, [view(studio, 10)]),
        Asked(owner, [view(studio, 11), view(studio, 12)]),
        Asked(owner, [view(studio, 13), view(studio, 14)]),
        Asked(stranger, [view(studio, 15, subject=other)]),
    ]
    async with served(limited, max_connections_per_address=5) as server:
        await sent(server, owner, [view(studio, 0)])
        await sent(server, stranger, [view(studio, 1, subject=other)])
        with offered(monkeypatch) as calls:
            answers = await answers_of(server, requests)
        (last,) = await answers_of(server, [Asked(stranger, [view(studio, 16, subject=other)])])
        (refused,) = await answers_of(server, [Asked(stranger, [view(studio, 17, subject=other)])])

    assert [call[:2] for call in calls] == [(4, 3)]
    assert [answer.status for answer in answers] == [200, 200, 429, 200]
    assert answers[2].body["errors"][0]["extensions"]["code"] == "THROTTLED"
    assert [statuses(answers[number]) for number in (0, 1, 3)] == [["STORED"], ["STORED"] * 2, ["STORED"]]
    results = answers[1].body["data"]["done"]["results"]
    assert [one["id"] for one in results] == [id_of(11), id_of(12)]
    # Each request was charged once: the third one of the stranger was allowed, and the fourth is not.
    assert (last.status, refused.status) == (200, 429)
    assert (await totals(studio)).total() == 7


@on_postgresql
async def test_nobody_waits_for_the_locked_tenant_of_another(studio: Studio) -> None:
    owner, stranger = studio.token("owner"), studio.token("stranger")
    other = await publication_of_stranger(studio)
    # A user's own tenant has the user's number.
    locked = select(Tenant).where(col(Tenant.id) == studio.people["stranger"].row.id).with_for_update()
    requests = [
        Asked(owner, [view(studio, 10)]),
        Asked(stranger, [view(studio, 11, subject=other)]),
        Asked(owner, [view(studio, 12), view(studio, 13)]),
    ]
    async with served(studio.services) as server:
        await sent(server, owner, [view(studio, 0)])
        await sent(server, stranger, [view(studio, 1, subject=other)])
        async with connections(server, len(requests)) as opened:
            async with studio.services.database.writing() as session:
                await session.execute(locked)
                for (_, writer), request in zip(opened, requests, strict=True):
                    writer.write(request.message(""))
                first, third = [await read_answer(opened[place][0]) for place in (0, 2)]
                second = create_task(read_answer(opened[1][0]))
                before = await revisions(studio)
                await sleep(0.3)
                assert not second.done()
            answer = await second
        after = await revisions(studio)

    assert [statuses(one) for one in (first, answer, third)] == [["STORED"], ["STORED"], ["STORED"] * 2]
    assert (await totals(studio)).total() == 6
    # What is stored later makes stale only what it is about.
    ours, others = sorted(before)
    assert after[ours] == before[ours]
    assert after[others] > before[others]
    counts = studio.services.buffer.fates.counts
    assert {(fate.status, fate.reason): count for fate, count in counts.items()} == {("STORED", ""): 6}
