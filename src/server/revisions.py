"""The revision of a database, and the newest one. This module does not load Alembic, which would take longer
than everything else that `serve` does before it answers.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection, inspect, text

from database import NAME_SESSIONS, NEEDS_SESSIONS, Database, are_lent_by_transaction, shown, url_of
from server.failures import Failure, explaining_database_errors, require_database_file

T = TypeVar("T")

SCRIPTS = Path(__file__).parent / "migrations"


async def require_current(url: str) -> None:
    """Raises Failure unless the tables are those of the newest revision."""
    if _is_file_missing(url):
        raise Failure(f"There is no database {url_of(url).database} yet: run `viewgraph migrate` first.")
    if await revisions_to_come(url):
        raise Failure("The tables of the database are not up to date: run `viewgraph migrate` first.")


async def revisions_to_come(url: str) -> list[str]:
    """From the next one to the newest. Raises Failure if the database is newer than the program."""
    current, known = await current_revision(url), known_revisions()
    if current is None:
        return known
    if current not in known:
        raise Failure(
            f"A newer Viewgraph has migrated the database to revision {current}. Use that version, or run "
            f"`viewgraph migrate --down-to {known[-1]}` with it."
        )
    return known[known.index(current) + 1 :]


async def require_sessions(url: str) -> None:
    """Raises Failure if a pooler stands between, with sessions for one transaction at a time."""
    parsed = url_of(url)
    if parsed.get_backend_name() != "postgresql":
        return
    with explaining_database_errors(url):
        are_lent = await are_lent_by_transaction(parsed)
    if are_lent:
        raise Failure(f"The database {shown(parsed)} cannot be used: {NEEDS_SESSIONS}. {NAME_SESSIONS}.")


async def current_revision(url: str) -> str | None:
    """None if no migration has run. Raises Failure if the database cannot be used."""
    return await _read(url, _revision)


async def has_tables(url: str) -> bool:
    """Whether there is any table in the database. This makes no SQLite file. Raises Failure if the database
    cannot be used.
    """
    return not _is_file_missing(url) and await _read(url, lambda sync: bool(inspect(sync).get_table_names()))


async def _read(url: str, work: Callable[[Connection], T]) -> T:
    with explaining_database_errors(url):
        require_database_file(url)
        database = Database(url)
        try:
            async with database.engine.connect() as connection:
                # A snapshot does not wait for other transactions that write.
                await connection.execution_options(is_snapshot=True)
                return await connection.run_sync(work)
        finally:
            await database.close()


def known_revisions() -> list[str]:
    """From the first to the newest. The name of a script begins with its revision."""
    return sorted(script.name.partition("_")[0] for script in SCRIPTS.glob("versions/[0-9]*.py"))


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return revision


def _is_file_missing(url: str) -> bool:
    """Checks this first, because connecting to a missing SQLite file would make it if its folder exists."""
    parsed = url_of(url)
    file = Path(parsed.database or "").absolute()
    return parsed.get_backend_name() == "sqlite" and file.parent.is_dir() and not file.exists()
