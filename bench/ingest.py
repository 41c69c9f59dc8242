"""How fast events come in: the real server, a client in a process of its own, both engines, both doors.

Prints a table. docs/reference/measurements.md says what its columns mean, and has the results. Beside the
server run an endpoint of Starlette's that does nothing, for what a request takes by itself, and the least
that keeps events and totals of days. The servers of other trees take turns with it: each tree has a database
of its own, which this tree makes.
"""

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from time import monotonic, sleep
from typing import Annotated, NamedTuple
from uuid import UUID, uuid4

import msgspec
import typer

from bench.cells import HEAD, Cell, Measured, comparison, row, spread
from bench.client import Result
from bench.cpu import cpu_seconds
from bench.spending import Spent
from bench.traffic import Job, requests, shortly_before
from bench.trees import Tree
from bench.world import SECRET, World, made_world, stored
from tests.postgres import PostgresServer, free_port

BARE = "starlette"
MINIMAL = "minimal"
OTHERS = (BARE, MINIMAL)
"""What the doors are compared with."""
ROOT = Path(__file__).parents[1]
CONNECTIONS = 32
REQUESTS = {1: 20_000, 100: 1_500, 1000: 300}
"""At most so many in one measurement, by the size of a batch."""
PROFILER = ("py-spy", "record", "--format", "raw", "--rate", "200", "--threads")
START_SECONDS = 60
UNLIMITED = (
    "QUERY_COST_PER_USER",
    "QUERY_COST_PER_ADDRESS",
    "MUTATION_COST_PER_USER",
    "MUTATION_COST_PER_ADDRESS",
    "EVENTS_PER_ADDRESS",
    "EVENTS_PER_SUBJECT",
)


class Served(NamedTuple):
    engine: str
    worlds: dict[str, World]
    """By the names of the trees that serve them."""
    ports: dict[str, int]
    """By the names of trees, and of the others."""
    postmaster: int | None
    """The process id of PostgreSQL, if it is that."""

    def port_of(self, cell: Cell) -> int:
        return self.ports[cell.tree or cell.door]

    def world_of(self, cell: Cell) -> World:
        return self.worlds.get(cell.tree) or next(iter(self.worlds.values()))


@contextmanager
def worlds_on(engine: str, trees: Sequence[Tree]) -> Iterator[tuple[dict[str, World], int | None]]:
    """With the process id of PostgreSQL, if it is that. Both write to a disk, and wait for it."""
    if engine == "sqlite":
        with tempfile.TemporaryDirectory(prefix="viewgraph-bench-") as folder:
            urls = [f"sqlite:///{folder}/bench-{number}.sqlite3" for number in range(len(trees))]
            yield {tree.name: _made(tree, url) for tree, url in zip(trees, urls, strict=True)}, None
        return
    with PostgresServer(durable=True) as server:
        names = [f"bench_{uuid4().hex}" for _ in trees]
        for name in names:
            server.create_database(name)
        # The least that keeps events knows no SQLAlchemy.
        urls = [server.url(name).replace("+asyncpg", "") for name in names]
        yield {tree.name: _made(tree, url) for tree, url in zip(trees, urls, strict=True)}, server.process


def _made(tree: Tree, url: str) -> World:
    world = asyncio.run(made_world(url))
    # An older tree does not start on tables that are newer than it.
    Tree(ROOT).run("migrate", "--down-to", tree.revision, database_url=url)
    return world


@contextmanager
def served(
    worlds: dict[str, World],
    folders: dict[str, Path],
    engine: str,
    postmaster: int | None,
    profile: str | None,
) -> Iterator[Served]:
    first = next(iter(worlds.values()))
    probe = [sys.executable, "-m", "bench.probe"]
    if profile:
        probe = [*PROFILER, "-o", profile, "--", *probe]
    with ExitStack() as stack:
        ports = {
            name: stack.enter_context(program(probe, world.url, folders[name]))
            for name, world in worlds.items()
        }
        for name, module in ((BARE, "bench.bare"), (MINIMAL, "bench.minimal")):
            command = [sys.executable, "-m", module]
            ports[name] = stack.enter_context(program(command, first.url, ROOT))
        yield Served(engine, worlds, ports, postmaster)


@contextmanager
def program(command: list[str], database_url: str, tree: Path) -> Iterator[int]:
    """The port at which it answers. Its sources are those of the tree, and `bench` is this one."""
    port = free_port()
    settings = {"DATABASE_URL": database_url, "PORT": str(port), "SECRET": SECRET, "LOG_LEVEL": "warning"}
    # Everything comes from one user and one address.
    settings |= dict.fromkeys(UNLIMITED, "off")
    environment = os.environ | {f"VIEWGRAPH_{name}": value for name, value in settings.items()}
    environment["PYTHONPATH"] = f"{tree / 'src'}{os.pathsep}{ROOT}"
    with (
        tempfile.TemporaryFile() as log,
        subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log) as process,  # noqa: S603
    ):
        try:
            _await_answer(port, process)
            yield port
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(START_SECONDS)
            log.seek(0)
            sys.stderr.write(log.read().decode())


def _await_answer(port: int, process: "subprocess.Popen[bytes]") -> None:
    deadline = monotonic() + START_SECONDS
    while process.poll() is None and monotonic() < deadline:
        try:
            probe(port)
        except OSError:
            sleep(0.05)
        else:
            return
    raise RuntimeError("The server does not answer.")


def probe(port: int, *, is_watched: bool = False) -> Spent:
    """What the server spent since it was asked before. From now on its event loop is watched, or not."""
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", "/probe?watched" if is_watched else "/probe")
    spent = msgspec.json.decode(connection.getresponse().read(), type=Spent)
    connection.close()
    return spent


def measured(at: Served, cell: Cell, seed: int, seconds: float) -> Measured:
    port, world = at.port_of(cell), at.world_of(cell)
    job = Job(
        port=port,
        door="collect" if cell.door in OTHERS else cell.door,
        token=world.token,
        assets=world.assets,
        publications=world.publications,
        batch=cell.batch,
        requests=REQUESTS[cell.batch],
        connections=4 if cell.is_watched else CONNECTIONS,
        seed=seed,
        start=shortly_before(),
        rate=cell.rate,
        seconds=seconds,
    )
    command = [sys.executable, "-m", "bench.client"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as client:  # noqa: S603
        probe(port, is_watched=cell.is_watched)
        before = _of_postgresql(at)
        output, _ = client.communicate(msgspec.json.encode(job))
        spent = probe(port)
        used = _of_postgresql(at) - before
    result = msgspec.json.decode(output, type=Result)
    sent = [request.ids for request in requests(job)][: result.requests]
    return Measured(result, spent, used if at.postmaster else None, {id for ids in sent for id in ids})


def _of_postgresql(at: Served) -> float:
    """Seconds of CPU that its processes have had."""
    return cpu_seconds(at.postmaster) if at.postmaster else 0.0


def measure_all(at: Served, cells: list[Cell], rounds: int, seconds: float) -> None:
    """In turn, so that what else runs on the machine meets all of them alike."""
    sent: dict[str, set[UUID]] = {tree: set() for tree in at.worlds}
    failures: list[str] = []
    runs: dict[Cell, list[Measured]] = {cell: [] for cell in cells}
    for round in range(rounds):
        for number, cell in enumerate(cells):
            run = measured(at, cell, round * len(cells) + number, seconds)
            runs[cell].append(run)
            if cell.tree:
                sent[cell.tree] |= run.ids
            failures += run.result.failures
            typer.echo(row(at.engine, cell, run))
    for cell in cells:
        typer.echo(spread(at.engine, cell, runs[cell]))
    for line in comparison(at.engine, runs, list(at.worlds)):
        typer.echo(line)
    for tree, world in at.worlds.items():
        typer.echo(f"{at.engine} {tree}: {_counted(world, sent[tree], are_right=not failures)}")
    for failure in failures[:5]:
        typer.echo(failure)


def _counted(world: World, sent: set[UUID], *, are_right: bool) -> str:
    found = asyncio.run(stored(world.url))
    are_right = are_right and found.ids == sent and found.rows == found.counted == len(sent)
    return (
        f"{len(sent):,} sent, {found.rows:,} stored, {found.counted:,} counted: "
        f"{'each exactly once' if are_right else 'WRONG'}"
    )


def cells_of(
    trees: Sequence[str], doors: Sequence[str], batches: Sequence[int], rates: Sequence[float]
) -> list[Cell]:
    """The trees are measured right after each other."""
    cells: list[Cell] = []
    for batch in batches:
        cells += [Cell("", door, batch) for door in OTHERS]
        cells += [Cell(tree, door, batch) for door in doors for tree in trees]
    cells += [Cell(tree, door, 1000, rate) for rate in rates for door in doors for tree in trees]
    # So that each is alone: what is held up is held up by its own thousand.
    cells += [Cell(tree, door, 1000, 5_000, is_watched=True) for door in doors for tree in trees]
    return cells


def main(
    tree: Annotated[
        list[Path] | None, typer.Option(help="A tree of the project; this one when absent.")
    ] = None,
    engines: Annotated[str, typer.Option(help="Separated by commas.")] = "sqlite,postgresql",
    doors: Annotated[str, typer.Option(help="Separated by commas.")] = "recordEvents,collect",
    batches: Annotated[str, typer.Option(help="Separated by commas.")] = "1,100,1000",
    rounds: Annotated[int, typer.Option(help="How often each is measured.")] = 3,
    seconds: Annotated[float, typer.Option(help="How long one measurement takes at most.")] = 8.0,
    rates: Annotated[
        str, typer.Option(help="Also so many events a second, in batches of 1,000; separated by commas.")
    ] = "10000,20000,40000",
    profile: Annotated[str | None, typer.Option(help="A file for what py-spy sees in the server.")] = None,
) -> None:
    """Measure how fast events come in. CPU is in ms for 1,000 events."""
    trees = [Tree(folder.resolve()) for folder in tree or [ROOT]]
    folders = {one.name: folder.resolve() for one, folder in zip(trees, tree or [ROOT], strict=True)}
    if len(folders) < len(trees):
        raise typer.BadParameter("Give each tree a folder with another name.")
    cells = cells_of(
        list(folders),
        doors.split(","),
        [int(batch) for batch in batches.split(",")],
        [float(rate) for rate in rates.split(",") if rate],
    )
    typer.echo(HEAD)
    for engine in engines.split(","):
        with (
            worlds_on(engine, trees) as (worlds, postmaster),
            served(worlds, folders, engine, postmaster, profile) as at,
        ):
            measure_all(at, cells, rounds, seconds)


if __name__ == "__main__":
    typer.run(main)
