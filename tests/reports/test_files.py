"""What holds for every name and every number that a report may have."""

import csv
import re
from datetime import UTC, date, datetime
from io import BytesIO, StringIO
from itertools import pairwise
from unicodedata import category

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from base.calendar import DateInterval
from base.errors import BadUserInput
from figures.assets import AssetTotals
from models import Action
from reports import (
    AssetLine,
    CsvDialect,
    CsvSeparator,
    Detail,
    Period,
    RankedLine,
    Report,
    ReportForm,
    ReportFormat,
    ReportRows,
    filename,
    write,
)
from reports.charts import step
from reports.text import clean, defused
from tests.workbooks import rows, table, types, workbook

DAY = date(2023, 6, 1)
COUNTED = AssetTotals(
    {
        Action.VIEW_3D: 5,
        Action.AR_CLICK: 1,
        Action.AR_SCAN: 2,
        Action.ENGAGED_VIEW: 2,
        Action.INTERACTION: 7,
    }
)
MAY_START_A_FORMULA = "=+-@＝＋－＠\t\r\n '"  # noqa: RUF001
# Lone surrogates are in no database; whatever else a text can hold may be in a name.
characters = st.characters(exclude_categories=["Cs"])
names = st.text(characters, min_size=1, max_size=200) | st.tuples(
    st.sampled_from(MAY_START_A_FORMULA), st.text(characters, max_size=5)
).map("".join)


def report(name: str) -> Report:
    return Report(
        name=name,
        first_day=DAY,
        last_day=DAY,
        details=(Detail("Organization", name),),
        made_at=datetime(2023, 6, 2, tzinfo=UTC),
        rows=ReportRows.DEVICES,
        lines=(AssetLine(name, name, "Desktop", COUNTED, "ast_1"),),
        devices=(("Desktop", COUNTED),),
        interval=DateInterval.DAY,
        periods=(Period(DAY, False, 5, 3),),
        top=(RankedLine(1, name, COUNTED),),
    )


def file_of(name: str, form: ReportForm) -> bytes:
    file = BytesIO()
    write(report(name), form, file)
    return file.getvalue()


@given(name=names)
@settings(max_examples=30)
def test_a_workbook_has_every_name_as_a_text(name: str) -> None:
    book = workbook(file_of(name, ReportForm()))

    line = rows(book, "Assets")[1]
    assert line[:2] == [clean(name)] * 2
    assert line[2:] == ["Desktop", 5, 1, 2, 3, 2, 7, 3.5, "ast_1"]
    assert rows(book, "Top assets")[1][1] == rows(book, "Filters")[1][1] == clean(name)
    assert rows(book, "Summary")[0][0] == clean(name)
    assert not any("f" in types(book, sheet) for sheet in book.sheetnames)


@given(name=names)
def test_a_csv_file_has_no_text_that_is_run(name: str) -> None:
    _, line, total = table(file_of(name, ReportForm(ReportFormat.CSV)))

    assert line[0] == line[1] == defused(clean(name), ";\t")
    assert not re.match(r"\s*[=+\-@＝＋－＠]", line[0])  # noqa: RUF001
    assert line[0].replace("'", "") == clean(name).replace("'", "")
    assert line[2:] == ["Desktop", "5", "1", "2", "3", "2", "7", "3.5", "ast_1"]
    assert total == ["Total", "", "", "5", "1", "2", "3", "2", "7", "3.5", ""]


@pytest.mark.parametrize(
    ("name", "separator", "written"),
    [
        (",=,", CsvSeparator.SEMICOLON, ",'=,"),
        (",=,", CsvSeparator.TAB, ",'=,"),
        (",=,", CsvSeparator.COMMA, ",=,"),
        ("Sofa; -20 %", CsvSeparator.COMMA, "Sofa;' -20 %"),
        ('Sofa;"@home"', CsvSeparator.COMMA, 'Sofa;\'"@home"'),
        ("Sofa; 20 %, -5", CsvSeparator.SEMICOLON, "Sofa; 20 %,' -5"),
        ("=1,=2;=3", CsvSeparator.TAB, "'=1,'=2;'=3"),
        ('"+1"', CsvSeparator.COMMA, '\'"+1"'),
        ("A-B, C=D", CsvSeparator.SEMICOLON, "A-B, C=D"),
    ],
)
def test_a_name_has_no_formula_behind_another_separator(
    name: str, separator: CsvSeparator, written: str
) -> None:
    text = file_of(name, ReportForm(ReportFormat.CSV, CsvDialect(separator))).decode("utf-8-sig")

    _, line, _ = csv.reader(StringIO(text, newline=""), delimiter=separator.value)
    assert line[:2] == [written, written]


@given(
    name=names | st.text(st.sampled_from("=-@,;\"' a"), max_size=8),
    separator=st.sampled_from(CsvSeparator),
    read_by=st.sampled_from(CsvSeparator),
)
def test_no_cell_is_run_whatever_separator_a_program_expects(
    name: str, separator: CsvSeparator, read_by: CsvSeparator
) -> None:
    text = file_of(name, ReportForm(ReportFormat.CSV, CsvDialect(separator))).decode("utf-8-sig")

    for row in csv.reader(StringIO(text, newline=""), delimiter=read_by.value):
        assert not [cell for cell in row if re.match(r"[\s\"]*[=+\-@＝＋－＠]", cell)]  # noqa: RUF001


def test_a_number_has_a_decimal_comma_where_that_is_asked_for() -> None:
    form = ReportForm(ReportFormat.CSV, CsvDialect(CsvSeparator.SEMICOLON, has_decimal_comma=True))
    _, line, total, _ = file_of("Chair", form).decode().split("\r\n")

    assert line == '"Chair";"Chair";"Desktop";5;1;2;3;2;7;"3,5";"ast_1"'
    assert total == '"Total";"";"";5;1;2;3;2;7;"3,5";""'


@given(name=names)
def test_a_clean_name_is_one_line_without_controls(name: str) -> None:
    cleaned = clean(name)

    assert len(cleaned) == len(name)
    assert not {category(character) for character in cleaned} & {"Cc", "Zl", "Zp", "Cs"}
    assert [
        (before, after)
        for before, after in zip(name, cleaned, strict=True)
        if before != after and category(before) not in ("Cc", "Zl", "Zp") and before not in "\ufffe\uffff"
    ] == []


@given(name=names)
def test_a_file_is_called_something_that_every_system_takes(name: str) -> None:
    called = filename(name, DAY, date(2023, 6, 30), ReportFormat.XLSX)

    assert called.endswith(" 2023-06-01 to 2023-06-30.xlsx")
    assert len(called) <= 80 + len(" 2023-06-01 to 2023-06-30.xlsx")
    assert not set(called) & set('\\/:*?"<>|%\t\r\n\x00\u202e\u200f')
    assert called[0] not in ". "


def test_what_is_left_of_a_name_is_in_the_name_of_its_file() -> None:
    def called(name: str) -> str:
        return filename(name, DAY, DAY, ReportFormat.CSV).removesuffix(" 2023-06-01 to 2023-06-01.csv")

    assert [
        called(name) for name in ("../../etc/passwd", "Müller & Co.", "\u202egnp.exe", "???", "名前 🪑")
    ] == [
        "etc passwd",
        "Müller & Co",
        "gnp.exe",
        "Report",
        "名前 🪑",
    ]


@given(most=st.integers(0, 10**12))
def test_the_lines_of_a_grid_are_whole_numbers_and_few(most: int) -> None:
    found = step(most)

    assert re.fullmatch(r"[125]0*", str(found))
    assert found * 5 >= most
    assert found == 1 or most > found * 2


def test_rows_that_no_sheet_holds_are_refused() -> None:
    few = report("Chair")
    many = few._replace(lines=few.lines * 1_048_575)

    with pytest.raises(BadUserInput) as refused:
        write(many, ReportForm(), BytesIO())

    assert refused.value.extensions == {
        "code": "BAD_USER_INPUT",
        "argument": "format",
        "reason": "TOO_MANY",
    }


def test_a_grid_grows_with_what_it_shows() -> None:
    steps = [step(most) for most in (0, 1, 5, 6, 10, 11, 25, 26, 50, 51, 100, 1_000_000)]

    assert steps == [1, 1, 1, 2, 2, 5, 5, 10, 10, 20, 20, 200_000]
    assert all(smaller <= larger for smaller, larger in pairwise(steps))
