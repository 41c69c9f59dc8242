"""What others feel while an organization of 1,000 assets and a million events is deleted, on one worker.

A client that behaves is served alone and beside the deletion, in turns. When all is deleted, every table is
searched for what it had, and `viewgraph verify` is run. Prints a table with a line for each engine and door.
"""

import asyncio
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from http.client import HTTPConnection
from time import perf_counter, sleep
from typing import Annotated, NamedTuple
from uuid import uuid4

import msgspec
import orjson
import typer
from sqlalchemy import func, select, update

from bench.abuse import ROOT, neighbours_on, p99
from bench.doomed import filled, found
from bench.healthy import Pace, Served
from bench.neighbours import Neighbours
from bench.running import Running, running
from bench.watched import Seen
from database import Database, Statement, table_of
from models import NEVER, Action, Deletion, SubjectTotal

_RATE = 60.0
_EVENT_EACH = 6
_SECONDS_TO_STOP = 6.0
"""A deletion looks every five seconds whether another process has taken it over."""
_LONGEST_SECONDS = 1_800.0
_DOORS = {"queries": "queries", "events": "`/collect`", "records": "`recordEvents`"}
HEAD = (
    "| engine | door | requests | p99 alone, ms | beside, ms | ratio | longest alone, ms | beside, ms "
    "| refused |\n|" + " --- |" * 9
)
_DELETIONS = table_of(Deletion).c
_STATE = Statement(
    select(_DELETIONS.finished_at, _DELETIONS.worker),
    lambda finished_at, worker: (finished_at is not None, worker is not None),
)


class Work:
    """The deletion of a running server: it stops while this program has its lease."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.seconds = 0.0
        """How long it was at work."""
        self.is_over = False
        self._began = 0.0

    def wait_until_begun(self) -> None:
        while asyncio.run(self._state()) == (False, False):
            sleep(0.02)
        self._began = perf_counter()

    def stop(self) -> None:
        asyncio.run(self._lease(worker=uuid4(), leased_until=datetime(9999, 1, 1, tzinfo=UTC)))
        self.look()
        sleep(_SECONDS_TO_STOP)

    def go_on(self) -> None:
        asyncio.run(self._lease(worker=None, leased_until=NEVER))
        self.wait_until_begun()

    def look(self) -> None:
        self.is_over, _ = asyncio.run(self._state())
        now = perf_counter()
        self.seconds += now - self._began
        self._began = now

    async def _state(self) -> tuple[bool, bool]:
        database = Database(self._url, readers=1)
        ((is_over, has_worker),) = await database.fetch(_STATE)
        await database.close()
        return is_over, has_worker

    async def _lease(self, **values: object) -> None:
        database = Database(self._url)
        async with database.writing() as session:
            await session.execute(update(Deletion).where(_DELETIONS.finished_at.is_(None)).values(**values))
        await database.close()


class Outcome(NamedTuple):
    engine: str
    alone: list[Served]
    beside: list[Served]
    seen: list[Seen]
    """Of the rounds beside it."""
    seconds: float
    left: list[str]
    """What was found of it at the end, and what else was wrong."""

    def lines(self) -> list[str]:
        refused = sum((Counter(one.refused) for one in self.beside), Counter[str]())
        return [self._line(door, refused) for door in _DOORS]

    def _line(self, door: str, refused: Counter[str]) -> str:
        alone, beside = (
            [second for one in rounds for second in getattr(one, door)]
            for rounds in (self.alone, self.beside)
        )
        cells = (
            self.engine,
            _DOORS[door],
            f"{len(alone):,} + {len(beside):,}",
            *(f"{p99(times) * 1e3:.1f}" for times in (alone, beside)),
            f"{p99(beside) / p99(alone):.2f}",
            *(f"{max(times) * 1e3:.0f}" for times in (alone, beside)),
            ", ".join(f"{code}: {number}" for code, number in refused.items()) or "-",
        )
        return f"| {' | '.join(cells)} |"

    def words(self) -> str:
        kept = sorted(second for one in self.seen for second in one.kept)
        told = f"{self.engine}: deleted in {self.seconds:.0f} s of work. The event loop was held for at most "
        told += f"{max(one.longest_wall for one in self.seen) * 1e3:.0f} ms "
        told += f"({max(one.longest_cpu for one in self.seen) * 1e3:.0f} ms of CPU)."
        if kept:
            told += (
                f" Of {len(kept):,} transactions that were watched, the median kept the database for "
                f"{kept[len(kept) // 2] * 1e3:.1f} ms, 99 of 100 for at most {p99(kept) * 1e3:.1f} ms, "
                f"and the longest for {kept[-1] * 1e3:.0f} ms."
            )
        return f"{told} Left in the tables, or wrong: {'; '.join(self.left) or 'nothing'}."


def served(neighbours: Neighbours, server: Running, seconds: float) -> Served:
    pace = Pace(
        server.port,
        server.process,
        neighbours.healthy,
        neighbours.publications,
        neighbours.publication_ids,
        _RATE,
        seconds,
        _EVENT_EACH,
        is_recording=True,
    )
    done = subprocess.run(
        [sys.executable, "-m", "bench.healthy"],
        input=msgspec.json.encode(pace),
        capture_output=True,
        check=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"},
    )
    return msgspec.json.decode(done.stdout, type=Served)


def delete(neighbours: Neighbours, port: int) -> None:
    connection = HTTPConnection("127.0.0.1", port, timeout=10, source_address=("127.0.0.3", 0))
    query = "mutation($id: ID!) { deleteOrganization(organizationId: $id) { id } }"
    body = orjson.dumps({"query": query, "variables": {"id": neighbours.organization}})
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {neighbours.abuser}"}
    connection.request("POST", "/graphql", body, headers)
    answer = orjson.loads(connection.getresponse().read())
    if "errors" in answer:
        raise RuntimeError(str(answer))
    connection.close()


def measured(engine: str, events: int, rounds: int, seconds: float) -> Outcome:
    with neighbours_on(engine) as neighbours:
        began = perf_counter()
        doomed = asyncio.run(filled(neighbours.url, events))
        _say(f"{engine}: {events:,} events were made in {perf_counter() - began:.0f} s")
        settings = {"QUERY_COST_PER_USER": "off", "EVENTS_PER_ADDRESS": "off", "EVENTS_PER_SUBJECT": "off"}
        with running(neighbours.url, **settings) as server:
            warm = served(neighbours, server, 3)
            work = Work(neighbours.url)
            alone, beside, seen = _in_turns(neighbours, server, work, rounds, seconds)
        wrong = asyncio.run(found(neighbours.url, doomed))
        wrong += asyncio.run(_miscounted(neighbours.url, [warm, *alone, *beside]))
        wrong += _unverified(neighbours.url)
    return Outcome(engine, alone, beside, seen, work.seconds, wrong)


def _in_turns(
    neighbours: Neighbours, server: Running, work: Work, rounds: int, seconds: float
) -> tuple[list[Served], list[Served], list[Seen]]:
    """After so many rounds, the load goes on until the deletion is over."""
    alone, beside, seen = [], [], []
    for number in range(rounds):
        alone.append(served(neighbours, server, seconds))
        server.seen()
        if number == 0:
            delete(neighbours, server.port)
            work.wait_until_begun()
        else:
            work.go_on()
        beside.append(served(neighbours, server, seconds))
        seen.append(server.seen())
        work.look()
        if work.is_over:
            break
        if number + 1 < rounds:
            work.stop()
        _say(f"round {number + 1}: {_round(alone[-1])} alone, {_round(beside[-1])} beside")
    while not work.is_over:
        if work.seconds > _LONGEST_SECONDS:
            raise RuntimeError("The deletion does not come to its end.")
        beside.append(served(neighbours, server, seconds))
        seen.append(server.seen())
        work.look()
    return alone, beside, seen


def _round(served: Served) -> str:
    return " / ".join(f"{p99(getattr(served, door)) * 1e3:.1f}" for door in _DOORS)


async def _miscounted(url: str, all: Sequence[Served]) -> list[str]:
    """The client's views are those that it was told of."""
    database = Database(url)
    totals = table_of(SubjectTotal).c
    counted = select(func.sum(totals.count)).where(totals.action == int(Action.VIEW))
    (count,) = await database.fetch(Statement(counted, lambda count: int(count or 0)))
    await database.close()
    sent = sum(len(one.events) + len(one.records) for one in all)
    refused = sum(number for one in all for what, number in one.refused.items() if " " in what)
    return [] if sent - refused == count else [f"{count:,} views of others, of {sent:,} that were sent"]


def _unverified(url: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-m", "server.commands.cli", "verify"],
        capture_output=True,
        check=False,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}", "VIEWGRAPH_DATABASE_URL": url},
    )
    return [] if done.returncode == 0 else [f"viewgraph verify: {done.stderr or done.stdout}"]


def _say(words: str) -> None:
    typer.echo(words, err=True)


def main(
    engine: Annotated[list[str] | None, typer.Option(help="sqlite or postgresql; both when absent.")] = None,
    events: Annotated[int, typer.Option(help="How many events the organization has.")] = 1_000_000,
    rounds: Annotated[int, typer.Option(help="How often the client is served alone, and beside it.")] = 4,
    seconds: Annotated[float, typer.Option(help="How long a round lasts.")] = 10.0,
) -> None:
    outcomes = [measured(one, events, rounds, seconds) for one in engine or ("sqlite", "postgresql")]
    print(HEAD)
    print("\n".join(line for one in outcomes for line in one.lines()))
    print("\n" + "\n".join(one.words() for one in outcomes))


if __name__ == "__main__":
    typer.run(main)
