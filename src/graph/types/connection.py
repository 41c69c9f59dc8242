"""Relay's connections."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from itertools import repeat
from typing import Annotated, Any, Generic, NamedTuple, TypeAlias, TypeVar

import strawberry

from auth.access import Access
from graph.directives import A_PAGE, OF_ITS_PARENT, CacheControl
from graph.face_columns import made_of
from graph.faces import faces_of
from graph.fields import argument, described, field, loaded
from graph.info import Info
from graph.scalars import BigInt
from graph.types.arguments import gathered, optional
from loaders.pages import CountKey, Page, PageKey, Pages, RowCounts, Slice
from resolvers.pages import cursor, page_of

T = TypeVar("T")

First = Annotated[
    int | None,
    argument(
        "How many, counted from the start: 0 to `limits.maxPageSize`. 20 when neither `first` nor `last` is "
        "given."
    ),
]
After = Annotated[
    str | None,
    argument("Only what comes after this cursor, which must be from this list in this order."),
]
Last = Annotated[
    int | None,
    argument(
        "How many, counted from the end, still in the list's order: 0 to `limits.maxPageSize`. Not together "
        "with `first`: BAD_USER_INPUT."
    ),
]
Before = Annotated[
    str | None,
    argument("Only what comes before this cursor, which must be from this list in this order."),
]

PageOf: TypeAlias = Callable[..., Page]
"""Makes the page that was asked for. It takes the order of the list; without one, the oldest come first."""
_ENDS = [
    optional("first", First),
    optional("after", After),
    optional("last", Last),
    optional("before", Before),
]


@strawberry.type(description="Which part of its list a page is.", directives=[OF_ITS_PARENT])
class PageInfo:
    has_next_page: bool = described(
        "Whether objects come after this page. With `last`, whether `before` was given."
    )
    has_previous_page: bool = described(
        "Whether objects come before this page. With `first`, whether `after` was given."
    )
    start_cursor: str | None = described(
        "The cursor of the first object here. Given as `before`, it leads to the page before this one. "
        "Null if the page is empty."
    )
    end_cursor: str | None = described(
        "The cursor of the last object here. Given as `after`, it leads to the page after this one. Null "
        "if the page is empty."
    )


@strawberry.type(description="An object in a list, with its cursor.", directives=[OF_ITS_PARENT])
class Edge(Generic[T]):
    node: T = described("The object itself.")
    row: strawberry.Private[Any]
    order: strawberry.Private[str]

    @field
    def cursor(self) -> str:
        """A value for `after` and `before`. It is opaque, and stays right while objects are added and
        removed."""
        return cursor(self.order, self.row)


class _Shown(NamedTuple):
    """What the parts of a page are made of, when they are asked for."""

    order: str
    page: Slice[Any]


def _page_info(shown: _Shown) -> PageInfo:
    order, (rows, has_next, has_previous) = shown
    return PageInfo(
        has_next_page=has_next,
        has_previous_page=has_previous,
        start_cursor=cursor(order, rows[0]) if rows else None,
        end_cursor=cursor(order, rows[-1]) if rows else None,
    )


@made_of(page_info=("shown", _page_info))
@strawberry.type(description="A page of a list, as in Relay's connections.", directives=[OF_ITS_PARENT])
class Connection(Generic[T]):
    edges: list[Edge[T]] = described("The objects of this page, always in the order of the list.")
    page_info: PageInfo = described("Which part of the list this page is.")
    counted: strawberry.Private[CountKey]
    shown: strawberry.Private[Any]

    @loaded(RowCounts, BigInt)
    def total_count(self) -> CountKey:
        """How many objects the whole list has now. `first`, `last`, `after` and `before` do not matter."""
        return self.counted


def connection_of(name: str, module: str) -> Any:
    """A connection of objects whose type is in a module that imports the one that asks."""
    connection: Any = Connection
    return connection[strawberry.LazyType(name, module)]


def listed(
    type: Any, *, cached: CacheControl | None = None, requires: Sequence[Access] = ()
) -> Callable[[Callable[..., PageKey | Awaitable[PageKey]]], Any]:
    """A field that is a connection, with the arguments of one. The decorated function gives the key; it gets
    the `page` that the arguments ask for. With `requires`, the type has to allow null.
    """

    def pages(info: Info, **ends: Any) -> PageOf:
        return partial(page_of, info.context.limits, **ends)

    def field(key: Callable[..., Any]) -> Any:
        keyed = gathered(key, "page", _ENDS, pages)
        return loaded(Pages, type, of=_connection, requires=requires, cached=cached, costs=A_PAGE)(keyed)

    return field


def _edges(page: Slice[Any], order: str) -> list[Edge[Any]]:
    """The constructor of the class would take several times as long."""
    made: list[Edge[Any]] = list(map(object.__new__, repeat(Edge, len(page.rows))))
    for edge, node, row in zip(made, faces_of(page.rows), page.rows, strict=True):
        edge.node, edge.row, edge.order = node, row, order
    return made


def _connection(key: PageKey, page: Slice[Any]) -> Connection[Any]:
    made: Any = object.__new__(Connection)
    order = key.page.order
    made.shown, made.edges = _Shown(order, page), _edges(page, order)
    made.counted = CountKey(key.listing, key.parent, key.filter)
    whole: Connection[Any] = made
    return whole
