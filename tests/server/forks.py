"""Processes that are forks of one which has loaded the program: see `forker.py`."""

import atexit
import json
import os
import signal
import socket
import subprocess
import sys
from functools import cache
from pathlib import Path
from select import select
from typing import IO

ROOT = Path(__file__).parents[2]


class Fork:
    """What `subprocess.Popen` offers, for a process that is no child of ours."""

    def __init__(self, told: int) -> None:
        self._told = os.fdopen(told, "rb", buffering=0)
        self.pid = int(self._told.readline())
        self.returncode: int | None = None

    def poll(self) -> int | None:
        return self._ended(0)

    def wait(self, timeout: float | None = None) -> int:
        code = self._ended(timeout)
        if code is None:
            raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0)
        return code

    def send_signal(self, number: signal.Signals) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def _ended(self, timeout: float | None) -> int | None:
        if self.returncode is None and select([self._told], [], [], timeout)[0]:
            self.returncode = int(self._told.readline())
            self._told.close()
        return self.returncode


def fork(
    arguments: list[str], folder: Path, environment: dict[str, str], output: IO[bytes], errors: IO[bytes]
) -> "Fork | subprocess.Popen[bytes]":
    """A program with these arguments. Where there is no Linux, it is started anew."""
    if sys.platform != "linux":
        return start_anew(arguments, folder, environment, output, errors)
    asked = {"arguments": arguments, "folder": str(folder), "environment": environment}
    told, telling = os.pipe()
    descriptors = [output.fileno(), errors.fileno(), telling]
    socket.send_fds(_forker(), [json.dumps(asked).encode()], descriptors)
    os.close(telling)
    return Fork(told)


def start_anew(
    arguments: list[str], folder: Path, environment: dict[str, str], output: IO[bytes], errors: IO[bytes]
) -> "subprocess.Popen[bytes]":
    """The same, of a Python that loads the program first."""
    main = "from server.start import main; main()"
    return subprocess.Popen(
        [sys.executable, "-c", main, *arguments],
        cwd=folder,
        env=environment,
        stdout=output,
        stderr=errors,
        start_new_session=True,
    )


@cache
def _forker() -> socket.socket:
    """The way to ask for one. Who is asked ends with this process."""
    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    own = {name: value for name, value in os.environ.items() if not name.startswith("VIEWGRAPH_")}
    # It takes half as long to load a program that was compiled before.
    own.pop("PYTHONDONTWRITEBYTECODE", None)
    main = f"from tests.server.forker import main; main({its.fileno()})"
    process = subprocess.Popen(
        [sys.executable, "-c", main],
        pass_fds=[its.fileno()],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        cwd=ROOT,
        env=own | {"PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)])},
        start_new_session=True,
    )
    its.close()

    def end() -> None:
        ours.close()
        process.wait()

    atexit.register(end)
    return ours
