"""How fast events come in: the real server, a client in a process of its own, both engines, both doors.

Prints a table; see docs/collecting.md for what its columns mean and for what was measured.
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path
from statistics import median
from time import monotonic, sleep
from typing import Annotated, Any, NamedTuple
from uuid import UUID, uuid4

import msgspec
import typer

from auth.tokens import Claims, Signer
from base.ids import Kind, global_id, uuid7
from bench.client import Result
from bench.probe import Spent
from bench.traffic import Job, requests, soon
from database import Database
from models import Asset, Membership, Organization, Publication, Role, Tenant, Workspace
from server import migrations
from server.accounts import create_user
from tests.postgres import PostgresServer, free_port

ROOT = Path(__file__).parents[1]
SECRET = "a secret of the benchmark, long enough to sign with"  # noqa: S105
ASSETS = 100
PUBLICATIONS = 10
DOORS = ("recordEvents", "collect")
REQUESTS = {1: 20_000, 100: 1_500, 1000: 250}
"""At most so many for each size of a batch."""
PACED = {"sqlite": 40_000.0, "postgresql": 20_000.0}
"""The goals in events/s, in batches of 1,000: what comes at that rate is to be answered in time."""
TICKS = os.sysconf("SC_CLK_TCK")
ROW = "{:12} {:10} {:>5} {:>8} {:>9} {:>8} {:>8} {:>8} {:>8} {:>7} {:>8} {:>8}"
HEAD = (
    "door", "engine", "batch", "offered", "events/s", "p50 ms", "p99 ms", "CPU ms/k", "PG ms/k", "stmts", "hold ms",
    "wait ms",
)  # fmt: skip


class World(NamedTuple):
    """What the events are about."""

    url: str
    token: str
    assets: list[str]
    publications: list[str]


class Served(NamedTuple):
    world: World
    engine: str
    port: int
    postmaster: int | None


class Measured(NamedTuple):
    result: Result
    spent: Spent
    postgres_seconds: float
    ids: set[UUID]


async def made_world(url: str) -> World:
    """An organization with assets and a maker of publications, who are one person."""
    now = datetime.now(UTC)
    await migrations.upgrade(url)
    database = Database(url)
    user = await create_user(database, now, email="a@b.test", username="maker", password=None, name=None)
    async with database.writing() as session:
        tenant = Tenant()
        session.add(tenant)
        await session.flush()
        organization = Organization(public_id=uuid7(now), tenant_id=tenant.id, name="Bench", created_at=now)
        session.add(organization)
        await session.flush()
        workspace = Workspace(
            public_id=uuid7(now), organization_id=organization.id, name="Bench", created_at=now
        )
        session.add_all(
            [
                workspace,
                Membership(organization_id=organization.id, user_id=user.id, role=Role.ADMIN, created_at=now),
            ]
        )
        await session.flush()
        assets = [
            Asset(
                public_id=uuid7(now),
                organization_id=organization.id,
                workspace_id=workspace.id,
                name=f"Asset {number}",
                created_at=now,
            )
            for number in range(ASSETS)
        ]
        publications = [
            Publication(
                public_id=uuid7(now),
                owner_id=user.id,
                name=f"Publication {number}",
                custom_url=f"publication-{number}",
                created_at=now,
            )
            for number in range(PUBLICATIONS)
        ]
        session.add_all([*assets, *publications])
    await database.close()
    signer = Signer([SECRET], lifetime=timedelta(hours=4), issuer="viewgraph", audience="viewgraph")
    return World(
        url,
        signer.issue(Claims(user.public_id), now).text,
        [global_id(Kind.ASSET, asset.public_id) for asset in assets],
        [global_id(Kind.PUBLICATION, publication.public_id) for publication in publications],
    )


@contextmanager
def served(world: World, engine: str, postmaster: int | None, profile: str | None) -> Iterator[Served]:
    port = free_port()
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    settings = {"DATABASE_URL": world.url, "PORT": str(port), "SECRET": SECRET}
    environment |= {f"VIEWGRAPH_{name}": value for name, value in settings.items()}
    command = [sys.executable, "-m", "bench.probe"]
    if profile:
        command = [
            "py-spy",
            "record",
            "--format",
            "raw",
            "--rate",
            "200",
            "--threads",
            "-o",
            profile,
            "--",
            *command,
        ]
    log = tempfile.TemporaryFile()
    with log, subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log) as process:
        try:
            _await_answer(port, process)
            yield Served(world, engine, port, postmaster)
        except BaseException:
            log.seek(0)
            typer.echo(log.read().decode()[-3_000:], err=True)
            raise
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(20)


def _await_answer(port: int, process: "subprocess.Popen[bytes]") -> None:
    deadline = monotonic() + 60
    while process.poll() is None and monotonic() < deadline:
        try:
            probe(port)
        except OSError:
            sleep(0.05)
        else:
            return
    raise RuntimeError("The server does not answer.")


def probe(port: int) -> Spent:
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", "/probe")
    spent = msgspec.json.decode(connection.getresponse().read(), type=Spent)
    connection.close()
    return spent


def measured(at: Served, door: str, batch: int, rate: float | None, seed: int, seconds: float) -> Measured:
    job = Job(
        port=at.port,
        door=door,
        token=at.world.token,
        assets=at.world.assets,
        publications=at.world.publications,
        batch=batch,
        requests=REQUESTS[batch],
        connections=32,
        seed=seed,
        start=soon(),
        rate=rate,
        seconds=seconds,
    )
    with subprocess.Popen(
        [sys.executable, "-m", "bench.client"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as client:
        probe(at.port)
        before = _cpu_of_children(at.postmaster)
        output, _ = client.communicate(msgspec.json.encode(job))
        spent = probe(at.port)
        used = _cpu_of_children(at.postmaster) - before
    result = msgspec.json.decode(output, type=Result)
    sent = [request.ids for request in requests(job)][: result.requests]
    return Measured(result, spent, used, {id for ids in sent for id in ids})


def _cpu_of_children(process: int | None) -> float:
    """Seconds that the processes of a PostgreSQL server have had; those that ended count in their parent."""
    if process is None:
        return 0.0
    total = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            pid, rest = stat.read_text().split(" ", 1)
        except OSError:
            continue
        fields = rest.rpartition(")")[2].split()
        if int(fields[1]) == process:
            total += int(fields[11]) + int(fields[12])
        elif int(pid) == process:
            total += sum(map(int, fields[11:15]))
    return total / TICKS


def line(at: Served, door: str, batch: int, rate: float | None, run: Measured) -> str:
    result, spent = run.result, run.spent
    thousands = max(result.events, 1) / 1000
    return ROW.format(
        door,
        at.engine,
        batch,
        f"{rate:,.0f}" if rate else "all",
        f"{result.events / result.seconds:,.0f}",
        f"{_percentile(result.latencies, 0.5) * 1e3:.1f}",
        f"{_percentile(result.latencies, 0.99) * 1e3:.1f}",
        f"{spent.cpu_seconds / thousands * 1e3:.1f}",
        f"{run.postgres_seconds / thousands * 1e3:.1f}" if at.postmaster else "-",
        f"{spent.database_seconds / result.seconds:.0%}",
        f"{spent.longest_hold * 1e3:.1f}",
        f"{spent.longest_wait * 1e3:.1f}",
    )


def _percentile(values: list[float], part: float) -> float:
    return values[min(int(len(values) * part), len(values) - 1)] if values else 0.0


async def stored(url: str) -> tuple[set[UUID], int, int]:
    """The ids there are, how many rows, and how many events the totals by day have."""
    database = Database(url)
    async with database.writing() as session:
        connection = await session.connection()
        found = (await connection.exec_driver_sql("SELECT id FROM events")).scalars().all()
        counted = "SELECT coalesce(sum(count), 0) FROM day_totals WHERE action <> 24"
        total = int((await connection.exec_driver_sql(counted)).scalar_one())
    await database.close()
    return {UUID(bytes=id) if isinstance(id, bytes) else UUID(str(id)) for id in found}, len(found), total


def main(
    engines: Annotated[str, typer.Option(help="Which, separated by commas.")] = "sqlite,postgresql",
    doors: Annotated[str, typer.Option(help="Which, separated by commas.")] = ",".join(DOORS),
    batches: Annotated[str, typer.Option(help="Which, separated by commas.")] = "1,100,1000",
    rounds: Annotated[int, typer.Option(help="How often each is measured, in turn.")] = 3,
    seconds: Annotated[float, typer.Option(help="How long one measurement takes at most.")] = 8.0,
    paced: Annotated[bool, typer.Option(help="Also at the rate of the goal, in batches of 1,000.")] = True,
    profile: Annotated[str | None, typer.Option(help="A file for py-spy's record of the server.")] = None,
) -> None:
    """Bounded in number and time, on this machine alone."""
    typer.echo(ROW.format(*HEAD))
    for engine in engines.split(","):
        with ExitStack() as stack:
            world, postmaster = _world(stack, engine)
            at = stack.enter_context(served(world, engine, postmaster, profile))
            cells: list[tuple[str, int, float | None]] = [
                (door, int(batch), None) for batch in batches.split(",") for door in doors.split(",")
            ]
            if paced:
                cells += [(door, 1000, PACED[engine]) for door in doors.split(",")]
            sent: set[UUID] = set()
            failures: list[str] = []
            runs: dict[tuple[str, int, float | None], list[Measured]] = {cell: [] for cell in cells}
            for round in range(rounds):
                for number, cell in enumerate(cells):
                    run = measured(at, *cell, seed=round * 1000 + number, seconds=seconds)
                    runs[cell].append(run)
                    sent |= run.ids
                    failures += run.result.failures
                    typer.echo(line(at, *cell, run))
            for cell in cells:
                rates = [run.result.events / run.result.seconds for run in runs[cell]]
                typer.echo(f"{cell}: {min(rates):,.0f} / {median(rates):,.0f} / {max(rates):,.0f} events/s")
            ids, rows, total = asyncio.run(stored(world.url))
            verdict = "exactly once" if ids == sent and rows == total == len(sent) else "WRONG"
            typer.echo(f"{engine}: {len(sent):,} sent, {rows:,} stored, {total:,} counted: {verdict}")
            for failure in failures[:5]:
                typer.echo(failure)


def _world(stack: ExitStack, engine: str) -> tuple[World, int | None]:
    if engine == "sqlite":
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="viewgraph-bench-"))
        return asyncio.run(made_world(f"sqlite:///{folder}/bench.sqlite3")), None
    server = stack.enter_context(PostgresServer(durable=True))
    name = f"bench_{uuid4().hex}"
    server.create_database(name)
    return asyncio.run(made_world(server.url(name))), server.process


if __name__ == "__main__":
    typer.run(main)
