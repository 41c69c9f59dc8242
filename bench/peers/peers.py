"""Who is compared: each with its name, its dialect, and how it is started."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlencode

from bench.peers.install import node, python
from bench.peers.questions import Question, bodies
from bench.peers.running import Request, Running, running
from bench.peers.world import World
from bench.trees import SETTINGS, Tree

POSTGRESQL, SQLITE = "PostgreSQL", "SQLite"
LIMITED = {
    "LOG_LEVEL": "info",
    "QUERY_COST_PER_USER": "2000000000 per minute",
    "QUERY_COST_PER_ADDRESS": "2000000000 per minute",
}
"""Ours logs and counts what each request costs, as in production; but nobody is refused."""
RAISED = {
    "MAX_COST": "1000000000",
    "MAX_POINTS": "100000000",
    "MAX_QUERY_SECONDS": "600",
}
"""For what is wide."""
COLD = "cold"
MODES = {
    "answers kept": {"CACHE_SECONDS": "3600"},
    "figures kept": {"CACHE_SECONDS": "3600", "KEPT_ANSWER_BYTES": "0"},
    COLD: {"CACHE_SECONDS": "0"},
}
"""What ours keeps. An older tree does not know of all settings, and ignores those."""
_UVICORN = (
    "-m",
    "uvicorn",
    "--loop",
    "uvloop",
    "--http",
    "httptools",
    "--no-access-log",
    "--log-level",
    "warning",
)


class Site(NamedTuple):
    """What the servers of one engine are given."""

    engine: str
    ours: list[str]
    """Addresses of the databases of the trees."""
    peers: str
    """The address of the database of the peers."""
    key: str
    folder: Path
    """Where the peers' packages are, and the answers."""

    @property
    def answers(self) -> Path:
        """The file with those that are served from memory."""
        return self.folder / f"answers-{self.engine.lower()}.pickle"


class Peer(NamedTuple):
    name: str
    dialect: str
    start: Callable[[Site], AbstractContextManager[Running]]
    engines: tuple[str, ...] = (POSTGRESQL, SQLITE)
    has_paths: bool = False
    """Each question has a path of its own."""
    is_unmodified: bool = False
    """It is asked whether anything changed, and answers 304."""

    def requests(self, question: Question, world: World) -> list[Request]:
        path = "/" + question.name.replace(" ", "-") if self.has_paths else "/graphql"
        asked = bodies(question, self.dialect, world)
        if self.is_unmodified:
            return [Request("GET", f"{path}?{urlencode(_as_texts(body))}", b"") for body in asked]
        return [Request("POST", path, body) for body in asked]


def _as_texts(body: bytes) -> dict[str, str]:
    given = json.loads(body)
    return {"query": given["query"], "variables": json.dumps(given["variables"])}


def everybody(trees: list[Tree]) -> Iterator[Peer]:
    yield Peer("the same bytes from memory", "plain", partial(_uvicorn, "memory"), has_paths=True)
    yield Peer("hand-written SQL", "plain", partial(_uvicorn, "sql"), has_paths=True)
    yield Peer("mercurius with graphql-jit", "plain", partial(_node, "mercurius"), (POSTGRESQL,))
    yield Peer("PostGraphile", "postgraphile", partial(_node, "postgraphile"), (POSTGRESQL,))
    for number, tree in enumerate(trees):
        name = f"Viewgraph of {tree.name}" if len(trees) > 1 else "Viewgraph"
        for mode, settings in MODES.items():
            yield Peer(f"{name}, {mode}", "viewgraph", partial(_ours, tree, number, settings))
        yield Peer(f"{name}, 304", "viewgraph", partial(_unmodified, tree, number), is_unmodified=True)
    yield Peer(f"Viewgraph, {COLD}, without plans", "viewgraph", _unplanned)
    yield Peer("Strawberry as it comes", "plain", partial(_uvicorn, "strawberry"))
    yield Peer("Ariadne", "plain", partial(_uvicorn, "ariadne"))


@contextmanager
def _ours(tree: Tree, number: int, settings: dict[str, str], site: Site) -> Iterator[Running]:
    with tree.serving(site.ours[number], **LIMITED, **RAISED, **settings) as server:
        yield Running(server.port, server.process, {"authorization": f"Token {site.key}"})


@contextmanager
def _unmodified(tree: Tree, number: int, site: Site) -> Iterator[Running]:
    with _ours(tree, number, MODES["answers kept"], site) as server:
        yield server._replace(headers=server.headers | {"if-none-match": "*"})


@contextmanager
def _unplanned(site: Site) -> Iterator[Running]:
    """Of the tree that this is."""
    given = SETTINGS | LIMITED | RAISED | MODES[COLD] | {"DATABASE_URL": site.ours[-1]}
    with running(
        lambda _: [sys.executable, "-m", "bench.peers.servers.unplanned"],
        **{f"VIEWGRAPH_{name}": value for name, value in given.items()},
    ) as server:
        yield server._replace(headers={"authorization": f"Token {site.key}"})


def _uvicorn(name: str, site: Site) -> AbstractContextManager[Running]:
    return running(
        lambda port: [python(site.folder), *_UVICORN, "--port", str(port), f"bench.peers.servers.{name}:app"],
        PEER_DATABASE=site.peers,
        PEER_ANSWERS=str(site.answers),
    )


def _node(name: str, site: Site) -> AbstractContextManager[Running]:
    return running(
        lambda _: [node(site.folder), str(site.folder / f"node/{name}.mjs")],
        PEER_DATABASE=site.peers,
        GRAPHILE_ENV="production",
    )
