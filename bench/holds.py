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
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter, process_time, sleep, thread_time
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1] / "src"))

import httpx
import msgspec
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
        owner, now = 1, __import__("datetime").datetime.now(__import__("datetime").UTC)
        session.add_all(
            Publication(
                public_id=uuid7(now),
                owner_id=owner,
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
    variables: dict[str, Any] = {}
    is_anonymous: bool = False
    headers: dict[str, str] = {}


def _fields(count: int, name: str = "name") -> str:
    return " ".join(f"a{number}: {name}" for number in range(count))


def _nested(inside: str, outer: int = 100, inner: int = 100) -> str:
    return (
        f"{{ publications(first: {outer}) {{ edges {{ node {{ owner {{ publications(first: {inner}) "
        f"{{ edges {{ node {{ {inside} }} }} }} }} }} }} }} }}"
    )


def _introspection() -> str:
    from graphql import get_introspection_query

    return get_introspection_query()


def heavies() -> list[Heavy]:
    spread = "fragment F on Publication { id name customUrl createdAt allowBookings }"
    events = [
        {"action": "VIEW_3D" if False else "VIEW", "subject": {"publicationId": "x"}, "id": None}
        for _ in range(1)
    ]
    del events
    return [
        Heavy("small", "{ limits { maxCost } }"),
        Heavy("introspection", _introspection()),
        Heavy("introspection again", _introspection()),
        Heavy("10,000 objects of 3 leaves", _nested("id name customUrl")),
        Heavy(
            "10,000 objects of 3 leaves, compressed",
            _nested("id name customUrl"),
            headers={"accept-encoding": "gzip"},
        ),
        Heavy("10,000 objects with an owner", _nested("id owner { id }")),
        Heavy("10,000 objects with co-creators", _nested("id coCreators { id }")),
        Heavy(
            "2,000 leaves of 100",
            f"{{ publications(first: 100) {{ edges {{ node {{ {_fields(1_000)} }} }} }} }}",
        ),
        Heavy("10,000 denied", _nested("metrics { totalViews }", 60, 100), is_anonymous=True),
        Heavy(
            "10,000 denied on lines",
            _nested("metrics\n{ totalViews }\n" + "\n" * 500, 60, 100),
            is_anonymous=True,
        ),
        Heavy("5,000 metrics", _nested("metrics { totalViews }", 50, 100)),
        Heavy(
            "1,600 fields of the root",
            "{" + " ".join(f"a{n}: limits {{ maxCost }}" for n in range(700)) + "}",
        ),
        Heavy("a field 800 times", "{" + " limits { maxCost }" * 800 + "}"),
        Heavy(
            "400 publications by url",
            "{" + " ".join(f'a{n}: publication(url: "more-{n % 100}") {{ id }}' for n in range(400)) + "}",
        ),
        Heavy(
            "50 fragments of the same fields",
            "{ publications(first: 10) { edges { node {"
            + " ".join(f"...F{n}" for n in range(50))
            + "} } } }"
            + " ".join(
                f"fragment F{n} on Publication {{ id name customUrl createdAt allowBookings owner {{ id username name }} }}"
                for n in range(50)
            ),
        ),
        Heavy(
            "a long document",
            "{" + " ".join(f"a{n}: limits {{ b: maxCost c: maxCost d: maxCost }}" for n in range(380)) + "}",
        ),
        Heavy("comments", "{ limits { maxCost } }" + "#xxxxxxxxxxxxxxxx\n" * 4_900),
        Heavy(
            "an unknown input",
            "{ user(by: {" + "".join(f" x{number}: 1" for number in range(1_600)) + " }) { id } }",
        ),
        Heavy("unknown fields", "{" + " ".join(f"x{number}" for number in range(4_000)) + "}"),
        Heavy("20,000 ids", "query($ids: [ID!]!) { nodes(ids: $ids) { id } }", {"ids": ["x"] * 19_000}),
        Heavy("500,000 ids", "query($ids: [ID!]!) { nodes(ids: $ids) { id } }", {"ids": ["x"] * 1_200_000}),
        Heavy(
            "2,400,000 numbers", "query($ids: [ID!]!) { nodes(ids: $ids) { id } }", {"ids": [1] * 2_400_000}
        ),
        Heavy("800,000 lists", "query($ids: [ID!]!) { nodes(ids: $ids) { id } }", {"ids": [[]] * 1_600_000}),
        Heavy("a text of 4 MB", "query($id: ID!) { node(id: $id) { id } }", {"id": "é" * 2_000_000}),
        Heavy("100 ids of nobody", "query($ids: [ID!]!) { nodes(ids: $ids) { id } }", {"ids": ["x"] * 100}),
        Heavy(
            "wide spreads", "{ publications(first: 100) { edges { node {" + "...F " * 20 + "} } } } " + spread
        ),
    ]


def measure(world: World, only: str) -> None:
    with served(world, max_cost="10000000", max_query_seconds="60") as client:
        client.get("/holds")
        print(f"{'request':42} status   MB  seconds   CPU s   longest hold, ms")
        for heavy in heavies():
            if only not in heavy.name:
                continue
            headers = {"accept-encoding": "identity", **heavy.headers}
            if not heavy.is_anonymous:
                headers["authorization"] = f"Bearer {world.token}"
            body = msgspec.json.encode({"query": heavy.query, "variables": heavy.variables})
            client.get("/holds")
            began = perf_counter()
            answer = client.post(
                "/graphql", content=body, headers={"content-type": "application/json", **headers}
            )
            seconds = perf_counter() - began
            sleep(0.05)
            held = msgspec.json.decode(client.get("/holds").content, type=Held)
            code = answer.text[:0]
            if b'"errors"' in answer.content[-100_000:] or b'"errors"' in answer.content[:100]:
                code = (answer.json().get("errors") or [{}])[0].get("extensions", {}).get("code", "")
            print(
                f"{heavy.name:42} {answer.status_code} {len(answer.content) / 1e6:6.2f} {seconds:7.2f} "
                f"{held.cpu_seconds:7.2f} {1000 * held.longest:9.1f}  {code}",
                flush=True,
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
