"""How fast events come in: the real server, a client in a process of its own, both engines, both doors.

Prints a table. docs/reference/measurements.md says what its columns mean, and has the results. Beside the
server run an endpoint of Starlette's that does nothing, for what a request takes by itself, and the least
that keeps events and totals of days.
"""

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from statistics import median
from time import monotonic, sleep
from typing import Annotated, NamedTuple
from uuid import UUID, uuid4

import msgspec
import typer

from bench.client import Result
from bench.cpu import cpu_seconds
from bench.spending import Spent
from bench.traffic import Job, requests, shortly_before
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
ROW = "{:10}  {:12}  {:>5}  {:>7}  {:>8}  {:>7}  {:>7}  {:>7}  {:>7}  {:>8}  {:>7}  {:>7}"
HEAD = (
    "engine", "door", "batch", "offered", "events/s", "p50 ms", "p99 ms", "CPU ms", "PG ms", "database",
    "hold ms", "wait ms",
)  # fmt: skip


class Cell(NamedTuple):
    """What is measured: a row of the table."""

    door: str
    """One of the product's, or one of the others."""
    batch: int
    rate: float | None = None
    is_watched: bool = False
    """For how long the event loop is held, which costs time itself."""


class Served(NamedTuple):
    world: World
    engine: str
    port: int
    ports_of_others: dict[str, int]
    postmaster: int | None

    def port_of(self, cell: Cell) -> int:
        return self.ports_of_others.get(cell.door, self.port)


class Measured(NamedTuple):
    result: Result
    spent: Spent
    postgres_seconds: float
    ids: set[UUID]

    @property
    def rate(self) -> float:
        return self.result.events / self.result.seconds


@contextmanager
def world_on(engine: str) -> Iterator[tuple[World, int | None]]:
    """With the process id of PostgreSQL, if it is that. Both write to a disk, and wait for it."""
    if engine == "sqlite":
        with tempfile.TemporaryDirectory(prefix="viewgraph-bench-") as folder:
            yield asyncio.run(made_world(f"sqlite:///{folder}/bench.sqlite3")), None
        return
    with PostgresServer(durable=True) as server:
        name = f"bench_{uuid4().hex}"
        server.create_database(name)
        yield asyncio.run(made_world(server.url(name))), server.process


@contextmanager
def served(world: World, engine: str, postmaster: int | None, profile: str | None) -> Iterator[Served]:
    command = [sys.executable, "-m", "bench.probe"]
    if profile:
        command = [*PROFILER, "-o", profile, "--", *command]
    bare, minimal = ([sys.executable, "-m", f"bench.{name}"] for name in ("bare", "minimal"))
    with (
        program(command, world.url) as port,
        program(bare, world.url) as bare_port,
        program(minimal, world.url) as minimal_port,
    ):
        yield Served(world, engine, port, {BARE: bare_port, MINIMAL: minimal_port}, postmaster)


@contextmanager
def program(command: list[str], database_url: str) -> Iterator[int]:
    """The port at which it answers."""
    port = free_port()
    settings = {"DATABASE_URL": database_url, "PORT": str(port), "SECRET": SECRET, "LOG_LEVEL": "warning"}
    # Everything comes from one user and one address.
    settings |= dict.fromkeys(UNLIMITED, "off")
    environment = os.environ | {f"VIEWGRAPH_{name}": value for name, value in settings.items()}
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
    port = at.port_of(cell)
    job = Job(
        port=port,
        door="collect" if cell.door in OTHERS else cell.door,
        token=at.world.token,
        assets=at.world.assets,
        publications=at.world.publications,
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
    return Measured(result, spent, used, {id for ids in sent for id in ids})


def _of_postgresql(at: Served) -> float:
    """Seconds of CPU that its processes have had."""
    return cpu_seconds(at.postmaster) if at.postmaster else 0.0


def row(at: Served, cell: Cell, run: Measured) -> str:
    result, spent = run.result, run.spent
    thousands = max(result.events, 1) / 1_000
    return ROW.format(
        at.engine,
        cell.door,
        cell.batch,
        f"{cell.rate:,.0f}" if cell.rate else "all",
        f"{run.rate:,.0f}",
        f"{_percentile(result.latencies, 0.5) * 1e3:.1f}",
        f"{_percentile(result.latencies, 0.99) * 1e3:.1f}",
        f"{spent.cpu_seconds / thousands * 1e3:.1f}",
        f"{run.postgres_seconds / thousands * 1e3:.1f}" if at.postmaster else "-",
        f"{spent.database_seconds / result.seconds:.0%}",
        f"{spent.longest_hold * 1e3:.1f}" if cell.is_watched else "-",
        f"{spent.longest_wait * 1e3:.1f}",
    )


def _percentile(values: list[float], part: float) -> float:
    return values[min(int(len(values) * part), len(values) - 1)] if values else 0.0


def measure_all(at: Served, cells: list[Cell], rounds: int, seconds: float) -> None:
    """In turn, so that what else runs on the machine meets all of them alike."""
    sent: set[UUID] = set()
    failures: list[str] = []
    runs: dict[Cell, list[Measured]] = {cell: [] for cell in cells}
    for round in range(rounds):
        for number, cell in enumerate(cells):
            run = measured(at, cell, round * len(cells) + number, seconds)
            runs[cell].append(run)
            sent |= run.ids if cell.door not in OTHERS else set()
            failures += run.result.failures
            typer.echo(row(at, cell, run))
    for cell in cells:
        rates = [run.rate for run in runs[cell]]
        spread = f"{min(rates):,.0f} to {max(rates):,.0f}, median {median(rates):,.0f}"
        offered = f"{cell.rate:,.0f}" if cell.rate else "all"
        typer.echo(f"{at.engine} {cell.door} {cell.batch} {offered}: {spread} events/s")
    found = asyncio.run(stored(at.world.url))
    is_right = found.ids == sent and found.rows == found.counted == len(sent)
    typer.echo(
        f"{at.engine}: {len(sent):,} sent, {found.rows:,} stored, {found.counted:,} counted: "
        f"{'each exactly once' if is_right and not failures else 'WRONG'}"
    )
    for failure in failures[:5]:
        typer.echo(failure)


def main(
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
    both = doors.split(",")
    typer.echo(ROW.format(*HEAD))
    for engine in engines.split(","):
        cells = [Cell(door, int(batch)) for batch in batches.split(",") for door in (*OTHERS, *both)]
        cells += [Cell(door, 1000, float(rate)) for rate in rates.split(",") if rate for door in both]
        # So that each is alone: what is held up is held up by its own thousand.
        cells += [Cell(door, 1000, 5_000, is_watched=True) for door in both]
        with world_on(engine) as (world, postmaster), served(world, engine, postmaster, profile) as at:
            measure_all(at, cells, rounds, seconds)


if __name__ == "__main__":
    typer.run(main)
