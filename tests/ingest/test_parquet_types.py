"""Every type that Parquet can store, in every column: a value, or one rejected row with its reason."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest

from base.calendar import time_zone
from ingest.file_times import Epoch, FileTimes
from ingest.files import EventFile, Line

# Without types, as everything of pyarrow is.
arrow, parquet = import_module("pyarrow"), import_module("pyarrow.parquet")
NO_TIMES = FileTimes()
AT = datetime(2025, 6, 1, 10, 0, 0, 123456, tzinfo=UTC)
LOCAL = AT.replace(tzinfo=None)
ID = UUID("0188be7a-7d00-7000-8000-000000000001")
NOT_UTF_8 = "Bytes that are not UTF-8 - at `$.{}`"
UNREADABLE = "A value of type {} cannot be read - at `$.{}`"
NO_OFFSET = "{!r} has no offset, and no --time-zone says whose time it is - at `$.occurredAt`"
BAD_TEXT = arrow.Array.from_buffers(arrow.string(), 1, arrow.array([b"\xff"]).buffers())


def written(path: Path, name: str, *columns: Any, **metadata: str) -> Path:
    """A row for each value of the columns, after a good row and before another one."""
    column = (
        arrow.concat_arrays([arrow.nulls(1, columns[0].type), *columns, arrow.nulls(1, columns[0].type)])
        if not isinstance(columns[0].type, arrow.BaseExtensionType)
        else arrow.chunked_array([arrow.nulls(1, columns[0].type), *columns, arrow.nulls(1, columns[0].type)])
    )
    rows = len(column)
    table = arrow.table(
        {"action": ["VIEW"] * rows, "__index_level_0__": range(rows)}
        | ({} if name == "subject" else {"publicationId": ["pub_x"] * rows})
        | {name: column}
    )
    parquet.write_table(table.replace_schema_metadata(metadata or None), path / "events.parquet")
    return path / "events.parquet"


def middle(path: Path, times: FileTimes = NO_TIMES) -> list[Line]:
    """What became of the rows between the good ones."""
    first, *found, last = EventFile(path, times=times)
    assert [first.number, last.number] == [1, len(found) + 2]
    assert first.event or first.problem == "Object missing required field `subject`"
    assert last.problem == first.problem
    return found


def far(type_: Any, count: int = 2**62) -> Any:
    return arrow.array([count], arrow.int64()).cast(type_)


TEXTS: list[tuple[Any, str | None]] = [
    (arrow.array(["x"]), "x"),
    (arrow.array(["x"], arrow.large_string()), "x"),
    (arrow.array(["x"], arrow.string_view()), "x"),
    (arrow.array(["x"]).dictionary_encode(), "x"),
    (arrow.array([b"x"]), "x"),
    (arrow.array([b"x"], arrow.large_binary()), "x"),
    (arrow.array([b"x"], arrow.binary_view()), "x"),
    (arrow.array([b"x"]).dictionary_encode(), "x"),
    (arrow.array([b"xyz"], arrow.binary(3)), "xyz"),
    (arrow.array(["Zoë".encode()]), "Zoë"),
    (arrow.array([ID.bytes], arrow.binary(16)), str(ID)),
    (arrow.array([ID.bytes], arrow.uuid()), str(ID)),
    (arrow.array(['{"a":1}'], arrow.json_()), '{"a":1}'),
    (arrow.nulls(1), None),
    (arrow.array([float("nan")]), None),
    (arrow.array([float("nan")], arrow.float16()), None),
]


@pytest.mark.parametrize(("column", "text"), TEXTS, ids=lambda given: str(getattr(given, "type", given)))
def test_texts_are_of_many_types(tmp_path: Path, column: Any, text: str | None) -> None:
    (line,) = middle(written(tmp_path, "visitor", column))

    assert line.event, line.problem
    assert line.event.visitor == text


@pytest.mark.parametrize("name", ["id", "viewId"])
@pytest.mark.parametrize("type_", [arrow.binary(), arrow.large_binary(), arrow.binary(16), arrow.uuid()])
def test_ids_are_of_16_bytes_or_text(tmp_path: Path, name: str, type_: Any) -> None:
    given = [ID.bytes] if type_ in (arrow.binary(16), arrow.uuid()) else [ID.bytes, str(ID).encode()]
    found = middle(written(tmp_path, name, arrow.array(given, type_)))

    told = [line.event and (line.event.id if name == "id" else line.event.view_id) for line in found]
    assert told == [str(ID)] * len(given)


REFUSED: list[tuple[Any, str]] = [
    (arrow.array([True]), "bool"),
    (arrow.array([1], arrow.int8()), "int"),
    (arrow.array([1], arrow.uint64()), "int"),
    (arrow.array([1]).dictionary_encode(), "int"),
    (arrow.array([1.5], arrow.float16()), "float"),
    (arrow.array([1.5], arrow.float64()), "float"),
    (arrow.array([Decimal("1.5")], arrow.decimal32(5, 2)), "decimal"),
    (arrow.array([Decimal("1.5")], arrow.decimal128(5, 2)), "decimal"),
    (arrow.array([Decimal("1.5")], arrow.decimal256(50, 2)), "decimal"),
    (arrow.array([date(2025, 6, 1)], arrow.date32()), "date"),
    (arrow.array([LOCAL], arrow.date64()), "date"),
    (arrow.array([time(10)], arrow.time32("s")), "time"),
    (arrow.array([time(10)], arrow.time32("ms")), "time"),
    (arrow.array([time(10)], arrow.time64("us")), "time"),
    (arrow.array([time(10)], arrow.time64("ns")), "time"),
    (arrow.array([timedelta(1)], arrow.duration("s")), "duration"),
    (arrow.array([timedelta(1)], arrow.duration("ns")), "duration"),
    (arrow.array([LOCAL], arrow.timestamp("us")), "datetime"),
    (arrow.array([AT], arrow.timestamp("ns", "UTC")), "datetime"),
    (arrow.array([[1]]), "array"),
    (arrow.array([["x"]], arrow.large_list(arrow.string())), "array"),
    (arrow.array([[1, 2]], arrow.list_(arrow.int8(), 2)), "array"),
    (arrow.array([[1]], arrow.list_view(arrow.int8())), "array"),
    (arrow.array([{"a": 1}]), "object"),
    (arrow.array([[("a", "x")]], arrow.map_(arrow.string(), arrow.string())), "object"),
    (arrow.array([1], arrow.int8()).cast(arrow.bool8()), "bool"),
]


@pytest.mark.parametrize(("column", "type_"), REFUSED, ids=lambda given: str(getattr(given, "type", given)))
def test_what_is_no_text_is_one_rejected_row(tmp_path: Path, column: Any, type_: str) -> None:
    (line,) = middle(written(tmp_path, "visitor", column))

    assert line.problem == f"Expected `str | null`, got `{type_}` - at `$.visitor`"
    # What is kept of it is no text either, so it is not imported before it is mended.
    kept = msgspec.json.decode(line.content.event)["visitor"]
    assert isinstance(kept, bool | int | float | list | dict)
    assert isinstance(kept, dict) == (type_ in {"decimal", "date", "time", "duration", "datetime", "object"})


CANNOT: list[tuple[Any, str, Any]] = [
    (
        arrow.array([2**31 - 1], arrow.int32()).cast(arrow.date32()),
        UNREADABLE.format("date32[day]", "{}"),
        "2147483647",
    ),
    (arrow.array([1], arrow.time64("ns")), UNREADABLE.format("time64[ns]", "{}"), "1"),
    (arrow.array([1], arrow.duration("ns")), UNREADABLE.format("duration[ns]", "{}"), "1"),
    (far(arrow.timestamp("us")), UNREADABLE.format("timestamp[us]", "{}"), str(2**62)),
    (far(arrow.timestamp("us", "UTC")), UNREADABLE.format("timestamp[us, tz=UTC]", "{}"), str(2**62)),
    (far(arrow.timestamp("ms", "UTC")), UNREADABLE.format("timestamp[ms, tz=UTC]", "{}"), str(2**62)),
    (
        far(arrow.timestamp("us", "UTC"), -(2**62)),
        UNREADABLE.format("timestamp[us, tz=UTC]", "{}"),
        str(-(2**62)),
    ),
    (BAD_TEXT, NOT_UTF_8, r"\xff"),
    (arrow.array([b"\xff"]), NOT_UTF_8, r"\xff"),
    (arrow.array([{"a": b"\xff"}]), NOT_UTF_8, r"\xff"),
    (
        arrow.array([{"a": 1}], arrow.struct([("a", arrow.timestamp("ns"))])),
        UNREADABLE.format("struct<a: timestamp[ns]>", "{}"),
        None,
    ),
]


@pytest.mark.parametrize("name", ["id", "visitor", "occurredAt", "subject"])
@pytest.mark.parametrize(
    ("column", "problem", "shown"), CANNOT, ids=lambda given: str(getattr(given, "type", ""))
)
def test_what_python_has_no_value_for_is_one_rejected_row(
    tmp_path: Path, name: str, column: Any, problem: str, shown: str | None
) -> None:
    (line,) = middle(written(tmp_path, name, column))

    assert line.problem == problem.format(name)
    told = msgspec.json.decode(line.content.event)[name]["unreadable"]
    assert told == shown or (shown is None and "1970-01-01 00:00:00.000000001" in told)


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "UTC", "+02:00", "Europe/Paris", "Mars/Base"])
def test_timestamps_of_each_unit_are_instants_if_they_have_a_zone(
    tmp_path: Path, unit: str, zone: str | None
) -> None:
    second = AT.replace(microsecond=0)
    column = arrow.array(
        [second if zone else second.replace(tzinfo=None)], arrow.timestamp(unit, zone and "UTC")
    )
    path = written(tmp_path, "occurredAt", column.cast(arrow.timestamp(unit, zone)))

    (line,) = middle(path)
    (told,) = middle(path, FileTimes(time_zone("America/New_York")))

    assert told.event
    if zone is None:
        assert line.problem == NO_OFFSET.format("2025-06-01T10:00:00")
        assert told.event.occurred_at == second + timedelta(hours=4)
    else:
        assert line.event
        assert line.event.occurred_at == told.event.occurred_at == second


def int96(path: Path, instants: list[datetime], **metadata: str) -> Path:
    table = arrow.table(
        {
            "action": ["VIEW"] * len(instants),
            "publicationId": ["pub_x"] * len(instants),
            "occurredAt": arrow.array(instants, arrow.timestamp("us")),
        }
    )
    with parquet.ParquetWriter(
        path, table.schema, use_deprecated_int96_timestamps=True, store_schema=False
    ) as writer:
        writer.write_table(table)
        writer.add_key_value_metadata(metadata)
    return path


def test_int96_is_of_utc_if_spark_wrote_it(tmp_path: Path) -> None:
    """Spark's timestamps are instants, and it writes its version into the file. Those of Impala are local."""
    given = [LOCAL, LOCAL.replace(year=2500)]
    spark = int96(tmp_path / "spark.parquet", given, **{"org.apache.spark.version": "3.5.1"})
    impala = int96(tmp_path / "impala.parquet", given)

    found, refused = list(EventFile(spark)), list(EventFile(impala))
    told = list(EventFile(impala, times=FileTimes(time_zone("UTC"))))

    instants = [AT, AT.replace(year=2500)]
    assert [line.event and line.event.occurred_at for line in found] == instants
    assert [line.event and line.event.occurred_at for line in told] == instants
    assert [line.problem for line in refused] == [
        NO_OFFSET.format(f"{year}-06-01T10:00:00.123456") for year in (2025, 2500)
    ]


@pytest.mark.parametrize(
    ("column", "epoch"),
    [
        (arrow.array([1748772000123456], arrow.int64()), "us"),
        (arrow.array([1748772000123456789], arrow.uint64()), "ns"),
        (arrow.array([Decimal("1748772000.123456")], arrow.decimal128(18, 6)), "s"),
        (arrow.array(["1748772000123.456"]), "ms"),
    ],
)
def test_numbers_are_instants_if_an_epoch_is_told(tmp_path: Path, column: Any, epoch: str) -> None:
    path = written(tmp_path, "occurredAt", column)

    (line,), (told,) = middle(path), middle(path, FileTimes(epoch=Epoch(epoch)))

    assert line.problem.endswith("is a number, and no --epoch says what it counts - at `$.occurredAt`")
    assert told.event
    assert told.event.occurred_at == AT


def test_a_day_is_its_start_in_the_zone_that_is_told(tmp_path: Path) -> None:
    path = written(tmp_path, "occurredAt", arrow.array([date(2025, 6, 1)]))

    (line,), (told,) = middle(path), middle(path, FileTimes(time_zone("Europe/Paris")))

    assert line.problem == NO_OFFSET.format("2025-06-01T00:00:00")
    assert told.event
    assert told.event.occurred_at == datetime(2025, 5, 31, 22, tzinfo=UTC)


def test_a_subject_may_be_a_map(tmp_path: Path) -> None:
    column = arrow.array(
        [[(b"assetId", "ast_x")], [(b"assetId", "a"), (b"assetId", "b")]],
        arrow.map_(arrow.binary(), arrow.string()),
    )

    found, twice = middle(written(tmp_path, "subject", column))

    assert found.event
    assert found.event.subject.asset_id == "ast_x"
    assert twice.problem == UNREADABLE.format("map<binary, string ('subject')>", "subject")


@pytest.mark.parametrize("columns", [("subject", "assetId"), ("assetId", "subject")])
def test_a_text_where_an_object_should_be_is_one_rejected_row(
    tmp_path: Path, columns: tuple[str, str]
) -> None:
    given = {"subject": ["x"], "assetId": ["ast_x"], "action": ["VIEW_3D"]}
    table = arrow.table({name: given[name] for name in (*columns, "action")})
    parquet.write_table(table, tmp_path / "events.parquet")

    (line,) = EventFile(tmp_path / "events.parquet")

    assert line.problem == "Expected `object`, got `str` - at `$.subject`"


def test_a_type_of_somebody_elses_is_read_as_it_is_stored(tmp_path: Path) -> None:
    class Label(arrow.ExtensionType):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__(arrow.string(), "tests.label")

        def __arrow_ext_serialize__(self) -> bytes:
            return b""

    column = arrow.ExtensionArray.from_storage(Label(), arrow.array(["x"]))

    (line,) = middle(written(tmp_path, "visitor", column))

    assert line.event
    assert line.event.visitor == "x"
