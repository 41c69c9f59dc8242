"""Writes and reads backups of either engine."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from sqlalchemy import URL

from database import shown, url_of
from server.backups import postgres_dump, sqlite_file
from server.backups.refusals import Broken
from server.failures import Failure, explaining_database_errors
from server.revisions import has_tables

_ENGINES: dict[str, ModuleType] = {"SQLite": sqlite_file, "PostgreSQL": postgres_dump}


def back_up(database_url: str, file: Path) -> None:
    """Writes all that was committed when it began. The file gets its name only when it is complete, and its
    owner alone can read it. Raises Failure, also if there is such a file.
    """
    if file.exists():
        raise Failure(f"There is a file {file} already. Name another one.")
    url = url_of(database_url)
    part = file.with_name(f"{file.name}.part")
    with _explaining(f"The backup {file} cannot be written", database_url):
        try:
            with _naming(file):
                part.unlink(missing_ok=True)
                part.touch(0o600)
            _ENGINES[_engine_of(url)].write(url, part)
            part.replace(file)
        finally:
            part.unlink(missing_ok=True)


def restore(file: Path, database_url: str) -> None:
    """Raises Failure if the database is not empty, or if the file is no backup of its engine. Then nothing
    has changed.
    """
    url = url_of(database_url)
    engine = _engine_of(url)
    with _explaining(f"The backup {file} cannot be restored", database_url):
        of_file = _engine_of_file(file)
        if of_file != engine:
            raise Failure(f"{file} is a backup of {of_file}, and the database is {engine}.")
        if asyncio.run(has_tables(database_url)):
            raise Failure(f"The database {shown(url)} is not empty. Restore into a new one.")
        _ENGINES[engine].read(file, url)


def _engine_of(url: URL) -> str:
    return "SQLite" if url.get_backend_name() == "sqlite" else "PostgreSQL"


def _engine_of_file(file: Path) -> str:
    with _naming(file), file.open("rb") as stream:
        begin = stream.read(16)
    for name, engine in _ENGINES.items():
        if begin.startswith(engine.MAGIC):
            return name
    raise Failure(f"{file} is no backup of Viewgraph.")


@contextmanager
def _naming(file: Path) -> Iterator[None]:
    """Raises Failure if the file cannot be used: the database is not at fault."""
    try:
        yield
    except OSError as error:
        raise Failure(f"The file {file} cannot be used: {error.strerror}.") from None


@contextmanager
def _explaining(what: str, database_url: str) -> Iterator[None]:
    try:
        with explaining_database_errors(database_url):
            yield
    except Broken as broken:
        raise Failure(f"{what}: {broken}.") from None
