"""How much CPU `viewgraph import` takes for an event, beside plain sqlite3 and DuckDB with the same file.

Prints a table. docs/reference/measurements.md says what its columns mean, and has the results.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter
from typing import Annotated, Final, NamedTuple

import typer

from bench.environment import made_environment

_HERE: Final = Path(__file__).parent
_READERS: Final = _HERE / "readers"
_ROW: Final = "{:18}  {:8}  {:>10}  {:>9}  {:>9}  {:>9}  {:>8}"
_HEAD: Final = ("program", "format", "events", "CPU us", "events/s", "start s", "peak MB")
BASE: Final = "base.sqlite3"
_SECRET: Final = "0123456789abcdef" * 3


class Run(NamedTuple):
    cpu: float
    seconds: float
    megabytes: float


class Reader(NamedTuple):
    name: str
    command: tuple[str, ...]
    """A file and a database follow."""
    format: str
    environment: tuple[tuple[str, str], ...]

    def migrate(self, database: Path) -> None:
        command = [*self.command[:-1], "migrate", "--database-url", f"sqlite:///{database}"]
        environment = dict(self.environment)
        subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)  # noqa: S603

    def run(self, file: Path, base: Path) -> Run:
        """On a database of its own."""
        with (
            tempfile.TemporaryDirectory(prefix="viewgraph-import-", dir=base.parent) as folder,
            tempfile.TemporaryFile() as said,
        ):
            database = Path(folder) / "run.database"
            arguments = [str(file), str(database)]
            if self.name == "viewgraph":
                shutil.copy(base, database)
                arguments = [str(file), "--database-url", f"sqlite:///{database}"]
            began = perf_counter()
            process = subprocess.Popen(  # noqa: S603
                [*self.command, *arguments],
                env=dict(self.environment),
                stdout=subprocess.DEVNULL,
                stderr=said,
            )
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            if process.returncode:
                said.seek(0)
                raise RuntimeError(f"{self.name} failed: {said.read().decode()}")
            return Run(used.ru_utime + used.ru_stime, perf_counter() - began, used.ru_maxrss * 1024 / 1e6)


def readers(tree: Path, python: Path) -> list[Reader]:
    ours = {name: value for name, value in os.environ.items() if not name.startswith("VIEWGRAPH_")}
    ours |= {"PYTHONPATH": str(tree / "src"), "VIEWGRAPH_SECRET": _SECRET}
    environment = tuple(ours.items())
    start = "from server.start import main; main()"
    viewgraph = (sys.executable, "-c", start, "import")
    plain = (sys.executable, str(_READERS / "plain_sqlite.py"))
    duckdb = (str(python / "bin/python"), str(_READERS / "with_duckdb.py"))
    return [
        Reader("viewgraph", viewgraph, "ndjson", environment),
        Reader("viewgraph", viewgraph, "parquet", environment),
        Reader("sqlite3", plain, "ndjson", environment),
        Reader("duckdb", duckdb, "ndjson", environment),
        Reader("duckdb", duckdb, "parquet", environment),
    ]


class Bench:
    """Files, and what reads them."""

    def __init__(self, folder: Path, events: int, chosen: list[Reader]) -> None:
        self._folder = folder
        self._events = events
        self._readers = chosen
        # In a process of its own: the memory of this one would count as that of the readers.
        command = [sys.executable, "-m", "bench.event_files", str(folder), str(events)]
        subprocess.run(command, check=True, cwd=_HERE.parent)  # noqa: S603
        # Another tree may have other tables.
        for reader in [reader for reader in chosen if reader.name == "viewgraph"]:
            reader.migrate(folder / BASE)

    def rows(self, rounds: int) -> Iterator[str]:
        """The least of each reader, after as many rounds, in which the readers take turns."""
        starts = {reader: self._least(reader, 1, rounds) for reader in self._readers}
        runs: dict[Reader, Run] = {}
        for _ in range(rounds):
            for reader in self._readers:
                run = self._least(reader, self._events, 1)
                runs[reader] = min(runs.get(reader, run), run)
        for reader, run in runs.items():
            start = starts[reader].cpu
            yield _ROW.format(
                reader.name,
                reader.format,
                f"{self._events:,}",
                f"{(run.cpu - start) / self._events * 1e6:.1f}",
                f"{self._events / run.seconds:,.0f}",
                f"{start:.2f}",
                f"{run.megabytes:.0f}",
            )

    def _least(self, reader: Reader, events: int, times: int) -> Run:
        file = self._folder / f"{events}.{reader.format}"
        return min(reader.run(file, self._folder / BASE) for _ in range(times))


def main(
    events: Annotated[int, typer.Option(help="How many events the file has.")] = 1_000_000,
    rounds: Annotated[int, typer.Option(help="How often each is measured; the least counts.")] = 3,
    tree: Annotated[Path, typer.Option(help="The sources of the program to measure.")] = _HERE.parent,
    only: Annotated[
        str, typer.Option(help="The programs, separated by commas.")
    ] = "viewgraph,sqlite3,duckdb",
) -> None:
    """Measure how much CPU an import takes. CPU is for an event, without the start of the program."""
    names = only.split(",")
    python = Path(tempfile.gettempdir()) / "viewgraph-readers"
    if "duckdb" in names:
        made_environment(python, _READERS / "requirements.txt")
    chosen = [reader for reader in readers(tree.resolve(), python) if reader.name in names]
    with tempfile.TemporaryDirectory(prefix="viewgraph-import-") as folder:
        bench = Bench(Path(folder), events, chosen)
        typer.echo(_ROW.format(*_HEAD))
        for row in bench.rows(rounds):
            typer.echo(row)


if __name__ == "__main__":
    typer.run(main)
