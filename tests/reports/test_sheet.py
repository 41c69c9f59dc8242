"""A sheet is, byte for byte, what the library makes of the same cells."""

from io import BytesIO
from typing import Any
from zipfile import ZipFile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from xlsxwriter import Workbook
from xlsxwriter.worksheet import Worksheet

from reports.sheet import Sheet

CELLS = st.one_of(
    st.text(max_size=8),
    st.sampled_from(["", " a", "a\t", "_x0041_", "<r>&</r>", "a\nb", "\ufffe", "é\u2028", '"', "a  b"]),
    st.integers(-(10**17), 10**17),
    st.floats(allow_nan=False, allow_infinity=False),
)


def file_of(sheet_class: type[Worksheet], rows: list[list[Any]], *, is_shaped: bool) -> dict[str, bytes]:
    file = BytesIO()
    book = Workbook(file, {"constant_memory": True, "in_memory": False})
    shape = book.add_format({"bold": True}) if is_shaped else None
    sheet = book.add_worksheet("One", sheet_class)
    for row, cells in enumerate(rows):
        for place, value in enumerate(cells):
            if isinstance(value, str):
                (sheet.write_string if value else sheet.write_blank)(row, 40 * place, value, shape)
            else:
                sheet.write_number(row, 40 * place, value, shape)
    book.close()
    with ZipFile(file) as parts:
        return {name: parts.read(name) for name in parts.namelist() if name.startswith("xl/")}


@pytest.mark.parametrize("is_shaped", [True, False])
@settings(max_examples=60, deadline=None)
@given(rows=st.lists(st.lists(CELLS, max_size=3), max_size=4))
def test_a_sheet_is_what_the_library_writes(rows: list[list[Any]], is_shaped: bool) -> None:
    files = [file_of(sheet_class, rows, is_shaped=is_shaped) for sheet_class in (Sheet, Worksheet)]

    assert files[0] == files[1]


def test_the_library_still_writes_cells_where_a_sheet_does() -> None:
    assert "_write_cell" in vars(Worksheet)
