"""Relay's connections."""

from collections.abc import Callable
from typing import Annotated, Any, Generic, TypeVar

import strawberry

from graph.directives import OF_ITS_PARENT
from graph.fields import argument, described, loaded
from graph.scalars import BigInt
from loaders.pages import CountKey, PageKey, Slice
from resolvers.pages import cursor

T = TypeVar("T")

First = Annotated[
    int | None, argument("How many, counted from the start; 20 when neither end is counted from.")
]
After = Annotated[str | None, argument("Only what comes after this cursor.")]
Last = Annotated[int | None, argument("How many, counted from the end. Not together with `first`.")]
Before = Annotated[str | None, argument("Only what comes before this cursor.")]


@strawberry.type(description="Where a page stands in its list.", directives=[OF_ITS_PARENT])
class PageInfo:
    has_next_page: bool = described("Whether more objects come after this page.")
    has_previous_page: bool = described("Whether more objects come before this page.")
    start_cursor: str | None = described("For `before`, to get the page before; null on an empty page.")
    end_cursor: str | None = described("For `after`, to get the page after; null on an empty page.")


@strawberry.type(description="An object in a list, and where it stands in it.", directives=[OF_ITS_PARENT])
class Edge(Generic[T]):
    node: T = described("The object.")
    cursor: str = described("For `after` and `before`. Stays right while objects are added and removed.")


@strawberry.type(description="A page of a list.", directives=[OF_ITS_PARENT])
class Connection(Generic[T]):
    edges: list[Edge[T]] = described("The objects of this page, in order.")
    page_info: PageInfo = described("Where this page stands in its list.")
    counted: strawberry.Private[CountKey]

    @loaded(lambda loaders: loaders.row_counts, lambda _, count: count, BigInt)
    def total_count(self) -> CountKey:
        """How many objects the whole list has now."""
        return self.counted


def connection_of(node: Callable[[Any], T]) -> Callable[[PageKey, Slice[Any]], Connection[T]]:
    """The face of a page, with `node` as the face of a row."""

    def of(key: PageKey, page: Slice[Any]) -> Connection[T]:
        edges = [Edge(node=node(row), cursor=cursor(key.page.order, row)) for row in page.rows]
        info = PageInfo(
            has_next_page=page.has_next,
            has_previous_page=page.has_previous,
            start_cursor=edges[0].cursor if edges else None,
            end_cursor=edges[-1].cursor if edges else None,
        )
        return Connection(edges=edges, page_info=info, counted=CountKey(key.listing, key.parent, key.filter))

    return of
