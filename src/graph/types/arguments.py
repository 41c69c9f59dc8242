"""Arguments that mean the same wherever they are, and functions that share several of them."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from inspect import Parameter, Signature, iscoroutinefunction, signature
from typing import Annotated, Any, TypeAlias

from base.calendar import DateInterval, WeekStart
from graph.fields import argument
from graph.info import Info
from graph.inputs import DateRange
from graph.scalars import TimeZone
from loaders.asset_metrics import Group

UTC = TimeZone("UTC")

Range = Annotated[DateRange, argument("What is covered. Both ends are included, to the second.")]
Zone = Annotated[
    TimeZone | None,
    argument(
        "By whose clock days and local times of `range` are read, and the buckets of series made; UTC when "
        "null."
    ),
]
OneDomain = Annotated[
    str | None,
    argument(
        "Only what came from this site, such as `example.com`, under whatever name `domainAliases` has for "
        "it; from all sites below one, as in `*.example.com`; or from `(other)`: see `ViewPoint.domain`. "
        "From anywhere when null."
    ),
]
Interval = Annotated[DateInterval, argument("How long the buckets are.")]
GroupBy = Annotated[
    Sequence[Group] | None, argument("What each bucket is split by; one point a bucket when empty.")
]
GroupByOfPublication = Annotated[
    Sequence[Group] | None,
    argument(
        "DEVICE, DOMAIN or both; one point a bucket when empty. ASSET and WORKSPACE are BAD_USER_INPUT."
    ),
]
ZeroFill = Annotated[
    bool,
    argument("Whether each bucket has a point for each group that occurs in the range, also where it is 0."),
]
WeeksStart = Annotated[
    WeekStart, argument("Where weeks start, and by which rule they are numbered; for WEEK alone.")
]

Given: TypeAlias = dict[str, Any]


def required(name: str, type: Any) -> Parameter:
    return Parameter(name, Parameter.POSITIONAL_OR_KEYWORD, annotation=type)


def optional(name: str, type: Any, default: Any = None) -> Parameter:
    return Parameter(name, Parameter.POSITIONAL_OR_KEYWORD, annotation=type, default=default)


def gathered(
    function: Callable[..., Any], name: str, shared: Iterable[Parameter], gather: Callable[..., Any]
) -> Callable[..., Any]:
    """`function` with the arguments of `shared` where it has its parameter `name`. It is given there what
    `gather` makes of them; absent ones have their defaults.
    """
    known = signature(function)
    defaults = {one.name: one.default for one in shared}
    takes_info = "info" in known.parameters

    def given(info: Info, arguments: Given) -> Given:
        of_shared = {key: arguments.pop(key, default) for key, default in defaults.items()}
        own = {**arguments, "info": info} if takes_info else arguments
        return {**own, name: gather(info, **of_shared)}

    def at_once(self: Any, info: Info, **arguments: Any) -> Any:
        return function(self, **given(info, arguments))

    async def in_time(self: Any, info: Info, **arguments: Any) -> Any:
        return await function(self, **given(info, arguments))

    made: Callable[..., Any] = in_time if iscoroutinefunction(function) else at_once
    made.__name__, made.__doc__, made.__module__ = function.__name__, function.__doc__, function.__module__
    made.__signature__ = known.replace(parameters=[*_parameters(known, name, shared)])  # type: ignore[attr-defined]
    return made


def _parameters(known: Signature, name: str, shared: Iterable[Parameter]) -> Iterator[Parameter]:
    self, *others = known.parameters.values()
    yield self
    yield required("info", Info)
    for one in others:
        if one.name == name:
            yield from shared
        elif one.name != "info":
            yield one
