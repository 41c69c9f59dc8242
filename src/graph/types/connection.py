"""Relay's connections."""

from collections.abc import Awaitable, Callable
from functools import partial
from inspect import Parameter, iscoroutinefunction, signature
from itertools import starmap
from typing import Annotated, Any, Generic, TypeAlias, TypeVar

import strawberry

from graph.directives import A_PAGE, OF_ITS_PARENT, CacheControl
from graph.faces import face_of
from graph.fields import argument, described, loaded
from graph.info import Info
from graph.scalars import BigInt
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
    argument("Only what comes after this cursor, which is one of this list in this order."),
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
    argument("Only what comes before this cursor, which is one of this list in this order."),
]

PageOf: TypeAlias = Callable[..., Page]
"""The page that was asked for, of a list in the order that it is told; oldest first if in none."""
_ENDS = {"first": First, "after": After, "last": Last, "before": Before}


@strawberry.type(description="Where a page stands in its list.", directives=[OF_ITS_PARENT])
class PageInfo:
    has_next_page: bool = described(
        "Whether objects come after this page. With `last`, whether `before` was given."
    )
    has_previous_page: bool = described(
        "Whether objects come before this page. With `first`, whether `after` was given."
    )
    start_cursor: str | None = described(
        "Of the first object here: as `before`, it gives the page before. Null on an empty page."
    )
    end_cursor: str | None = described(
        "Of the last object here: as `after`, it gives the page after. Null on an empty page."
    )


@strawberry.type(description="An object in a list, and where it stands in it.", directives=[OF_ITS_PARENT])
class Edge(Generic[T]):
    node: T = described("The object itself.")
    cursor: str = described(
        "For `after` and `before`: opaque, and right also while objects are added and removed."
    )


@strawberry.type(description="A page of a list, as Relay's connections have it.", directives=[OF_ITS_PARENT])
class Connection(Generic[T]):
    edges: list[Edge[T]] = described(
        "The objects of this page, in the list's order, whichever end they were counted from."
    )
    page_info: PageInfo = described("Where this page stands in its list.")
    counted: strawberry.Private[CountKey]

    @loaded(RowCounts, BigInt)
    def total_count(self) -> CountKey:
        """How many objects the whole list has now, whatever `first`, `last`, `after` and `before` say."""
        return self.counted


def listed(
    type: Any, *, cached: CacheControl | None = None
) -> Callable[[Callable[..., PageKey | Awaitable[PageKey]]], Any]:
    """A field that is a connection, with the arguments of one. What is decorated gives the key, and is given
    the `page` that they ask for."""

    def field(key: Callable[..., Any]) -> Any:
        known = signature(key)
        self, *others = known.parameters.values()

        def arguments(info: Info, given: dict[str, Any]) -> dict[str, Any]:
            ends = {name: given.pop(name, None) for name in _ENDS}
            given["page"] = partial(page_of, info.context.limits, **ends)
            return {**given, "info": info} if "info" in known.parameters else given

        def at_once(self: Any, info: Info, **given: Any) -> Any:
            return key(self, **arguments(info, given))

        async def in_time(self: Any, info: Info, **given: Any) -> Any:
            return await key(self, **arguments(info, given))

        keyed: Callable[..., Any] = in_time if iscoroutinefunction(key) else at_once
        own = [parameter for parameter in others if parameter.name not in ("info", "page")]
        parameters = [self, _parameter("info", Info), *starmap(_parameter, _ENDS.items()), *own]
        keyed.__signature__ = known.replace(parameters=parameters)  # type: ignore[attr-defined]
        keyed.__name__, keyed.__doc__, keyed.__module__ = key.__name__, key.__doc__, key.__module__
        return loaded(Pages, type, of=_connection, cached=cached, costs=A_PAGE)(keyed)

    return field


def _parameter(name: str, type_: Any) -> Parameter:
    default = None if name in _ENDS else Parameter.empty
    return Parameter(name, Parameter.POSITIONAL_OR_KEYWORD, default=default, annotation=type_)


def _connection(key: PageKey, page: Slice[Any]) -> Connection[Any]:
    edges = [Edge(node=face_of(row), cursor=cursor(key.page.order, row)) for row in page.rows]
    info = PageInfo(
        has_next_page=page.has_next,
        has_previous_page=page.has_previous,
        start_cursor=edges[0].cursor if edges else None,
        end_cursor=edges[-1].cursor if edges else None,
    )
    return Connection(edges=edges, page_info=info, counted=CountKey(key.listing, key.parent, key.filter))
