"""Subscribers who get the same answers: each is made once for all of them."""

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from itertools import chain
from random import Random
from typing import Any

import pytest
from sqlalchemy import delete
from sqlmodel import col

from auth.rates import RateLimits, Rates
from graph.cost import priced
from graph.parsing import parsed_document
from graph.schema import schema
from graph.series import Known
from models import Membership, Role
from resolvers.context import Services
from server.app import create_app
from server.settings import Settings
from tests.database.slow import slow_down, until_running
from tests.events import record, view
from tests.live.acts import ASSET, METRICS, PUBLIC, URL, codes, figures, on_publication, view_asset
from tests.live.served import PATIENCE, Served, Socket, served
from tests.live.test_leaving import complete_all, expect_healthy
from tests.studio import Studio

_TURNS, _JOINING = 3, 12
EVENTS = "text/event-stream"
BODY = {"query": METRICS, "variables": {"url": URL}}
NAMED = """subscription($url: String!) { publicationMetricsChanged(url: $url) {
  name metrics { totalLikes }
} }"""

_PUBLIC = parsed_document(PUBLIC, 1_000)
assert _PUBLIC.node
COST = priced(schema._schema, _PUBLIC.node, _PUBLIC.operations[0]).of({}, Known(100, 1_000, 3_660)).cost

only_sqlite = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)


async def rename(studio: Studio, name: str) -> None:
    update = "mutation($i: UpdatePublicationInput!) { updatePublication(input: $i) { publication { id } } }"
    assert (await studio.ask(update, "owner", i={"id": studio.publication, "name": name})).data


def name_in(answer: Any) -> str:
    name: str = answer["data"]["publicationMetricsChanged"]["name"]
    return name


async def test_what_is_told_to_many_is_read_once(studio: Studio, server: Served) -> None:
    """By sockets and by streams, also when the one who came first has left."""
    token = studio.token("owner")
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(server.socket(token))
        await first.subscribe(METRICS, url=URL)
        await first.next()
        sockets = [await stack.enter_async_context(server.socket(token)) for _ in range(3)]
        for socket in sockets:
            for id in "abc":
                await socket.subscribe(METRICS, id, url=URL)
                assert figures(await socket.next(id)) == (0, 0, 0, 0)
        streams = [await stack.enter_async_context(server.stream(BODY, EVENTS, token)) for _ in range(3)]
        for stream in streams:
            assert figures((await stream.event())[1]) == (0, 0, 0, 0)

        async def answers_of(socket: Socket) -> list[Any]:
            return [(await socket.receive())["payload"] for _ in "abc"]

        async def told() -> list[Any]:
            by_sockets = await asyncio.gather(*map(answers_of, sockets))
            by_streams = await asyncio.gather(*(stream.event() for stream in streams))
            return [*chain.from_iterable(by_sockets), *(answer for _, answer in by_streams)]

        for what, likes in (("like", 1), ("unlike", 0)):
            # All are due.
            await asyncio.sleep(1.1)
            with studio.statements() as statements:
                await on_publication(studio, what)
                answers = await told()
                if likes:
                    answers.append(await first.next())
            assert [figures(answer) for answer in answers] == [(likes, 0, 0, 0)] * len(answers)
            # Only the subscription asks for followers.
            assert len([one for one in statements if "follow_totals" in one]) == 1
            await first.send(type="complete", id="1")
        assert await first.is_quiet()


async def test_each_is_told_errors_with_its_own_request(studio: Studio, server: Served) -> None:
    async with server.socket(studio.token("stranger")) as socket:
        ids: dict[str, list[str]] = defaultdict(list)

        async def told(name: str) -> None:
            for _ in "ab":
                message = await socket.receive()
                answer = message["payload"]
                assert answer["data"] == {"publicationMetricsChanged": {"name": name, "metrics": None}}
                assert codes(answer["errors"]) == ["FORBIDDEN"]
                ids[message["id"]].append(answer["errors"][0]["extensions"]["requestId"])

        for id in "ab":
            await socket.subscribe(NAMED, id, url=URL)
        await told("Ai Research Studio")
        await rename(studio, "Another")
        await told("Another")
    (a, again_a), (b, again_b) = ids["a"], ids["b"]
    assert (a, b) == (again_a, again_b)
    assert a != b


async def test_rights_are_taken_from_one_and_others_are_told_on(studio: Studio, server: Served) -> None:
    """The same of a token that expires."""
    remove = (
        "mutation($p: ID!, $u: ID!) { removeCoCreator(publicationId: $p, userId: $u) { publication { id } } }"
    )
    soon = studio.token("owner", lifetime=timedelta(minutes=-30))
    async with (
        server.socket(studio.token("owner")) as owner,
        server.socket(soon) as lapsing,
        server.socket(studio.token("cocreator")) as cocreator,
    ):
        for socket in (owner, lapsing, cocreator):
            await socket.subscribe(METRICS, url=URL)
            assert figures(await socket.next()) == (0, 0, 0, 0)
        gone = studio.people["cocreator"].id
        assert (await studio.ask(remove, "owner", p=studio.publication, u=gone)).data
        await on_publication(studio, "like")
        answer = await cocreator.next()
        assert answer["data"]["publicationMetricsChanged"]["metrics"] is None
        assert figures(await owner.next()) == figures(await lapsing.next()) == (1, 0, 0, 0)

        studio.clock.advance(minutes=40)
        await on_publication(studio, "unlike", "stranger")
        assert await lapsing.close_code() == (4403, "The credentials have expired")
        assert figures(await owner.next()) == (0, 0, 0, 0)


async def test_the_end_is_told_to_all(studio: Studio, server: Served) -> None:
    asset = await studio.add_asset("Chair")
    async with server.socket(studio.token("admin")) as socket:
        for id in "ab":
            await socket.subscribe(ASSET, id, id=asset)
            await socket.next(id)
        async with studio.services.database.writing() as session:
            await session.execute(delete(Membership).where(col(Membership.role) == Role.ADMIN))
        await view_asset(studio, asset)
        ends = [await socket.receive() for _ in "ab"]
        assert {end["id"] for end in ends} == {"a", "b"}
        assert [(end["type"], *codes(end["payload"])) for end in ends] == [("error", "NOT_FOUND")] * 2
        assert len({end["payload"][0]["extensions"]["requestId"] for end in ends}) == 2


async def test_who_can_pay_is_told_and_who_cannot_is_told_later(studio: Studio, services: Services) -> None:
    limited = replace(services, rates=RateLimits(Rates(address=f"{2 * COST} per second")))
    async with served(limited) as server, AsyncExitStack() as stack:

        async def socket_from(address: str) -> Socket:
            headers = {"x-forwarded-for": address}
            socket = Socket(await stack.enter_async_context(server.connection(headers=headers)))
            await socket.send(type="connection_init")
            assert await socket.receive() == {"type": "connection_ack"}
            await socket.subscribe(PUBLIC, url=URL)
            assert name_in(await socket.next()) == "Ai Research Studio"
            return socket

        spent, rich = await socket_from("192.0.2.1"), await socket_from("192.0.2.2")
        await spent.subscribe("{ viewer { id } }", "2")
        await spent.next("2")
        await spent.receive()
        await rename(studio, "Second")
        assert name_in(await rich.next()) == "Second"
        assert await spent.is_quiet()
        await rename(studio, "Third")
        # Now nobody can pay.
        assert await rich.is_quiet(1.2)
        studio.clock.advance(seconds=0.5)
        assert name_in(await rich.next()) == "Third"
        assert name_in(await spent.next()) == "Third"


@pytest.mark.parametrize("by", ["complete", "disconnect"])
async def test_what_nobody_waits_for_any_more_is_read_no_further(
    studio: Studio, server: Served, by: str
) -> None:
    database = studio.services.database
    async with server.socket(studio.token("owner")) as socket:
        for number in range(8):
            await socket.subscribe(METRICS, str(number), url=URL)
            await socket.next(str(number))
        await slow_down(database, "follow_totals")
        await on_publication(studio, "like")
        await asyncio.sleep(1.1)
        # One reading, for all of them.
        await until_running(database, 1)
        if by == "complete":
            await complete_all(socket)
            await expect_healthy(studio)
    await expect_healthy(studio)


async def test_whenever_one_joins_or_leaves_the_last_answer_is_the_newest(
    studio: Studio, server: Served
) -> None:
    """Figures that only grow never go back, and no answer is told twice."""
    # It takes a while to make, so that some join meanwhile.
    names = " ".join(f"n{number}: name" for number in range(300))
    asked = METRICS.replace("metrics {", f"{names} metrics {{")
    chance, token = Random(4), studio.token("owner")  # noqa: S311
    told: dict[tuple[int, str], list[int]] = defaultdict(list)
    left: set[tuple[int, str]] = set()

    async def listen(number: int, socket: Socket) -> None:
        while True:
            message = await socket.receive()
            assert message["type"] == "next", message
            told[number, message["id"]].append(figures(message["payload"])[1])

    def shown() -> set[int]:
        return {told[one][-1] for one in {*told} - left}

    async with AsyncExitStack() as stack:
        sockets = [await stack.enter_async_context(server.socket(token)) for _ in range(3)]
        async with asyncio.TaskGroup() as tasks:
            listening = [tasks.create_task(listen(*one)) for one in enumerate(sockets)]
            for turn in range(_TURNS):
                # The group is ready, so that it reads at once when something changes.
                await asyncio.sleep(1.1 if turn else 0)
                changed = chance.randrange(_JOINING)
                for step in range(_JOINING):
                    socket = sockets[step % len(sockets)]
                    await socket.subscribe(asked, f"{turn} {step}", url=URL)
                    if step == changed:
                        await record(studio, [view(f"2023-06-15T11:00:{turn:02}")])
                    await asyncio.sleep(chance.random() * 0.02)
                async with asyncio.timeout(PATIENCE):
                    # Nobody says when all have been told the last.
                    while len(told) < (turn + 1) * _JOINING or shown() != {turn + 1}:  # noqa: ASYNC110
                        await asyncio.sleep(0.02)
                for number, id in chance.sample(sorted({*told} - left), _JOINING // 2):
                    left.add((number, id))
                    await sockets[number].send(type="complete", id=id)
            for task in listening:
                task.cancel()
    assert all(seen == sorted(set(seen)) for seen in told.values())


@only_sqlite
async def test_one_who_does_not_read_keeps_nobody_waiting(studio: Studio, services: Services) -> None:
    app, token = create_app(Settings(), services), studio.token("owner")

    @asynccontextmanager
    async def stream(reads: asyncio.Event) -> AsyncIterator[asyncio.Queue[bytes]]:
        asked = asyncio.Queue[Any]()
        sent = asyncio.Queue[bytes]()
        asked.put_nowait({"type": "http.request", "body": json.dumps(BODY).encode()})

        async def send(message: Any) -> None:
            await reads.wait()
            if b"data" in message.get("body", b""):
                sent.put_nowait(message["body"])

        names = {"host": "test", "content-type": "application/json", "authorization": f"Bearer {token}"}
        scope = {
            "type": "http",
            "method": "POST",
            "path": "/graphql",
            "query_string": b"",
            "headers": [(name.encode(), value.encode()) for name, value in names.items()],
            "client": ("127.0.0.1", 1),
            "root_path": "",
        }
        running = asyncio.create_task(app(scope, asked.get, send))
        yield sent
        reads.set()
        asked.put_nowait({"type": "http.disconnect"})
        await running

    stuck, free = asyncio.Event(), asyncio.Event()
    stuck.set()
    free.set()
    async with stream(stuck) as slow, stream(free) as quick, asyncio.timeout(PATIENCE):
        assert b'"totalLikes":0' in await slow.get()
        assert b'"totalLikes":0' in await quick.get()
        stuck.clear()
        for what, likes in (("like", b'"totalLikes":1'), ("unlike", b'"totalLikes":0')):
            await on_publication(studio, what)
            assert likes in await quick.get()
        await on_publication(studio, "share")
        assert slow.empty()
