"""Reads events of NDJSON or Parquet into one table of DuckDB, with one thread.

python with_duckdb.py FILE DATABASE
"""

import sys

import duckdb  # type: ignore[import-not-found, unused-ignore]

_COLUMNS = {
    "id": "VARCHAR",
    "subject": 'STRUCT("assetId" VARCHAR, "publicationId" VARCHAR)',
    "action": "VARCHAR",
    "occurredAt": "TIMESTAMPTZ",
    "deviceCategory": "VARCHAR",
    "domain": "VARCHAR",
    "visitor": "VARCHAR",
    "viewId": "VARCHAR",
}


def main() -> None:
    path, database = sys.argv[1:]
    connection = duckdb.connect(database)
    connection.execute("SET threads = 1")
    if path.endswith(".parquet"):
        connection.execute("CREATE TABLE events AS SELECT * FROM read_parquet(?)", [path])
    else:
        columns = ", ".join(f"{name!r}: {type_!r}" for name, type_ in _COLUMNS.items())
        connection.execute(
            f"CREATE TABLE events AS SELECT * FROM read_json(?, format = 'newline_delimited', "  # noqa: S608
            f"columns = {{{columns}}})",
            [path],
        )
    connection.close()


if __name__ == "__main__":
    main()
