"""Errors that an operator can mend: a command ends with one line and no trace."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from sqlite3 import Error as SqliteError
from sqlite3 import connect

from asyncpg import InterfaceError, PostgresError
from sqlalchemy import URL
from sqlalchemy.exc import DBAPIError

from database import shown, url_of


class Failure(Exception):
    """A command shows its text as it is."""


@contextmanager
def explaining_database_errors(url: str) -> Iterator[None]:
    """Turns an error of the database into a Failure that names the database and the reason."""
    try:
        yield
    except (OSError, PostgresError, InterfaceError, SqliteError, DBAPIError) as error:
        raise Failure(_refusal(url_of(url), error)) from error


def require_database_file(url: str) -> None:
    """Raises sqlite3's error for a file that is not a database. Otherwise a thread of aiosqlite would print a
    trace.
    """
    parsed = url_of(url)
    if parsed.get_backend_name() == "sqlite":
        with closing(connect(parsed.database or "")) as connection:
            connection.execute("PRAGMA schema_version")


def _refusal(url: URL, error: Exception) -> str:
    return f"The database {shown(url)} cannot be used: {_reason(url, error)}."


def _reason(url: URL, error: Exception) -> str:
    folder = Path(url.database or "").absolute().parent
    if url.get_backend_name() == "sqlite" and not folder.is_dir():
        return f"there is no folder {folder}"
    words = str((isinstance(error, DBAPIError) and error.orig) or error)
    if isinstance(error, OSError):
        refused = isinstance(error, ConnectionRefusedError) or "Connect call failed" in words
        late = "it does not answer in time" if isinstance(error, TimeoutError) else ""
        words = "nothing answers at this address" if refused else error.strerror or late or words
    return words.partition("\n")[0].rstrip(".") or type(error).__name__
