"""Released schemas, and the changes since a release."""

import re
from datetime import date
from pathlib import Path
from typing import NamedTuple

from graphql import GraphQLSyntaxError

from graph.schema_changes import Change, changes_between
from server.failures import Failure

_FILE = re.compile(r"(\d+)\.(\d+)\.(\d+)\.graphql")


class Release(NamedTuple):
    name: str
    schema: str


def release_at(path: Path) -> Release | None:
    """The schema in a file, or in a folder's file of the newest version. None for a folder without one."""
    try:
        file = _newest_in(path) if path.is_dir() else path
        return None if file is None else Release(file.name.removesuffix(".graphql"), file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise _unreadable(path, getattr(error, "strerror", None) or "it is not UTF-8") from None


def _newest_in(folder: Path) -> Path | None:
    versions = {
        tuple(map(int, found.groups())): file
        for file in folder.iterdir()
        if (found := _FILE.fullmatch(file.name))
    }
    return versions[max(versions)] if versions else None


def changes_since(release: Release, schema: str, today: date) -> list[Change]:
    try:
        return changes_between(release.schema, schema, today)
    except GraphQLSyntaxError as error:
        raise _unreadable(release.name, error.message) from None
    except TypeError as error:
        raise _unreadable(release.name, str(error)) from None


def _unreadable(what: Path | str, why: str) -> Failure:
    return Failure(f"{what} is no schema to compare with: {why.rstrip('.')}.")
