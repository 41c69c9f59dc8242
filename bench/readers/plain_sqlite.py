"""Reads events of NDJSON into one table of SQLite, with json and sqlite3. It checks and counts nothing.

python plain_sqlite.py FILE DATABASE
"""

import json
import sqlite3
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

_AT_A_TIME = 5_000
_FIELDS = ("occurredAt", "action", "deviceCategory", "domain", "visitor", "viewId")


def rows(file: Any) -> Iterator[tuple[Any, ...]]:
    for line in file:
        event = json.loads(line)
        subject = event["subject"]
        yield (
            event["id"],
            subject.get("assetId") or subject["publicationId"],
            *(event.get(name) for name in _FIELDS),
        )


def main() -> None:
    path, database = sys.argv[1:]
    connection = sqlite3.connect(database, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(
        "CREATE TABLE events (id TEXT PRIMARY KEY, subject TEXT, at TEXT, action TEXT, device TEXT, "
        "domain TEXT, visitor TEXT, view TEXT) WITHOUT ROWID"
    )
    with Path(path).open("rb", buffering=1 << 20) as file:
        each = rows(file)
        while some := list(islice(each, _AT_A_TIME)):
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany("INSERT OR IGNORE INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?)", some)
            connection.execute("COMMIT")
    connection.close()


if __name__ == "__main__":
    main()
