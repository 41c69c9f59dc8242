"""What it costs a request to be observed: CPU with metrics or traces, and without, on both engines.

python -m bench.observing --rounds 15

One tree serves several times, with other settings each time. In each round, every server is asked every
query, one right after the other, in an order that is drawn anew. Prometheus asks once a round. Two servers
without metrics are compared with each other, which shows how exact the measurement is.
"""

import http.client
import sys
import tempfile
from argparse import ArgumentParser
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import product
from pathlib import Path
from random import Random
from shutil import copy
from statistics import median

from bench.requests import FIGURES, QUERIES, ROOT, Taken, asked, fill
from bench.trees import Server, Tree
from tests.postgres import PostgresServer

TOKEN = "a-token-of-the-benchmark"  # noqa: S105
PLAIN = "without"
OBSERVED: dict[str, dict[str, str]] = {
    PLAIN: {},
    "without, again": {},
    "metrics": {"METRICS_TOKEN": TOKEN},
}

Case = tuple[str, str, str]
"""Whether figures are kept, the query, and how the server is observed."""


def measured(
    tree: Tree, urls: dict[str, str], key: str, rounds: int, seconds: float, database: int | None
) -> dict[Case, list[Taken]]:
    """Of each case, a value a round."""
    taken: dict[Case, list[Taken]] = defaultdict(list)
    random = Random(6)  # noqa: S311
    with ExitStack() as stack:
        servers: dict[tuple[str, str], Server] = {}
        for (observed, settings), (figures, kept) in product(OBSERVED.items(), FIGURES.items()):
            serving = tree.serving(urls[observed], CACHE_SECONDS=kept, KEEP_ALIVE_SECONDS="3600", **settings)
            servers[observed, figures] = stack.enter_context(serving)
            servers[observed, figures].token = key
        # The first round is not kept: whatever is made once is made in it.
        for number in range(rounds + 1):
            print(f"\rround {number} of {rounds}", end="", file=sys.stderr, flush=True)
            for figures, query in random.sample(list(product(FIGURES, QUERIES)), 2 * len(QUERIES)):
                for observed in random.sample(list(OBSERVED), len(OBSERVED)):
                    server = servers[observed, figures]
                    taken[figures, query, observed].append(asked(server, QUERIES[query], seconds, database))
            for figures in FIGURES:
                _scrape(servers["metrics", figures])
    print(file=sys.stderr)
    return {case: values[1:] for case, values in taken.items()}


def _scrape(server: Server) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    connection.request("GET", "/metrics", headers={"authorization": f"Bearer {TOKEN}"})
    if connection.getresponse().status != 200:
        raise RuntimeError("The server shows no metrics.")
    connection.close()


def on_sqlite(tree: Tree, rounds: int, seconds: float) -> dict[Case, list[Taken]]:
    with tempfile.TemporaryDirectory(prefix="viewgraph-observing-") as folder:
        made = Path(folder) / "made.sqlite3"
        key = fill(tree, f"sqlite:///{made}")
        files = {observed: copy(made, f"{folder}/{number}") for number, observed in enumerate(OBSERVED)}
        urls = {observed: f"sqlite:///{file}" for observed, file in files.items()}
        return measured(tree, urls, key, rounds, seconds, None)


def on_postgresql(tree: Tree, rounds: int, seconds: float) -> dict[Case, list[Taken]]:
    with PostgresServer() as server:
        server.create_database("made")
        key = fill(tree, server.url("made"))
        # All read one database: its copies would lie differently.
        server.execute("VACUUM ANALYZE", "made")
        url = server.url("made").replace("+asyncpg", "")
        return measured(tree, dict.fromkeys(OBSERVED, url), key, rounds, seconds, server.process)


ENGINES = {"SQLite": on_sqlite, "PostgreSQL": on_postgresql}


def table(engine: str, taken: dict[Case, list[Taken]]) -> Iterator[str]:
    for figures, query in product(FIGURES, QUERIES):
        plain = taken[figures, query, PLAIN]
        cells = [f"{median(1000 * one.server for one in plain):.3f} ms"]
        for observed in OBSERVED:
            if observed != PLAIN:
                pairs = zip(taken[figures, query, observed], plain, strict=True)
                cells.append(f"{median(one.server / other.server for one, other in pairs):.3f}")
        yield f"| {engine} | {figures} | {query} | {' | '.join(cells)} |"


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--engine", choices=[name.lower() for name in ENGINES], help="both when absent")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--seconds", type=float, default=0.5, help="of CPU, for each query of a round")
    given = parser.parse_args()
    print("CPU of the server a request, and ratios to it\n")
    print(f"| engine | figures | query | {' | '.join(OBSERVED)} |\n|{' --- |' * (3 + len(OBSERVED))}")
    for engine, measure in ENGINES.items():
        if given.engine in (None, engine.lower()):
            print(*table(engine, measure(Tree(ROOT), given.rounds, given.seconds)), sep="\n", flush=True)


if __name__ == "__main__":
    main()
