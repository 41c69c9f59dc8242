"""What a long series costs: CPU and memory of the query of 200 assets by 731 days, 146,200 points.

python -m bench.series --tree . --tree ../another

Asks in a process of its own, with the limits raised. Another tree is measured by its own code.
"""

import asyncio
import json
import os
import resource
import sqlite3
import subprocess
import sys
from argparse import SUPPRESS, ArgumentParser
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import gettempdir
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[1]
if "VIEWGRAPH_BENCH_TREE" in os.environ:
    # A file of another tree: what stands beside it is not meant.
    sys.path.pop(0)
else:
    sys.path.insert(0, str(ROOT / "src"))

FIRST = date(2022, 1, 1)
LAST = date(2024, 1, 1)
DAYS = (LAST - FIRST).days + 1
_SECRET = "a secret of the benchmark, long enough to sign with"  # noqa: S105
_RAISED = {
    "VIEWGRAPH_SECRET": _SECRET,
    "VIEWGRAPH_MAX_COST": "1000000000",
    "VIEWGRAPH_MAX_POINTS": "100000000",
    "VIEWGRAPH_MAX_QUERY_SECONDS": "600",
}
_QUERY = """query($id: ID!, $start: RangeBound!, $end: RangeBound!) {{
  organization(id: $id) {{ metrics(range: {{start: $start, end: $end}}) {{
    views(viewType: VIEW_3D, interval: DAY, groupBy: [{groups}], zeroFill: {zero_fill}) {{
      count points {{ {selected} }}
    }}
  }} }}
}}"""
QUERIES = {
    "by asset, leaves": _QUERY.format(groups="ASSET", zero_fill="false", selected="dateInterval start count"),
    "by asset, with each asset": _QUERY.format(
        groups="ASSET", zero_fill="false", selected="dateInterval count asset { name }"
    ),
    "by asset, with zeros": _QUERY.format(
        groups="ASSET", zero_fill="true", selected="dateInterval count asset { name }"
    ),
}


class Taken(NamedTuple):
    cpu_seconds: float
    peak_megabytes: float
    """Of the whole process."""
    before_megabytes: float
    """Of the process that has answered a small query."""
    points: int
    body_bytes: int


async def _fill(url: str) -> None:
    from bench.generate import fill_catalog
    from database import Database
    from server import migrations

    await migrations.upgrade(url)
    database = Database(url)
    try:
        await fill_catalog(database)
    finally:
        await database.close()


def filled(folder: Path) -> Path:
    """A database in which each asset has views on each day: of three devices, from two sites."""
    file = folder / "series.sqlite3"
    if file.exists():
        return file
    part = file.with_suffix(".partial")
    part.unlink(missing_ok=True)
    asyncio.run(_fill(f"sqlite:///{part}"))
    with closing(sqlite3.connect(part)) as connection:
        (tenant,) = connection.execute("SELECT tenant_id FROM organizations").fetchone()
        assets = [id for (id,) in connection.execute("SELECT id FROM assets ORDER BY id")]
        connection.executemany(
            "INSERT INTO domains (id, name) VALUES (?, ?)", [(1, "shop.example"), (2, "news.example")]
        )
        for table, column, firsts in (("day_totals", "day", _days()), ("month_totals", "month", _months())):
            connection.executemany(
                f"INSERT INTO {table} (tenant_id, subject_id, action, {column}, device, domain_id, count)"  # noqa: S608
                " VALUES (?, ?, 20, ?, ?, ?, ?)",
                (
                    (tenant, asset, first.toordinal(), device, 1 + device % 2, days * (1 + asset % 7))
                    for asset in assets
                    for first, days in firsts
                    for device in (1, 2, 3)
                ),
            )
        connection.commit()
    part.replace(file)
    return file


def _days() -> list[tuple[date, int]]:
    return [(FIRST + timedelta(days=number), 1) for number in range(DAYS)]


def _months() -> list[tuple[date, int]]:
    firsts: dict[date, int] = {}
    for day, _ in _days():
        firsts[day.replace(day=1)] = firsts.get(day.replace(day=1), 0) + 1
    return list(firsts.items())


async def _asked(query: str, variables: dict[str, Any], token: str) -> tuple[int, bytes]:
    """By the door of ASGI, without a client that keeps the answer once more."""
    from server.app import create_app
    from server.services import close_services, services_of
    from server.settings import Settings

    settings = Settings()
    services = services_of(settings)
    app = create_app(settings, services)
    status, parts = 0, bytearray()

    async def ask(text: str, given: dict[str, Any]) -> None:
        nonlocal status
        parts.clear()
        body = json.dumps({"query": text, "variables": given}).encode()
        head = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": "POST",
            "scheme": "http",
            "path": "/graphql",
            "raw_path": b"/graphql",
            "query_string": b"",
            "root_path": "",
            "headers": [
                (b"host", b"test"),
                (b"content-type", b"application/json"),
                (b"authorization", f"Bearer {token}".encode()),
            ],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 80),
        }
        sent = False

        async def receive() -> dict[str, Any]:
            nonlocal sent
            if sent:
                await asyncio.sleep(3600)
            sent = True
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            else:
                parts.extend(message.get("body", b""))

        await app(head, receive, send)

    await ask(query, {**variables, "end": variables["start"]})
    before = _used()
    await ask(query, variables)
    after = _used()
    await close_services(services)
    body = bytes(parts)
    points = json.loads(body)["data"]["organization"]["metrics"]["views"]["points"]
    taken = Taken(after[0] - before[0], after[1], before[1], len(points), len(body))
    print(json.dumps(taken))
    return status, body


def _used() -> tuple[float, float]:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def _ask(query: str, file: Path) -> None:
    """In the process that is measured."""
    from uuid import UUID

    from auth.tokens import Claims, Signer
    from base.ids import Kind, global_id

    with closing(sqlite3.connect(file)) as connection:
        organization, user = (
            UUID(bytes=id) if isinstance(id, bytes) else UUID(id)
            for id in connection.execute(
                "SELECT o.public_id, u.public_id FROM memberships m"
                " JOIN organizations o ON o.id = m.organization_id JOIN users u ON u.id = m.user_id"
            ).fetchone()
        )
    signer = Signer([_SECRET], lifetime=timedelta(hours=1), issuer="viewgraph", audience="viewgraph")
    token = signer.issue(Claims(user), datetime.now(UTC)).text
    variables = {
        "id": global_id(Kind.ORGANIZATION, organization),
        "start": FIRST.isoformat(),
        "end": LAST.isoformat(),
    }
    asyncio.run(_asked(query, variables, token))


def measured(tree: Path, query: str, file: Path) -> Taken:
    environment = {
        **os.environ,
        **_RAISED,
        "VIEWGRAPH_DATABASE_URL": f"sqlite:///{file}",
        "VIEWGRAPH_BENCH_TREE": str(tree),
        "PYTHONPATH": f"{tree / 'src'}:{tree}",
    }
    asked = subprocess.run(  # noqa: S603
        [sys.executable, str(Path(__file__)), "--ask", query, "--file", str(file)],
        env=environment,
        cwd=tree,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return Taken(*json.loads(asked.stdout.splitlines()[-1]))


def table(trees: list[Path], file: Path, runs: int) -> Iterator[str]:
    yield "| query | tree | points | CPU | peak memory | of which before | body |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    for name, query in QUERIES.items():
        for tree in trees:
            best = min(measured(tree, query, file) for _ in range(runs))
            yield (
                f"| {name} | {tree.name} | {best.points:,} | {best.cpu_seconds:.2f} s | "
                f"{best.peak_megabytes:,.0f} MB | {best.before_megabytes:,.0f} MB | {best.body_bytes:,} |"
            )


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--tree", type=Path, action="append", help="a tree of the project; this one")
    parser.add_argument("--folder", type=Path, default=Path(gettempdir()) / "viewgraph-bench")
    parser.add_argument("--runs", type=int, default=1, help="of which the best is shown")
    parser.add_argument("--ask", help=SUPPRESS)
    parser.add_argument("--file", type=Path, help=SUPPRESS)
    given = parser.parse_args()
    if given.ask:
        _ask(given.ask, given.file)
        return
    given.folder.mkdir(parents=True, exist_ok=True)
    trees = [tree.resolve() for tree in given.tree or [ROOT]]
    for line in table(trees, filled(given.folder), given.runs):
        print(line, flush=True)


if __name__ == "__main__":
    main()
