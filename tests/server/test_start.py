"""How the program starts, with one worker and with two, and how it ends."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from time import monotonic, sleep

import httpx
import pytest
from uvicorn import Config

from tests.server.program import START_SECONDS, Program, environment

NOT_AT_FIRST = {"alembic", "datasketches", "httpx", "mako", "numpy", "xlsxwriter"}
NOT_FOR_QUERIES = NOT_AT_FIRST - {"httpx"}
"""Here httpx is the client."""
ANSWER_SECONDS = Config("", log_config=None).timeout_worker_healthcheck
HALF_A_REQUEST = (
    b"POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{"
)


@pytest.fixture
def url(tmp_path: Path, sqlite_template: Path) -> str:
    file = tmp_path / "data.sqlite3"
    file.write_bytes(sqlite_template.read_bytes())
    return f"sqlite:///{file}"


def children(pid: int) -> list[int]:
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def workers_of(program: Program) -> list[int]:
    """Without the process that multiprocessing has beside them."""
    return [
        pid for pid in children(program.pid) if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()
    ]


class Slow(Program):
    """Both of its workers take longer to start than an answer may take, as on a busy machine."""

    def _wait(self) -> None:
        deadline = monotonic() + START_SECONDS
        while len(workers := workers_of(self)) < 2:
            assert monotonic() < deadline
            sleep(0.01)
        with ExitStack() as stack:
            for worker in workers:
                stack.enter_context(halted(worker))
            sleep(ANSWER_SECONDS + 1)
        super()._wait()


def answer(program: Program) -> int:
    """On a connection of its own."""
    return httpx.post(f"{program.address}/graphql", json={"query": "{ __typename }"}, timeout=60).status_code


def until_read(connection: socket.socket) -> None:
    """Until a worker has read all that was sent. Only Linux tells."""
    deadline = monotonic() + START_SECONDS
    while sys.platform == "linux" and not _is_read(connection.getsockname()[1]):
        assert monotonic() < deadline
        sleep(0.01)


def _is_read(client_port: int) -> bool:
    """Whether the other end was accepted, so that it has an inode, and has nothing left to read."""
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        _, _, remote, _, queues, *_, inode = line.split()[:10]
        if remote.endswith(f":{client_port:04X}"):
            return inode != "0" and queues.endswith(":00000000")
    return False


@contextmanager
def halted(pid: int) -> Iterator[None]:
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def test_a_start_loads_nothing_that_is_not_needed_for_the_first_answer(tmp_path: Path) -> None:
    code = (
        "import sys; from server.start import app; app(); "
        f"print(sorted({NOT_AT_FIRST} & {{name.partition('.')[0] for name in sys.modules}}))"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment({}), capture_output=True, text=True
    )

    assert loaded.stdout == "[]\n", loaded.stderr


def test_a_server_that_only_answers_queries_loads_nothing_that_events_need(url: str, tmp_path: Path) -> None:
    """The rules for user agents are loaded with the first agent."""
    code = f"""
import asyncio, sys
import httpx
from server.start import app
from ingest.devices import classifying

async def main():
    answering = app()
    async with answering.router.lifespan_context(answering):
        transport = httpx.ASGITransport(answering)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            query = {{"query": "{{ publications(first: 2) {{ totalCount }} }}"}}
            answers = [(await client.post("/graphql", json=query)).json() for _ in range(3)]
            print(answers)
        await asyncio.sleep(1.5)
        print(sorted({NOT_FOR_QUERIES} & {{name.partition(".")[0] for name in sys.modules}}))
        print(classifying.is_loaded)

asyncio.run(main())
"""
    served = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=environment({"VIEWGRAPH_DATABASE_URL": url}),
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert served.stdout.splitlines()[-3:] == [
        str([{"data": {"publications": {"totalCount": 0}}}] * 3),
        "[]",
        "False",
    ], served.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="looks for workers in /proc")
def test_two_workers_start_and_answer_although_they_start_slowly(url: str, tmp_path: Path) -> None:
    with Slow("serve", "--database-url", url, "--workers", "2", folder=tmp_path) as program:
        first, second = workers_of(program)
        # Whichever is halted, the other one takes what comes.
        with halted(first):
            assert answer(program) == 200
        with halted(second):
            assert answer(program) == 200
        assert workers_of(program) == [first, second]

    assert program.exit_code == 0
    assert "Traceback" not in program.err


@pytest.mark.skipif(sys.platform != "linux", reason="looks for workers in /proc")
def test_a_worker_that_ends_is_replaced(url: str, tmp_path: Path) -> None:
    with Program("serve", "--database-url", url, "--workers", "2", folder=tmp_path) as program:
        first, second = workers_of(program)
        os.kill(first, signal.SIGKILL)
        deadline = monotonic() + 60
        while first in (now := workers_of(program)) or len(now) < 2:
            assert monotonic() < deadline, now
            sleep(0.1)
        assert second in now
        assert answer(program) == 200

    assert program.exit_code == 0


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_server_that_is_told_to_end_does_not_wait_longer_than_it_may(
    workers: str, url: str, tmp_path: Path
) -> None:
    manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    manager.bind(f"\0viewgraph-{os.getpid()}-{workers}")
    manager.settimeout(START_SECONDS)
    given = {"VIEWGRAPH_STOP_SECONDS": "1", "VIEWGRAPH_WORKERS": workers}
    given["NOTIFY_SOCKET"] = f"@{manager.getsockname()[1:].decode()}"
    with (
        manager,
        Program("serve", "--database-url", url, folder=tmp_path, **given) as program,
        socket.create_connection(("127.0.0.1", program.port)) as unfinished,
    ):
        assert manager.recv(100) == b"READY=1"
        unfinished.sendall(HALF_A_REQUEST)
        until_read(unfinished)
        assert answer(program) == 200
        began = monotonic()
        program.terminate()
        took = monotonic() - began
        told = unfinished.recv(10_000)
        assert manager.recv(100) == b"STOPPING=1"

    assert program.exit_code in (0, -signal.SIGTERM)
    assert told.startswith(b"HTTP/1.1 503 ")
    assert b'"retryAfter":1' in told
    # A second, and what a busy machine adds.
    assert took < 10
    assert "Traceback" not in program.err
