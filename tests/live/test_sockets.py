import asyncio
import json
from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest
from sqlalchemy import delete
from sqlmodel import col
from websockets.exceptions import InvalidStatus

from models import Membership, Role
from resolvers.context import Services
from server.app import create_app
from server.settings import Settings
from tests.events import record, view
from tests.live.acts import (
    ASSET,
    METRICS,
    PUBLIC,
    URL,
    codes,
    figures,
    follow_owner,
    on_publication,
    publish,
    view_asset,
)
from tests.live.served import PATIENCE, PROTOCOL, Served, Socket, served
from tests.server.test_logging import written
from tests.studio import Studio

only_sqlite = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)

LARGE = """subscription($url: String!, $n: Int!) { publicationMetricsChanged(url: $url) { owner {
  publications(first: $n) { edges { node { owner { publications(first: $n) { edges { node { owner {
    publications(first: $n) { edges { cursor } }
  } } } } } } } }
} } }"""
HANDSHAKE = {
    "type": "websocket",
    "path": "/graphql",
    "headers": [(b"host", b"test")],
    "query_string": b"",
    "subprotocols": [PROTOCOL],
    "client": ("127.0.0.1", 1),
    "server": ("127.0.0.1", 2),
    "scheme": "ws",
    "root_path": "",
    "asgi": {"version": "3.0"},
}


async def test_the_figures_come_at_once_and_whenever_they_change(studio: Studio, server: Served) -> None:
    async with server.socket(studio.token("owner")) as socket:
        await socket.subscribe(METRICS, url=URL)
        assert figures(await socket.next()) == (0, 0, 0, 0)

        await on_publication(studio, "like")
        assert figures(await socket.next()) == (1, 0, 0, 0)
        await record(studio, [view("2023-06-15T11:00:00")])
        assert figures(await socket.next()) == (1, 1, 0, 0)
        await follow_owner(studio)
        assert figures(await socket.next()) == (1, 1, 1, 0)
        await publish(studio)
        assert figures(await socket.next()) == (1, 1, 1, 1)
        await on_publication(studio, "unlike")
        assert figures(await socket.next()) == (0, 1, 1, 1)


async def test_an_assets_figures_come_when_a_browser_reports_a_view(studio: Studio, server: Served) -> None:
    asset = await studio.add_asset("Chair")
    async with server.socket(studio.token("admin")) as socket:
        await socket.subscribe(ASSET, id=asset)
        assert (await socket.next())["data"] == {"assetMetricsChanged": {"metrics": {"total3DViews": 0}}}

        await view_asset(studio, asset)
        assert (await socket.next())["data"] == {"assetMetricsChanged": {"metrics": {"total3DViews": 1}}}


@only_sqlite
async def test_what_changes_often_is_told_at_most_once_an_interval(studio: Studio, server: Served) -> None:
    async with server.socket(studio.token("owner")) as socket:
        began = asyncio.get_running_loop().time()
        await socket.subscribe(METRICS, url=URL, every=2)
        await socket.next()
        for number in range(5):
            await record(studio, [view(f"2023-06-15T11:00:{number:02}")])

        assert figures(await socket.next()) == (0, 5, 0, 0)
        assert asyncio.get_running_loop().time() - began > 1.9
        assert await socket.is_quiet(2.5)


@only_sqlite
async def test_an_answer_like_the_last_is_left_out(studio: Studio, server: Served) -> None:
    async with server.socket(studio.token("owner")) as socket:
        await socket.subscribe(METRICS, url=URL)
        await socket.next()
        await on_publication(studio, "bookmark")
        assert await socket.is_quiet(1.5)

        await on_publication(studio, "like")
        assert figures(await socket.next()) == (1, 0, 0, 0)


@only_sqlite
async def test_who_may_not_see_the_figures_does_not_learn_when_they_change(
    studio: Studio, server: Served
) -> None:
    async with server.socket(studio.token("stranger")) as socket:
        await socket.subscribe(METRICS, url=URL)
        first = await socket.next()
        shown = {"metrics": None, "socialMetrics": None, "experienceCounts": None}
        assert first["data"] == {"publicationMetricsChanged": shown}
        assert codes(first["errors"]) == ["FORBIDDEN"] * 3

        await on_publication(studio, "like", "owner")
        assert await socket.is_quiet(1.5)


@pytest.mark.usefixtures("studio")
async def test_anybody_may_watch_what_is_public(server: Served) -> None:
    async with server.socket() as socket:
        await socket.subscribe(PUBLIC, url=URL)
        name = "Ai Research Studio"
        assert (await socket.next())["data"] == {"publicationMetricsChanged": {"name": name}}


async def test_a_publication_is_still_watched_when_its_url_is_another_one(
    studio: Studio, server: Served
) -> None:
    update = "mutation($i: UpdatePublicationInput!) { updatePublication(input: $i) { publication { id } } }"
    async with server.socket(studio.token("owner")) as socket:
        await socket.subscribe(METRICS, url=URL)
        await socket.next()
        await studio.ask(update, "owner", i={"id": studio.publication, "customUrl": "another"})
        await on_publication(studio, "like")
        assert figures(await socket.next()) == (1, 0, 0, 0)


@only_sqlite
@pytest.mark.parametrize(
    ("query", "by", "variables", "code"),
    [
        (PUBLIC, "owner", {"url": "nothing"}, "NOT_FOUND"),
        (ASSET, "stranger", {"id": None}, "NOT_FOUND"),
        (ASSET, None, {"id": None}, "UNAUTHENTICATED"),
        (METRICS, "owner", {"url": URL, "every": 0}, "BAD_USER_INPUT"),
        (METRICS, "owner", {"url": URL, "every": 3601}, "BAD_USER_INPUT"),
        (METRICS, "owner", {}, "BAD_USER_INPUT"),
        (LARGE, "owner", {"url": URL, "n": 100}, "COST_ESTIMATED_TOO_EXPENSIVE"),
        ("subscription { nothing }", "owner", {}, "GRAPHQL_VALIDATION_FAILED"),
        ("subscription {", "owner", {}, "GRAPHQL_PARSE_FAILED"),
        ("", "owner", {}, "GRAPHQL_PARSE_FAILED"),
        ("fragment F on Query { limits { maxEvents } }", "owner", {}, "OPERATION_RESOLUTION_FAILURE"),
        ("query A { viewer { id } } query B { viewer { id } }", None, {}, "OPERATION_RESOLUTION_FAILURE"),
    ],
)
async def test_what_cannot_be_executed_is_refused_and_the_connection_stays(
    studio: Studio, server: Served, query: str, by: str | None, variables: dict[str, Any], code: str
) -> None:
    if "id" in variables:
        variables = {"id": await studio.add_asset("Chair")}
    async with server.socket(studio.token(by) if by else None) as socket:
        await socket.subscribe(query, **variables)
        refusal = await socket.receive()
        assert (refusal["type"], refusal["id"], codes(refusal["payload"])) == ("error", "1", [code])

        await socket.subscribe("{ limits { maxEvents } }")
        assert (await socket.next())["data"] == {"limits": {"maxEvents": 1000}}
        assert await socket.receive() == {"id": "1", "type": "complete"}


async def test_mutations_are_done_and_queries_answered(studio: Studio, server: Served) -> None:
    mutation = "mutation($p: ID!) { likePublication(publicationId: $p) { publication { customUrl } } }"
    async with server.socket(studio.token("owner")) as socket:
        await socket.subscribe(mutation, "like", p=studio.publication)
        answer = await socket.next("like")
        assert answer["data"] == {"likePublication": {"publication": {"customUrl": URL}}}
        assert await socket.receive() == {"id": "like", "type": "complete"}
    assert await studio.count("likes") == 1


@only_sqlite
async def test_a_document_may_be_named_by_its_hash(studio: Studio, server: Served) -> None:
    query = "{ viewer { username } }"
    extensions = {"persistedQuery": {"version": 1, "sha256Hash": sha256(query.encode()).hexdigest()}}
    async with server.socket(studio.token("owner")) as socket:
        await socket.send(type="subscribe", id="1", payload={"extensions": extensions})
        assert codes((await socket.receive())["payload"]) == ["PERSISTED_QUERY_NOT_FOUND"]
        for payload in ({"query": query, "extensions": extensions}, {"extensions": extensions}):
            await socket.send(type="subscribe", id="1", payload=payload)
            assert (await socket.next())["data"] == {"viewer": {"username": "owner"}}
            assert (await socket.receive())["type"] == "complete"


async def test_several_run_at_a_time_and_each_ends_by_itself(studio: Studio, server: Served) -> None:
    async with server.socket(studio.token("owner")) as socket:
        for id in ("a", "b"):
            await socket.subscribe(METRICS, id, url=URL)
            await socket.next(id)
        await socket.send(type="complete", id="a")
        await socket.send(type="complete", id="no such")
        await on_publication(studio, "like")

        assert figures(await socket.next("b")) == (1, 0, 0, 0)
        assert await socket.is_quiet()
        await socket.subscribe(METRICS, "a", url=URL)
        assert figures(await socket.next("a")) == (1, 0, 0, 0)


@only_sqlite
async def test_a_ping_is_answered_also_before_the_connection_is_acknowledged(server: Served) -> None:
    async with server.connection() as connection:
        socket = Socket(connection)
        await socket.send(type="ping", payload={"at": 1})
        assert await socket.receive() == {"type": "pong", "payload": {"at": 1}}
        await socket.send(type="ping")
        assert await socket.receive() == {"type": "pong"}
        for payload in ('{"n":123456789012345678901234567890}', '{"deep":' + "[" * 300 + "]" * 300 + "}"):
            await connection.send('{"type":"ping","payload":' + payload + "}")
            assert await connection.recv() == '{"type":"pong","payload":' + payload + "}"
        await socket.send(type="pong")
        await socket.send(type="connection_init")
        assert await socket.receive() == {"type": "connection_ack"}


@pytest.mark.parametrize(
    "message",
    [
        "",
        "x",
        "null",
        "[]",
        '"ping"',
        "{}",
        '{"type": 1}',
        '{"type": "start"}',
        '{"type": "next"}',
        '{"type": "ping", "payload": []}',
        '{"type": "connection_init", "payload": "x"}',
        '{"type": "subscribe"}',
        '{"type": "subscribe", "id": "1"}',
        '{"type": "subscribe", "id": 1, "payload": {"query": "{ __typename }"}}',
        '{"type": "subscribe", "id": "", "payload": {"query": "{ __typename }"}}',
        '{"type": "subscribe", "id": "%s", "payload": {"query": "{ __typename }"}}' % ("x" * 201),
        '{"type": "subscribe", "id": "1", "payload": []}',
        '{"type": "subscribe", "id": "1", "payload": {}}',
        '{"type": "subscribe", "id": "1", "payload": {"query": null, "variables": {}}}',
        '{"type": "subscribe", "id": "1", "payload": {"query": 1}}',
        '{"type": "subscribe", "id": "1", "payload": {"query": "{ x }", "variables": []}}',
        '{"type": "complete"}',
        '{"type": "complete", "id": 1}',
        "[" * 100_000,
        b'{"type": "ping"}',
    ],
)
@only_sqlite
async def test_a_message_that_is_none_closes_the_connection(server: Served, message: str | bytes) -> None:
    async with server.socket() as socket:
        await socket.connection.send(message)
        code, reason = await socket.close_code()
        assert code == 4400
        assert reason


@only_sqlite
async def test_a_connection_is_acknowledged_first_and_once(server: Served) -> None:
    async with server.connection() as connection:
        await Socket(connection).subscribe("{ __typename }")
        assert await Socket(connection).close_code() == (4401, "Unauthorized")
    async with server.socket() as socket:
        await socket.send(type="connection_init")
        assert await socket.close_code() == (4429, "Too many initialisation requests")


@only_sqlite
async def test_an_id_that_is_running_closes_the_connection(server: Served) -> None:
    async with server.socket() as socket:
        await socket.subscribe(PUBLIC, url=URL)
        await socket.next()
        await socket.subscribe(PUBLIC, url=URL)
        assert await socket.close_code() == (4409, "Subscriber for 1 already exists")


@only_sqlite
async def test_another_protocol_is_not_spoken(server: Served) -> None:
    async with server.connection(subprotocol="graphql-ws") as connection:
        assert await Socket(connection).close_code() == (4406, "Subprotocol not acceptable")


@only_sqlite
@pytest.mark.parametrize(
    "payload",
    [
        lambda token: {"authorization": f"Bearer {token}"},
        lambda token: {"Authorization": f"Bearer {token}"},
        lambda token: {"x-auth-token": token},
        lambda token: {"headers": {"Authorization": f"Bearer {token}"}},
    ],
)
async def test_the_token_comes_as_clients_write_it(studio: Studio, server: Served, payload: Any) -> None:
    async with server.socket(**payload(studio.token("owner"))) as socket:
        await socket.subscribe("{ viewer { username } }")
        assert (await socket.next())["data"] == {"viewer": {"username": "owner"}}


@only_sqlite
async def test_programs_may_send_the_token_as_a_header_of_the_handshake(
    studio: Studio, server: Served
) -> None:
    headers = {"authorization": f"Bearer {studio.token('owner')}"}
    async with server.connection(headers=headers) as connection:
        socket = Socket(connection)
        await socket.send(type="connection_init")
        await socket.receive()
        await socket.subscribe("{ viewer { username } }")
        assert (await socket.next())["data"] == {"viewer": {"username": "owner"}}


async def test_a_token_that_does_not_count_closes_the_connection(studio: Studio, server: Served) -> None:
    old = studio.token("owner", lifetime=timedelta(hours=-2))
    for token, why in (("nonsense", "is not valid"), (old, "has expired")):
        async with server.connection() as connection:
            socket = Socket(connection)
            await socket.send(type="connection_init", payload={"authorization": f"Bearer {token}"})
            code, reason = await socket.close_code()
            assert code == 4403
            assert why in reason


@only_sqlite
async def test_a_token_that_expires_closes_the_connection(studio: Studio, server: Served) -> None:
    token = studio.token("owner", lifetime=timedelta(seconds=1, hours=-1))
    async with server.socket(token) as socket:
        await socket.subscribe(METRICS, url=URL)
        await socket.next()
        assert await socket.close_code() == (4403, "The credentials have expired")


async def test_a_token_that_has_expired_by_the_next_change_shows_nothing_more(
    studio: Studio, server: Served
) -> None:
    async with server.socket(studio.token("owner")) as socket:
        await socket.subscribe(METRICS, url=URL)
        await socket.next()
        studio.clock.advance(hours=1)
        await on_publication(studio, "like")
        assert await socket.close_code() == (4403, "The credentials have expired")


@only_sqlite
async def test_who_is_no_maker_any_more_learns_it_at_once(studio: Studio, server: Served) -> None:
    remove = (
        "mutation($p: ID!, $u: ID!) { removeCoCreator(publicationId: $p, userId: $u) { publication { id } } }"
    )
    async with server.socket(studio.token("cocreator")) as socket:
        await socket.subscribe(METRICS, url=URL)
        assert figures(await socket.next()) == (0, 0, 0, 0)
        gone = studio.people["cocreator"].id
        assert (await studio.ask(remove, "owner", p=studio.publication, u=gone)).data

        answer = await socket.next()
        shown = {"metrics": None, "socialMetrics": None, "experienceCounts": None}
        assert answer["data"] == {"publicationMetricsChanged": shown}
        assert codes(answer["errors"]) == ["FORBIDDEN"] * 3


@only_sqlite
async def test_names_are_told_too(studio: Studio, server: Served) -> None:
    asset = await studio.add_asset("Chair")
    async with server.socket(studio.token("admin")) as socket:
        await socket.subscribe(PUBLIC, url=URL)
        await socket.next()
        await socket.subscribe(
            "subscription($id: ID!) { assetMetricsChanged(id: $id) { name } }", "2", id=asset
        )
        assert (await socket.next("2"))["data"] == {"assetMetricsChanged": {"name": "Chair"}}
        change = (
            "mutation($i: UpdatePublicationInput!) { updatePublication(input: $i) { publication { id } } }"
        )
        assert (await studio.ask(change, "owner", i={"id": studio.publication, "name": "Another"})).data
        assert (await socket.next())["data"] == {"publicationMetricsChanged": {"name": "Another"}}
        change = "mutation($i: UpdateAssetInput!) { updateAsset(input: $i) { asset { id } } }"
        assert (await studio.ask(change, "admin", i={"id": asset, "name": "Table"})).data
        assert (await socket.next("2"))["data"] == {"assetMetricsChanged": {"name": "Table"}}


async def test_who_leaves_the_organization_sees_nothing_more_of_its_assets(
    studio: Studio, server: Served
) -> None:
    asset = await studio.add_asset("Chair")
    async with server.socket(studio.token("admin")) as socket:
        await socket.subscribe(ASSET, id=asset)
        assert (await socket.next())["data"] == {"assetMetricsChanged": {"metrics": {"total3DViews": 0}}}
        async with studio.services.database.writing() as session:
            await session.execute(delete(Membership).where(col(Membership.role) == Role.ADMIN))
        await view_asset(studio, asset)

        refusal = await socket.receive()
        assert (refusal["type"], codes(refusal["payload"])) == ("error", ["NOT_FOUND"])


@only_sqlite
async def test_a_connection_on_which_nothing_runs_is_closed_after_a_while(
    studio: Studio, services: Services
) -> None:
    token = studio.token("owner")
    async with served(services, socket_idle_seconds=1) as server, server.socket(token) as socket:
        await socket.subscribe(METRICS, url=URL)
        await socket.next()
        assert await socket.is_quiet(1.5)
        await socket.send(type="complete", id="1")
        assert await socket.close_code() == (1000, "Nothing has run for a while")


async def test_one_viewer_has_so_many_subscriptions_at_most(studio: Studio, services: Services) -> None:
    async with served(services, max_subscriptions=2) as server:
        token = studio.token("owner")
        async with server.socket(token) as first, server.socket(token) as second:
            await first.subscribe(METRICS, url=URL)
            await first.next()
            async with server.stream(
                {"query": METRICS, "variables": {"url": URL}}, "text/event-stream", token
            ):
                await second.subscribe(METRICS, url=URL)
                refusal = await second.receive()
                assert (refusal["type"], codes(refusal["payload"])) == ("error", ["THROTTLED"])
                assert refusal["payload"][0]["extensions"]["retryAfter"] == 10
            async with server.socket(studio.token("cocreator")) as other:
                await other.subscribe(METRICS, url=URL)
                assert figures(await other.next()) == (0, 0, 0, 0)
            await first.send(type="complete", id="1")
            await first.subscribe("{ __typename }", "2")
            await first.next("2")
            for id in ("3", "4"):
                await second.subscribe(METRICS, id, url=URL)
                assert figures(await second.next(id)) == (0, 0, 0, 0)


@only_sqlite
async def test_pages_of_other_sites_may_not_connect(services: Services) -> None:
    async with served(services, cors_origins="https://app.example.com") as server:
        own = f"http://127.0.0.1:{server.port}"
        for origin in (
            "https://evil.example.com", "null", "", "http://[", f"http://localhost:{server.port}",
            f"{own}@evil.example.com", f"http://evil.example.com/{own}",
        ):  # fmt: skip
            with pytest.raises(InvalidStatus, match="403"):
                async with server.connection(headers={"origin": origin}):
                    pass
        for origin in ("https://app.example.com", own):
            async with server.connection(headers={"origin": origin}) as connection:
                assert connection.subprotocol == PROTOCOL


@only_sqlite
async def test_no_more_sockets_are_opened_than_a_worker_may_have(services: Services) -> None:
    async with served(services, max_sockets=2) as server:
        async with server.socket(), server.connection():
            with pytest.raises(InvalidStatus) as refused:
                async with server.connection():
                    pass
            response = refused.value.response
            assert (response.status_code, response.headers["retry-after"]) == (503, "1")
            assert json.loads(response.body or b"") == {
                "code": "UNAVAILABLE",
                "retryAfter": 1,
                "message": "2 WebSockets are open, and no more may be.",
            }
        async with server.socket(), server.socket():
            pass


@only_sqlite
async def test_who_is_gone_is_watched_for_no_longer(studio: Studio, services: Services) -> None:
    async with served(services, max_subscriptions=1) as server:
        async with server.socket(studio.token("owner")) as socket:
            await socket.subscribe(METRICS, url=URL)
            await socket.next()
        await server.until_free(studio.token("owner"))
        with studio.statements() as statements:
            await record(studio, [view("2023-06-15T11:00:00")])
            recorded = len(statements)
            await asyncio.sleep(1.2)
    # Jobs of the server run by themselves. Nothing else comes, and so nothing for a subscription.
    jobs = ("FROM deletions", "expires_at <= ?", "BEGIN", "COMMIT")
    assert [one for one in statements[recorded:] if not any(words in one for words in jobs)] == []


@only_sqlite
async def test_who_does_not_read_gets_the_newest_and_no_queue(studio: Studio, services: Services) -> None:
    reads, offered = asyncio.Event(), asyncio.Event()
    sent, received = asyncio.Queue[Any](), asyncio.Queue[Any]()

    async def send(message: Any) -> None:
        offered.set()
        await reads.wait()
        sent.put_nowait(message)

    app = create_app(Settings(), services)
    reads.set()
    received.put_nowait({"type": "websocket.connect"})
    running = asyncio.create_task(app(dict(HANDSHAKE), received.get, send))
    await sent.get()
    for message in (
        {"type": "connection_init", "payload": {"authorization": f"Bearer {studio.token('owner')}"}},
        {"type": "subscribe", "id": "1", "payload": {"query": METRICS, "variables": {"url": URL}}},
    ):
        received.put_nowait({"type": "websocket.receive", "text": json.dumps(message)})
    await sent.get()
    assert figures(json.loads((await sent.get())["text"])["payload"]) == (0, 0, 0, 0)

    reads.clear()
    offered.clear()
    await record(studio, [view("2023-06-15T11:00:00")])
    await asyncio.wait_for(offered.wait(), PATIENCE)
    for number in (1, 2):
        await record(studio, [view(f"2023-06-15T11:00:0{number}")])
        await asyncio.sleep(1.1)
    reads.set()
    # The first was made before anybody noticed; the others are one.
    for views in (1, 3):
        assert figures(json.loads((await sent.get())["text"])["payload"]) == (0, views, 0, 0)
    received.put_nowait({"type": "websocket.disconnect", "code": 1000})
    await running
    assert sent.empty()


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
async def test_each_operation_has_a_line_in_the_log(studio: Studio, services: Services) -> None:
    with written("json") as log:
        async with served(services) as server, server.socket(studio.token("owner")) as socket:
            await socket.subscribe(METRICS, "a", url=URL)
            await socket.next("a")
            await socket.subscribe("query Who { viewer { username } }", "b")
            await socket.next("b")
            await socket.receive()
            await socket.subscribe("{ nothing }", "c")
            await socket.receive()
            await on_publication(studio, "like")
            await socket.next("a")
            await socket.send(type="complete", id="a")
            await socket.subscribe("{ __typename }", "d")
            await socket.next("d")
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    told = [line for line in lines if line.get("method") == "WEBSOCKET"]
    assert [
        (line.get("type"), line.get("operation"), line["viewer"], line["answers"], line.get("errors"))
        for line in told
    ] == [
        ("query", "Who", "user", 1, None),
        (None, None, "user", 0, ["GRAPHQL_VALIDATION_FAILED"]),
        ("subscription", None, "user", 2, None),
        ("query", None, "user", 1, None),
    ]
    assert len({line["request_id"] for line in told}) == 4
    assert told[0]["document"] == sha256(b"query Who { viewer { username } }").hexdigest()
    assert told[2]["statements"] > told[0]["statements"] > 0
    assert "status" not in told[0]
