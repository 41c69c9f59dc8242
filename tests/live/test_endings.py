"""Operations and connections that end while something is still being done."""

import asyncio
import json
import socket
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from random import Random
from time import perf_counter

import pytest
from websockets.exceptions import ConnectionClosedOK

from database import Database
from resolvers.context import Services
from tests.live.acts import METRICS, URL, figures, on_publication
from tests.live.served import PATIENCE, Served, Socket, served
from tests.server.program import Program
from tests.studio import Studio

LIKE = "mutation($p: ID!) { likePublication(publicationId: $p) { publication { customUrl } } }"
BODY = {"query": METRICS, "variables": {"url": URL}}
LIMITS = "{ limits { maxEvents } }"

only_sqlite = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)


@asynccontextmanager
async def begun(studio: Studio) -> AsyncIterator[None]:
    """Left when what is sent meanwhile, a mutation, has asked for what it is about; then it has to write."""
    with studio.statements() as statements:
        yield
        async with asyncio.timeout(PATIENCE):
            while not statements:  # noqa: ASYNC110  # nobody else is told
                await asyncio.sleep(0.01)


async def likes(studio: Studio) -> int:
    """Waits for the first one. A turn to write would come too early where the mutation has read, but does not
    wait for its own turn yet."""
    async with asyncio.timeout(PATIENCE):
        while not (count := await studio.count("likes")):  # noqa: ASYNC110  # nobody else is told
            await asyncio.sleep(0.01)
    return count


@only_sqlite
async def test_nothing_more_is_sent_of_what_its_sender_has_ended(studio: Studio, server: Served) -> None:
    async with server.socket(studio.token("owner")) as socket:
        async with studio.services.database.writing():
            async with begun(studio):
                await socket.subscribe(LIKE, p=studio.publication)
            await socket.send(type="complete", id="1")
            await socket.subscribe(LIMITS)
            assert (await socket.next())["data"] == {"limits": {"maxEvents": 1000}}
            assert await socket.receive() == {"id": "1", "type": "complete"}
        assert await socket.is_quiet()
    assert await likes(studio) == 1


@only_sqlite
async def test_what_its_sender_has_ended_counts_while_it_is_done(studio: Studio, server: Served) -> None:
    async with server.socket(studio.token("owner")) as socket, studio.services.database.writing():
        for _ in range(100):
            await socket.subscribe(LIKE, p=studio.publication)
            await socket.send(type="ping")
            assert await socket.receive() == {"type": "pong"}
            await socket.send(type="complete", id="1")
        await socket.subscribe(LIMITS)
        refusal = await socket.receive()
        assert (refusal["type"], refusal["payload"][0]["extensions"]["code"]) == ("error", "THROTTLED")


@only_sqlite
async def test_a_mutation_is_done_although_its_socket_is_gone(studio: Studio, server: Served) -> None:
    async with (
        studio.services.database.writing(),
        server.socket(studio.token("owner")) as socket,
        begun(studio),
    ):
        await socket.subscribe(LIKE, p=studio.publication)
    assert await likes(studio) == 1


@only_sqlite
async def test_a_mutation_is_done_although_its_event_stream_is_gone(studio: Studio, server: Served) -> None:
    body = b'{"query": "mutation { likePublication(publicationId: \\"%s\\") { __typename } }"}'
    body %= studio.publication.encode()
    head = (
        f"POST /graphql HTTP/1.1\r\nhost: test\r\naccept: text/event-stream\r\n"
        f"content-type: application/json\r\nauthorization: Bearer {studio.token('owner')}\r\n"
        f"content-length: {len(body)}\r\n\r\n"
    )
    async with studio.services.database.writing():
        _, writer = await asyncio.open_connection("127.0.0.1", server.port)
        async with begun(studio):
            writer.write(head.encode() + body)
        writer.close()
        await writer.wait_closed()
        # The server notices meanwhile.
        await asyncio.sleep(0.1)
    assert await likes(studio) == 1


@only_sqlite
async def test_an_id_may_be_used_again_at_once(studio: Studio, services: Services) -> None:
    async with (
        served(services, max_subscriptions=1) as server,
        server.socket(studio.token("owner")) as socket,
    ):
        for _ in range(20):
            await socket.subscribe(METRICS, url=URL)
            assert figures(await socket.next()) == (0, 0, 0, 0)
            await socket.send(type="complete", id="1")
        # And where nothing has to be asked of the database before the subscriptions are counted.
    async with served(services, max_subscriptions=1) as server, server.socket() as socket:
        query = "subscription($url: String!) { publicationMetricsChanged(url: $url) { name } }"
        for _ in range(20):
            await socket.subscribe(query, url=URL)
            assert (await socket.next())["data"]["publicationMetricsChanged"]["name"] == "Ai Research Studio"
            await socket.send(type="complete", id="1")


@only_sqlite
async def test_pings_keep_nothing_running(services: Services) -> None:
    async with served(services, socket_idle_seconds=1) as server, server.socket() as socket:
        async with asyncio.timeout(PATIENCE):
            with suppress(ConnectionClosedOK):
                while True:
                    await socket.send(type="ping")
                    assert await socket.receive() == {"type": "pong"}
                    await asyncio.sleep(0.1)
        assert await socket.close_code() == (1000, "Nothing has run for a while")


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
async def test_who_comes_while_the_database_is_away_is_told_to_try_again(
    studio: Studio, services: Services, caplog: pytest.LogCaptureFixture
) -> None:
    database = Database("postgresql://nobody@127.0.0.1:1/nowhere")
    away = replace(services, database=database)
    async with served(away) as server, server.connection() as connection:
        payload = {"authorization": f"Bearer {studio.token('owner')}"}
        await Socket(connection).send(type="connection_init", payload=payload)
        assert (await Socket(connection).close_code())[0] == 1013
    await database.close()
    assert "A WebSocket failed" not in caplog.text


@only_sqlite
async def test_those_who_are_woken_at_once_take_turns(studio: Studio, server: Served) -> None:
    async with server.socket(studio.token("owner")) as socket:
        for id in range(20):
            # Each with a document of its own: otherwise all would share one answer.
            await socket.subscribe(f"{METRICS} # {id}", str(id), url=URL)
            await socket.next(str(id))
        await asyncio.sleep(1.1)
        with studio.statements() as statements:
            await on_publication(studio, "like")
            answers = [figures((await socket.receive())["payload"]) for _ in range(20)]
    assert answers == [(1, 0, 0, 0)] * 20
    written = max(place for place, text in enumerate(statements) if not text.startswith("SELECT"))
    # The first are done with all they ask before the last begin: not everybody asks the same at once.
    ((_, most),) = Counter(statements[written + 1 :][:20]).most_common(1)
    assert most < 12


@only_sqlite
async def test_a_server_ends_although_somebody_does_not_read(
    studio: Studio, database_url: str, tmp_path: Path
) -> None:
    update = "mutation($i: UpdatePublicationInput!) { updatePublication(input: $i) { publication { id } } }"
    long = {"id": studio.publication, "name": "x" * 200}
    assert (await studio.ask(update, "owner", i=long)).data
    await studio.services.database.close()
    # More than the system takes from the server before anybody reads.
    names = " ".join(f"a{number}:name" for number in range(15_000))
    query = f'subscription {{ publicationMetricsChanged(url: "{URL}") {{ {names} }} }}'
    body = json.dumps({"query": query}).encode()
    head = (
        "POST /graphql HTTP/1.1\r\nhost: test\r\naccept: text/event-stream\r\n"
        f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    with (
        socket.socket() as deaf,
        Program(
            "serve",
            folder=tmp_path,
            VIEWGRAPH_DATABASE_URL=database_url,
            VIEWGRAPH_STOP_SECONDS="1",
            VIEWGRAPH_MAX_DOCUMENT_TOKENS="60000",
        ) as program,
    ):
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.connect(("127.0.0.1", program.port))
        deaf.sendall(head.encode() + body)
        received = b""
        while b"event: next" not in received:
            received += deaf.recv(64)
        began = perf_counter()
    assert program.exit_code == 0, program.err
    assert perf_counter() - began < 15
    assert "exceeded" in program.err


async def test_an_end_at_any_moment_leaves_nothing_halfway(studio: Studio, services: Services) -> None:
    """What is left halfway is a warning, which is an error here; a turn that is lost keeps others waiting."""
    chance = Random(1)  # noqa: S311
    token = studio.token("owner")

    async def by_socket(server: Served) -> None:
        async with server.socket(token) as socket:
            for number in range(20):
                await socket.subscribe(METRICS, str(number), url=URL)
                await asyncio.sleep(chance.random() * 0.02)
                await socket.send(type="complete", id=str(number))

    async def by_stream(server: Served) -> None:
        for _ in range(10):
            async with server.stream(BODY, "text/event-stream", token):
                await asyncio.sleep(chance.random() * 0.03)

    async with served(services, max_subscriptions=100) as server:
        await asyncio.gather(*(end(server) for end in (by_socket, by_stream) for _ in range(6)))
        async with server.socket(token) as socket:
            for number in range(10):
                await socket.subscribe(METRICS, str(number), url=URL)
                assert figures(await socket.next(str(number))) == (0, 0, 0, 0)
