"""The rows of `bench.ingest`: what is measured in each, what came of it, and how it is shown."""

from collections.abc import Iterator, Sequence
from statistics import median
from typing import Final, NamedTuple
from uuid import UUID

from bench.client import Result
from bench.spending import Spent

_ROW: Final = "{:10}  {:12}  {:12}  {:>5}  {:>7}  {:>8}  {:>7}  {:>7}  {:>7}  {:>7}  {:>8}  {:>7}  {:>7}"
HEAD: Final = _ROW.format(
    *("engine", "tree", "door", "batch", "offered", "events/s", "p50 ms", "p99 ms", "CPU ms", "PG ms"),
    *("database", "hold ms", "wait ms"),
)


class Cell(NamedTuple):
    """What is measured: a row of the table."""

    tree: str
    """The name of the tree that serves; empty for the endpoints that the doors are compared with."""
    door: str
    """One of the product's, or one of these endpoints."""
    batch: int
    rate: float | None = None
    is_watched: bool = False
    """For how long the event loop is held, which costs time itself."""

    @property
    def offered(self) -> str:
        return f"{self.rate:,.0f}" if self.rate else "all"


class Measured(NamedTuple):
    result: Result
    spent: Spent
    postgres_seconds: float | None
    """None on SQLite."""
    ids: set[UUID]

    @property
    def rate(self) -> float:
        return self.result.events / self.result.seconds

    @property
    def cpu(self) -> float:
        """Of the server and the database together, in seconds an event."""
        return (self.spent.cpu_seconds + (self.postgres_seconds or 0.0)) / max(self.result.events, 1)


def row(engine: str, cell: Cell, run: Measured) -> str:
    result, spent = run.result, run.spent
    thousands = max(result.events, 1) / 1_000
    return _ROW.format(
        engine,
        cell.tree[:12],
        cell.door,
        cell.batch,
        cell.offered,
        f"{run.rate:,.0f}",
        f"{_percentile(result.latencies, 0.5) * 1e3:.1f}",
        f"{_percentile(result.latencies, 0.99) * 1e3:.1f}",
        f"{spent.cpu_seconds / thousands * 1e3:.1f}",
        "-" if run.postgres_seconds is None else f"{run.postgres_seconds / thousands * 1e3:.1f}",
        f"{spent.database_seconds / result.seconds:.0%}",
        f"{spent.longest_hold * 1e3:.1f}" if cell.is_watched else "-",
        f"{spent.longest_wait * 1e3:.1f}",
    )


def _percentile(values: list[float], part: float) -> float:
    return values[min(int(len(values) * part), len(values) - 1)] if values else 0.0


def spread(engine: str, cell: Cell, runs: Sequence[Measured]) -> str:
    rates = [run.rate for run in runs]
    found = f"{min(rates):,.0f} to {max(rates):,.0f}, median {median(rates):,.0f}"
    whose = f"{cell.tree} {cell.door}" if cell.tree else cell.door
    return f"{engine} {whose} {cell.batch} {cell.offered}: {found} events/s"


def comparison(engine: str, runs: dict[Cell, list[Measured]], trees: Sequence[str]) -> Iterator[str]:
    """Each tree's CPU an event and its events a second, with their ratios to those of the first tree: the
    medians, of values of the same round.
    """
    first, *others = trees
    for cell, before in runs.items():
        if cell.tree == first:
            for tree in others:
                now = runs[cell._replace(tree=tree)]
                cpu = median(b.cpu / a.cpu for a, b in zip(before, now, strict=True))
                rate = median(b.rate / a.rate for a, b in zip(before, now, strict=True))
                yield (
                    f"{engine} {cell.door} {cell.batch} {cell.offered}: CPU an event, {first} "
                    f"{median(run.cpu for run in before) * 1e6:.1f} us, {tree} "
                    f"{median(run.cpu for run in now) * 1e6:.1f} us ({cpu:.2f}); events/s ({rate:.2f})"
                )
