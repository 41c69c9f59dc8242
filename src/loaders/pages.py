"""Keyset pages: a page is found by the row before it, so new rows do not move it."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Generic, NamedTuple, TypeVar
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    FromClause,
    Select,
    Uuid,
    bindparam,
    cast,
    func,
    literal_column,
    select,
    tuple_,
)

from database import Lookup, Statement, among
from loaders.base import Loader, Loaders

R = TypeVar("R")


class Position(NamedTuple):
    """Where a row stands in a list: the value that it is sorted by, then its id, which is unique."""

    value: Any
    public_id: UUID


class Page(NamedTuple):
    """`size` rows from one end: the first after `after`, or (`backward`) the last before `before`."""

    size: int
    backward: bool = False
    after: Position | None = None
    before: Position | None = None
    order: str = "created_at"
    descending: bool = False


class KeptCounts(NamedTuple):
    """Where the number of a parent's rows is kept: one or more counts for each parent."""

    parent: ColumnElement[int]
    number: ColumnElement[int]
    filter: Any = None
    """Chooses the counts of the rows that the list's own filter chooses."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Listing:
    """A list of rows that has pages. Each of `orders` is one of `columns`, and is never null."""

    columns: Sequence[ColumnElement[Any]]
    source: FromClause
    public_id: ColumnElement[UUID]
    orders: dict[str, ColumnElement[Any]]
    row: Callable[..., Any]
    parent: ColumnElement[int] | None = None
    filter: Any = None
    """A condition with a parameter of the name `filter`."""
    kept_counts: KeptCounts | None = None
    """None if rows have to be counted."""


class PageKey(NamedTuple):
    listing: Listing
    page: Page
    parent: int | None = None
    """The id of what the rows belong to; None if the list has no parents."""
    filter: Hashable = None


class Slice(NamedTuple, Generic[R]):
    rows: list[R]
    has_next: bool
    has_previous: bool


class CountKey(NamedTuple):
    listing: Listing
    parent: int | None = None
    filter: Hashable = None


class Pages(Loader[PageKey, Slice[Any]]):
    """One statement reads the same page of the lists of many parents."""

    def __init__(self, loaders: Loaders) -> None:
        super().__init__(loaders)
        self._ahead = loaders.ahead()

    async def batch_load_fn(self, keys: Sequence[PageKey]) -> list[Slice[Any]]:
        grouped: defaultdict[PageKey, list[int]] = defaultdict(list)
        lists = [key if key.parent is None else key._replace(parent=None) for key in keys]
        for key, of_all in zip(keys, lists, strict=True):
            grouped[of_all].extend([] if key.parent is None else [key.parent])
        rows = {of_all: await self._rows(of_all, parents) for of_all, parents in grouped.items()}
        return [_slice(rows[of_all][key.parent], key.page) for key, of_all in zip(keys, lists, strict=True)]

    async def _rows(self, key: PageKey, parents: list[int]) -> dict[int | None, list[Any]]:
        page = key.page
        shape = _Shape(
            page.order,
            page.descending,
            page.backward,
            bool(page.after),
            bool(page.before),
            key.filter is not None,
            page.size if page.size in _USUAL_SIZES else None,
        )
        given = {"filter": key.filter, "limit": page.size + 1, **_bound_parameters(page)}
        ahead = self._ahead.get(key.listing.row)
        if ahead is not None and key.listing.parent is None:
            statement = _page_statement(key.listing, shape)
            return {None: await ahead.fetch(self.database, statement, key.listing.row, **given)}
        rows: defaultdict[int | None, list[Any]] = defaultdict(list)
        for parent, row in await self.database.fetch(
            _page_statement(key.listing, shape), parents=parents, **given
        ):
            rows[parent].append(row)
        return rows


class RowCounts(Loader[CountKey, int]):
    """How many rows the list of each parent has in all."""

    async def batch_load_fn(self, keys: Sequence[CountKey]) -> list[int]:
        grouped: defaultdict[CountKey, list[int]] = defaultdict(list)
        for key in keys:
            grouped[key._replace(parent=None)].extend([] if key.parent is None else [key.parent])
        counted: dict[CountKey, int] = {}
        for key, parents in grouped.items():
            statement = _count_statement(key.listing, key.filter is not None)
            for parent, count in await self.database.fetch(statement, parents=parents, filter=key.filter):
                counted[key._replace(parent=parent)] = count
        return [counted.get(key, 0) for key in keys]


def _slice(rows: list[R], page: Page) -> Slice[R]:
    more = len(rows) > page.size
    rows = rows[: page.size]
    if page.backward:
        return Slice(rows[::-1], page.before is not None, more)
    return Slice(rows, more, page.after is not None)


class _Shape(NamedTuple):
    """What the text of a page's statement depends on."""

    order: str
    descending: bool
    backward: bool
    has_after: bool
    has_before: bool
    is_filtered: bool
    size: int | None
    """Of a page of a usual size."""


_USUAL_SIZES = (10, 20, 25, 50, 100)
"""Each has a text of its own. PostgreSQL sees in it how few rows are meant, and need not plan it again."""


@lru_cache(maxsize=256)
def _page_statement(listing: Listing, shape: _Shape) -> Statement[tuple[int | None, Any]]:
    sorted_by = (listing.orders[shape.order], listing.public_id)
    downward = shape.descending != shape.backward
    order = [column.desc() if downward else column.asc() for column in sorted_by]
    statement = _bounded(_filtered(select(*listing.columns), listing, shape.is_filtered), sorted_by, shape)
    if listing.parent is None:
        # With a size in its text, it reads so few rows by an index that one plan is right for all values.
        kind = Statement if shape.size is None else Lookup
        return kind(
            statement.order_by(*order).limit(_limit(shape)), lambda *values: (None, listing.row(*values))
        )
    place = func.row_number().over(partition_by=listing.parent, order_by=order).label("place")
    placed = statement.add_columns(listing.parent.label("parent"), place).subquery("placed")
    columns = list(placed.c)
    return Statement(
        select(*columns[:-1])
        .where(placed.c.place <= bindparam("limit"))
        .order_by(columns[-2], placed.c.place),
        lambda *values: (values[-1], listing.row(*values[:-1])),
    )


def _limit(shape: _Shape) -> ColumnElement[int]:
    return bindparam("limit") if shape.size is None else literal_column(f"{shape.size + 1}")


def _filtered(statement: Select[Any], listing: Listing, is_filtered: bool) -> Select[Any]:
    statement = statement.select_from(listing.source)
    if listing.parent is not None:
        statement = statement.where(among(listing.parent, "parents"))
    if is_filtered:
        assert listing.filter is not None
        statement = statement.where(listing.filter)
    return statement


def _bounded(
    statement: Select[Any], sorted_by: tuple[ColumnElement[Any], ColumnElement[UUID]], shape: _Shape
) -> Select[Any]:
    place = tuple_(*sorted_by)
    if shape.has_after:
        after = _position("after", sorted_by[0])
        statement = statement.where(place < after if shape.descending else place > after)
    if shape.has_before:
        before = _position("before", sorted_by[0])
        statement = statement.where(place > before if shape.descending else place < before)
    return statement


def _position(name: str, column: ColumnElement[Any]) -> Any:
    return tuple_(bindparam(f"{name}_value", type_=column.type), bindparam(f"{name}_id", type_=Uuid()))


def _bound_parameters(page: Page) -> dict[str, Any]:
    parameters = {}
    for name, position in (("after", page.after), ("before", page.before)):
        if position:
            parameters[f"{name}_value"], parameters[f"{name}_id"] = position
    return parameters


@lru_cache(maxsize=64)
def _count_statement(listing: Listing, is_filtered: bool) -> Statement[tuple[int | None, int]]:
    if listing.kept_counts:
        return _kept_statement(listing.kept_counts, is_filtered)
    counting: Select[Any] = select(func.count())
    if listing.parent is None:
        return Statement(_filtered(counting, listing, is_filtered), lambda count: (None, count))
    counted = _filtered(counting.add_columns(listing.parent), listing, is_filtered)
    return Statement(counted.group_by(listing.parent), lambda count, parent: (parent, count))


def _kept_statement(kept: KeptCounts, is_filtered: bool) -> Statement[tuple[int | None, int]]:
    summed: Select[Any] = select(cast(func.sum(kept.number), BigInteger))
    counted = summed.add_columns(kept.parent).where(among(kept.parent, "parents"))
    if is_filtered:
        counted = counted.where(kept.filter)
    return Statement(counted.group_by(kept.parent), lambda count, parent: (parent, count))
