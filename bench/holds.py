"""How long the heaviest requests that are legal hold the event loop, in CPU time of its thread.

python -m bench.holds

The time between two looks of a task that looks every millisecond: what another process takes is not counted.
"""

import asyncio
import os
import socket
import subprocess
import sys
import tempfile
from argparse import ArgumentParser
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from time import process_time, sleep, thread_time
from types import MappingProxyType
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1] / "src"))

import httpx
import msgspec
from graphql import get_introspection_query
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

import server.app
from base.ids import uuid7
from bench.world import SECRET, World, made_world
from database import Database
from models import Publication
from server.serving import serve
from server.settings import Settings

_BEAT_SECONDS = 0.001
_PUBLICATIONS = 100


class Held(msgspec.Struct):
    longest: float = 0.0
    cpu_seconds: float = 0.0


class Watch:
    """Of the event loop it runs in."""

    def __init__(self) -> None:
        self.held = Held()
        self._cpu = 0.0
        self._beating: asyncio.Task[None] | None = None

    async def answer(self, _: Request) -> Response:
        if self._beating is None:
            self._beating = asyncio.create_task(self._beat())
        held, self.held = self.held, Held()
        now = process_time()
        held.cpu_seconds, self._cpu = now - self._cpu, now
        return Response(msgspec.json.encode(held))

    async def _beat(self) -> None:
        while True:
            before = thread_time()
            await asyncio.sleep(_BEAT_SECONDS)
            self.held.longest = max(self.held.longest, thread_time() - before)


def serve_watched() -> None:
    watch, usual = Watch(), server.app.app_from_environment

    def watched() -> Starlette:
        app = usual()
        app.router.routes.append(Route("/holds", watch.answer, methods=["GET"]))
        return app

    server.app.app_from_environment = watched
    serve(Settings())


async def _world(url: str) -> World:
    """One person's publications, so many that a page of them for each is a large answer."""
    world = await made_world(url)
    database = Database(url)
    async with database.writing() as session:
        now = datetime.now(UTC)
        session.add_all(
            Publication(
                public_id=uuid7(now),
                owner_id=1,
                name=f"More {number}",
                custom_url=f"more-{number}",
                created_at=now,
            )
            for number in range(_PUBLICATIONS)
        )
    await database.close()
    return world


@contextmanager
def served(world: World, **settings: str) -> Iterator[httpx.Client]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    variables = {
        **os.environ,
        "VIEWGRAPH_DATABASE_URL": world.url,
        "VIEWGRAPH_SECRET": SECRET,
        "VIEWGRAPH_PORT": str(port),
        "VIEWGRAPH_LOG_LEVEL": "warning",
        **{f"VIEWGRAPH_{name.upper()}": value for name, value in settings.items()},
    }
    program = subprocess.Popen([sys.executable, "-m", "bench.holds", "--serve"], env=variables)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=600) as client:
            for _ in range(600):
                try:
                    client.get("/health")
                    break
                except httpx.TransportError:
                    sleep(0.1)
            yield client
    finally:
        program.terminate()
        program.wait()


class Heavy(NamedTuple):
    name: str
    query: str
    variables: Mapping[str, Any] = MappingProxyType({})
    is_anonymous: bool = False
    coding: str = "identity"


def _aliased(count: int, field: str) -> str:
    return " ".join(f"a{number}: {field}" for number in range(count))


def _page(inside: str, first: int = 100) -> str:
    return f"publications(first: {first}) {{ edges {{ node {{ {inside} }} }} }}"


def _nested(inside: str, outer: int = 100) -> str:
    return "{ " + _page(f"owner {{ {_page(inside)} }}", outer) + " }"


_IDS = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }"
_ALL = "id name customUrl createdAt allowBookings owner { id username name }"


def _documents() -> list[Heavy]:
    """What has to be looked through."""
    fragments = " ".join(f"fragment F{number} on Publication {{ {_ALL} }}" for number in range(50))
    spread = " ".join(f"...F{number}" for number in range(50))
    unknown = " ".join(f"x{number}: 1" for number in range(1_600))
    return [
        Heavy("700 objects of the root", "{" + _aliased(700, "limits { maxCost }") + "}"),
        Heavy("one field 800 times", "{" + " limits { maxCost }" * 800 + "}"),
        Heavy("400 statements' keys", "{" + _aliased(400, 'publication(url: "x") { id }') + "}"),
        Heavy("50 fragments of the same fields", "{" + _page(spread, 10) + "}" + fragments),
        Heavy("comments", "{ limits { maxCost } }" + "#xxxxxxxxxxxxxxxx\n" * 4_900),
        Heavy("an input of which nothing is known", f"{{ user(by: {{ {unknown} }}) {{ id }} }}"),
        Heavy("fields that are not there", "{" + " ".join(f"x{number}" for number in range(4_000)) + "}"),
    ]


def _answers() -> list[Heavy]:
    """What has to be made."""
    schema = get_introspection_query()
    return [
        Heavy("small", "{ limits { maxCost } }"),
        Heavy("introspection", schema),
        Heavy("introspection once more", schema),
        Heavy("10,000 objects of 3 leaves", _nested("id name customUrl")),
        Heavy("the same, compressed", _nested("id name customUrl"), coding="gzip"),
        Heavy("10,000 objects with an owner", _nested("id owner { id }")),
        Heavy("10,000 objects with co-creators", _nested("id coCreators { id }")),
        Heavy("100 objects of 1,000 leaves", "{" + _page(_aliased(1_000, "name")) + "}"),
        Heavy("6,000 denied", _nested("metrics { totalViews }", 60), is_anonymous=True),
        Heavy("5,000 metrics", _nested("metrics { totalViews }", 50)),
        Heavy("4,000,000 leaves, which are too many", _nested(_aliased(1_200, "name"))),
    ]


def _bodies() -> list[Heavy]:
    """What has to be decoded."""
    return [
        Heavy("19,000 ids", _IDS, {"ids": ["x"] * 19_000}),
        Heavy("1,200,000 ids", _IDS, {"ids": ["x"] * 1_200_000}),
        Heavy("1,600,000 lists", _IDS, {"ids": [[]] * 1_600_000}),
        Heavy("a text of 4 MB", "query($id: ID!) { node(id: $id) { id } }", {"id": "x" * 4_000_000}),
    ]


HEAD = """\
| request | status | MB | CPU s | longest hold |
| --- | --- | --- | --- | --- |"""


def measure(world: World, only: str) -> None:
    with served(world, max_cost="100000000", max_query_seconds="5") as client:
        print(HEAD)
        for heavy in (*_answers(), *_documents(), *_bodies()):
            if only in heavy.name:
                print(_measured(client, world, heavy), flush=True)


def _measured(client: httpx.Client, world: World, heavy: Heavy) -> str:
    headers = {"accept-encoding": heavy.coding, "content-type": "application/json"}
    if not heavy.is_anonymous:
        headers["authorization"] = f"Bearer {world.token}"
    body = msgspec.json.encode({"query": heavy.query, "variables": dict(heavy.variables)})
    client.get("/holds")
    answer = client.post("/graphql", content=body, headers=headers)
    # The next look notices what came last.
    sleep(10 * _BEAT_SECONDS)
    held = msgspec.json.decode(client.get("/holds").content, type=Held)
    return (
        f"| {heavy.name} | {answer.status_code} | {len(answer.content) / 1e6:.2f} | {held.cpu_seconds:.2f} | "
        f"{1000 * held.longest:.1f} ms |"
    )


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--serve", action="store_true", help="what this program starts for itself")
    parser.add_argument("--only", default="", help="those with this in their names")
    given = parser.parse_args()
    if given.serve:
        serve_watched()
        return
    with tempfile.TemporaryDirectory() as folder:
        measure(asyncio.run(_world(f"sqlite:///{folder}/holds.sqlite3")), given.only)


if __name__ == "__main__":
    main()
