"""Parquet that is read by columns, against the same rows, which are read one by one."""

from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

import pytest

from ingest.files import EventFile
from ingest.parquet_rows import ParquetRows
from ingest.wire_columns import NotPlain

# Without types, as everything of pyarrow is.
arrow, parquet = import_module("pyarrow"), import_module("pyarrow.parquet")
AT = datetime(2025, 6, 1, 10, 0, 0, 123456, tzinfo=UTC)
ROWS = 40
RANDOM = Random(1)  # noqa: S311


def texts(*values: str | None) -> Any:
    return arrow.array([RANDOM.choice(values) for _ in range(ROWS)], arrow.string())


def ids() -> list[str]:
    return [str(UUID(int=RANDOM.getrandbits(128))) for _ in range(ROWS)]


def times(unit: str, zone: str | None = "UTC", start: datetime = AT) -> Any:
    instants = [start + timedelta(microseconds=RANDOM.randrange(10**9)) for _ in range(ROWS)]
    return arrow.array(instants, arrow.timestamp("us", "UTC")).cast(arrow.timestamp(unit, zone), safe=False)


def struct(**fields: Any) -> Any:
    return arrow.StructArray.from_arrays(list(fields.values()), list(fields))


USUAL: dict[str, Any] = {
    "id": arrow.array(ids()),
    "action": texts("VIEW", "SHARE"),
    "publicationId": texts("pub_x", "pub_y"),
    "occurredAt": times("us"),
    "viewId": arrow.array([*ids()[:-1], None]),
    "deviceCategory": texts("MOBILE", None),
    "domain": texts("a.example", "", None),
    "visitor": texts("Zoë", None),
}
SUBJECT = struct(publicationId=texts("pub_x"), assetId=texts(None))
WITHOUT_SUBJECT = {name: column for name, column in USUAL.items() if name != "publicationId"}


def written(folder: Path, columns: dict[str, Any]) -> Path:
    parquet.write_table(arrow.table(columns), folder / "events.parquet")
    return folder / "events.parquet"


def are_by_columns(path: Path) -> bool:
    try:
        for block in ParquetRows(path, spark_is_utc=True).blocks(10):
            block.events()
    except NotPlain:
        return False
    return True


def assert_columns_say_what_rows_say(path: Path) -> None:
    rows = list(EventFile(path))
    blocks = list(EventFile(path).blocks(10))

    assert [line for block in blocks for line in block.lines()] == rows
    assert [event for block in blocks for event in block.columns.events()] == [
        row.event for row in rows if row.event
    ]


@pytest.mark.parametrize(
    "columns",
    [
        USUAL,
        USUAL | {"id": arrow.nulls(ROWS, arrow.string()), "occurredAt": times("ns")},
        USUAL
        | {"occurredAt": times("ms", "Asia/Kolkata"), "action": texts("VIEW").cast(arrow.large_string())},
        USUAL | {"visitor": texts("a", None).dictionary_encode(), "assetId": texts(None, "ast_x")},
        WITHOUT_SUBJECT | {"subject": SUBJECT},
        {name: USUAL[name] for name in ("action", "publicationId")},
    ],
)
def test_usual_columns_are_read_as_a_whole(tmp_path: Path, columns: dict[str, Any]) -> None:
    path = written(tmp_path, columns)

    assert are_by_columns(path)
    assert_columns_say_what_rows_say(path)


@pytest.mark.parametrize(
    "columns",
    [
        USUAL | {"action": texts("VIEW", "NOTHING")},
        USUAL | {"action": texts("VIEW", None)},
        USUAL | {"deviceCategory": texts("MOBILE", "WATCH")},
        USUAL | {"publicationId": texts("pub_x", None)},
        USUAL | {"occurredAt": times("us", None)},
        USUAL | {"occurredAt": times("us", start=datetime(1969, 12, 31, 23, 50, tzinfo=UTC))},
        USUAL | {"occurredAt": texts("2025-06-01T10:00:00Z")},
        USUAL | {"visitor": arrow.array([b"\xff"] * ROWS).view(arrow.string())},
        USUAL | {"visitor": arrow.array(range(ROWS))},
        USUAL | {"work": struct(userId=texts("usr_x"), sourceType=texts("YOUTUBE"), itemId=texts("x"))},
        USUAL | {"subject": SUBJECT},
        WITHOUT_SUBJECT | {"subject": struct(publicationId=texts("pub_x"), action=texts("VIEW"))},
    ],
)
def test_other_columns_are_read_row_by_row(tmp_path: Path, columns: dict[str, Any]) -> None:
    path = written(tmp_path, columns)

    assert not are_by_columns(path)
    assert_columns_say_what_rows_say(path)
