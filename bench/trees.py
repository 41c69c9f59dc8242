"""A tree of the project, such as one of the release before, by its own command and over HTTP.

Nothing of it is imported here: what its modules are called does not matter.
"""

import json
import os
import signal
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from tempfile import gettempdir
from time import monotonic, sleep
from typing import Any

from bench.cpu import cpu_seconds
from tests.ports import held_port

START_SECONDS = 120
STOP_SECONDS = 40
SETTINGS = {
    "SECRET": "a secret of the benchmark, long enough to sign with",
    "LOG_LEVEL": "warning",
    "QUERY_COST_PER_USER": "off",
    "QUERY_COST_PER_ADDRESS": "off",
    "MUTATION_COST_PER_USER": "off",
    "MUTATION_COST_PER_ADDRESS": "off",
}


class Tree:
    """A tree of the project: its command, and its servers."""

    def __init__(self, folder: Path) -> None:
        self.name, self._folder = folder.name, folder
        module, function = tomllib.loads((folder / "pyproject.toml").read_text())["project"]["scripts"][
            "viewgraph"
        ].split(":")
        self._command = [sys.executable, "-c", f"from {module} import {function}; {function}()"]
        self._environment = {
            name: value for name, value in os.environ.items() if not name.startswith("VIEWGRAPH_")
        }
        self._environment["PYTHONPATH"] = str(folder / "src")

    def run(self, *arguments: str, database_url: str) -> str:
        """What the command prints."""
        done = subprocess.run(  # noqa: S603
            [*self._command, *arguments],
            env=self._settled(database_url),
            cwd=gettempdir(),
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise RuntimeError(f"viewgraph {arguments[0]} failed: {done.stderr}")
        return done.stdout

    @property
    def revision(self) -> str:
        """The newest that it has of the database's tables."""
        versions = (self._folder / "src" / "server" / "migrations" / "versions").glob("[0-9]*.py")
        return max(version.name.split("_")[0] for version in versions)

    @contextmanager
    def serving(self, database_url: str, **settings: str) -> Iterator["Server"]:
        with held_port() as port:
            process = subprocess.Popen(  # noqa: S603
                [*self._command, "serve", "--port", str(port)],
                env=self._settled(database_url, **settings),
                cwd=gettempdir(),
                stdout=subprocess.DEVNULL,
            )
            try:
                yield Server(process, port)
            finally:
                _stop(process)

    def _settled(self, database_url: str, **settings: str) -> dict[str, str]:
        given = SETTINGS | {"DATABASE_URL": database_url} | settings
        return self._environment | {f"VIEWGRAPH_{name}": value for name, value in given.items()}


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


class Server:
    """One that is ready."""

    def __init__(self, process: subprocess.Popen[bytes], port: int) -> None:
        self._process = process
        self.process, self.port = process.pid, port
        self._connection = HTTPConnection("127.0.0.1", port, timeout=60)
        self.token = ""
        deadline = monotonic() + START_SECONDS
        while not self._is_ready():
            if process.poll() is not None or monotonic() > deadline:
                raise RuntimeError("The server does not answer.")
            sleep(0.05)

    def _is_ready(self) -> bool:
        try:
            # The first trees know only /health.
            return self._status("/readyz") == 200 or self._status("/health") == 200
        except (OSError, HTTPException):
            self._connection.close()
            return False

    def _status(self, path: str) -> int:
        self._connection.request("GET", path)
        response = self._connection.getresponse()
        response.read()
        return response.status

    def ask(self, query: str, **variables: Any) -> Any:
        """The data of an answer without errors."""
        body = json.dumps({"query": query, "variables": variables})
        headers = {"content-type": "application/json", "authorization": f"Token {self.token}"}
        self._connection.request("POST", "/graphql", body, headers)
        answer = json.loads(self._connection.getresponse().read())
        if "errors" in answer:
            raise RuntimeError(f"The server refused: {answer['errors']}")
        return answer["data"]

    def reconnect(self) -> None:
        """After a pause in which the server may have ended the connection."""
        self._connection.close()

    def mutations(self) -> set[str]:
        """What can be changed."""
        fields = self.ask('{ __type(name: "Mutation") { fields { name } } }')["__type"]["fields"]
        return {field["name"] for field in fields}

    def cpu(self) -> float:
        """Seconds that it has used so far."""
        return cpu_seconds(self._process.pid)
