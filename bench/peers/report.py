"""The tables in Markdown, ready for a page of the documentation."""

import json
import platform
import re
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from os import cpu_count
from pathlib import Path
from sqlite3 import sqlite_version
from statistics import median

from bench.peers.install import node
from bench.peers.load import CONNECTIONS
from bench.peers.rounds import Case, Taken

_HERE = Path(__file__).parent
_PYTHON = ("strawberry-graphql", "ariadne", "asyncpg", "orjson", "uvicorn", "sqlalchemy")
_NODE = ("mercurius", "graphql-jit", "postgraphile")
_NARROW = ("requests/s", "p50 ms", "p99 ms", "CPU ms", "database's CPU ms")
_WIDE = ("ms", "CPU ms", "database's CPU ms", "MB at most")


def head(postgresql: str, folder: Path, rounds: int, seconds: int) -> str:
    """When, where, and with which versions."""
    versions = [f"Python {platform.python_version()}", f"Node.js {_node_version(folder)}"]
    versions += [f"PostgreSQL {postgresql}", f"SQLite {sqlite_version}", *_of_python(), *_of_node(), _wrk()]
    return (
        f"Measured on {datetime.now(UTC):%Y-%m-%d} on {cpu_count()} cores, {_processor()}, "
        f"{platform.system()} {platform.release()}; {rounds} rounds of {seconds} seconds. "
        f"{', '.join(versions)}."
    )


def narrow(question: str, taken: dict[Case, list[Taken]]) -> Iterator[str]:
    """A row for each server."""
    columns = [f"{column} at {connections}" for connections in CONNECTIONS for column in _NARROW]
    yield from _headed(columns, "MB", "answers")
    for peer in _peers(taken):
        of = [taken[Case(peer, question, connections)] for connections in CONNECTIONS]
        cells = [cell for values in of for cell in _cells(values)]
        yield _row(peer, *cells, _number(median(one.megabytes for one in of[-1])), _same(of[0] + of[-1]))


def wide(question: str, taken: dict[Case, list[Taken]]) -> Iterator[str]:
    yield from _headed([*_WIDE, "answers"])
    for peer in _peers(taken):
        values = taken[Case(peer, question, 1)]
        yield _row(peer, *_wide_cells(values), _same(values))


def _wide_cells(values: list[Taken]) -> Iterator[str]:
    for name in ("p50", "server", "database", "megabytes"):
        yield _number(_middle(values, name))


def noise(taken: dict[Case, list[Taken]]) -> str:
    """How quiet the machine was."""
    others = [one.others for values in taken.values() for one in values]
    return f"Others took {median(others):.2f} cores in the middle, and {max(others):.2f} at most."


def _headed(columns: list[str], *more: str) -> Iterator[str]:
    names = ["server", *columns, *more]
    yield _row(*names)
    yield _row(*("---" for _ in names))


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _peers(taken: dict[Case, list[Taken]]) -> list[str]:
    """The quickest first."""
    sums: dict[str, float] = {}
    for case, values in taken.items():
        sums[case.peer] = sums.get(case.peer, 0.0) + _middle(values, "server") + _middle(values, "database")
    return sorted(sums, key=lambda peer: sums[peer])


def _cells(values: list[Taken]) -> Iterator[str]:
    for name in ("requests_per_second", "p50", "p99", "server", "database"):
        yield _number(_middle(values, name))


def _middle(values: list[Taken], name: str) -> float:
    middle: float = median(getattr(one, name) for one in values)
    return middle


def _number(value: float) -> str:
    """With three digits that say something."""
    if value >= 100:
        return f"{value:,.0f}"
    if value >= 10:
        return f"{value:.1f}"
    return f"{value:.2f}" if value >= 0.1 else f"{value:.3f}"


def _same(values: list[Taken]) -> str:
    return "same bytes" if all(one.has_same_bytes for one in values) else "same values"


# Versions


def _processor() -> str:
    found = re.search(r"^model name\s*: (.+)$", Path("/proc/cpuinfo").read_text(), flags=re.MULTILINE)
    return found[1] if found else platform.machine()


def _node_version(folder: Path) -> str:
    return _printed(node(folder), "--version").removeprefix("v")


def _wrk() -> str:
    return " ".join(_printed("wrk", "--version").split()[:2])


def _printed(*command: str) -> str:
    """wrk tells its version with an exit code of 1."""
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()  # noqa: S603


def _of_python() -> Iterator[str]:
    pinned = dict(
        re.findall(r"^([\w.-]+)==(\S+)", (_HERE / "requirements.txt").read_text(), flags=re.MULTILINE)
    )
    yield from (f"{name} {pinned[name]}" for name in _PYTHON)


def _of_node() -> Iterator[str]:
    packages = json.loads((_HERE / "node/package-lock.json").read_text())["packages"]
    yield from (f"{name} {packages[f'node_modules/{name}']['version']}" for name in _NODE)
