"""A server of a benchmark's own: one worker, in a process of its own, watched from within."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from time import monotonic, sleep
from typing import IO

import msgspec

from bench.watched import SEEN, Seen
from bench.world import SECRET
from tests.ports import held_port

ROOT = Path(__file__).parents[1]
START_SECONDS = 120
STOP_SECONDS = 40


class Running:
    """May be ended and started again."""

    def __init__(self, url: str, port: int, folder: Path, log: IO[bytes], settings: dict[str, str]) -> None:
        self.port = port
        self._file = folder / "seen.json"
        self._log = log
        # As an operator has it, whatever is set here.
        ours = {name: value for name, value in os.environ.items() if not name.startswith("VIEWGRAPH_")}
        given = {"DATABASE_URL": url, "PORT": str(port), "SECRET": SECRET, "LOG_LEVEL": "warning"}
        self._environment = {
            **ours,
            "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}",
            SEEN: str(self._file),
            **{f"VIEWGRAPH_{name}": value for name, value in (given | settings).items()},
        }
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Until it is ready."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.watched"],
            cwd=ROOT,
            env=self._environment,
            stdout=subprocess.DEVNULL,
            stderr=self._log,
        )
        deadline = monotonic() + START_SECONDS
        while self._process.poll() is None and monotonic() < deadline:
            if self._is_ready():
                return
            sleep(0.05)
        raise RuntimeError("The server does not answer.")

    def terminate(self) -> int:
        """Its exit code."""
        assert self._process
        self._process.send_signal(signal.SIGTERM)
        try:
            return self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def process(self) -> int:
        assert self._process
        return self._process.pid

    @property
    def megabytes(self) -> float:
        """In memory."""
        assert self._process
        pages = Path(f"/proc/{self._process.pid}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE") / 1e6

    def seen(self) -> Seen:
        """Since it was asked before."""
        assert self._process
        self._file.unlink(missing_ok=True)
        self._process.send_signal(signal.SIGUSR1)
        deadline = monotonic() + START_SECONDS
        while not self._file.exists():
            if monotonic() > deadline:
                raise RuntimeError("The server does not tell what it saw.")
            sleep(0.01)
        return msgspec.json.decode(self._file.read_bytes(), type=Seen)

    def _is_ready(self) -> bool:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=5, source_address=("127.0.0.3", 0))
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        except (OSError, HTTPException):
            return False
        finally:
            connection.close()


@contextmanager
def running(url: str, **settings: str) -> Iterator[Running]:
    """What it logged is shown at the end."""
    with (
        held_port() as port,
        tempfile.TemporaryDirectory(prefix="viewgraph-running-") as folder,
        tempfile.TemporaryFile() as log,
    ):
        server = Running(url, port, Path(folder), log, settings)
        try:
            server.start()
            yield server
        finally:
            if server.is_running:
                server.terminate()
            log.seek(0)
            sys.stderr.write(log.read().decode(errors="replace"))
