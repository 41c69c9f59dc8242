"""The tables of the peers, filled from what Viewgraph answers, so that all have the same data."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeAlias

import asyncpg

from bench.peers.questions import DASHBOARD
from bench.peers.world import LAST, OWNERS, TYPES, World, follows
from bench.trees import Server

_FOLDER = Path(__file__).parent
_TYPES = dict(zip(("aiExpert", "aiNote", "quest", "podcast"), TYPES, strict=True))
_FIGURES = ("Views", "Likes", "Bookmarks", "Shares", "Comments")
_URLS = """query($after: String) {
  publications(first: 100, after: $after) { edges { cursor node { customUrl } } }
}"""
_POINTS = """query($id: ID!, $start: RangeBound!, $end: RangeBound!) {
  asset(id: $id) { name metrics(range: {start: $start, end: $end}) {
    views(viewType: VIEW_3D, interval: DAY, groupBy: [DEVICE]) {
      points { dateInterval deviceCategory count }
    }
  } }
}"""
Rows: TypeAlias = list[tuple[Any, ...]]


def rows(server: Server, world: World) -> dict[str, Rows]:
    """Of each table, in the order of `tables.sql`."""
    told: dict[str, Rows] = {
        "organization": [(1, "Studio")],
        "app_user": [(number, f"Owner {number}") for number in range(OWNERS)],
        "publication": [],
        "experience": [],
        "follow": list(follows()),
        "engagement": [],
        "asset": [],
        "asset_daily": [],
    }
    for id, url in enumerate(_urls(server), 1):
        _add_publication(told, id, server.ask(DASHBOARD.documents["viewgraph"], url=url)["publication"])
    start = LAST - timedelta(days=world.days - 1)
    for id, asset in enumerate(world.assets, 1):
        answer = server.ask(_POINTS, id=asset, start=f"{start}", end=f"{LAST}")
        _add_asset(told, id, answer["asset"])
    return told


def _urls(server: Server) -> Iterator[str]:
    """In the order of the list."""
    edges: list[Any] = [{"cursor": None}]
    while edges:
        edges = server.ask(_URLS, after=edges[-1]["cursor"])["publications"]["edges"]
        yield from (edge["node"]["customUrl"] for edge in edges)


def _add_publication(told: dict[str, Rows], id: int, one: Any) -> None:
    made = datetime.fromisoformat(one["createdAt"])
    owner = int(one["owner"]["name"].removeprefix("Owner "))
    told["publication"].append((id, one["name"], one["customUrl"], made, owner))
    for field, type in _TYPES.items():
        for _ in range(one["experienceCounts"][field]):
            told["experience"].append((len(told["experience"]) + 1, id, type))
    figures = [one["metrics"][f"total{name}"] for name in _FIGURES]
    told["engagement"].append((id, *figures, one["metrics"]["monthlyActiveUsers"]))


def _add_asset(told: dict[str, Rows], id: int, one: Any) -> None:
    told["asset"].append((id, 1, one["name"]))
    told["asset_daily"] += (
        (id, int(point["dateInterval"]), point["deviceCategory"], point["count"])
        for point in one["metrics"]["views"]["points"]
    )


def fill_postgresql(dsn: str, told: dict[str, Rows]) -> None:
    asyncio.run(_fill_postgresql(dsn, told))


async def _fill_postgresql(dsn: str, told: dict[str, Rows]) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(_sql("tables"))
        for table, records in told.items():
            await connection.copy_records_to_table(table, records=records)
        await connection.execute(_sql("functions"))
        # What autovacuum does sooner or later.
        await connection.execute("VACUUM ANALYZE")
    finally:
        await connection.close()


def fill_sqlite(file: Path, told: dict[str, Rows]) -> None:
    """Instants are texts there."""
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(_sql("tables"))
        for table, records in told.items():
            places = ", ".join("?" * len(records[0]))
            connection.executemany(
                f"INSERT INTO {table} VALUES ({places})",  # noqa: S608
                (tuple(map(_in_sqlite, record)) for record in records),
            )
        connection.commit()
        connection.execute("ANALYZE")


def _in_sqlite(value: Any) -> Any:
    """As SQLAlchemy writes instants there."""
    return f"{value:%Y-%m-%d %H:%M:%S.%f}" if isinstance(value, datetime) else value


def _sql(name: str) -> str:
    return (_FOLDER / f"{name}.sql").read_text()
