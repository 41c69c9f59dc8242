"""A report as CSV: the sheet of assets alone."""

import csv
from collections.abc import Sequence
from datetime import date
from enum import Enum
from io import TextIOWrapper
from typing import IO, NamedTuple

from reports.report import Report, Value, columns_of
from reports.text import clean, defused


class CsvSeparator(Enum):
    COMMA = ","
    SEMICOLON = ";"
    TAB = "\t"


class CsvDialect(NamedTuple):
    separator: CsvSeparator = CsvSeparator.COMMA
    has_decimal_comma: bool = False

    @property
    def other_separators(self) -> str:
        return "".join(one.value for one in CsvSeparator if one is not self.separator)


def write_csv(report: Report, file: IO[bytes], dialect: CsvDialect) -> None:
    """Writes UTF-8 with a byte order mark, by which Excel knows the encoding, and CRLF.

    All texts have quotes, and none has a formula after another separator. So a program that expects that one
    makes no formula of the rest of a name.
    """
    text = TextIOWrapper(file, "utf-8-sig", newline="")
    writer = csv.writer(
        text, delimiter=dialect.separator.value, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\r\n"
    )
    writer.writerow(report.rows.columns)
    writer.writerows(zip(*[_column(values, dialect) for values in columns_of(report.lines)], strict=True))
    writer.writerow([_cell(value, dialect) for value in ("Total", "", "", *report.total(), "")])
    text.flush()
    text.detach()


def _column(values: Sequence[str | date | Value], dialect: CsvDialect) -> Sequence[str | Value]:
    """Names stand there many times, but each is looked through once."""
    if len(set(map(type, values))) > 1:
        # 1 and 1.0 are equal, but not written alike.
        return [_cell(value, dialect) for value in values]
    cell_of = {value: _cell(value, dialect) for value in set(values)}
    return [cell_of[value] for value in values]


def _cell(value: str | date | Value, dialect: CsvDialect) -> str | Value:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str):
        return defused(clean(value), dialect.other_separators)
    if isinstance(value, float) and dialect.has_decimal_comma:
        return str(value).replace(".", ",")
    return value
