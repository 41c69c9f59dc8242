"""What one process changes, subscribers of another are told."""

import asyncio
import sys
from pathlib import Path
from time import perf_counter
from typing import Any

import asyncpg
import httpx
import pytest
from sqlalchemy import make_url, text
from typer.testing import CliRunner

from server.commands.cli import app
from tests.events import record, view
from tests.live.acts import METRICS, URL, figures, on_publication
from tests.live.served import PATIENCE, Served
from tests.server.program import Program
from tests.studio import SECRET, Studio

BODY = {"query": METRICS, "variables": {"url": URL}}
LISTENERS = "FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'"
LIKE = "mutation($p: ID!) { likePublication(publicationId: $p) { publication { id } } }"


def serving(folder: Path, database_url: str, **variables: str) -> Program:
    return Program(
        "serve",
        folder=folder,
        VIEWGRAPH_DATABASE_URL=database_url,
        VIEWGRAPH_SECRET=SECRET,
        VIEWGRAPH_TOKEN_MINUTES="60",
        **variables,
    )


def bearer(studio: Studio, name: str) -> str:
    """Good by the clock of the machine."""
    studio.clock.to_now()
    return studio.token(name)


async def test_a_like_on_one_reaches_subscribers_of_the_other(
    studio: Studio, database_url: str, tmp_path: Path, engine: str, capfd: pytest.CaptureFixture[str]
) -> None:
    # SQLite tells nobody what was written: its processes look, if they are several.
    workers = {} if engine == "postgresql" else {"VIEWGRAPH_WORKERS": "2"}
    with serving(tmp_path, database_url, **workers) as other:
        server = Served(other.port)
        token = bearer(studio, "owner")
        async with (
            server.socket(token) as socket,
            server.stream(BODY, "text/event-stream", token) as stream,
        ):
            await socket.subscribe(METRICS, url=URL)
            assert figures(await socket.next()) == (0, 0, 0, 0)
            assert figures((await stream.event())[1]) == (0, 0, 0, 0)
            seconds = []
            for likes in (1, 0, 1):
                await asyncio.sleep(1.1)
                began = perf_counter()
                await on_publication(studio, "like" if likes else "unlike")
                by_socket, by_stream = await asyncio.gather(socket.next(), stream.event())
                seconds.append(perf_counter() - began)
                assert figures(by_socket) == figures(by_stream[1]) == (likes, 0, 0, 0)
    with capfd.disabled():
        sys.stderr.write(
            f"\n{engine}: a like reached two subscribers of another process in {_shown(seconds)}\n"
        )


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
async def test_who_could_not_listen_for_a_while_catches_up(
    studio: Studio, server: Served, database_url: str, tmp_path: Path
) -> None:
    with serving(tmp_path, database_url) as one:
        token, stranger = bearer(studio, "owner"), bearer(studio, "stranger")
        async with httpx.AsyncClient(base_url=one.address) as client, server.socket(token) as socket:
            await socket.subscribe(METRICS, url=URL)
            await socket.next()
            database = make_url(database_url).set(drivername="postgresql")
            admin = await asyncpg.connect(database.render_as_string(hide_password=False))
            async with asyncio.timeout(PATIENCE):
                while await admin.fetchval(f"SELECT count(*) {LISTENERS}") < 2:  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
            ended = await admin.fetchval(f"SELECT count(pg_terminate_backend(pid)) {LISTENERS}")
            await admin.close()
            assert ended == 2
            await _send(client, LIKE, stranger, p=studio.publication)
            assert figures(await socket.next()) == (1, 0, 0, 0)


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
async def test_what_a_command_mends_is_told(studio: Studio, server: Served, database_url: str) -> None:
    await record(studio, [view("2023-06-15T11:00:00")])
    async with studio.services.database.writing() as session:
        for table in ("day_totals", "month_totals", "subject_totals"):
            await session.execute(text(f"UPDATE {table} SET count = 9"))  # noqa: S608
    async with server.socket(studio.token("owner")) as socket:
        await socket.subscribe(METRICS, url=URL)
        assert figures(await socket.next()) == (0, 9, 0, 0)
        arguments = ["rebuild", "--database-url", database_url]
        assert (await asyncio.to_thread(CliRunner().invoke, app, arguments)).exit_code == 0
        assert figures(await socket.next()) == (0, 1, 0, 0)


async def _send(client: httpx.AsyncClient, query: str, token: str, **variables: Any) -> None:
    headers = {"authorization": f"Bearer {token}"}
    response = await client.post("/graphql", json={"query": query, "variables": variables}, headers=headers)
    assert "errors" not in response.json(), response.json()


def _shown(seconds: list[float]) -> str:
    return ", ".join(f"{one * 1000:.0f}" for one in sorted(seconds)) + " ms"
