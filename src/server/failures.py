"""Errors that an operator can mend: a command ends with one line and no trace."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from sqlite3 import Error as SqliteError
from sqlite3 import connect

from asyncpg import PostgresError
from sqlalchemy import URL, make_url
from sqlalchemy.exc import DBAPIError


class Failure(Exception):
    """A command shows its text as it is."""


@contextmanager
def explaining_database_errors(url: str) -> Iterator[None]:
    """Turns an error of the database into a Failure that names the database and the reason."""
    try:
        yield
    except (OSError, PostgresError, SqliteError, DBAPIError) as error:
        raise Failure(_refusal(make_url(url), error)) from error


def require_database_file(url: str) -> None:
    """Raises sqlite3's error for a file that is not a database. Otherwise a thread of aiosqlite would print a
    trace.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        with closing(connect(parsed.database or "")) as connection:
            connection.execute("PRAGMA schema_version")


def _refusal(url: URL, error: Exception) -> str:
    return f"The database {url.render_as_string()} cannot be used: {_reason(url, error)}."


def _reason(url: URL, error: Exception) -> str:
    folder = Path(url.database or "").absolute().parent
    if url.get_backend_name() == "sqlite" and not folder.is_dir():
        return f"there is no folder {folder}"
    words = str((isinstance(error, DBAPIError) and error.orig) or error)
    if isinstance(error, OSError):
        refused = isinstance(error, ConnectionRefusedError) or "Connect call failed" in words
        words = "nothing answers at this address" if refused else error.strerror or words
    return words.partition("\n")[0].rstrip(".") or type(error).__name__
