"""How long a server's own events take while `viewgraph import` writes to the same file of SQLite.

Prints a table: before the import, while it runs, and after it. docs/reference/measurements.md has
the results.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from threading import Event, Thread
from time import monotonic, sleep
from typing import Annotated, Final, NamedTuple

import typer

from base.ids import Kind, global_id
from bench import generate
from bench.traffic import AGENTS
from bench.trees import SETTINGS, Tree

_HERE: Final = Path(__file__).parent
_CLIENTS: Final = 4
_ROW: Final = "{:14}  {:>8}  {:>8}  {:>8}  {:>8}  {:>8}"
_HEAD: Final = ("phase", "seconds", "requests", "p50 ms", "p99 ms", "max ms")


class Sent(NamedTuple):
    at: float
    """When it was due, by the clock of `monotonic`."""
    seconds: float
    """From then until it was answered, so that a request that waits for the one before counts, too."""


class Clients:
    """Each sends one event after the other, at fixed times."""

    def __init__(self, port: int, rate: float) -> None:
        self._port = port
        self._pause = _CLIENTS / rate
        self._ends = Event()
        self.sent: list[Sent] = []
        assets = generate.public_ids(generate.ASSETS, Kind.ASSET)
        self._bodies = [
            json.dumps({"subject": {"assetId": global_id(Kind.ASSET, id)}, "action": "VIEW_3D"})
            for id in assets
        ]

    @contextmanager
    def sending(self) -> Iterator[None]:
        threads = [Thread(target=self._send, args=(number,)) for number in range(_CLIENTS)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._ends.set()
            for thread in threads:
                thread.join()

    def _send(self, number: int) -> None:
        connection = HTTPConnection("127.0.0.1", self._port, timeout=60)
        due = monotonic() + self._pause * number / _CLIENTS
        while not self._ends.is_set():
            sleep(max(0.0, due - monotonic()))
            body = self._bodies[len(self.sent) % len(self._bodies)]
            connection.request("POST", "/collect", body, {"User-Agent": AGENTS[0]})
            response = connection.getresponse()
            answer = json.loads(response.read())
            if response.status >= 400 or answer["stored"] != 1:
                raise RuntimeError(f"An event was not stored: {response.status} {answer}")
            self.sent.append(Sent(due, monotonic() - due))
            due += self._pause


def _row(phase: str, seconds: float, sent: Sequence[Sent]) -> str:
    waits = sorted(one.seconds * 1e3 for one in sent)
    p50, p99 = (waits[min(int(len(waits) * part), len(waits) - 1)] for part in (0.5, 0.99))
    return _ROW.format(phase, f"{seconds:.1f}", len(waits), f"{p50:.1f}", f"{p99:.1f}", f"{waits[-1]:.1f}")


def main(
    events: Annotated[int, typer.Option(help="How many events the file has.")] = 500_000,
    rate: Annotated[float, typer.Option(help="How many events the server gets in a second.")] = 40.0,
    rest: Annotated[float, typer.Option(help="Seconds before and after the import.")] = 10.0,
    tree: Annotated[Path, typer.Option(help="The sources of the program to measure.")] = _HERE.parent,
) -> None:
    """Measure how long a server's own events take beside an import."""
    with tempfile.TemporaryDirectory(prefix="viewgraph-beside-") as folder:
        file, base = Path(folder) / "year.ndjson", Path(folder) / "base.sqlite3"
        url = f"sqlite:///{base}"
        # In a process of its own, because it has the tables of this tree.
        subprocess.run(  # noqa: S603
            [
                sys.executable,
                "-m",
                "bench.generate",
                "--events",
                str(events),
                "--database-url",
                url,
                str(file),
            ],
            check=True,
            cwd=_HERE.parent,
        )
        measured = Tree(tree.resolve())
        with measured.serving(url, EVENTS_PER_ADDRESS="off", EVENTS_PER_SUBJECT="off") as server:
            clients = Clients(server.port, rate)
            with clients.sending():
                sleep(rest)
                began = monotonic()
                said = _imported(tree.resolve(), file, url)
                ended = monotonic()
                sleep(rest)
    typer.echo(said.strip())
    typer.echo(_ROW.format(*_HEAD))
    typer.echo(_row("before", rest, [one for one in clients.sent if one.at < began]))
    typer.echo(_row("while it runs", ended - began, [one for one in clients.sent if began <= one.at < ended]))
    typer.echo(_row("after", rest, [one for one in clients.sent if one.at >= ended]))


def _imported(tree: Path, file: Path, url: str) -> str:
    ours = {name: value for name, value in os.environ.items() if not name.startswith("VIEWGRAPH_")}
    ours |= {f"VIEWGRAPH_{name}": value for name, value in SETTINGS.items()}
    ours |= {"PYTHONPATH": str(tree / "src"), "VIEWGRAPH_DATABASE_URL": url}
    command = [sys.executable, "-c", "from server.start import main; main()", "import", str(file)]
    done = subprocess.run(command, env=ours, check=True, capture_output=True, text=True)  # noqa: S603
    return done.stdout


if __name__ == "__main__":
    typer.run(main)
