"""Whether a connection is a session of PostgreSQL, or a pooler lends a session for each transaction."""

from typing import Any

import asyncpg
from sqlalchemy import URL

from database.addresses import connect_arguments
from database.engine import CONNECT_SECONDS

NEEDS_SESSIONS = (
    "a pooler lends its connections for one transaction at a time, and Viewgraph needs sessions: it listens "
    "for changes, and keeps statements prepared"
)
NAME_SESSIONS = "Name the database itself, or a pool for sessions (`pool_mode = session` of PgBouncer)"


async def are_lent_by_transaction(url: URL) -> bool:
    """Two connections that are open at the same time have different sessions, if nobody lends them.

    The server's process tells which session it is. A pooler gives the session that was used last to whoever
    needs the next one, unless others are busy with it at this moment.
    """
    first = await _connected(url)
    try:
        second = await _connected(url)
        try:
            return bool(await _process(first) == await _process(second))
        finally:
            await second.close(timeout=CONNECT_SECONDS)
    finally:
        await first.close(timeout=CONNECT_SECONDS)


async def _connected(url: URL) -> asyncpg.Connection:
    return await asyncpg.connect(**connect_arguments(url), timeout=CONNECT_SECONDS, statement_cache_size=0)


async def _process(connection: asyncpg.Connection) -> Any:
    async with connection.transaction():
        return await connection.fetchval("SELECT pg_backend_pid()")
