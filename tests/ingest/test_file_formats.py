"""Files as other programs write them: separators, encodings, columns of row numbers, rejected lines."""

import csv
import gzip
import json
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from base.calendar import time_zone
from ingest.file_lines import InvalidFile
from ingest.file_times import Epoch, FileTimes
from ingest.files import EventFile, Line
from ingest.rejected_lines import rejected_line_in_json

AT = datetime(2025, 6, 1, 10, tzinfo=UTC)
HEADER = ["action", "publicationId", "occurredAt", "visitor"]
ROWS = [
    ["VIEW", "pub_x", "2025-06-01T10:00:00Z", "Zoë, the; first"],
    ["VIEW", "pub_x", "2025-06-01T10:00:00Z", "line\nbreak\tand tab"],
    ["SHARE", "pub_x", "2025-06-01T10:00:00Z", ""],
]
VISITORS = ["Zoë, the; first", "line\nbreak\tand tab", None]


def table(rows: Iterable[Iterable[str]], separator: str = ",", end: str = "\r\n") -> str:
    stream = StringIO()
    csv.writer(stream, delimiter=separator, lineterminator=end).writerows(rows)
    return stream.getvalue()


def lines(path: Path, content: str | bytes, times: FileTimes | None = None) -> list[Line]:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return list(EventFile(path, times=times or FileTimes()))


def visitors(found: list[Line]) -> list[str | None]:
    """Of a file in which every line is an event."""
    assert [line.problem for line in found if line.event is None] == []
    return [line.event.visitor for line in found if line.event]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize(
    ("encoding", "mark"),
    [
        ("utf-8", ""),
        ("utf-8", "\ufeff"),
        ("utf-16-le", ""),
        ("utf-16-le", "\ufeff"),
        ("utf-16-be", ""),
        ("utf-16-be", "\ufeff"),
    ],
)
def test_the_start_of_a_file_shows_its_separator_and_its_encoding(
    tmp_path: Path, separator: str, end: str, encoding: str, mark: str
) -> None:
    """Excel's "Unicode text" is UTF-16 with a mark and tabs; its CSV has semicolons in many countries."""
    content = (mark + table([HEADER, *ROWS], separator, end)).encode(encoding)

    plain = lines(tmp_path / "events.csv", content)
    packed = lines(tmp_path / "events.tsv.gz", gzip.compress(content))

    assert visitors(plain) == visitors(packed) == VISITORS
    assert [line.number for line in plain] == [2, 3, 5]
    assert {line.event.occurred_at for line in plain if line.event} == {AT}


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_ndjson_has_encodings_too(tmp_path: Path, encoding: str) -> None:
    event = {"subject": {"publicationId": "pub_x"}, "action": "VIEW", "visitor": "Zoë 🎈"}
    content = f"{json.dumps(event, ensure_ascii=False)}\r\n\r\n{json.dumps(event)}".encode(encoding)

    found = lines(tmp_path / "events.ndjson", content)

    assert visitors(found) == ["Zoë 🎈", "Zoë 🎈"]
    assert [line.number for line in found] == [1, 3]


def test_what_is_no_utf_16_costs_its_line_or_ends_the_reading(tmp_path: Path) -> None:
    half = "action,publicationId,visitor\nVIEW,pub_x,\ud83c\nVIEW,pub_x,ada\n".encode(
        "utf-16-le", "surrogatepass"
    )

    first, second = lines(tmp_path / "events.csv", b"\xff\xfe" + half)

    assert first.problem == "Bytes that are not UTF-8 - at `$.visitor`"
    assert visitors([second]) == ["ada"]
    with pytest.raises(InvalidFile, match=r"after line \d: it is no UTF-16 to its end: truncated data\."):
        lines(tmp_path / "events.csv", b"\xff\xfe" + half[:-1])


def test_long_lines_of_utf_16_cost_themselves_alone(tmp_path: Path) -> None:
    text = f"{'x' * 3_000_000}\n{{}}\n"

    found = lines(tmp_path / "events.ndjson", text.encode("utf-16"))

    assert [(line.number, line.problem) for line in found] == [
        (1, "longer than 1,000,000 bytes"),
        (2, "Object missing required field `subject`"),
    ]


def test_a_long_line_of_csv_is_rejected_and_not_skipped(tmp_path: Path) -> None:
    long = "x" * 10_000_000
    content = f'action,publicationId,visitor\nVIEW,pub_x,{long}\nVIEW,pub_x,"a\n{long}\n"\nVIEW,pub_x,ada\n'

    first, second, third = lines(tmp_path / "events.csv", content)

    assert [first[:3], second[:3]] == [
        (2, None, "longer than 1,000,000 bytes"),
        (3, None, "longer than 1,000,000 bytes"),
    ]
    assert (third.number, visitors([third])) == (6, ["ada"])
    with pytest.raises(InvalidFile, match=r"The header is longer than 1,000,000 bytes\."):
        lines(tmp_path / "events.csv", f"action,{long}\nVIEW,pub_x\n")


@pytest.mark.parametrize("index", ["", "Unnamed: 0"])
def test_an_index_of_pandas_is_no_column_of_events(tmp_path: Path, index: str) -> None:
    """The numbers of the rows have no name, until they are read and written again."""
    rows = [[index, *HEADER], *([str(place), *row] for place, row in enumerate(ROWS))]

    assert visitors(lines(tmp_path / "events.csv", table(rows))) == VISITORS


@pytest.mark.parametrize(
    ("name", "content", "options"),
    [
        # pandas 3.1.1: to_csv(); the same, read and written again; of times without a zone.
        (
            "events.csv",
            ",action,publicationId,occurredAt,visitor\n"
            "0,VIEW,pub_x,2025-06-01 10:00:00.250+00:00,\n1,VIEW,pub_x,2025-06-01 12:00:00.000+00:00,a\n",
            FileTimes(),
        ),
        (
            "events.csv",
            ",Unnamed: 0,action,publicationId,occurredAt,visitor\n"
            "0,0,VIEW,pub_x,2025-06-01 10:00:00.250+00:00,\n1,1,VIEW,pub_x,2025-06-01 12:00:00.000+00:00,a\n",
            FileTimes(),
        ),
        (
            "events.csv",
            ";action;publicationId;occurredAt;visitor\n"
            "0;VIEW;pub_x;2025-06-01 12:00:00.250;\n1;VIEW;pub_x;2025-06-01 14:00:00.000;a\n",
            FileTimes(time_zone("Europe/Paris")),
        ),
        # pandas 3.1.1: to_json(orient="records", lines=True), and with date_format="iso", date_unit="ns".
        (
            "events.jsonl",
            '{"action":"VIEW","publicationId":"pub_x","occurredAt":1748772000250,"visitor":null}\n'
            '{"action":"VIEW","publicationId":"pub_x","occurredAt":1748779200000,"visitor":"a"}\n',
            FileTimes(epoch=Epoch.MS),
        ),
        (
            "events.jsonl",
            '{"action":"VIEW","publicationId":"pub_x","occurredAt":"2025-06-01T10:00:00.250000000Z",'
            '"visitor":null}\n'
            '{"action":"VIEW","publicationId":"pub_x","occurredAt":"2025-06-01T12:00:00.000000000Z",'
            '"visitor":"a"}\n',
            FileTimes(),
        ),
        # DuckDB 2.0.1: COPY with a header, with the time zone Asia/Kolkata.
        (
            "events.csv",
            "action,publicationId,occurredAt,visitor\n"
            "VIEW,pub_x,2025-06-01 15:30:00.25+05:30,\nVIEW,pub_x,2025-06-01 17:30:00+05:30,a\n",
            FileTimes(),
        ),
    ],
)
def test_tables_that_other_programs_wrote_are_read(
    tmp_path: Path, name: str, content: str, options: FileTimes
) -> None:
    content = content.replace('"publicationId":"pub_x"', '"subject":{"publicationId":"pub_x"}')
    found = lines(tmp_path / name, content, options)

    assert visitors(found) == [None, "a"]
    assert [line.event.occurred_at for line in found if line.event] == [
        AT.replace(microsecond=250_000),
        AT.replace(hour=12),
    ]


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("action;publicationId;;", "Column 3 of the header has no name."),
        ("action;page", "Unknown columns: page. Known are: id, action, "),
        ("assetId\taction\tassetId", "Two columns mean the same: assetId and assetId."),
        ("assetId,action,subject.assetId", "Two columns mean the same: assetId and subject.assetId."),
        ('action,"assetId', "The header is no row of CSV: unexpected end of data."),
    ],
)
def test_a_header_that_is_not_understood_is_told_in_words(tmp_path: Path, header: str, words: str) -> None:
    with pytest.raises(InvalidFile) as error:
        lines(tmp_path / "events.csv", f"{header}\n")

    assert str(error.value).startswith(words)


def test_a_hint_for_excel_is_no_header(tmp_path: Path) -> None:
    found = lines(tmp_path / "events.csv", "sep=;\r\naction;publicationId;visitor\r\nVIEW;pub_x;ada\r\n")

    assert visitors(found) == ["ada"]
    assert found[0].number == 3


def test_lines_that_end_with_cr_alone_are_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(
        InvalidFile, match=r"Its lines end with CR alone: save it with lines that end with LF"
    ):
        lines(tmp_path / "events.csv", "action,publicationId\rVIEW,pub_x\r")


def test_a_file_that_grows_while_it_is_read_says_so(tmp_path: Path) -> None:
    path = tmp_path / "events.ndjson"
    event = '{"subject": {"publicationId": "pub_x"}, "action": "VIEW"}\n'
    path.write_text(event)
    reading = iter(EventFile(path))
    found = [next(reading)]
    with path.open("a") as stream:
        stream.write(event)

    with pytest.raises(
        InvalidFile, match=r"was changed while it was read, up to line 1: import it again once"
    ):
        found.extend(reading)

    assert visitors(found) == [None]


def test_nulls_between_tabs_are_absent(tmp_path: Path) -> None:
    r"""PostgreSQL 18 and MySQL 8 write `\N` into text between tabs. Between commas it is a name."""
    rows = [HEADER, ["VIEW", "pub_x", "2025-06-01T10:00:00Z", r"\N"]]

    assert visitors(lines(tmp_path / "events.tsv", table(rows, "\t"))) == [None]
    assert visitors(lines(tmp_path / "events.csv", table(rows))) == [r"\N"]


def test_rejected_lines_have_their_content(tmp_path: Path) -> None:
    rows = table([HEADER, ["LOOK", "pub_x", "2025-06-01T10:00:00Z", ""], ["VIEW"]], "\t", "\n")
    text = rows.encode() + b"VIEW\tpub_x\t\tZo\xeb\n" + b'VIEW\tpub_x\t\t"a"b\n'
    cells = [line.content for line in lines(tmp_path / "events.tsv", text)]
    said = b'{"subject": {"publicationId": "pub_x"},  "action": "LOOK", "more": 18446744073709551616}'
    objects = [
        line.content
        for line in lines(tmp_path / "events.ndjson", said + b"\n[1]\r\n{\n\xff\n" + b"x" * 10**6)
    ]

    looked = b'{"action":"LOOK","subject":{"publicationId":"pub_x"},"occurredAt":"2025-06-01T10:00:00Z"}'
    zoe = rb'{"action":"VIEW","subject":{"publicationId":"pub_x"},"visitor":{"unreadable":"Zo\\xeb"}}'
    assert [content.event for content in cells] == [looked, b"", zoe, b""]
    assert [content.text for content in cells] == ["", "VIEW", "", 'VIEW\tpub_x\t\t"a"b']
    assert [content.event for content in objects] == [said, b"", b"", b"", b""]
    assert [content.text for content in objects] == ["", "[1]", "{", r"\xff", ""]


def mended(found: list[Line], old: bytes, new: bytes) -> bytes:
    """A file of the rejects among the lines, in which one text was replaced."""
    return b"".join(
        rejected_line_in_json(
            line.number,
            "INVALID_EVENT",
            line.problem,
            line.content,
            line.content.seed,
        ).replace(old, new)
        + b"\n"
        for line in found
        if line.event is None
    )


def test_mended_rejects_are_the_events_that_they_would_have_been(tmp_path: Path) -> None:
    times = FileTimes(time_zone("UTC"))
    rows = [HEADER, *([row[0], row[1], "2025-06-01 10:00", row[3]] for row in ROWS)]
    whole = lines(tmp_path / "events.csv", table(rows), times)
    first = lines(tmp_path / "events.csv", table(rows))

    # Once nothing helps, once the option; the ids are those of the first file.
    again = lines(tmp_path / "rejects.ndjson", mended(first, b"", b""))
    last = lines(tmp_path / "again.ndjson", mended(again, b"", b""), times)
    by_hand = lines(tmp_path / "mended.ndjson", mended(first, b"01 10:00", b"01T10:00Z"))

    assert [line.event for line in again] == [None] * 3
    assert [line.event for line in last] == [line.event for line in by_hand] == [line.event for line in whole]


def test_a_mended_text_is_read_as_an_event(tmp_path: Path) -> None:
    text = '{"subject": {"publicationId": "pub_x"}, "action": "VIEW", "visitor": "ada"'
    path = tmp_path / "events.ndjson"

    (found,) = lines(path, text)
    told = mended([found], b'ada\\"', b'ada\\"}')

    assert visitors(lines(tmp_path / "rejects.ndjson", told)) == ["ada"]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (
            {"line": 1, "reason": "X"},
            "a rejected line without its content, which was too long: give it an `event`",
        ),
        ({"line": 1, "reason": "X", "event": {}}, "Object missing required field `subject`"),
        ({"line": 1, "reason": "X", "event": 7}, "Expected `object`, got `int`"),
        ({"line": 1, "reason": "X", "seed": "me"}, "Object contains unknown field `line`"),
        ({"line": "1", "reason": "X"}, "Object contains unknown field `line`"),
    ],
)
def test_what_is_no_rejected_line_is_refused(tmp_path: Path, line: Any, problem: str) -> None:
    assert [found.problem for found in lines(tmp_path / "events.ndjson", json.dumps(line))] == [problem]


@given(st.lists(st.binary(max_size=60), max_size=6), st.sampled_from(["csv", "tsv", "ndjson"]))
def test_whatever_stands_in_a_file_is_told_in_words(
    tmp_path_factory: pytest.TempPathFactory, parts: list[bytes], suffix: str
) -> None:
    path = tmp_path_factory.getbasetemp() / f"any.{suffix}"
    head = b"" if suffix == "ndjson" else b"action\tpublicationId\n"
    times = FileTimes(epoch=Epoch.MS)
    with suppress(InvalidFile):
        for line in lines(path, head + b"\n".join(parts), times):
            assert line.event or line.problem
