"""What Prometheus reads of a server."""

import asyncio
import os
import signal
from pathlib import Path

import httpx
import pytest

from server.http.request_tallies import RequestTallies
from tests.events import RECORD, view
from tests.live.acts import METRICS, URL
from tests.live.served import Served, served
from tests.live.test_processes import bearer, serving
from tests.ports import held_port
from tests.server.keeping import kept_of
from tests.server.metrics.scraping import Samples, sample, scraped, scraped_with
from tests.server.test_start import workers_of
from tests.studio import Studio

TOKEN = "a-token-of-prometheus"
NAMED = 'query Named { publication(url: "ai-research-studio") { name } }'
STRANGE = 'query Strange { publication(url: "ai-research-studio") { name } }'
AGENT = {"user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:120.0) Gecko/20100101 Firefox/120.0"}

one_engine = pytest.mark.parametrize("engine", ["sqlite"])


async def read(server: Served) -> Samples:
    return await scraped(f"http://127.0.0.1:{server.port}/metrics", TOKEN)


async def test_each_door_is_counted_with_what_became_of_it(studio: Studio) -> None:
    subject = {"publicationId": studio.publication}
    ids = [f"0188beed-4200-7111-8111-11111111111{number}" for number in (1, 1, 2)]
    events = [{"subject": subject, "id": id, **view("2023-06-15T11:00:00")} for id in ids]
    owner = {"authorization": f"Bearer {studio.token('owner')}"}
    async with (
        served(studio.services, metrics_token=TOKEN) as server,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.port}") as client,
    ):

        async def ask(query: str, headers: dict[str, str], **variables: object) -> httpx.Response:
            return await client.post(
                "/graphql", json={"query": query, "variables": variables}, headers=headers
            )

        for _ in range(2):
            assert (await ask(NAMED, owner)).status_code == 200
        await ask(STRANGE, {})
        await ask("{ nothing }", owner)
        recorded = await ask(RECORD, owner, events=events)
        assert recorded.json() == {"data": {"recordEvents": {"stored": 2}}}
        page = {"action": "VIEW", "occurredAt": "2023-06-15T11:00:00Z", "subject": subject}
        assert (await client.post("/collect", json=page, headers=AGENT)).status_code == 202
        await client.get("/reports/nothing")
        await client.get("/v1/nothing")
        async with server.socket(studio.token("owner")) as socket:
            await socket.subscribe(METRICS, url=URL)
            await socket.next()
            during = await read(server)
        found = await read(server)
    total = "requests_total"
    assert {one: count for one, count in found.items() if one.name == total} == {
        sample(total, door="/graphql", operation="Named", code="OK"): 2,
        sample(total, door="/graphql", operation="(other)", code="OK"): 1,
        sample(total, door="/graphql", operation="(unnamed)", code="GRAPHQL_VALIDATION_FAILED"): 1,
        sample(total, door="/graphql", operation="(unnamed)", code="OK"): 1,
        sample(total, door="/collect", operation="(unnamed)", code="OK"): 1,
        sample(total, door="/reports", operation="(unnamed)", code="NOT_FOUND"): 1,
        sample(total, door="/v1", operation="(unnamed)", code="NOT_FOUND"): 1,
        sample(total, door="WEBSOCKET", operation="(unnamed)", code="OK"): 1,
    }
    named = {"door": "/graphql", "operation": "Named"}
    assert found[sample("request_duration_seconds_count", **named)] == 2
    assert found[sample("request_duration_seconds_bucket", **named, le="+Inf")] == 2
    assert 0 < found[sample("request_duration_seconds_sum", **named)] < 60
    assert found[sample("request_cost_total", **named)] == 4
    assert found[sample("request_statements_total", **named)] == 4
    # A subscription takes as long as somebody listens.
    assert found[sample("request_duration_seconds_count", door="WEBSOCKET", operation="(unnamed)")] == 0
    assert {one: count for one, count in found.items() if one.name == "events_total"} == {
        sample("events_total", door="recordEvents", fate="stored", reason=""): 2,
        sample("events_total", door="recordEvents", fate="duplicate", reason=""): 1,
        sample("events_total", door="collect", fate="stored", reason=""): 1,
    }
    assert found[sample("batches_total", result="written")] == 2
    assert found[sample("batches_total", result="failed")] == 0
    assert found[sample("batch_events_total")] == 4
    assert (found[sample("waiting_events")], found[sample("oldest_waiting_event_seconds")]) == (0, 0)
    assert (during[sample("subscriptions")], found[sample("processes")]) == (1, 1)
    assert found[sample("database_uses", use="waiting to read")] == 0
    assert found[sample("database_reading_limit")] == 4
    assert 0 <= found[sample("loop_lag_seconds")] < 60


@one_engine
async def test_answers_that_are_kept_are_hits(studio: Studio) -> None:
    headers = {"authorization": f"Bearer {studio.token('owner')}"}
    async with kept_of(studio) as kept, served(kept.services, metrics_token=TOKEN) as server:
        async with httpx.AsyncClient(headers=headers) as client:
            for _ in range(5):
                answer = await client.post(server.url, json={"query": NAMED})
        found = await read(server)
    hits = found[sample("cache_lookups_total", cache="answers", result="hit")]
    misses = found[sample("cache_lookups_total", cache="answers", result="miss")]
    assert answer.json() == {"data": {"publication": {"name": "Ai Research Studio"}}}
    assert (
        hits + misses == found[sample("requests_total", door="/graphql", operation="Named", code="OK")] == 5
    )
    # The jobs that a server does when it starts may write once more.
    assert hits >= 2


@one_engine
async def test_only_whoever_has_the_token_reads_them(studio: Studio) -> None:
    async with served(studio.services, metrics_token=TOKEN) as server, httpx.AsyncClient() as client:
        url = f"http://127.0.0.1:{server.port}/metrics"
        for given in ({}, {"authorization": "Bearer another-token-of-theirs"}, {"authorization": TOKEN}):
            refused = await client.get(url, headers=given)
            assert (refused.status_code, refused.content) == (401, b"")
    assert (await studio.client.get("/metrics")).status_code == 404


async def test_strangers_make_no_series() -> None:
    tallies = RequestTallies({"Known"})
    for number in range(300):
        for is_signed_in in (False, True):
            tallies.note("/graphql", f"Own{number}", "OK", 0.1, 1, 1, is_signed_in=is_signed_in)
    tallies.note("/graphql", "Known", "OK", 0.1, 1, 1, is_signed_in=False)

    counts = {sort.operation: tally.requests for sort, tally in tallies.tallies.items()}
    assert counts == {f"Own{number}": 1 for number in range(100)} | {"Known": 1, "(other)": 500}


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
async def test_workers_are_added_up_and_one_that_ends_loses_nothing(
    studio: Studio, database_url: str, tmp_path: Path
) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    ok = sample("requests_total", door="/graphql", operation="Named", code="OK")
    with held_port() as port:
        settings = {
            "WORKERS": "2",
            "METRICS_PORT": str(port),
            "METRICS_TOKEN": TOKEN,
            "KEPT_ANSWER_BYTES": "0",
        }
        variables = {f"VIEWGRAPH_{name}": value for name, value in settings.items()}
        with serving(tmp_path, database_url, TMPDIR=str(shared), **variables) as program:
            (folder,) = shared.glob("viewgraph-metrics-*")
            headers = {"authorization": f"Bearer {bearer(studio, 'owner')}"}
            url = f"http://127.0.0.1:{port}/metrics"

            async def ask() -> None:
                # Each on a connection of its own, which either worker may take.
                async with httpx.AsyncClient(headers=headers) as client:
                    await client.post(f"{program.address}/graphql", json={"query": NAMED})

            await asyncio.gather(*(ask() for _ in range(20)))
            found = await scraped_with(url, {ok: 20, sample("processes"): 2})
            assert found[sample("request_duration_seconds_count", door="/graphql", operation="Named")] == 20
            assert found[sample("database_reading_limit")] == 8
            assert (await scraped(f"{program.address}/metrics", TOKEN))[ok] == 20
            before = workers_of(program)
            os.kill(before[0], signal.SIGKILL)
            await scraped_with(url, {ok: 20, sample("processes"): 1})
            program.terminate()
    assert not folder.exists()
