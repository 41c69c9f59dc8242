"""Rows that are inserted column by column, and read back. Many are copied into PostgreSQL."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import chain, cycle, islice
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from base.arrays import arrays
from base.ids import uuid7
from base.packed import packed_instant
from database import Bulk, Database, table_of
from database.bulk.postgres_rows import rows_to_copy
from models import Event

MONTH = datetime(2023, 6, 1, tzinfo=UTC)
FEW, MANY = 200, 500
"""NumPy is used for many."""
INSTANTS = (
    datetime(1, 1, 2, tzinfo=UTC),
    datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    datetime(2000, 1, 1, tzinfo=UTC),
    datetime(2023, 6, 15, 12, 0, 0, 1, tzinfo=UTC),
    datetime(9999, 12, 30, 23, 59, 59, 999_999, tzinfo=UTC),
)
NUMBERS = (0, 1, -1, 255, 256, 2**63 - 1, -(2**63))
SMALL_NUMBERS = (0, 1, -1, 255, 2**15 - 1, -(2**15))
VISITORS = (b"", b"\0", b"\xff" * 15, b"\0" * 16, b"seventeen bytes..", b"x" * 300)

Pattern = Callable[[Sequence[Any], int], list[Any]]


def with_gaps(values: Sequence[Any], count: int) -> list[Any]:
    return list(islice(cycle([*values, None]), count))


def without_gaps(values: Sequence[Any], count: int) -> list[Any]:
    return list(islice(cycle(values), count))


def nothing(_: Sequence[Any], count: int) -> list[Any]:
    return [None] * count


def of_one_width(values: Sequence[Any], count: int) -> list[Any]:
    return without_gaps(values[-1:], count)


def given(count: int, pattern: Pattern) -> list[Sequence[Any]]:
    """Packed values, in the order of the table's columns and of the key."""
    ids = [uuid7(MONTH + timedelta(seconds=place)).bytes for place in range(count)]
    views = [uuid7(MONTH).bytes for _ in range(count)]
    return [
        [7] * count,
        ids,
        without_gaps(NUMBERS, count),
        without_gaps(SMALL_NUMBERS, count),
        without_gaps(SMALL_NUMBERS[::-1], count),
        without_gaps(NUMBERS[::-1], count),
        without_gaps(list(map(packed_instant, INSTANTS)), count),
        pattern(views, count),
        pattern(NUMBERS, count),
        pattern(VISITORS, count),
        pattern(NUMBERS[:1], count),
        pattern(NUMBERS, count),
    ]


@pytest.mark.parametrize("count", [FEW, MANY])
@pytest.mark.parametrize("pattern", [with_gaps, without_gaps, nothing, of_one_width])
async def test_rows_that_are_inserted_by_columns_have_exactly_the_given_values(
    database: Database, count: int, pattern: Pattern
) -> None:
    await arrays.ready()
    columns = given(count, pattern)

    async def inserted(bulk: Bulk) -> list[bool]:
        return await bulk.packed.insert_columns(Event, columns)

    assert await database.in_bulk(inserted) == [True] * count

    async with database.snapshot() as connection:
        rows = await connection.execute(select(table_of(Event)).order_by(table_of(Event).c.id))
    assert [tuple(map(packed, row)) for row in rows] == list(zip(*columns, strict=True))


def packed(value: Any) -> Any:
    if isinstance(value, datetime):
        return packed_instant(value)
    return value.bytes if isinstance(value, UUID) else value


async def test_rows_that_are_few_or_of_other_types_are_left_to_the_driver() -> None:
    await arrays.ready()

    assert rows_to_copy(["BIGINT"], [[1] * FEW]) is None
    assert rows_to_copy(["BIGINT", "DATE"], [[1] * MANY, [1] * MANY]) is None


async def test_a_number_that_its_column_cannot_hold_is_not_cut() -> None:
    await arrays.ready()

    for type_, too_large in (("SMALLINT", 2**15), ("BIGINT", 2**63)):
        with pytest.raises(OverflowError):
            rows_to_copy([type_], [list(chain([1] * MANY, [too_large]))])
