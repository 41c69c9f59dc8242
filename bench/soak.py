"""A server under a mixed load for minutes, with faults in between: nothing may be lost, and nothing wrong.

Prints what was answered, refused, lost and wrong, and the memory. docs/reference/measurements.md says what
that means.
"""

import asyncio
import os
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import Annotated, NamedTuple
from uuid import UUID, uuid4

import asyncpg
import typer
import uvloop
from sqlalchemy import make_url

from bench.company import Company, made_company
from bench.load import Load
from bench.running import ROOT, Running, running
from bench.world import stored
from tests.postgres import PostgresServer

SHARE = 0.8
"""Of what the server can answer."""
_CALIBRATION_SECONDS = 4.0
_QUIET_SECONDS = 60.0
_SETTINGS = {
    "CACHE_SECONDS": "0",
    # One client stands for many.
    **{f"{kind}_COST_PER_{whom}": "off" for kind in ("QUERY", "MUTATION") for whom in ("USER", "ADDRESS")},
    "EVENTS_PER_ADDRESS": "off",
    "EVENTS_PER_SUBJECT": "off",
}


class Outcome(NamedTuple):
    engine: str
    seconds: float
    rate: float
    """Requests a second that were sent."""
    load: Load
    faults: list[str]
    lost: int
    wrong: list[str]
    memory: list[float]
    """Megabytes, each second."""

    @property
    def is_good(self) -> bool:
        return not self.lost and not self.wrong

    def text(self) -> str:
        load = self.load
        refused = ", ".join(f"{code}: {count:,}" for code, count in load.refused.most_common()) or "none"
        answered = ", ".join(f"{kind}: {count:,}" for kind, count in load.answered.most_common())
        lines = [
            f"{self.engine}, {self.seconds:.0f} s at {self.rate:.0f} requests a second",
            f"answered   {load.answered.total():,} ({answered})",
            f"events     {len(load.ledger.ids):,} acknowledged",
            f"faults     {', '.join(self.faults) or 'none'}",
            f"refused    {load.refused.total():,} ({refused})",
            f"lost       {self.lost}",
            f"wrong      {len(self.wrong)}",
            f"memory     {self.memory[0]:.0f} MB at the start, {self.memory[-1]:.0f} MB at the end, "
            f"{max(self.memory):.0f} MB at most",
        ]
        return "\n".join([*lines, *(f"           {each}" for each in self.wrong[:10])])


class Site(NamedTuple):
    """Where it happens."""

    company: Company
    server: Running
    postgres: PostgresServer | None


Fault = Callable[[Site], Awaitable[None]]


async def server_restarted(site: Site) -> None:
    await asyncio.to_thread(site.server.terminate)
    await asyncio.to_thread(site.server.start)


async def file_locked(site: Site) -> None:
    other = sqlite3.connect(make_url(site.company.url).database or "", isolation_level=None, timeout=10)
    other.execute("BEGIN IMMEDIATE")
    await asyncio.sleep(2)
    other.close()


async def backends_terminated(site: Site) -> None:
    address = make_url(site.company.url).set(drivername="postgresql")
    other = await asyncpg.connect(address.render_as_string(hide_password=False))
    await other.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    await other.close()


async def database_restarted(site: Site) -> None:
    assert site.postgres
    await asyncio.to_thread(site.postgres.crash)
    await asyncio.sleep(1)
    await asyncio.to_thread(site.postgres.restart)


FAULTS: dict[str, dict[str, Fault]] = {
    "sqlite": {"file locked for 2 s": file_locked, "server restarted": server_restarted},
    "postgresql": {
        "connections terminated": backends_terminated,
        "database restarted": database_restarted,
        "server restarted": server_restarted,
    },
}


@contextmanager
def company_on(engine: str) -> Iterator[tuple[Company, PostgresServer | None]]:
    if engine == "sqlite":
        with tempfile.TemporaryDirectory(prefix="viewgraph-soak-") as folder:
            yield asyncio.run(made_company(f"sqlite:///{folder}/soak.sqlite3")), None
        return
    with PostgresServer(durable=True) as server:
        name = f"soak_{uuid4().hex}"
        server.create_database(name)
        yield asyncio.run(made_company(server.url(name))), server


async def soaked(engine: str, site: Site, seconds: float, pause: float, most: float | None = None) -> Outcome:
    """With a fault each `pause` seconds, of each kind in turn."""
    load = Load(site.company, site.server.port)
    capacity = await load.calibrated(min(_CALIBRATION_SECONDS, seconds))
    rate = min(SHARE * capacity, most or capacity)
    memory = [site.server.megabytes]
    watching = asyncio.create_task(_watched(site.server, memory))
    faults: list[str] = []
    breaking = asyncio.create_task(_broken(engine, site, pause, seconds, faults))
    begin = perf_counter()
    await load.run(seconds, rate)
    took = perf_counter() - begin
    await breaking
    await load.settled(_QUIET_SECONDS)
    watching.cancel()
    memory.append(site.server.megabytes)
    await asyncio.to_thread(site.server.terminate)
    return Outcome(engine, took, rate, load, faults, 0, load.ledger.wrong, memory)


async def _watched(server: Running, memory: list[float]) -> None:
    while True:
        await asyncio.sleep(1)
        if server.is_running:
            memory.append(server.megabytes)


async def _broken(engine: str, site: Site, pause: float, seconds: float, faults: list[str]) -> None:
    named = list(FAULTS[engine].items())
    end = perf_counter() + seconds
    while perf_counter() + pause < end:
        await asyncio.sleep(pause)
        name, fault = named[len(faults) % len(named)]
        await fault(site)
        faults.append(name)


def judged(outcome: Outcome, url: str) -> Outcome:
    """By the database itself, once nobody writes any more."""
    found = asyncio.run(stored(url))
    acknowledged: set[UUID] = outcome.load.ledger.ids
    wrong = list(outcome.wrong)
    verified = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "server.commands.cli", "verify", "--database-url", url],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"},
        capture_output=True,
        text=True,
        check=False,
    )
    if verified.returncode:
        told = verified.stdout[-500:] + verified.stderr[-500:]
        wrong.append(f"viewgraph verify: {verified.returncode}: {told}")
    return outcome._replace(lost=len(acknowledged - found.ids), wrong=wrong)


def soak(engine: str, seconds: float, pause: float, most: float | None = None) -> Outcome:
    with company_on(engine) as (company, postgres):
        with running(company.url, **_SETTINGS) as server:
            outcome = uvloop.run(soaked(engine, Site(company, server, postgres), seconds, pause, most))
        return judged(outcome, company.url)


def main(
    engine: Annotated[str, typer.Option(help="Separated by commas.")] = "sqlite,postgresql",
    seconds: Annotated[float, typer.Option(help="How long, on each engine.")] = 300.0,
    pause: Annotated[float, typer.Option(help="Seconds between two faults.")] = 20.0,
) -> None:
    """Exit code 1 when anything was lost or wrong."""
    outcomes = []
    for each in engine.split(","):
        outcomes.append(soak(each, seconds, pause))
        typer.echo(f"\n{outcomes[-1].text()}")
    sys.exit(not all(outcome.is_good for outcome in outcomes))


if __name__ == "__main__":
    typer.run(main)
