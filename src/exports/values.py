"""Values as they stand in cells."""

from collections.abc import Callable, Iterable, Iterator
from datetime import date
from zoneinfo import ZoneInfo

from base.instants import Instant, InvalidInstant, instant_in_file
from exports.found import Found, Unusable
from exports.rows import Cells


class InvalidValue(ValueError):
    """The message says which value is wrong."""


def count_of(cells: Cells, column: str) -> int:
    """Raises InvalidValue if it is no whole number."""
    text = cells[column].strip()
    if not (text.isascii() and text.isdigit()):
        raise InvalidValue(f"{column} is {text[:40]!r}, which is no whole number")
    return int(text)


def day_in(cells: Cells, column: str = "date") -> date:
    """Raises InvalidValue if it is no day such as 2026-03-01."""
    text = cells[column].strip()
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidValue(f"{column} is {text[:40]!r}, which is no day such as 2026-03-01") from None


def instant_in(cells: Cells, column: str, zone: ZoneInfo | None) -> Instant:
    """`zone`: of times without an offset. Raises InvalidValue."""
    try:
        return instant_in_file(cells[column].strip(), zone)
    except InvalidInstant as error:
        raise InvalidValue(f"{column}: {error}") from None


def read_each(rows: Iterable[Cells | Unusable], read: Callable[[Cells], Found]) -> Iterator[Found]:
    """What `read` makes of each row. A row of which it raises InvalidValue is unusable."""
    for row in rows:
        if isinstance(row, Unusable):
            yield row
            continue
        try:
            yield read(row)
        except InvalidValue as error:
            yield Unusable(row.place, str(error), ",".join(row.values.values()))
