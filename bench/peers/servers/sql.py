"""SQL by hand: one statement a request, asyncpg or sqlite3, orjson, and a bare ASGI application."""

import os
import sqlite3
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, TypeAlias

import asyncpg
import orjson

from bench.peers.servers.memory import Message, body

DATABASE = os.environ["PEER_DATABASE"]
ON_SQLITE = DATABASE.startswith("sqlite:")
Row: TypeAlias = Sequence[Any]
Rows: TypeAlias = Iterable[Row]

_PUBLICATION = """
SELECT p.name, p.custom_url, p.created_at, u.name,
  (SELECT count(*) FROM experience e WHERE e.publication_id = p.id AND e.type = 'AI_EXPERT'),
  (SELECT count(*) FROM experience e WHERE e.publication_id = p.id AND e.type = 'AI_NOTE'),
  (SELECT count(*) FROM experience e WHERE e.publication_id = p.id AND e.type = 'QUEST'),
  (SELECT count(*) FROM experience e WHERE e.publication_id = p.id AND e.type = 'PODCAST'),
  g.views, g.likes, g.bookmarks, g.shares, g.comments, g.monthly_active_users,
  (SELECT count(*) FROM follow f WHERE f.followed_id = p.owner_id),
  (SELECT count(*) FROM follow f WHERE f.follower_id = p.owner_id)
FROM publication p JOIN app_user u ON u.id = p.owner_id JOIN engagement g ON g.publication_id = p.id
"""
_IN_ORGANIZATION = "asset_id IN (SELECT id FROM asset WHERE organization_id = $1) AND day BETWEEN $2 AND $3"
DASHBOARD = f"{_PUBLICATION} WHERE p.custom_url = $1"
LIST = f"{_PUBLICATION} ORDER BY p.id LIMIT $1"
SERIES = """SELECT day, device, sum(count) FROM asset_daily
WHERE asset_id = $1 AND day BETWEEN $2 AND $3 GROUP BY day, device ORDER BY day, device"""
BY_DEVICE = f"""SELECT day, device, sum(count) FROM asset_daily
WHERE {_IN_ORGANIZATION} GROUP BY day, device ORDER BY day, device"""  # noqa: S608
BY_ASSET = f"""SELECT day, count, name FROM (
  SELECT day, asset_id, sum(count) AS count FROM asset_daily WHERE {_IN_ORGANIZATION} GROUP BY day, asset_id
) AS totals JOIN asset ON asset.id = asset_id ORDER BY day, asset_id"""  # noqa: S608


def dashboard(rows: Rows) -> Any:
    return {"publication": next(map(publication, rows))}


def listed(rows: Rows) -> Any:
    return {"publications": {"edges": [{"node": publication(row)} for row in rows]}}


def publication(row: Row) -> Any:
    name, url, made, owner, experts, notes, quests, podcasts, *figures, followers, following = row
    views, likes, bookmarks, shares, comments, active = figures
    return {
        "name": name,
        "customUrl": url,
        "createdAt": datetime.fromisoformat(f"{made}+00:00") if ON_SQLITE else made,
        "owner": {"name": owner},
        "experienceCounts": {
            "aiExpert": experts,
            "aiNote": notes,
            "quest": quests,
            "podcast": podcasts,
            "total": experts + notes + quests + podcasts,
        },
        "metrics": {
            "totalViews": views,
            "totalLikes": likes,
            "totalBookmarks": bookmarks,
            "totalShares": shares,
            "totalComments": comments,
            "monthlyActiveUsers": active,
        },
        "socialMetrics": {"followersCount": followers, "followingCount": following},
    }


def _series(subject: str, points: list[Any]) -> Any:
    return {subject: {"metrics": {"views": {"points": points}}}}


def of_asset(rows: Rows) -> Any:
    return _series("asset", by_device(rows))


def of_organization(rows: Rows) -> Any:
    return _series("organization", by_device(rows))


def by_device(rows: Rows) -> list[Any]:
    return [
        {"dateInterval": str(day), "deviceCategory": device, "count": count} for day, device, count in rows
    ]


def by_asset(rows: Rows) -> Any:
    points = [
        {"dateInterval": str(day), "count": count, "asset": {"name": name}} for day, count, name in rows
    ]
    return _series("organization", points)


PATHS: dict[str, tuple[str, tuple[str, ...], Callable[[Rows], Any]]] = {
    "/dashboard": (DASHBOARD, ("url",), dashboard),
    "/list": (LIST, ("first",), listed),
    "/series": (SERIES, ("id", "start", "end"), of_asset),
    "/by-device": (BY_DEVICE, ("id", "start", "end"), of_organization),
    "/by-asset": (BY_ASSET, ("id", "start", "end"), by_asset),
}
"""Of each path: the statement, its variables, and what is made of its rows."""


async def _kept(_: Any) -> None:
    """No request changes its session, so that nothing has to be reset by a statement."""


class Database:
    """10 connections to PostgreSQL; one of sqlite3, which answers faster than a thread is reached."""

    _pool: asyncpg.Pool
    _connection: sqlite3.Connection

    async def open(self) -> None:
        if ON_SQLITE:
            self._connection = sqlite3.connect(DATABASE.removeprefix("sqlite:///"))
        else:
            self._pool = await asyncpg.create_pool(DATABASE, min_size=10, max_size=10, reset=_kept)

    async def rows(self, statement: str, values: list[Any]) -> Rows:
        if ON_SQLITE:
            numbered = {str(number): value for number, value in enumerate(values, 1)}
            return self._connection.execute(statement, numbered)
        found: Rows = await self._pool.fetch(statement, *values)
        return found


DATA = Database()


async def app(
    scope: Message, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
) -> None:
    if scope["type"] == "lifespan":
        await receive()
        await DATA.open()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
        return
    statement, names, made = PATHS[scope["path"]]
    variables = orjson.loads(await body(receive))["variables"]
    rows = await DATA.rows(statement, [variables[name] for name in names])
    answer = orjson.dumps({"data": made(rows)}, option=orjson.OPT_UTC_Z)
    length = str(len(answer)).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", length)]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": answer})
