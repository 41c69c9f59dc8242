"""A server of a peer's: one process, alone on the machine."""

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from time import monotonic, sleep
from typing import NamedTuple

from tests.ports import held_port

ROOT = Path(__file__).parents[2]
_START_SECONDS = 60
_STOP_SECONDS = 20


class Request(NamedTuple):
    method: str
    path: str
    body: bytes


class Running(NamedTuple):
    port: int
    process: int
    headers: dict[str, str]

    def ask(self, request: Request) -> bytes:
        """The body of an answer; empty for 304."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=120)
        try:
            headers = {"content-type": "application/json", **self.headers}
            connection.request(request.method, request.path, request.body, headers)
            response = connection.getresponse()
            answer = response.read()
        finally:
            connection.close()
        if response.status not in (200, 304):
            raise RuntimeError(f"{request.path} answered {response.status}: {answer[:500]!r}")
        return answer

    def megabytes(self, kind: str = "VmRSS") -> float:
        """In memory; the most that it ever had as `VmHWM`."""
        status = Path(f"/proc/{self.process}/status").read_text()
        (line,) = (line for line in status.splitlines() if line.startswith(f"{kind}:"))
        return int(line.split()[1]) * 1024 / 1e6


@contextmanager
def running(command: Callable[[int], list[str]], **environment: str) -> Iterator[Running]:
    """Until it takes connections on the port that its command is made of."""
    with held_port() as port:
        process = subprocess.Popen(  # noqa: S603
            command(port),
            env=os.environ
            | {"PYTHONPATH": str(ROOT), "PEER_PORT": str(port), "NODE_ENV": "production"}
            | environment,
            stdout=subprocess.DEVNULL,
        )
        try:
            _await(process, port)
            yield Running(port, process.pid, {})
        finally:
            _stop(process)


def _await(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = monotonic() + _START_SECONDS
    while process.poll() is None and monotonic() < deadline:
        connection = HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.connect()
        except OSError:
            sleep(0.05)
        else:
            return
        finally:
            connection.close()
    raise RuntimeError("The server does not answer.")


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
