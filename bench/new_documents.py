"""Memory of a server that is asked documents that it has never seen before, one after the other.

python -m bench.new_documents --documents 20000

Each document is asked twice: GraphQL's executor answers the first time, and a plan the second. What is kept
of documents is bounded, so from some thousand documents on, the memory must not grow. Also prints the CPU
of both requests. One server, on SQLite.
"""

import sys
import tempfile
from argparse import ArgumentParser
from pathlib import Path
from statistics import median
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1] / "src"))

from bench.requests import PUBLICATIONS, ROOT, fill
from bench.trees import Server, Tree

_TIMES = 2
"""Plans are made when a document comes again."""
_FIELDS = (
    "name customUrl createdAt owner {{ {alias}: username name }} socialMetrics {{ followersCount }}",
    "{alias}: name owner {{ id username }} experienceCounts {{ aiExpert aiNote quest podcast total }}",
    "id metrics {{ {alias}: totalViews totalLikes totalShares monthlyActiveUsers }}",
)


class Step(NamedTuple):
    documents: int
    megabytes: float
    milliseconds: list[float]
    """CPU of the first request of a document, and of the second; medians since the step before."""


def document(number: int) -> str:
    """Like no other: some ask for one publication, and some for a list."""
    fields = _FIELDS[number % len(_FIELDS)].format(alias=f"a{number}")
    if number % 2:
        return f'query Q{number} {{ publication(url: "publication-{number % PUBLICATIONS}") {{ {fields} }} }}'
    first = 5 + number % 7
    return f"query Q{number} {{ publications(first: {first}) {{ edges {{ node {{ {fields} }} }} }} }}"


def asked(server: Server, documents: int, every: int) -> list[Step]:
    steps: list[Step] = []
    spent: list[list[float]] = [[] for _ in range(_TIMES)]
    for number in range(1, documents + 1):
        for times in spent:
            began = server.cpu()
            server.ask(document(number))
            times.append(1000 * (server.cpu() - began))
        if number % every == 0:
            steps.append(Step(number, _megabytes(server.process), [median(times) for times in spent]))
            spent = [[] for _ in range(_TIMES)]
            print(f"\r{number} of {documents}", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return steps


def _megabytes(process: int) -> float:
    status = Path(f"/proc/{process}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) * 1024 / 1e6


def main() -> None:
    parser = ArgumentParser(prog="bench.new_documents", description=__doc__.splitlines()[0])
    parser.add_argument("--tree", type=Path, default=ROOT, help="which Viewgraph")
    parser.add_argument("--documents", type=int, default=20_000)
    parser.add_argument("--every", type=int, default=1_000, help="documents between two rows of the table")
    options = parser.parse_args()
    tree = Tree(options.tree.resolve())
    with tempfile.TemporaryDirectory(prefix="viewgraph-bench-") as folder:
        url = f"sqlite:///{folder}/documents.sqlite3"
        key = fill(tree, url)
        # An answer that is kept needs no plan.
        with tree.serving(url, KEPT_ANSWER_BYTES="0") as server:
            server.token = key
            before = _megabytes(server.process)
            steps = asked(server, options.documents, options.every)
    print(f"| documents | MB (at rest {before:.0f}) | CPU ms, first request | CPU ms, second |")
    print("| --- | --- | --- | --- |")
    for step in steps:
        first, second = step.milliseconds
        print(f"| {step.documents:,} | {step.megabytes:.1f} | {first:.2f} | {second:.2f} |")


if __name__ == "__main__":
    main()
