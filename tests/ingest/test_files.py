import csv
import gzip
import json
import sys
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone
from importlib import import_module
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from base.ids import uuid7_instant
from ingest.file_blocks import Block
from ingest.file_columns import COLUMNS
from ingest.file_lines import InvalidFile
from ingest.files import EventFile, Format, Line
from ingest.wire import WireAction, WireDevice, WireEvent, WireSource, WireSubject, WireWork

# Without types, as everything of pyarrow is.
arrow, parquet = import_module("pyarrow"), import_module("pyarrow.parquet")
AT = datetime(2023, 6, 1, 10, 30, 0, 250_000, tzinfo=UTC)
NO_OFFSET = "has no offset, and no --time-zone says whose time it is"
ID = "0188be7a-7d00-7000-8000-000000000001"
VIEW_ID = "0188be7a-7d00-7000-8000-000000000002"
EVENTS = [
    WireEvent(WireSubject(publication_id="pub_x"), WireAction.VIEW, id=ID, occurred_at=AT),
    WireEvent(
        WireSubject(asset_id="ast_x"),
        WireAction.VIEW_3D,
        id="0188be7a-7d00-7000-8000-000000000003",
        occurred_at=AT,
        view_id=VIEW_ID,
        device_category=WireDevice.TABLET,
        domain="bücher.example",
        visitor='Ada, "the first"\nof her name',
        user_id="usr_x",
    ),
    WireEvent(
        WireSubject(work=WireWork("usr_x", WireSource.YOUTUBE, "abc")),
        WireAction.PLAY,
        id="0188be7a-7d00-7000-8000-000000000004",
        occurred_at=AT,
    ),
]
VALUES: list[dict[str, Any]] = [
    {"id": ID, "action": "VIEW", "occurredAt": AT, "publicationId": "pub_x"},
    {
        "id": EVENTS[1].id,
        "action": "VIEW_3D",
        "occurredAt": AT,
        "assetId": "ast_x",
        "viewId": VIEW_ID,
        "deviceCategory": "TABLET",
        "domain": "bücher.example",
        "visitor": 'Ada, "the first"\nof her name',
        "userId": "usr_x",
    },
    {
        "id": EVENTS[2].id,
        "action": "PLAY",
        "occurredAt": AT,
        "work.userId": "usr_x",
        "work.sourceType": "YOUTUBE",
        "work.itemId": "abc",
    },
]
FLAT = [name for name in COLUMNS if not name.startswith("subject.")]


def read(path: Path) -> list[WireEvent]:
    """Of a file in which every line is an event."""
    lines = list(EventFile(path))
    assert [line for line in lines if line.event is None] == []
    return [line.event for line in lines if line.event]


def problems(path: Path) -> list[tuple[int, str]]:
    return [(line.number, line.problem) for line in EventFile(path) if line.event is None]


def ndjson(path: Path, lines: Iterable[str | bytes]) -> Path:
    encoded = [line.encode() if isinstance(line, str) else line for line in lines]
    path.write_bytes(b"".join(line + b"\n" for line in encoded))
    return path


def nested(values: dict[str, Any]) -> dict[str, Any]:
    event: dict[str, Any] = {}
    for name, value in values.items():
        place, (*parents, last) = event, COLUMNS[name]
        for parent in parents:
            place = place.setdefault(parent, {})
        place[last] = value
    return event


def line(**given: Any) -> str:
    return json.dumps({"subject": {"publicationId": "pub_x"}, "action": "VIEW", **given}, default=str)


def as_ndjson(path: Path) -> Path:
    return ndjson(path, (json.dumps(nested(values), default=datetime.isoformat) for values in VALUES))


def as_csv(path: Path, *, prefix: str = "") -> Path:
    names = {name: f"{prefix}{name}" if len(COLUMNS[name]) > 1 else name for name in FLAT}
    with path.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(names.values()))
        writer.writeheader()
        writer.writerows({names[name]: value for name, value in values.items()} for values in VALUES)
    return path


def as_parquet(path: Path, **columns: Any) -> Path:
    table = arrow.table({name: [values.get(name) for values in VALUES] for name in FLAT} | columns)
    parquet.write_table(table, path)
    return path


def as_nested_parquet(path: Path) -> Path:
    """What is absent is null, at every depth."""
    rows = [nested({name: values.get(name) for name in FLAT}) for values in VALUES]
    parquet.write_table(arrow.Table.from_pylist(rows), path)
    return path


def packed(path: Path) -> Path:
    target = path.with_name(f"{path.name}.gz")
    target.write_bytes(gzip.compress(path.read_bytes()))
    return target


def test_all_formats_give_the_same_events(tmp_path: Path) -> None:
    files = [
        as_ndjson(tmp_path / "events.ndjson"),
        as_ndjson(tmp_path / "events.JSONL"),
        packed(as_ndjson(tmp_path / "packed.ndjson")),
        as_csv(tmp_path / "flat.csv"),
        as_csv(tmp_path / "dotted.csv", prefix="subject."),
        packed(as_csv(tmp_path / "packed.csv")),
        as_parquet(tmp_path / "flat.parquet"),
        as_nested_parquet(tmp_path / "nested.parquet"),
    ]

    for file in files:
        assert read(file) == EVENTS, file.name


def test_the_format_may_be_named(tmp_path: Path) -> None:
    file = as_csv(tmp_path / "events.txt")

    assert [line.event for line in EventFile(file, Format.CSV)] == EVENTS
    with pytest.raises(
        InvalidFile,
        match=r"events\.txt does not show its format: name the format with --format\.",
    ):
        EventFile(file)


def test_a_line_without_an_id_has_the_same_one_each_time(tmp_path: Path) -> None:
    file = ndjson(tmp_path / "events.ndjson", [line(occurredAt=AT), line(occurredAt=AT), line(), line(id=ID)])
    copy = ndjson(tmp_path / "copy.ndjson", file.read_text().splitlines())
    longer = ndjson(tmp_path / "longer.ndjson", [*file.read_text().splitlines(), line()])

    ids = [UUID(event.id) for event in read(file)]

    assert [UUID(event.id) for event in read(file)] == [UUID(event.id) for event in read(copy)] == ids
    assert [id.version for id in ids] == [7, 7, 8, 7]
    assert [uuid7_instant(id) for id in ids[:2]] == [AT, AT]
    assert [id.variant for id in ids] == [ids[3].variant] * 4
    assert len(set(ids)) == 4
    # A line has the same id in another file, and another one if it occurred before.
    assert [UUID(event.id) for event in read(longer)][:4] == ids
    assert len({event.id for event in read(longer)}) == 5
    moved = ndjson(tmp_path / "moved.ndjson", [f"  {one} " for one in longer.read_text().splitlines()[::-1]])
    assert {event.id for event in read(moved)} == {event.id for event in read(longer)}
    apart = [line.event.id for line in EventFile(file, apart="shop") if line.event]
    assert {UUID(id) for id in apart if id} & set(ids) == {UUID(ID)}


def test_the_other_formats_make_ids_too(tmp_path: Path) -> None:
    header = "action,publicationId,occurredAt"
    table = ndjson(tmp_path / "events.csv", [header, f"VIEW,pub_x,{AT}", f"VIEW,pub_x,{AT}"])
    columns = as_parquet(tmp_path / "events.parquet", id=[None, None, ID])

    for file, count in ((table, 2), (columns, 3)):
        ids = [event.id for event in read(file)]
        assert [event.id for event in read(file)] == ids
        assert len(set(ids)) == count
        assert uuid7_instant(UUID(ids[0])) == AT


def test_what_is_no_event_is_named_with_its_line(tmp_path: Path) -> None:
    file = ndjson(
        tmp_path / "events.ndjson",
        [
            line(),
            "",
            "nonsense",
            "   ",
            line(action="LOOK"),
            b'{"action": "VIEW", "visitor": "\xff"}',
            line()[:-1],
            "x" * 1_000_000,
            "x" * 3_000_000,
            line(occurredAt="2023-06-01T10:30:00"),
            "[" * 100_000,
            line(),
        ],
    )

    assert [found.number for found in EventFile(file) if found.event] == [1, 12]
    assert problems(file) == [
        (3, "JSON is malformed: invalid character (byte 4)"),
        (5, "Invalid enum value 'LOOK' - at `$.action`"),
        (6, "'utf-8' codec can't decode byte 0xff in position 0: invalid start byte"),
        (7, "Input data was truncated"),
        (8, "longer than 1,000,000 bytes"),
        (9, "longer than 1,000,000 bytes"),
        (10, f"'2023-06-01T10:30:00' {NO_OFFSET} - at `$.occurredAt`"),
        (11, "Expected `object`, got `array`"),
    ]


def test_lines_may_end_in_any_of_two_ways_and_begin_with_a_mark(tmp_path: Path) -> None:
    file = tmp_path / "events.ndjson"
    file.write_bytes(f"\ufeff{line(id=ID)}\r\n\r\n{line(id=VIEW_ID)}".encode())

    assert [(found.number, found.event.id) for found in EventFile(file) if found.event] == [
        (1, ID),
        (3, VIEW_ID),
    ]
    table = tmp_path / "events.csv"
    table.write_bytes(
        f"\ufeffaction,publicationId,id\r\nVIEW,pub_x,{ID}\r\n\r\nVIEW,pub_x,{VIEW_ID}".encode()
    )
    assert [event.id for event in read(table)] == [ID, VIEW_ID]


def test_a_row_of_csv_is_known_by_the_line_it_begins_in(tmp_path: Path) -> None:
    file = ndjson(
        tmp_path / "events.csv",
        [
            "action,publicationId,visitor",
            'VIEW,pub_x,"Ada\nLovelace"',
            "LOOK,pub_x,",
            "VIEW,pub_x",
            "VIEW,pub_x,ada,lovelace",
            b"VIEW,pub_x,\xff",
            'VIEW,pub_x,"ada"lovelace',
            "VIEW,,",
            "VIEW,pub_x,ada",
        ],
    )

    assert problems(file) == [
        (4, "Invalid enum value 'LOOK' - at `$.action`"),
        (5, "2 cells under a header of 3"),
        (6, "4 cells under a header of 3"),
        (7, "Bytes that are not UTF-8 - at `$.visitor`"),
        (8, "',' expected after '\"'"),
        (9, "Object missing required field `subject`"),
    ]
    assert [(found.number, found.event.visitor) for found in EventFile(file) if found.event] == [
        (2, "Ada\nLovelace"),
        (10, "ada"),
    ]


def test_a_quote_that_is_left_open_costs_some_lines_and_not_the_file(tmp_path: Path) -> None:
    rows = ["VIEW,pub_x,ada"] * 10_000
    file = ndjson(tmp_path / "events.csv", ["action,publicationId,visitor", 'VIEW,pub_x,"ada', *rows])

    found = list(EventFile(file))

    assert problems(file) == [(2, "field larger than field limit (131072)")]
    assert found[-1].number == 10_002
    assert found[1].number - 2 + len(found) - 1 == 10_001


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("action,page,when", "Unknown columns: page, when. Known are: id, action, occurredAt, viewId, "),
        ("action,assetId,subject.assetId", "Two columns mean the same."),
        ("Action", "Unknown columns: Action."),
    ],
)
def test_a_header_that_is_not_understood_stops_the_reading(tmp_path: Path, header: str, words: str) -> None:
    file = ndjson(tmp_path / "events.csv", [header, "VIEW,x,y"])

    with pytest.raises(InvalidFile, match=words):
        list(EventFile(file))


def test_parquet_has_times_and_ids_of_several_types(tmp_path: Path) -> None:
    """Whoever writes the file decides on units, zones and whether a UUID is one."""
    micro = AT + timedelta(microseconds=1)
    for type_, expected in (
        (arrow.timestamp("ms", "UTC"), AT),
        (arrow.timestamp("us", "+02:00"), micro),
        (arrow.timestamp("ns", "America/New_York"), micro),
        (arrow.string(), AT),
    ):
        at = AT.astimezone(timezone(timedelta(hours=2))).isoformat() if type_ == arrow.string() else micro
        times = arrow.array(
            [at] * 3, arrow.string() if type_ == arrow.string() else arrow.timestamp("us", "UTC")
        )
        file = as_parquet(tmp_path / "times.parquet", occurredAt=times.cast(type_, safe=False))
        assert {event.occurred_at for event in read(file)} == {expected}, type_

    ids = arrow.array([UUID(event.id).bytes for event in EVENTS], arrow.binary(16)).cast(arrow.uuid())
    assert read(as_parquet(tmp_path / "ids.parquet", id=ids)) == EVENTS


def test_a_time_of_parquet_without_a_zone_is_refused(tmp_path: Path) -> None:
    naive = arrow.array([AT.replace(tzinfo=None)] * 3, arrow.timestamp("us"))
    file = as_parquet(tmp_path / "events.parquet", occurredAt=naive)

    assert problems(file) == [
        (row, f"'2023-06-01T10:30:00.250000' {NO_OFFSET} - at `$.occurredAt`") for row in (1, 2, 3)
    ]


def test_when_an_event_was_sent_means_nothing_in_a_file(tmp_path: Path) -> None:
    file = ndjson(tmp_path / "events.ndjson", [line(sentAt=AT.isoformat())])
    assert problems(file) == [
        (1, "sentAt means nothing in a file: nobody knows when it arrived - at `$.sentAt`")
    ]
    with pytest.raises(InvalidFile, match=r"Unknown columns: sentAt\."):
        list(EventFile(ndjson(tmp_path / "events.csv", ["action,sentAt"])))


def test_what_can_be_read_of_a_broken_file_is_read(tmp_path: Path) -> None:
    whole = ndjson(tmp_path / "events.ndjson", [line(id=str(UUID(int=number))) for number in range(5_000)])
    broken = tmp_path / "broken.ndjson.gz"
    broken.write_bytes(gzip.compress(whole.read_bytes())[:-2_000])

    seen: list[Line] = []
    with pytest.raises(InvalidFile, match=r"broken\.ndjson\.gz cannot be read after line \d+: ") as error:
        seen.extend(EventFile(broken))

    assert 0 < len(seen) < 5_000
    assert f"after line {len(seen)}:" in str(error.value)

    blocks: list[Block] = []

    def read_blocks() -> None:
        for block in EventFile(broken).blocks(100):
            blocks.append(block)
            # Whoever reads the lines of an earlier block meanwhile changes no number.
            blocks[0].lines()

    with pytest.raises(InvalidFile) as of_blocks:
        read_blocks()
    assert sum(len(block.lines()) for block in blocks) == len(seen)
    assert str(of_blocks.value) == str(error.value)


def test_lines_before_one_that_is_too_long_and_cut_off_are_read(tmp_path: Path) -> None:
    good = ndjson(tmp_path / "events.ndjson", [line() for _ in range(5)]).read_bytes()
    long = b"".join(b"%x" % number for number in range(1_000_000))
    broken = tmp_path / "broken.ndjson.gz"
    broken.write_bytes(gzip.compress(good + long)[:-100_000])

    blocks: list[Block] = []
    with pytest.raises(InvalidFile, match="after line 5: "):
        blocks.extend(EventFile(broken).blocks(1_000))
    assert [len(block.lines()) for block in blocks] == [5]


@pytest.mark.parametrize("before", [0, 1, 500, 900])
def test_a_line_is_too_long_wherever_it_lies(tmp_path: Path, before: int) -> None:
    long = line(domain="x" * 1_010_000)
    file = ndjson(tmp_path / "events.ndjson", [*[line()] * before, long, line()])

    read = [one for block in EventFile(file).blocks(10_000) for one in block.lines()]

    refused = [(one.number, one.problem) for one in read if one.problem]
    assert refused == [(before + 1, "longer than 1,000,000 bytes")]
    assert len(read) == before + 2


def test_an_id_is_made_where_there_is_none_and_not_where_it_is_empty(tmp_path: Path) -> None:
    file = ndjson(tmp_path / "events.ndjson", [line(), line(id=""), line(id=str(UUID(int=3)))])

    (block,) = EventFile(file).blocks(10)
    each = [one.event.id for one in EventFile(file) if one.event]
    assert [event.id for event in block.columns.events()] == each
    assert each[1:] == ["", str(UUID(int=3))]


@pytest.mark.parametrize("content", [b"", b"nonsense", b"PAR1 and nothing more PAR1"])
def test_what_is_no_parquet_is_said(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "events.parquet"
    file.write_bytes(content)

    with pytest.raises(InvalidFile):
        list(EventFile(file))


def test_parquet_without_its_library_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = as_parquet(tmp_path / "events.parquet")
    monkeypatch.setitem(sys.modules, "pyarrow", None)

    with pytest.raises(InvalidFile, match=r"Parquet needs pyarrow: pip install 'viewgraph\[parquet\]'\."):
        list(EventFile(file))


def test_an_empty_file_has_no_events(tmp_path: Path) -> None:
    for name in ("events.ndjson", "events.csv"):
        (tmp_path / name).touch()
        assert list(EventFile(tmp_path / name)) == []
    assert list(EventFile(ndjson(tmp_path / "header.csv", ["action,assetId"]))) == []
    parquet.write_table(arrow.table({"action": arrow.array([], arrow.string())}), tmp_path / "none.parquet")
    assert list(EventFile(tmp_path / "none.parquet")) == []


def test_how_far_the_reading_is_can_be_seen(tmp_path: Path) -> None:
    for path in (as_ndjson(tmp_path / "events.ndjson"), as_parquet(tmp_path / "events.parquet")):
        file = EventFile(path)
        assert file.bytes_read == 0
        assert len(list(file)) == 3
        assert file.bytes_read == file.bytes == path.stat().st_size
