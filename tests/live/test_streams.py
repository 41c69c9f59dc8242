"""Subscriptions over HTTP: server-sent events, and parts as Apollo's clients read them."""

import asyncio
import re
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from json import loads
from typing import Any

import httpx
import pytest

from auth.rates import RateLimits, Rates
from graph.cost import priced
from graph.parsing import parsed_document
from graph.schema import schema
from graph.series import Known
from resolvers.context import Services
from server.app import create_app
from server.settings import Settings
from tests.events import record, view
from tests.live.acts import METRICS, PUBLIC, URL, codes, figures, on_publication
from tests.live.served import PATIENCE, Served, served
from tests.server.program import Program
from tests.studio import Clock, Studio

EVENTS = "text/event-stream"
PARTS = (
    "multipart/mixed;boundary=graphql;subscriptionSpec=1.0,"
    "application/graphql-response+json,application/json;q=0.9"
)
URQL = (
    "application/graphql-response+json, application/graphql+json, application/json, "
    "text/event-stream, multipart/mixed"
)
QUERY = "{ limits { maxEvents } }"
BODY = {"query": METRICS, "variables": {"url": URL}}

_METRICS = parsed_document(METRICS, 1_000)
assert _METRICS.node
COST = priced(schema._schema, _METRICS.node, _METRICS.operations[0]).of({}, Known(100, 1_000, 3_660)).cost

only_sqlite = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)


@only_sqlite
async def test_a_ticket_opens_a_stream_for_clients_that_send_no_header(
    studio: Studio, clock: Clock, server: Served
) -> None:
    """The stream ends with the credentials of its owner, and not with the ticket."""
    made = await studio.ask("mutation { issueStreamTicket { ticket expiresAt } }", "owner")
    ticket = made.data["issueStreamTicket"]["ticket"]
    assert made.data["issueStreamTicket"]["expiresAt"] == "2023-06-15T12:01:00Z"

    async with server.stream(BODY, EVENTS, ticket=ticket) as stream:
        assert figures((await stream.event())[1]) == (0, 0, 0, 0)
        clock.now += timedelta(minutes=2)
        await on_publication(studio, "like")
        assert figures((await stream.event())[1]) == (1, 0, 0, 0)
        clock.now += timedelta(minutes=58)
        await on_publication(studio, "like", "admin")
        assert codes((await stream.event())[1]["errors"]) == ["UNAUTHENTICATED"]

    for body, refused, status, code in (
        (BODY, ticket, 401, "UNAUTHENTICATED"),
        (BODY, studio.token("owner"), 401, "UNAUTHENTICATED"),
        ({**BODY, "query": QUERY}, ticket, 400, "BAD_REQUEST"),
    ):
        async with server.stream(body, EVENTS, ticket=refused) as stream:
            assert stream.response.status_code == status
            assert codes(loads(await stream.rest())["errors"]) == [code]
    no_token = await studio.send({"query": "{ viewer { id } }"}, {"authorization": f"Bearer {ticket}"})
    assert no_token.body["data"] == {"viewer": None}


async def test_events_come_at_once_and_whenever_figures_change(studio: Studio, server: Served) -> None:
    async with server.stream(BODY, EVENTS, studio.token("owner")) as stream:
        headers = stream.response.headers
        assert stream.response.status_code == 200
        assert headers["content-type"] == "text/event-stream; charset=utf-8"
        assert headers["cache-control"] == "no-store"
        assert headers["x-accel-buffering"] == "no"
        assert headers["x-request-id"]
        name, answer = await stream.event()
        assert (name, figures(answer)) == ("next", (0, 0, 0, 0))

        await on_publication(studio, "like")
        name, answer = await stream.event()
        assert (name, figures(answer)) == ("next", (1, 0, 0, 0))


async def test_parts_come_at_once_and_whenever_figures_change(studio: Studio, server: Served) -> None:
    async with server.stream(BODY, PARTS, studio.token("owner")) as stream:
        assert stream.response.headers["content-type"] == (
            'multipart/mixed; boundary="graphql"; subscriptionSpec=1.0'
        )
        assert figures((await stream.part())["payload"]) == (0, 0, 0, 0)

        await on_publication(studio, "like")
        assert figures((await stream.part())["payload"]) == (1, 0, 0, 0)


@pytest.mark.parametrize(
    ("accept", "type_"),
    [
        (EVENTS, "text/event-stream"),
        (PARTS, "multipart/mixed"),
        (URQL, "text/event-stream"),
        ("*/*", "text/event-stream"),
        ("multipart/mixed;subscriptionSpec=1.0, text/event-stream", "text/event-stream"),
        ('multipart/mixed;subscriptionSpec="1.0", text/event-stream;q=0.5', "multipart/mixed"),
        ("text/event-stream;q=0, multipart/mixed;subscriptionSpec=1.0", "multipart/mixed"),
    ],
)
@only_sqlite
async def test_a_subscription_is_answered_as_its_sender_accepts(
    studio: Studio, server: Served, accept: str, type_: str
) -> None:
    async with server.stream(BODY, accept, studio.token("owner")) as stream:
        assert stream.response.headers["content-type"].startswith(type_)


@pytest.mark.parametrize(
    "accept", ["application/json", "application/graphql-response+json", "multipart/mixed, application/json"]
)
@only_sqlite
async def test_a_subscription_is_not_answered_in_one_piece(client: httpx.AsyncClient, accept: str) -> None:
    response = await client.post("/graphql", json=BODY, headers={"accept": accept})
    assert response.status_code == 406
    assert codes(response.json()["errors"]) == ["BAD_REQUEST"]
    assert "text/event-stream" in response.json()["errors"][0]["message"]


@pytest.mark.parametrize("accept", [URQL, PARTS, "*/*", "application/json, text/event-stream;q=1"])
@only_sqlite
async def test_a_query_is_answered_in_json_by_whoever_accepts_that_too(
    client: httpx.AsyncClient, accept: str
) -> None:
    response = await client.post("/graphql", json={"query": QUERY}, headers={"accept": accept})
    assert "json" in response.headers["content-type"]
    assert response.json() == {"data": {"limits": {"maxEvents": 1000}}}


@only_sqlite
async def test_a_query_for_events_alone_is_one_event(server: Served) -> None:
    async with server.stream({"query": QUERY}, EVENTS) as stream:
        whole = await stream.rest()
    assert (
        whole
        == b':\n\nevent: next\ndata: {"data":{"limits":{"maxEvents":1000}}}\n\nevent: complete\ndata:\n\n'
    )


@only_sqlite
async def test_a_mutation_for_events_alone_is_done(studio: Studio, server: Served) -> None:
    mutation = "mutation($p: ID!) { likePublication(publicationId: $p) { publication { customUrl } } }"
    body = {"query": mutation, "variables": {"p": studio.publication}}
    async with server.stream(body, EVENTS, studio.token("owner")) as stream:
        _, answer = await stream.event()
        assert answer["data"] == {"likePublication": {"publication": {"customUrl": URL}}}
    assert await studio.count("likes") == 1


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"query": "subscription { nothing }"}, "GRAPHQL_VALIDATION_FAILED"),
        ({"query": "subscription {"}, "GRAPHQL_PARSE_FAILED"),
        ({"query": PUBLIC, "variables": {"url": "nothing"}}, "NOT_FOUND"),
        ({"query": PUBLIC}, "BAD_USER_INPUT"),
    ],
)
@only_sqlite
async def test_what_cannot_be_executed_is_one_event_or_part(server: Served, body: Any, code: str) -> None:
    async with server.stream(body, EVENTS) as stream:
        name, answer = await stream.event()
        assert (name, list(answer), codes(answer["errors"])) == ("next", ["errors"], [code])
        assert await stream.event() == ("complete", None)
        assert await stream.rest() == b""
    async with server.stream(body, "multipart/mixed;subscriptionSpec=1.0") as stream:
        answer = (await stream.part())["payload"]
        assert (list(answer), codes(answer["errors"])) == (["errors"], [code])
        assert await stream.rest() == b"--\r\n"


@only_sqlite
async def test_a_get_subscribes_and_mutates_nothing(studio: Studio, server: Served) -> None:
    headers = {"accept": EVENTS, "graphql-require-preflight": "1"}
    mutation = f'mutation {{ likePublication(publicationId: "{studio.publication}") {{ __typename }} }}'
    async with httpx.AsyncClient(timeout=PATIENCE) as client:
        params = {"query": PUBLIC, "variables": '{"url": "ai-research-studio"}'}
        async with client.stream("GET", server.url, params=params, headers=headers) as response:
            chunks = response.aiter_bytes()
            received = b""
            while b"next" not in received:
                received += await anext(chunks)
            assert b'{"name":"Ai Research Studio"}' in received
        async with client.stream("GET", server.url, params={"query": mutation}, headers=headers) as response:
            refused = b"".join([chunk async for chunk in response.aiter_bytes()])
            assert b"Mutations are not executed by GET." in refused
        for _ in range(2):
            response = await client.head(server.url, params=params, headers=headers)
            assert (response.status_code, response.headers["content-type"]) == (
                200,
                "text/event-stream; charset=utf-8",
            )
    assert await studio.count("likes") == 0


@only_sqlite
@pytest.mark.usefixtures("studio")
async def test_a_document_is_kept_that_was_subscribed_to_with_its_hash(server: Served) -> None:
    extensions = {"persistedQuery": {"version": 1, "sha256Hash": sha256(PUBLIC.encode()).hexdigest()}}
    asked = {"variables": {"url": URL}, "extensions": extensions}
    async with server.stream(asked, EVENTS) as stream:
        assert b"PersistedQueryNotFound" in await stream.rest()
    for body in ({**asked, "query": PUBLIC}, asked):
        async with server.stream(body, EVENTS) as stream:
            _, answer = await stream.event()
            assert answer == {"data": {"publicationMetricsChanged": {"name": "Ai Research Studio"}}}


@only_sqlite
async def test_a_token_that_expires_ends_the_stream_and_says_so(studio: Studio, server: Served) -> None:
    for accept in (EVENTS, PARTS):
        token = studio.token("owner", lifetime=timedelta(seconds=1, hours=-1))
        async with server.stream(BODY, accept, token) as stream:
            rest = (await stream.rest()).decode()
        assert '"code":"UNAUTHENTICATED"' in rest
        assert rest.count('"totalLikes"') == 1
        if accept == EVENTS:
            assert rest.endswith("\n\nevent: complete\ndata:\n\n")
        else:
            assert '{"payload":null,"errors":[{"message":"The credentials have expired.' in rest
            assert rest.endswith("\r\n--graphql--\r\n")


@only_sqlite
async def test_who_has_gone_is_watched_for_no_longer(studio: Studio, services: Services) -> None:
    async with served(services, max_subscriptions=1) as server:
        for _ in range(3):
            async with server.stream(BODY, EVENTS, studio.token("owner")) as stream:
                assert stream.response.status_code == 200
                await stream.event()
            await server.until_free(studio.token("owner"))
        with studio.statements() as statements:
            await record(studio, [view("2023-06-15T11:00:00")])
            recorded = len(statements)
            await asyncio.sleep(1.2)
        assert len(statements) == recorded


async def test_an_answer_that_cannot_be_afforded_comes_when_it_can(
    studio: Studio, services: Services
) -> None:
    """With what changed meanwhile in it; and a stream that cannot even begin is refused by its status."""
    limited = replace(services, rates=RateLimits(Rates(user=f"{COST} per second")))
    token = studio.token("owner")
    async with served(limited) as server, server.stream(BODY, EVENTS, token) as stream:
        assert figures((await stream.event())[1]) == (0, 0, 0, 0)
        await on_publication(studio, "like")
        async with server.stream(BODY, EVENTS, token) as second:
            assert second.response.status_code == 429
            assert second.response.headers["retry-after"] == "1"
            assert second.response.headers["ratelimit"] == '"queries";r=0;t=1'
            assert b"THROTTLED" in await second.rest()
        async with server.stream({"query": PUBLIC, "variables": {"url": URL}}, EVENTS) as other:
            assert (await other.event())[0] == "next"
        await asyncio.sleep(1.5)
        await on_publication(studio, "like", "cocreator")

        studio.clock.advance(seconds=1)

        assert figures((await stream.event())[1]) == (2, 0, 0, 0)


async def test_what_is_refused_in_a_socket_says_when_to_ask_again(studio: Studio, services: Services) -> None:
    limited = replace(services, rates=RateLimits(Rates(user=f"{COST} per second")))
    async with served(limited) as server, server.socket(studio.token("owner")) as socket:
        await socket.subscribe(METRICS, url=URL)
        assert figures(await socket.next()) == (0, 0, 0, 0)
        for id, query in (("2", METRICS), ("3", QUERY)):
            await socket.subscribe(query, id, **({"url": URL} if query is METRICS else {}))
            refusal = await socket.receive()
            assert (refusal["type"], refusal["id"]) == ("error", id)
            assert codes(refusal["payload"]) == ["THROTTLED"]
            assert refusal["payload"][0]["extensions"]["retryAfter"] == 1

        studio.clock.advance(seconds=1)
        await socket.subscribe(QUERY, "4")
        assert (await socket.next("4"))["data"]


@only_sqlite
async def test_too_many_streams_are_refused_in_json(studio: Studio, services: Services) -> None:
    async with served(services, max_subscriptions=1) as server:
        token = studio.token("owner")
        async with server.stream(BODY, EVENTS, token), server.stream(BODY, EVENTS, token) as second:
            assert second.response.status_code == 429
            assert second.response.headers["content-type"].startswith("application/json")
            assert b"THROTTLED" in await second.rest()


@only_sqlite
async def test_who_does_not_read_gets_the_newest_and_no_queue(studio: Studio, services: Services) -> None:
    reads = asyncio.Event()
    sent = asyncio.Queue[Any]()
    offered, gone = asyncio.Event(), asyncio.Event()
    bodies = [{"type": "http.request", "body": httpx.Request("POST", "http://test", json=BODY).content}]

    async def receive() -> Any:
        if bodies:
            return bodies.pop()
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        offered.set()
        await reads.wait()
        sent.put_nowait(message)

    async def views() -> int:
        body = (await sent.get())["body"].decode()
        (found,) = re.findall(r'"totalViews":(\d+)', body)
        return int(found)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/graphql",
        "query_string": b"",
        "headers": [
            (b"host", b"test"),
            (b"content-type", b"application/json"),
            (b"accept", EVENTS.encode()),
            (b"authorization", f"Bearer {studio.token('owner')}".encode()),
        ],
        "client": ("127.0.0.1", 1),
        "root_path": "",
    }
    reads.set()
    running = asyncio.create_task(create_app(Settings(), services)(scope, receive, send))
    assert (await sent.get())["status"] == 200
    await sent.get()
    assert await views() == 0
    reads.clear()
    offered.clear()
    await record(studio, [view("2023-06-15T11:00:00")])
    await asyncio.wait_for(offered.wait(), PATIENCE)
    for number in (1, 2):
        await record(studio, [view(f"2023-06-15T11:00:0{number}")])
        await asyncio.sleep(1.1)
    reads.set()
    # The first was made before anybody noticed; the others are one.
    assert await views() == 1
    assert await views() == 3
    gone.set()
    await running
    assert (await sent.get())["more_body"] is False
    assert sent.empty()


@only_sqlite
async def test_streams_end_with_the_server(studio: Studio, database_url: str, tmp_path: Any) -> None:
    await studio.services.database.close()
    with Program("serve", folder=tmp_path, VIEWGRAPH_DATABASE_URL=database_url) as program:
        server = Served(program.port)
        server.socket_url += "?token=of-somebody"
        async with (
            server.socket() as socket,
            server.stream({"query": PUBLIC, "variables": {"url": URL}}, EVENTS) as stream,
        ):
            await stream.event()
            await socket.subscribe(PUBLIC, url=URL)
            await socket.next()
            program.interrupt()
            assert await stream.rest() == b""
            assert (await socket.close_code())[0] == 1012
    assert program.exit_code == 0, program.err
    assert "Traceback" not in program.err
    assert "WebSocket /graphql?..." in program.err
    assert "of-somebody" not in program.err + program.out
