"""How much CPU the studio's views take, in the tenant's reporting time zone and in others, on both engines.

python -m bench.studio --tree ../older --tree .

Each tree serves by its own command, and is asked over HTTP for the documents that this tree's studio sends.
All of them serve copies of one demo, which this tree fills. In each round, every tree is asked every view,
one tree right after the other. Each request has another end of the period before, so no answer is kept.
"""

import asyncio
import json
import sys
import tempfile
from argparse import ArgumentParser
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from itertools import count, product
from pathlib import Path
from random import Random
from shutil import copy
from statistics import median
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1] / "src"))

from pydantic import SecretStr

from bench.cpu import cpu_seconds
from bench.trees import SETTINGS, Server, Tree
from ingest.folding import fold_all
from server import migrations
from server.commands.demo import LIMITS
from server.demo.population import populate
from server.demo.present import bring_up_to_date
from server.demo.sign_ins import email_of
from server.services import close_services, services_of
from server.settings import Settings
from tests.postgres import PostgresServer

ROOT = Path(__file__).parents[1]
_DOCUMENTS = ROOT / "src" / "server" / "web" / "studio" / "documents.json"
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata")
_ORGANIZATIONS = "{ organizations(first: 1) { edges { node { id } } } }"
_DEMO = {name.upper(): value for name, value in LIMITS.items()}


class View(NamedTuple):
    name: str
    operation: str
    account: str
    days: int | None
    """None for this year."""
    interval: str

    def ranges(self, today: datetime) -> tuple[datetime, int]:
        """The first day, and how many days there are."""
        first = today.replace(month=1, day=1) if self.days is None else today - timedelta(days=self.days - 1)
        return first, (today - first).days + 1


VIEWS = (
    View("a publication, 30 days by day", "PublicationView", "owner", 30, "DAY"),
    View("a publication, a year by week", "PublicationView", "owner", None, "WEEK"),
    View("13 assets, 30 days by day", "AssetsView", "admin", 30, "DAY"),
    View("13 assets, a year by week", "AssetsView", "admin", None, "WEEK"),
)


class Case(NamedTuple):
    tree: int
    view: View
    zone: str


class Taken(NamedTuple):
    """Seconds of CPU a request."""

    server: float
    database: float


def document_of(operation: str) -> str:
    """What the studio sends."""
    documents: dict[str, str] = json.loads(_DOCUMENTS.read_text())
    return next(text for text in documents.values() if f"query {operation}(" in text)


class Asked:
    """One server, with what is needed to ask it as the studio does."""

    def __init__(self, server: Server, keys: dict[str, str]) -> None:
        self._server, self._keys = server, keys
        server.token = keys["admin"]
        (organization,) = [
            edge["node"]["id"] for edge in server.ask(_ORGANIZATIONS)["organizations"]["edges"]
        ]
        self._given = {
            "AssetsView": {
                "id": organization,
                "asset": "",
                "isOfAsset": False,
                "viewType": "VIEW_3D",
                "orderBy": "TOTAL_3D_VIEWS",
            },
            "PublicationView": {"url": "ai-research-studio", "action": "VIEW"},
        }

    @property
    def process(self) -> int:
        return self._server.process

    def ask(self, view: View, zone: str, today: datetime, number: int) -> Any:
        first, days = view.ranges(today)
        before = first - timedelta(days=days)
        ends = datetime(before.year, before.month, before.day) + timedelta(days=days, seconds=-60 - number)  # noqa: DTZ001
        self._server.token = self._keys[view.account]
        return self._server.ask(
            document_of(view.operation),
            **self._given[view.operation],
            range={"start": str(first.date()), "end": str(today.date())},
            before={"start": str(before.date()), "end": ends.isoformat()},
            isCompared=True,
            timeZone=zone,
            interval=view.interval,
        )


async def fill(url: str, now: datetime) -> None:
    await migrations.upgrade(url)
    services = services_of(
        Settings(database_url=url, secret=SecretStr(SETTINGS["SECRET"]), demo=True), are_patient=True
    )
    try:
        await populate(services, now)
        await bring_up_to_date(services, now)
        # What a server does when it has run for an hour.
        await fold_all(services.database, lambda: now)
    finally:
        await close_services(services)


# What is measured


def measured(
    trees: list[Tree], urls: list[str], rounds: int, requests: int, zones: list[str], database: int | None
) -> dict[Case, list[Taken]]:
    """Of each case, a value a round."""
    today, numbers, random = datetime.now(UTC), count(), Random(5)  # noqa: S311
    taken: dict[Case, list[Taken]] = defaultdict(list)
    for served, url in zip(trees, urls, strict=True):
        # An older tree does not start on tables that are newer than it.
        Tree(ROOT).run("migrate", "--down-to", served.revision, database_url=url)
    with ExitStack() as stack:
        servers = [
            Asked(stack.enter_context(tree.serving(url, DEMO="true", **_DEMO)), _keys(tree, url))
            for tree, url in zip(trees, urls, strict=True)
        ]
        cases = list(product(VIEWS, zones))
        for view, zone in cases:
            answers = [server.ask(view, zone, today, 0) for server in servers]
            if any(answer != answers[0] for answer in answers):
                raise RuntimeError(f"The answers for {view.name} in {zone} are not the same.")
        # The first round is not kept: whatever is made once is made in it.
        for number in range(rounds + 1):
            print(f"\rround {number} of {rounds}", end="", file=sys.stderr, flush=True)
            for view, zone in random.sample(cases, len(cases)):
                for tree in random.sample(range(len(trees)), len(trees)):
                    case, server = Case(tree, view, zone), servers[tree]
                    before = _used(server, database)
                    for _ in range(requests):
                        server.ask(view, zone, today, next(numbers) % 40_000)
                    after = _used(server, database)
                    taken[case].append(
                        Taken(*((b - a) / requests for a, b in zip(before, after, strict=True)))
                    )
    print(file=sys.stderr)
    return {case: values[1:] for case, values in taken.items()}


def _keys(tree: Tree, url: str) -> dict[str, str]:
    accounts = {view.account for view in VIEWS}
    return {name: tree.run("key", "create", email_of(name), database_url=url).strip() for name in accounts}


def _used(server: Asked, database: int | None) -> tuple[float, float]:
    return cpu_seconds(server.process), cpu_seconds(database) if database else 0.0


def on_sqlite(trees: list[Tree], **given: Any) -> dict[Case, list[Taken]]:
    with tempfile.TemporaryDirectory(prefix="viewgraph-studio-") as folder:
        file = Path(folder) / "made.sqlite3"
        asyncio.run(fill(f"sqlite:///{file}", datetime.now(UTC)))
        urls = [f"sqlite:///{copy(file, file.with_name(f'{n}.sqlite3'))}" for n in range(len(trees))]
        return measured(trees, urls, database=None, **given)


def on_postgresql(trees: list[Tree], **given: Any) -> dict[Case, list[Taken]]:
    with PostgresServer() as server:
        server.create_database("made")
        asyncio.run(fill(server.url("made"), datetime.now(UTC)))
        for number in range(len(trees)):
            server.create_database(f"copy_{number}", "made")
            # What autovacuum does sooner or later.
            server.execute("VACUUM ANALYZE", f"copy_{number}")
        urls = [server.url(f"copy_{number}").replace("+asyncpg", "") for number in range(len(trees))]
        return measured(trees, urls, database=server.process, **given)


ENGINES = {"SQLite": on_sqlite, "PostgreSQL": on_postgresql}


# What is printed


def table(engine: str, taken: dict[Case, list[Taken]], trees: list[Tree], zones: list[str]) -> Iterator[str]:
    for view, zone in product(VIEWS, zones):
        cells = [_milliseconds(taken[Case(number, view, zone)]) for number in range(len(trees))]
        yield f"| {engine} | {view.name} | {zone} | {' | '.join(cells)} |"


def _milliseconds(values: list[Taken]) -> str:
    server, database = (median(1000 * value for value in column) for column in zip(*values, strict=True))
    return f"{server:.1f} ms" + (f" + {database:.1f} ms" if database else "")


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--tree", type=Path, action="append", help="a tree of the project; this one")
    parser.add_argument("--engine", choices=[name.lower() for name in ENGINES], help="both when absent")
    parser.add_argument("--zone", action="append", help=f"{', '.join(ZONES)} when absent")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--requests", type=int, default=50, help="of each view in a round")
    given = parser.parse_args()
    trees = [Tree(tree.resolve()) for tree in given.tree or [ROOT]]
    zones = given.zone or list(ZONES)
    print("CPU a request; on PostgreSQL, of the server + of the database\n")
    names = " | ".join(tree.name for tree in trees)
    print(f"| engine | view | zone | {names} |\n|{' --- |' * (3 + len(trees))}")
    for engine, measure in ENGINES.items():
        if given.engine in (None, engine.lower()):
            taken = measure(trees, rounds=given.rounds, requests=given.requests, zones=zones)
            print(*table(engine, taken, trees, zones), sep="\n", flush=True)


if __name__ == "__main__":
    main()
