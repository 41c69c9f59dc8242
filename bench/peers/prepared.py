"""The data of each engine: what the trees of Viewgraph serve, and beside it the tables of the peers."""

import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from shutil import copy
from typing import NamedTuple, Protocol

from bench.peers.answers import Answers, told
from bench.peers.peers import LIMITED, POSTGRESQL, RAISED, SQLITE, Site
from bench.peers.questions import NARROW, WIDE
from bench.peers.running import Running
from bench.peers.tables import Rows, fill_postgresql, fill_sqlite, rows
from bench.peers.world import World, fill
from bench.trees import Tree
from tests.postgres import PostgresServer


class Size(NamedTuple):
    assets: int
    days: int


class Prepared(NamedTuple):
    site: Site
    world: World
    answers: Answers
    database: int | None
    """PostgreSQL's first process."""


class Engine(Protocol):
    def __call__(self, trees: list[Tree], folder: Path, size: Size) -> AbstractContextManager[Prepared]: ...


@contextmanager
def on_postgresql(trees: list[Tree], folder: Path, size: Size) -> Iterator[Prepared]:
    with PostgresServer() as server:
        server.create_database("made")
        server.create_database("peers")
        made, peers = (_plain(server.url(name)) for name in ("made", "peers"))
        world = fill(trees[0], made, *size)
        answers, told_rows = _asked(trees[0], made, world)
        fill_postgresql(peers, told_rows)
        ours = []
        for number, tree in enumerate(trees):
            server.create_database(f"copy_{number}", "made")
            ours.append(_plain(server.url(f"copy_{number}")))
            tree.run("migrate", database_url=ours[-1])
            # What autovacuum does sooner or later.
            server.execute("VACUUM ANALYZE", f"copy_{number}")
        yield Prepared(Site(POSTGRESQL, ours, peers, world.key, folder), world, answers, server.process)


@contextmanager
def on_sqlite(trees: list[Tree], folder: Path, size: Size) -> Iterator[Prepared]:
    with tempfile.TemporaryDirectory(prefix="viewgraph-peers-") as place:
        made, peers = (Path(place) / f"{name}.sqlite3" for name in ("made", "peers"))
        world = fill(trees[0], f"sqlite:///{made}", *size)
        answers, told_rows = _asked(trees[0], f"sqlite:///{made}", world)
        fill_sqlite(peers, told_rows)
        ours = []
        for number, tree in enumerate(trees):
            ours.append(f"sqlite:///{copy(made, made.with_name(f'{number}.sqlite3'))}")
            tree.run("migrate", database_url=ours[-1])
        yield Prepared(Site(SQLITE, ours, f"sqlite:///{peers}", world.key, folder), world, answers, None)


ENGINES: dict[str, Engine] = {POSTGRESQL: on_postgresql, SQLITE: on_sqlite}


def _plain(url: str) -> str:
    return url.replace("+asyncpg", "")


def _asked(tree: Tree, database_url: str, world: World) -> tuple[Answers, dict[str, Rows]]:
    """What the first tree tells: the right answers, and the rows of the peers."""
    with tree.serving(database_url, **LIMITED, **RAISED) as server:
        server.token = world.key
        headers = {"authorization": f"Token {world.key}"}
        answers = told(Running(server.port, server.process, headers), (*NARROW, *WIDE), world)
        server.reconnect()
        return answers, rows(server, world)
