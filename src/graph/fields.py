"""Fields that say as data where their value comes from, and who may see it.

`Loads` names the loader, and the field's function gives the key. `Auth` names the relations. The directives
alone say how long a cache may serve an answer.
"""

from collections.abc import Awaitable, Callable, Collection, Hashable, Sequence
from functools import partial
from inspect import cleandoc, isawaitable, signature
from typing import Any, TypeAlias, TypeVar

import strawberry
from strawberry.extensions import FieldExtension
from strawberry.types.field import StrawberryField

from auth.access import Access, named, require, require_scope
from auth.viewer import TokenScope
from graph.directives import (
    A_WRITE,
    PERSONAL,
    AuthDirective,
    CacheControl,
    Cost,
    ListSize,
    ScopeDirective,
    SeriesSize,
)
from graph.faces import face_of
from loaders.base import Loader
from resolvers.context import Context

_STEPS = 10
"""How many steps it takes to show a value, which may be a page of objects."""

K = TypeVar("K", bound=Hashable)
Price: TypeAlias = Cost | ListSize | SeriesSize
Costs: TypeAlias = Price | Sequence[Price]
Key: TypeAlias = Callable[..., K | None] | Callable[..., Awaitable[K | None]]


class Auth(FieldExtension):
    """The directive and the check have the same relations, so the schema says what runs.

    What only some may see is personal: no cache serves it to others.
    """

    def __init__(self, *requires: Access) -> None:
        self.requires = requires

    def apply(self, field: StrawberryField) -> None:
        field.directives = [*field.directives, AuthDirective(requires=list(self.requires)), PERSONAL]
        # Introspection does not show the directives of a field.
        field.description = (
            f"{field.description} Only for {named(self.requires)}; for others null, with the error "
            "UNAUTHENTICATED or FORBIDDEN."
        )

    async def resolve_async(
        self, next_: Callable[..., Awaitable[Any]], source: Any, info: strawberry.Info[Context], **kwargs: Any
    ) -> Any:
        await require(info.context.loaders, info.context.viewer, self.requires, source.row)
        return await next_(source, info, **kwargs)


class Loads(FieldExtension):
    """The field's function gives the key, and the loader gives the value. `of` makes what is shown from both;
    without `of`, the type of the value says how it is shown.

    The field is null if there is no key, or if the loader knows nothing of the key.
    """

    def __init__(
        self,
        loader: type[Loader[Any, Any]],
        of: Callable[[Any, Any], Any] | None,
        only_for: Collection[str] = (),
        instead: Any = None,
        of_all: Callable[[Sequence[Any], Sequence[Any]], list[Any]] | None = None,
    ) -> None:
        self.loader = loader
        self.of = of
        self.of_all = of_all
        """Makes the same of many keys and values, in less time. None if there is no such way."""
        self.only_for = only_for
        """A plan reads the value only if one of these attributes of the type is selected. Empty if it always
        reads it."""
        self.instead = instead
        """What a plan takes for the value otherwise."""

    async def resolve_async(
        self, next_: Callable[..., Any], source: Any, info: strawberry.Info[Context], **kwargs: Any
    ) -> Any:
        key = next_(source, info, **kwargs)
        if isawaitable(key):
            key = await key
        if key is None:
            return None
        value = await info.context.loaders[self.loader].load(key)
        # Thousands of fields may have waited for this value, or for others of the same batch.
        await info.context.run_queue.step(_STEPS)
        if value is None:
            return None
        return face_of(value) if self.of is None else self.of(key, value)


def loaded(
    loader: type[Loader[K, Any]],
    type: Any,
    *,
    of: Callable[[K, Any], Any] | None = None,
    of_all: Callable[[Sequence[K], Sequence[Any]], list[Any]] | None = None,
    only_for: Collection[str] = (),
    instead: Any = None,
    requires: Sequence[Access] = (),
    cached: CacheControl | None = None,
    costs: Costs = (),
) -> Callable[[Key[K]], Any]:
    """A field of `type` whose value a loader has. The decorated function gives the key. A row needs no `of`,
    because its type says how it is shown (see `graph.faces`). `of_all` makes the same as `of`, of many.

    `only_for` names the attributes that are made of the value: unless one of them is selected, `of` may get
    `instead`. `cached` is for what is the same for everybody: a field with `requires` is personal.
    """
    assert not (requires and cached), "what not everybody may see is personal"

    def field(key: Key[K]) -> Any:
        extensions: list[FieldExtension] = [Loads(loader, of, only_for, instead, of_all)]
        if requires:
            extensions.append(Auth(*requires))
        return strawberry.field(
            resolver=_plain(key),
            graphql_type=type,
            description=_description(key),
            extensions=extensions,
            directives=_hints(cached, costs),
        )

    return field


def field(
    resolver: Callable[..., Any],
    *,
    cached: CacheControl | None = None,
    costs: Costs = (),
) -> Any:
    """A field described by its docstring."""
    return strawberry.field(
        resolver=_plain(resolver),
        description=_description(resolver),
        directives=_hints(cached, costs),
    )


def _hints(cached: CacheControl | None, costs: Costs) -> list[object]:
    prices = costs if isinstance(costs, Sequence) else [costs]
    return [*([cached] if cached else []), *prices]


personal = partial(field, cached=PERSONAL)
"""A field that depends on who asks."""


def costly(costs: Costs, *, cached: CacheControl | None = None) -> Callable[..., Any]:
    return partial(field, cached=cached, costs=costs)


class Scoped(FieldExtension):
    """The directive and the check have the same scope. It is checked before anything is looked up."""

    def __init__(self, narrowest: TokenScope) -> None:
        self.narrowest = narrowest

    def apply(self, field: StrawberryField) -> None:
        field.directives = [*field.directives, ScopeDirective(narrowest=self.narrowest)]
        # Introspection does not show the directives of a field.
        field.description = f"{field.description}{_REFUSED[self.narrowest]}"

    async def resolve_async(
        self, next_: Callable[..., Awaitable[Any]], source: Any, info: strawberry.Info[Context], **kwargs: Any
    ) -> Any:
        context = info.context
        require_scope(context.viewer, self.narrowest)
        # What an earlier mutation has read may be older than what others have written since.
        context.end_snapshot()
        done = await next_(source, info, **kwargs)
        if not context.has_snapshot:
            context.begin_snapshot()
        return done


_REFUSED = {
    TokenScope.USER: " FORBIDDEN with a token for one organization or workspace.",
    TokenScope.ORGANIZATION: " FORBIDDEN with a token for one workspace.",
    TokenScope.WORKSPACE: "",
}


def mutation(narrowest: TokenScope, *, costs: Costs = A_WRITE) -> Callable[[Callable[..., Any]], Any]:
    """`narrowest`: the narrowest scope of a token that may ask for it."""

    def declared(resolver: Callable[..., Any]) -> Any:
        return strawberry.mutation(
            resolver=_plain(resolver),
            description=_description(resolver),
            extensions=[Scoped(narrowest)],
            directives=_hints(None, costs),
        )

    return declared


def subscription(resolver: Callable[..., Any]) -> Any:
    return strawberry.subscription(resolver=_plain(resolver), description=_description(resolver))


def _plain(resolver: Callable[..., Any]) -> Callable[..., Any]:
    """Absent and null mean the same, so the schema need not say `= null`."""
    known = signature(resolver)
    shown = [
        parameter.replace(default=strawberry.UNSET) if parameter.default is None else parameter
        for parameter in known.parameters.values()
    ]
    resolver.__signature__ = known.replace(parameters=shown)  # type: ignore[attr-defined]
    return resolver


def argument(description: str) -> Any:
    return strawberry.argument(description=description)


def _description(resolver: Callable[..., Any]) -> str:
    return cleandoc(resolver.__doc__ or "").replace("\n", " ")


def described(text: str, *, costs: ListSize | None = None) -> Any:
    """A plain field of a type or an input."""
    return strawberry.field(description=text, directives=[costs] if costs else [])
