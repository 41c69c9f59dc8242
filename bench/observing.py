"""What it costs a request to be observed: CPU with metrics and with traces, and without, on both engines.

python -m bench.observing --rounds 15

One tree serves several times, each time with other settings. In each round, every server is asked every
query, one right after the other, in an order that is drawn anew, and Prometheus asks once. Two servers are
observed by nobody: to compare them shows how exact the measurement is. What else the machine does only adds
to a measurement, so the least of all rounds counts.
"""

import http.client
import json
import socket
import sys
import tempfile
from argparse import ArgumentParser
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import product
from pathlib import Path
from random import Random
from shutil import copy
from threading import Thread
from typing import BinaryIO

from bench.requests import FIGURES, QUERIES, ROOT, fill
from bench.trees import Server, Tree
from tests.postgres import PostgresServer

TOKEN = "a-token-of-the-benchmark"  # noqa: S105
PLAIN = "without"
OBSERVED: dict[str, dict[str, str]] = {
    PLAIN: {},
    "without, again": {},
    "metrics": {"METRICS_TOKEN": TOKEN},
    "traces of 1 %": {"TRACES_SHARE": "0.01"},
    "traces of all": {"TRACES_SHARE": "1"},
}
_AT_ONCE = 20
"""Requests are sent so many at a time: the client takes less of the machine, and the server is never idle."""

Case = tuple[str, str, str]
"""Whether figures are kept, the query, and how the server is observed."""


def measured(
    tree: Tree, urls: dict[str, str], key: str, rounds: int, seconds: float, collector: str
) -> dict[Case, list[float]]:
    """Of each case, the seconds of CPU of a request, a value a round."""
    taken: dict[Case, list[float]] = defaultdict(list)
    random = Random(6)  # noqa: S311
    with ExitStack() as stack:
        servers: dict[tuple[str, str], Server] = {}
        for (observed, settings), (figures, kept) in product(OBSERVED.items(), FIGURES.items()):
            more = {"TRACES_URL": collector} if "TRACES_SHARE" in settings else {}
            serving = tree.serving(
                urls[observed], CACHE_SECONDS=kept, DATABASE_READERS="1", **settings, **more
            )
            servers[observed, figures] = stack.enter_context(serving)
        # The first round is not kept: whatever is made once is made in it.
        for number in range(rounds + 1):
            print(f"\rround {number} of {rounds}", end="", file=sys.stderr, flush=True)
            for figures, query in random.sample(list(product(FIGURES, QUERIES)), 2 * len(QUERIES)):
                for observed in random.sample(list(OBSERVED), len(OBSERVED)):
                    spent = _asked(servers[observed, figures], _request(QUERIES[query], key), seconds)
                    taken[figures, query, observed].append(spent)
            for figures in FIGURES:
                _scrape(servers["metrics", figures].port)
    print(file=sys.stderr)
    return {case: values[1:] for case, values in taken.items()}


def _request(query: str, key: str) -> bytes:
    body = json.dumps({"query": query}).encode()
    head = (
        "POST /graphql HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n"
        f"Authorization: Token {key}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def _asked(server: Server, request: bytes, seconds: float) -> float:
    """Until the server has used so many seconds."""
    with (
        socket.create_connection(("127.0.0.1", server.port)) as connection,
        connection.makefile("rb") as answers,
    ):
        requests, used, began = 0, 0.0, server.cpu()
        while used < seconds:
            connection.sendall(request * _AT_ONCE)
            for _ in range(_AT_ONCE):
                _read(answers)
            requests += _AT_ONCE
            used = server.cpu() - began
    return used / requests


def _read(answers: BinaryIO) -> None:
    """One answer, which has no errors."""
    status, length = answers.readline(), 0
    if b" 200 " not in status:
        raise RuntimeError(f"The server refused: {status!r}.")
    while (line := answers.readline()) not in (b"\r\n", b""):
        if line.lower().startswith(b"content-length:"):
            length = int(line.partition(b":")[2])
    if b'"errors"' in answers.read(length):
        raise RuntimeError("The server refused.")


def _scrape(port: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("GET", "/metrics", headers={"authorization": f"Bearer {TOKEN}"})
    if connection.getresponse().status != 200:
        raise RuntimeError("The server shows no metrics.")
    connection.close()


@contextmanager
def collecting() -> Iterator[str]:
    """The address of a collector that forgets what it gets."""

    class Door(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Door) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/v1/traces"
        server.shutdown()


def on_sqlite(tree: Tree, rounds: int, seconds: float) -> dict[Case, list[float]]:
    with collecting() as collector, tempfile.TemporaryDirectory(prefix="viewgraph-observing-") as folder:
        made = Path(folder) / "made.sqlite3"
        key = fill(tree, f"sqlite:///{made}")
        files = {observed: copy(made, f"{folder}/{number}") for number, observed in enumerate(OBSERVED)}
        urls = {observed: f"sqlite:///{file}" for observed, file in files.items()}
        return measured(tree, urls, key, rounds, seconds, collector)


def on_postgresql(tree: Tree, rounds: int, seconds: float) -> dict[Case, list[float]]:
    with collecting() as collector, PostgresServer() as server:
        server.create_database("made")
        key = fill(tree, server.url("made"))
        server.execute("VACUUM ANALYZE", "made")
        url = server.url("made").replace("+asyncpg", "")
        return measured(tree, dict.fromkeys(OBSERVED, url), key, rounds, seconds, collector)


ENGINES = {"SQLite": on_sqlite, "PostgreSQL": on_postgresql}


def table(engine: str, taken: dict[Case, list[float]]) -> Iterator[str]:
    for figures, query in product(FIGURES, QUERIES):
        least = {observed: min(taken[figures, query, observed]) for observed in OBSERVED}
        cells = [f"{1000 * least[PLAIN]:.3f} ms"]
        cells += [f"{value / least[PLAIN]:.3f}" for observed, value in least.items() if observed != PLAIN]
        yield f"| {engine} | {figures} | {query} | {' | '.join(cells)} |"


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--engine", choices=[name.lower() for name in ENGINES], help="both when absent")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--seconds", type=float, default=0.2, help="of CPU, for each query of a round")
    given = parser.parse_args()
    print("CPU of the server a request, and the others' as a multiple of it\n")
    print(f"| engine | figures | query | {' | '.join(OBSERVED)} |\n|{' --- |' * (3 + len(OBSERVED))}")
    for engine, measure in ENGINES.items():
        if given.engine in (None, engine.lower()):
            print(*table(engine, measure(Tree(ROOT), given.rounds, given.seconds)), sep="\n", flush=True)


if __name__ == "__main__":
    main()
