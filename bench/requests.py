"""How much CPU a request takes: a dashboard, a list and a long series, on both engines.

python -m bench.requests --tree ../older --tree .

Each tree serves by its own command, in a process of its own, and is asked over HTTP; so trees can be compared
whose modules have other names. All of them serve copies of one database, and must give the same answers. Name
the oldest tree first: it makes the database. In each round, every tree is asked every query, in an order that
is drawn anew, one tree right after the other.
"""

import csv
import sys
import tempfile
from argparse import ArgumentParser
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta
from itertools import product
from pathlib import Path
from random import Random
from shutil import copy
from statistics import median
from typing import Any, NamedTuple

from bench.cpu import cpu_seconds
from bench.trees import Server, Tree
from tests.postgres import PostgresServer

ROOT = Path(__file__).parents[1]
EMAIL = "maker@bench.test"
PASSWORD = "a password of the benchmark"  # noqa: S105
LAST = datetime.now(UTC).date() - timedelta(days=1)
DAYS = 1095
PUBLICATIONS = 50
FIGURES = {"cold": "0", "kept": "3600"}
"""For how many seconds the server keeps figures: `cold`, it reads them for each request."""
_CREATE = """mutation($input: CreatePublicationInput!) {
  createPublication(input: $input) { publication { id } }
}"""
_METRICS = "metrics { totalViews totalLikes totalBookmarks totalShares totalComments totalAppointments"
_VIEWS = """views(range: {start: "%s", end: "%s"}, interval: DAY, zeroFill: true) {
  count points { dateInterval start end count }
}"""


def _views(days: int) -> str:
    return _VIEWS % (LAST - timedelta(days=days - 1), LAST)


QUERIES = {
    "dashboard": f"""{{ publication(url: "publication-0") {{
      id name customUrl owner {{ id username name }}
      experienceCounts {{ aiExpert aiNote quest podcast total }}
      {_METRICS} monthlyActiveUsers }}
      socialMetrics {{ followersCount followingCount }}
      {_views(30)}
    }} }}""",
    "list of 50": f"""{{ publications(first: {PUBLICATIONS}) {{ edges {{ node {{
      id name customUrl owner {{ id username name }} {_METRICS} }}
    }} }} }} }}""",
    "1,095 points": f'{{ publication(url: "publication-0") {{ {_views(DAYS)} }} }}',
}


# The database


def fill(tree: Tree, database_url: str) -> str:
    """50 publications of one maker, one of them with views on each day of three years. The maker's key."""
    tree.run("migrate", database_url=database_url)
    tree.run("user", "create", EMAIL, "maker", "--password", PASSWORD, database_url=database_url)
    key = tree.run("key", "create", EMAIL, database_url=database_url).strip()
    with tree.serving(database_url) as server:
        server.token = key
        made = [server.ask(_CREATE, input=_publication(number)) for number in range(PUBLICATIONS)]
    publications = [one["createPublication"]["publication"]["id"] for one in made]
    with tempfile.NamedTemporaryFile("w", suffix=".csv", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["publicationId", "action", "occurredAt", "deviceCategory", "domain", "visitor"])
        writer.writerows(events(publications))
        file.flush()
        tree.run("import", file.name, "--strict", database_url=database_url)
    return key


def _publication(number: int) -> dict[str, Any]:
    return {"name": f"Publication {number}", "customUrl": f"publication-{number}"}


def events(publications: list[str]) -> Iterator[tuple[str, ...]]:
    """Rows of the import: of three devices, from two sites; a share for ten views."""
    for number, (publication, day) in enumerate(product(publications, range(DAYS))):
        if publication == publications[0] or day % 50 == 0:
            happened = LAST - timedelta(days=day)
            for device, domain in (("DESKTOP", "shop.test"), ("MOBILE", "news.test"), ("TABLET", "")):
                yield publication, "VIEW", _noon(happened), device, domain, f"visitor {number % 700}"
            if day % 3 == 0:
                yield publication, "SHARE", _noon(happened), "DESKTOP", "", f"visitor {number % 700}"


def _noon(day: date) -> str:
    return f"{day}T12:00:00Z"


# What is measured


class Case(NamedTuple):
    tree: int
    figures: str
    query: str


class Taken(NamedTuple):
    """Seconds of CPU a request."""

    server: float
    database: float
    """Of PostgreSQL's processes; 0 for SQLite, which works within the server."""

    @property
    def both(self) -> float:
        return self.server + self.database


def measured(
    trees: list[Tree], urls: list[str], key: str, rounds: int, seconds: float, database: int | None
) -> dict[Case, list[Taken]]:
    """Of each case, a value a round."""
    taken: dict[Case, list[Taken]] = defaultdict(list)
    random = Random(5)  # noqa: S311
    with ExitStack() as stack:
        servers = {
            (number, figures): stack.enter_context(tree.serving(url, CACHE_SECONDS=kept))
            for number, (tree, url) in enumerate(zip(trees, urls, strict=True))
            for figures, kept in FIGURES.items()
        }
        for server in servers.values():
            server.token = key
        _compare(servers.values())
        cases = list(product(FIGURES, QUERIES))
        # The first round is not kept: whatever is made once is made in it.
        for number in range(rounds + 1):
            print(f"\rround {number} of {rounds}", end="", file=sys.stderr, flush=True)
            for figures, query in random.sample(cases, len(cases)):
                for tree in random.sample(range(len(trees)), len(trees)):
                    spent = _asked(servers[tree, figures], QUERIES[query], seconds, database)
                    taken[Case(tree, figures, query)].append(spent)
    print(file=sys.stderr)
    return {case: values[1:] for case, values in taken.items()}


def _compare(servers: Iterable[Server]) -> None:
    """All give the same answers."""
    for name, query in QUERIES.items():
        first, *others = [server.ask(query) for server in servers]
        if any(other != first for other in others):
            raise RuntimeError(f"The answers to the query {name} are not the same.")


def _asked(server: Server, query: str, seconds: float, database: int | None) -> Taken:
    """Until the server has used so many seconds."""
    requests, used = 0, 0.0
    began, database_began = server.cpu(), cpu_seconds(database) if database else 0.0
    while used < seconds:
        server.ask(query)
        requests += 1
        used = server.cpu() - began
    database_used = cpu_seconds(database) - database_began if database else 0.0
    return Taken(used / requests, database_used / requests)


# On both engines


def on_sqlite(trees: list[Tree], rounds: int, seconds: float) -> dict[Case, list[Taken]]:
    with tempfile.TemporaryDirectory(prefix="viewgraph-requests-") as folder:
        file = Path(folder) / "made.sqlite3"
        key = fill(trees[0], f"sqlite:///{file}")
        urls = [
            f"sqlite:///{copy(file, file.with_name(f'{number}.sqlite3'))}" for number in range(len(trees))
        ]
        _migrate(trees, urls)
        return measured(trees, urls, key, rounds, seconds, None)


def on_postgresql(trees: list[Tree], rounds: int, seconds: float) -> dict[Case, list[Taken]]:
    with PostgresServer() as server:
        server.create_database("made")
        key = fill(trees[0], server.url("made"))
        for number in range(len(trees)):
            server.create_database(f"copy_{number}", "made")
            # What autovacuum does sooner or later.
            server.execute("VACUUM ANALYZE", f"copy_{number}")
        urls = [server.url(f"copy_{number}").replace("+asyncpg", "") for number in range(len(trees))]
        _migrate(trees, urls)
        return measured(trees, urls, key, rounds, seconds, server.process)


def _migrate(trees: list[Tree], urls: list[str]) -> None:
    for tree, url in zip(trees, urls, strict=True):
        tree.run("migrate", database_url=url)


ENGINES = {"SQLite": on_sqlite, "PostgreSQL": on_postgresql}


# What is printed


def table(engine: str, taken: dict[Case, list[Taken]]) -> Iterator[str]:
    for figures, query in product(FIGURES, QUERIES):
        of_trees = [taken[case] for case in sorted(taken) if case[1:] == (figures, query)]
        cells = [_milliseconds(of_trees[0])]
        for values in of_trees[1:]:
            cells += [_milliseconds(values), f"{_ratio(values, of_trees[0]):.3f}"]
        yield f"| {engine} | {figures} | {query} | {' | '.join(cells)} |"


def _head(trees: list[Tree]) -> str:
    named = [trees[0].name, *(cell for tree in trees[1:] for cell in (tree.name, "ratio"))]
    return f"| engine | figures | query | {' | '.join(named)} |\n|{' --- |' * (3 + len(named))}"


def _milliseconds(values: list[Taken]) -> str:
    server, database = (median(1000 * value for value in column) for column in zip(*values, strict=True))
    return f"{server:.2f} ms" + (f" + {database:.2f} ms" if database else "")


def _ratio(values: list[Taken], before: list[Taken]) -> float:
    """Of two that were measured in the same round, so that what slows the machine slows both."""
    return median(one.both / other.both for one, other in zip(values, before, strict=True))


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--tree", type=Path, action="append", help="a tree of the project; this one")
    parser.add_argument("--engine", choices=[name.lower() for name in ENGINES], help="both when absent")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--seconds", type=float, default=0.5, help="of CPU, for each query of a round")
    given = parser.parse_args()
    trees = [Tree(tree.resolve()) for tree in given.tree or [ROOT]]
    print("CPU a request; on PostgreSQL, of the server + of the database\n")
    print(_head(trees))
    for engine, measure in ENGINES.items():
        if given.engine in (None, engine.lower()):
            print(*table(engine, measure(trees, given.rounds, given.seconds)), sep="\n", flush=True)


if __name__ == "__main__":
    main()
