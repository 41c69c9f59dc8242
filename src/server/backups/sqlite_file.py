"""Backups of SQLite: a copy of the database's file, by SQLite's own way to copy a file that is in use."""

import shutil
from contextlib import closing
from pathlib import Path
from sqlite3 import DatabaseError, connect

from sqlalchemy import URL

from server.backups.refusals import Broken, require_tables

MAGIC = b"SQLite format 3\0"


def write(url: URL, file: Path) -> None:
    with closing(connect(_path(url).absolute().as_uri() + "?mode=rw", uri=True)) as source:
        with closing(connect(file)) as copy:
            # All pages in one step, so that it is one moment: others go on writing meanwhile, into the log.
            source.backup(copy, pages=-1)
        _require_sound(file)


def read(file: Path, url: URL) -> None:
    _require_sound(file)
    _require_tables(file)
    shutil.copyfile(file, part := _path(url).with_name(f"{_path(url).name}.part"))
    part.chmod(0o600)
    part.replace(_path(url))


def _path(url: URL) -> Path:
    return Path(url.database or "")


def _require_tables(file: Path) -> None:
    with closing(connect(file)) as connection:
        rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        require_tables([name for (name,) in rows])


def _require_sound(file: Path) -> None:
    try:
        with closing(connect(file)) as connection:
            (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    except DatabaseError as error:
        raise Broken(str(error)) from None
    if found != "ok":
        raise Broken(str(found))
