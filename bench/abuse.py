"""What others feel of abuse: a client that behaves, alone and beside one that does not, on one worker.

Prints a table for each engine. docs/reference/measurements.md says what its columns mean, and has the
results.
"""

import asyncio
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, NamedTuple
from uuid import uuid4

import msgspec
import typer

from bench.abuser import KINDS, Orders
from bench.healthy import Pace, Served
from bench.neighbours import Neighbours, made_neighbours
from bench.running import running
from bench.watched import Seen
from tests.postgres import PostgresServer

ROOT = Path(__file__).parents[1]
COLUMNS = (
    "kind", "p99 alone, ms", "p99 beside, ms", "ratio",
    "p99 of CPU alone, ms", "p99 of CPU beside, ms", "ratio of CPU", "loop held, ms (CPU)",
    "memory before, MB", "memory after, MB", "the healthy one was refused", "the abuser was answered",
)  # fmt: skip
HEAD = f"| {' | '.join(COLUMNS)} |\n|{' --- |' * len(COLUMNS)}"
_GOAL = 2.0
_SHOWN = 6


class Row(NamedTuple):
    kind: str
    alone: float
    """Seconds, as the next ones."""
    beside: float
    cpu_alone: float
    """Of the event loop, from when a query was sent until it was answered."""
    cpu_beside: float
    held_wall: float
    held_cpu: float
    before: float
    """Megabytes, as the next one."""
    after: float
    refused: dict[str, int]
    answers: dict[str, int]

    @property
    def ratio(self) -> float:
        return self.beside / self.alone

    @property
    def cpu_ratio(self) -> float:
        return self.cpu_beside / self.cpu_alone

    def line(self) -> str:
        cells = (
            self.kind,
            f"{self.alone * 1e3:.1f}",
            f"{self.beside * 1e3:.1f}",
            f"{self.ratio:.1f}",
            f"{self.cpu_alone * 1e3:.1f}",
            f"{self.cpu_beside * 1e3:.1f}",
            f"{self.cpu_ratio:.1f}",
            f"{self.held_wall * 1e3:.0f} ({self.held_cpu * 1e3:.0f})",
            f"{self.before:.0f}",
            f"{self.after:.0f}",
            _told(self.refused),
            _told(self.answers),
        )
        return f"| {' | '.join(cells)} |"


def _told(counts: dict[str, int]) -> str:
    shown = sorted(counts.items(), key=lambda pair: -pair[1])[:_SHOWN]
    return ", ".join(f"{answer}: {count:,}" for answer, count in shown) or "-"


@contextmanager
def neighbours_on(engine: str) -> Iterator[Neighbours]:
    if engine == "sqlite":
        with tempfile.TemporaryDirectory(prefix="viewgraph-abuse-") as folder:
            yield asyncio.run(made_neighbours(f"sqlite:///{folder}/abuse.sqlite3"))
        return
    with PostgresServer(durable=True) as server:
        name = f"abuse_{uuid4().hex}"
        server.create_database(name)
        yield asyncio.run(made_neighbours(server.url(name)))


class Round(NamedTuple):
    alone: Served
    beside: Served
    seen_alone: Seen
    seen: Seen
    before: float
    """Megabytes, as the next one."""
    after: float
    answers: dict[str, int]


def measured(
    kind: str, neighbours: Neighbours, seconds: float, rate: float, share: float = 1.0, rounds: int = 1
) -> Row:
    """Of all rounds together: the slowest of a hundred queries are few in one round."""
    all = [_round(kind, neighbours, seconds, rate, share) for _ in range(rounds)]
    return Row(
        kind,
        p99([query for one in all for query in one.alone.queries]),
        p99([query for one in all for query in one.beside.queries]),
        p99([cpu for one in all for cpu in one.seen_alone.until_answered]),
        p99([cpu for one in all for cpu in one.seen.until_answered]),
        max(one.seen.longest_wall for one in all),
        max(one.seen.longest_cpu for one in all),
        max(one.before for one in all),
        max(one.after for one in all),
        _added_up(one.beside.refused for one in all),
        _added_up(one.answers for one in all),
    )


def _round(kind: str, neighbours: Neighbours, seconds: float, rate: float, share: float) -> Round:
    """On a server of its own: what one round leaves behind is not met by the next."""
    with running(neighbours.url) as server:
        pace = Pace(
            server.port,
            server.process,
            neighbours.healthy,
            neighbours.publications,
            neighbours.publication_ids,
            rate,
            1.0,
        )
        _served(pace)
        server.seen()
        pace.seconds = seconds
        alone = _served(pace)
        before = server.megabytes
        seen_alone = server.seen()
        orders = Orders(kind, server.port, seconds, neighbours, share)
        with _program("bench.abuser", msgspec.json.encode(orders)) as abuser:
            beside = _served(pace)
            seen = server.seen()
            answers = msgspec.json.decode(_output(abuser), type=dict[str, int])
        return Round(alone, beside, seen_alone, seen, before, server.megabytes, answers)


def _added_up(counts: Iterable[dict[str, int]]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for each in counts:
        total.update(each)
    return dict(total)


def p99(values: list[float]) -> float:
    return sorted(values)[min(int(len(values) * 0.99), len(values) - 1)]


def _served(pace: Pace) -> Served:
    with _program("bench.healthy", msgspec.json.encode(pace)) as client:
        return msgspec.json.decode(_output(client), type=Served)


@contextmanager
def _program(module: str, given: bytes) -> Iterator["subprocess.Popen[bytes]"]:
    with subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", module], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as program:
        assert program.stdin
        program.stdin.write(given)
        program.stdin.close()
        program.stdin = None
        try:
            yield program
        finally:
            if program.poll() is None:
                program.kill()


def _output(program: "subprocess.Popen[bytes]") -> bytes:
    output, _ = program.communicate()
    if program.returncode:
        raise RuntimeError(f"A client of the benchmark ended with {program.returncode}.")
    return output


def chosen(only: str | None) -> list[str]:
    kinds = only.split(",") if only else list(KINDS)
    if unknown := set(kinds) - set(KINDS):
        raise typer.BadParameter(f"{', '.join(sorted(unknown))}: not one of {', '.join(KINDS)}")
    return kinds


def main(
    engine: Annotated[str, typer.Option(help="Separated by commas.")] = "sqlite,postgresql",
    only: Annotated[str | None, typer.Option(help=f"Of {', '.join(KINDS)}; separated by commas.")] = None,
    seconds: Annotated[float, typer.Option(help="How long each round lasts, alone and beside.")] = 4.0,
    rounds: Annotated[int, typer.Option(help="Of each kind, on a server of its own each.")] = 3,
    rate: Annotated[float, typer.Option(help="Queries a second of the client that behaves.")] = 50.0,
) -> None:
    """Measure what one client feels of another. Times are of queries; memory is the server's."""
    kinds = chosen(only)
    for each in engine.split(","):
        typer.echo(f"\n{each}\n\n{HEAD}")
        with neighbours_on(each) as neighbours:
            rows = []
            for kind in kinds:
                rows.append(measured(kind, neighbours, seconds, rate, rounds=rounds))
                typer.echo(rows[-1].line())
        over = [f"{row.kind} ({row.ratio:.1f})" for row in rows if row.ratio > _GOAL]
        typer.echo(f"\n{each}: over twice the p99 alone: {', '.join(over) or 'none'}")
        over = [f"{row.kind} ({row.cpu_ratio:.1f})" for row in rows if row.cpu_ratio > _GOAL]
        typer.echo(f"{each}: over twice the p99 of CPU alone: {', '.join(over) or 'none'}")


if __name__ == "__main__":
    typer.run(main)
