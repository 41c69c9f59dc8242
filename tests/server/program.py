"""The program as its users run it: a process of its own, with no settings but those given."""

import os
import signal
import socket
import subprocess
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryFile
from time import monotonic, sleep
from types import TracebackType
from typing import IO, Any, Self

import httpx

from server.demo.sign_ins import PASSWORD
from tests.ports import held_port, is_open
from tests.server.forks import Fork, fork, start_anew

ROOT = Path(__file__).parents[2]
START_SECONDS = 120.0
STOP_SECONDS = 30.0


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


class Program:
    """A `viewgraph` that serves: answers on entry, and is stopped on exit as by Ctrl-C.

    It is a fork of a process that has loaded the program already, as loading takes seconds. `Anew` loads it.
    """

    port: int
    address: str

    def __init__(self, *arguments: str, folder: Path, **variables: str) -> None:
        self.exit_code: int | None = None
        self._arguments = arguments
        self.folder = folder
        self._variables = variables
        self._is_interrupted = False
        self._has_ended = False

    def __enter__(self) -> Self:
        self._held = ExitStack()
        self._out = self._held.enter_context(self._output())
        self._err = self._held.enter_context(TemporaryFile())
        self.port = self._port()
        self.address = f"http://127.0.0.1:{self.port}"
        self._process = self._started([*self._arguments, "--port", str(self.port)])
        try:
            self._wait()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def _started(self, arguments: list[str]) -> "Fork | subprocess.Popen[bytes]":
        # These are read when Python starts, or when a module is loaded.
        assert not [name for name in self._variables if name.startswith("PYTHON")], "this needs Anew"
        return fork(arguments, self.folder, environment(self._variables), self._out, self._err)

    def _output(self) -> IO[bytes]:
        return TemporaryFile()

    def _port(self) -> int:
        return self._held.enter_context(held_port())

    @property
    def pid(self) -> int:
        return self._process.pid

    def read(self) -> tuple[str, str]:
        """Standard output and error so far; after the end, all of them, and also as `out` and `err`."""
        return (self.out, self.err) if self._has_ended else (_text(self._out), _text(self._err))

    def post(self, query: str, headers: dict[str, str] | None = None, **variables: Any) -> Any:
        """The body of the answer."""
        body = {"query": query, "variables": variables}
        return httpx.post(f"{self.address}/graphql", json=body, headers=headers).json()

    def token(self, email: str) -> str:
        """Of an account of the demo."""
        login = "mutation($input: LoginInput!) { login(input: $input) { accessToken } }"
        input = {"password": {"email": email, "password": PASSWORD}}
        token: str = self.post(login, input=input)["data"]["login"]["accessToken"]
        return token

    def interrupt(self) -> None:
        """As Ctrl-C does. Once: who insists is not told goodbye."""
        if not self._is_interrupted:
            self._is_interrupted = True
            self._process.send_signal(signal.SIGINT)

    def terminate(self) -> None:
        """As those who run servers do; it returns when the program has ended."""
        self._is_interrupted = True
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(STOP_SECONDS)

    def _wait(self) -> None:
        deadline = monotonic() + START_SECONDS
        while monotonic() < deadline:
            assert self._process.poll() is None, self.read()
            if not is_open(self.port):
                sleep(0.02)
                continue
            try:
                if httpx.get(f"{self.address}/health").status_code == 200:
                    return
            except httpx.TransportError:
                sleep(0.1)
        raise TimeoutError(self.read())

    def _end(self) -> None:
        self.interrupt()
        try:
            self.exit_code = self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self.out, self.err = self.read()
        self._has_ended = True
        self._held.close()


class Anew(Program):
    """As its users start it."""

    def _started(self, arguments: list[str]) -> "subprocess.Popen[bytes]":
        return start_anew(arguments, self.folder, environment(self._variables), self._out, self._err)


class Unread(Program):
    """Nobody reads its standard output."""

    def read(self) -> tuple[str, str]:
        return "", _text(self._err)

    def _output(self) -> IO[bytes]:
        reader, writer = os.pipe()
        os.close(reader)
        return os.fdopen(writer, "wb")


def environment(variables: dict[str, str]) -> dict[str, str]:
    ours = {name: value for name, value in os.environ.items() if not name.startswith("VIEWGRAPH_")}
    return ours | {"PYTHONPATH": str(ROOT / "src")} | variables


def _text(file: IO[bytes]) -> str:
    """Read without moving: the program writes on from where the file stands."""
    return os.pread(file.fileno(), os.fstat(file.fileno()).st_size, 0).decode()
