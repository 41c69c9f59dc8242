"""Ports for servers that are told where to listen."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic, sleep
from typing import Any

_PATIENCE = 30.0


@contextmanager
def held_port() -> Iterator[int]:
    """Meanwhile nobody else is given it, however often servers on it come and go.

    It is bound here, where nobody listens: on Linux that keeps no server from binding it too. Elsewhere it
    is only free when it is chosen.
    """
    with socket.socket() as held:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind(("127.0.0.1", 0))
        port: int = held.getsockname()[1]
        if sys.platform != "linux":
            held.close()
        yield port


def wait_until_open(port: int, process: subprocess.Popen[Any]) -> None:
    """Until the process listens there."""
    deadline = monotonic() + _PATIENCE
    while monotonic() < deadline:
        assert process.poll() is None, "the process has ended"
        if is_open(port):
            return
        sleep(0.02)
    raise TimeoutError


def is_open(port: int) -> bool:
    """Whether somebody listens there."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
