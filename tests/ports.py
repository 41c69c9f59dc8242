"""Ports for servers that are told where to listen."""

import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager


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
