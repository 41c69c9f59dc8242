"""Hours of days in UTC, in statements."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import BigInteger, ColumnElement
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from base.packed import HOUR
from base.time_units import EPOCH

_FIRST_DAY: Final = EPOCH.toordinal()
_EARLIEST: Final = -(1 << 62)


class hour_of(FunctionElement[int]):
    """The number of whole hours from 1970 to an instant."""

    inherit_cache = True

    def __init__(self, instant: ColumnElement[Any]) -> None:
        self.type = BigInteger()
        super().__init__(instant)


@compiles(hour_of, "sqlite")
def _hour_sqlite(element: hour_of, compiler: SQLCompiler, **options: Any) -> str:
    return f"{compiler.process(element.clauses, **options)} / {HOUR}"


@compiles(hour_of, "postgresql")
def _hour_postgresql(element: hour_of, compiler: SQLCompiler, **options: Any) -> str:
    # `extract` would give a decimal number, with which it takes several times as long.
    return f"CAST(floor(date_part('epoch', {compiler.process(element.clauses, **options)}) / 3600) AS bigint)"


class later_of(FunctionElement[Any]):
    """The later one of an instant and the start of a day in UTC; the instant if the day is null."""

    inherit_cache = True

    def __init__(self, instant: ColumnElement[Any], day: ColumnElement[Any]) -> None:
        self.type = instant.type
        super().__init__(instant, day)


@compiles(later_of, "sqlite")
def _later_sqlite(element: later_of, compiler: SQLCompiler, **options: Any) -> str:
    instant, day = (compiler.process(clause, **options) for clause in element.clauses)
    return f"max({instant}, coalesce(({day} - {_FIRST_DAY}) * {24 * HOUR}, {_EARLIEST}))"


@compiles(later_of, "postgresql")
def _later_postgresql(element: later_of, compiler: SQLCompiler, **options: Any) -> str:
    instant, day = (compiler.process(clause, **options) for clause in element.clauses)
    return f"greatest({instant}, CAST({day} AS timestamp) AT TIME ZONE 'UTC')"


class until(FunctionElement[int]):
    """Of columns that count up to the end of each hour of a day, the count up to the start of hour `number`;
    0 for the hour 0.
    """

    inherit_cache = True

    def __init__(self, number: ColumnElement[int], columns: Sequence[ColumnElement[int]]) -> None:
        self.type = BigInteger()
        super().__init__(number, *columns)


@compiles(until, "sqlite")
def _until_sqlite(element: until, compiler: SQLCompiler, **options: Any) -> str:
    number, *columns = (compiler.process(clause, **options) for clause in element.clauses)
    return _chosen(number, 0, ["0", *columns])


def _chosen(number: str, first: int, counts: Sequence[str]) -> str:
    """By halves: otherwise it would compare with one hour after the other, for each row."""
    if len(counts) == 1:
        return counts[0]
    half = len(counts) // 2
    middle = first + half
    early, late = _chosen(number, first, counts[:half]), _chosen(number, middle, counts[half:])
    return f"CASE WHEN {number} < {middle} THEN {early} ELSE {late} END"


@compiles(until, "postgresql")
def _until_postgresql(element: until, compiler: SQLCompiler, **options: Any) -> str:
    # It takes longer to plan halves than they would save.
    number, *columns = (compiler.process(clause, **options) for clause in element.clauses)
    whens = " ".join(f"WHEN {place} THEN {column}" for place, column in enumerate(columns, 1))
    return f"CASE {number} {whens} ELSE 0 END"
