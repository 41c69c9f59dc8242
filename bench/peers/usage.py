"""The CPU that the operating system tells of: of a server, of its database, and of everybody else."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

from bench.cpu import cpu_seconds
from bench.peers.running import Running

_TICKS = os.sysconf("SC_CLK_TCK")


class Usage(NamedTuple):
    server: float
    """Milliseconds of CPU for each request, as is `database`."""
    database: float
    others: float
    """Cores that were busy with something else."""


class Seconds(NamedTuple):
    at: float
    server: float
    database: float
    machine: float
    """Of all processes but this one and the children that it has waited for, such as wrk."""


@contextmanager
def used(server: Running, database: int | None) -> Iterator[Callable[[int], Usage]]:
    """Gives a function that tells it of what happened since, by the number of requests."""
    before = _seconds(server, database)
    yield lambda requests: usage(before, _seconds(server, database), requests)


def _seconds(server: Running, database: int | None) -> Seconds:
    return Seconds(
        perf_counter(),
        cpu_seconds(server.process),
        cpu_seconds(database) if database else 0.0,
        _busy() - _ours(),
    )


def usage(before: Seconds, after: Seconds, requests: int) -> Usage:
    took, server, database, machine = (one - other for one, other in zip(after, before, strict=True))
    others = max(0.0, (machine - server - database) / took)
    return Usage(1000 * server / requests, 1000 * database / requests, others)


def _busy() -> float:
    """Seconds in which cores of the machine were not idle."""
    _, *ticks = Path("/proc/stat").read_text().splitlines()[0].split()
    user, nice, system, _, _, irq, softirq, *_ = map(int, ticks)
    return (user + nice + system + irq + softirq) / _TICKS


def _ours() -> float:
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system
