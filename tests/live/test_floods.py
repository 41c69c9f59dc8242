"""WebSockets that send and do not read, and messages in ever more frames: neither fills the memory."""

import os
import re
import shutil
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic, sleep

import pytest

from tests.live.served import PATIENCE, PROTOCOL
from tests.server.program import Anew, Program

MASK = bytes(4)
"""Leaves what is sent as it is."""
TEXT, CONTINUATION, PING = 0x1, 0x0, 0x9
FINAL, CLOSE = 0x80, b"\x88"
TOO_BIG = 1009
MEGABYTES = 8

on_linux = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the memory is told by /proc")


@pytest.fixture(scope="module")
def program(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    folder = tmp_path_factory.mktemp("flooded")
    shutil.copy(sqlite_template, folder / "viewgraph.sqlite3")
    with Anew("serve", folder=folder) as program:
        # It comes a while after the start, and takes some memory.
        began = monotonic()
        while not _has_numpy(program) and monotonic() - began < PATIENCE:
            sleep(0.05)
        yield program


def _has_numpy(program: Program) -> bool:
    maps = Path(f"/proc/{program.pid}/maps")
    return not maps.exists() or "numpy" in maps.read_text()


def frame(kind: int, payload: bytes, *, is_final: bool = True) -> bytes:
    """As a client sends it, of up to 125 bytes."""
    return bytes([kind | (FINAL if is_final else 0), 0x80 | len(payload)]) + MASK + payload


@contextmanager
def connected(program: Program) -> Iterator[socket.socket]:
    with socket.socket() as connection:
        connection.settimeout(PATIENCE)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(("127.0.0.1", program.port))
        connection.sendall(
            b"GET /graphql HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            b"Sec-WebSocket-Protocol: " + PROTOCOL.encode() + b"\r\n\r\n"
        )
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += connection.recv(1)
        assert head.startswith(b"HTTP/1.1 101 ")
        yield connection


def resident(program: Program) -> int:
    """Bytes."""
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{program.pid}/status").read_text())
    assert found
    return int(found[1]) * 1024


def settled(program: Program) -> int:
    """Bytes, once nothing more is loaded behind the first answers."""
    before, since = resident(program), monotonic()
    while monotonic() - since < 2:
        sleep(0.1)
        if (now := resident(program)) > before + 2**18:
            before, since = now, monotonic()
    return before


def expect_healthy(program: Program) -> None:
    assert program.post("{ __typename }") == {"data": {"__typename": "Query"}}


@on_linux
def test_pings_of_one_that_reads_nothing_take_no_memory(program: Program) -> None:
    expect_healthy(program)
    with connected(program) as flooding:
        before = settled(program)
        for _ in range(1_000):
            # Each pong that waits would be as long: 13 MB in all.
            flooding.sendall(frame(PING, os.urandom(125)) * 100)
        expect_healthy(program)
        assert resident(program) - before < MEGABYTES * 2**20


@on_linux
def test_requests_of_one_that_reads_nothing_take_no_memory(program: Program) -> None:
    expect_healthy(program)
    request = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" * 5_000
    with socket.socket() as flooding:
        flooding.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        flooding.connect(("127.0.0.1", program.port))
        flooding.settimeout(1)
        before = settled(program)
        # Until nothing more is taken.
        with suppress(TimeoutError):
            for _ in range(200):
                flooding.sendall(request)
        expect_healthy(program)
        assert resident(program) - before < 4 * MEGABYTES * 2**20


@on_linux
def test_a_message_in_too_many_frames_is_too_big(program: Program) -> None:
    with connected(program) as flooding:
        before = settled(program)
        flooding.sendall(frame(TEXT, b"{", is_final=False))
        flooding.sendall(frame(CONTINUATION, b"", is_final=False) * 2_000)
        assert flooding.recv(1) == CLOSE
        length = flooding.recv(1)[0]
        (code,) = struct.unpack("!H", flooding.recv(2))
        assert (code, flooding.recv(length - 2)) == (TOO_BIG, b"Too many frames")
        expect_healthy(program)
        assert resident(program) - before < MEGABYTES * 2**20
