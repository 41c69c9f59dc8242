"""Arguments that several fields have, with the same meaning, and functions that share them."""

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

Range = Annotated[DateRange, argument("The range that is covered. Both ends are included, to the second.")]
Zone = Annotated[
    TimeZone | None,
    argument(
        "The time zone in which days and local times of `range` are read, and in whose calendar series "
        "have their buckets; UTC when null."
    ),
]
OneDomain = Annotated[
    str | None,
    argument(
        "Counts only events from this site: `example.com`, with all of its other names in `domainAliases`; "
        "`*.example.com`, for all sites below it; or `(other)`, for all sites beyond those that are "
        "counted separately on a day. When null, events from anywhere count. A text that is no site is "
        "BAD_USER_INPUT with the reason INVALID_DOMAIN."
    ),
]
Interval = Annotated[DateInterval, argument("How long each bucket of the series is.")]
GroupBy = Annotated[
    Sequence[Group] | None, argument("What each bucket is split by. When empty, each bucket has one point.")
]
GroupByOfPublication = Annotated[
    Sequence[Group] | None,
    argument(
        "What each bucket is split by: DEVICE, DOMAIN or both. When empty, each bucket has one point. "
        "ASSET and WORKSPACE are BAD_USER_INPUT with the reason INVALID_GROUPING."
    ),
]
ZeroFill = Annotated[
    bool,
    argument(
        "Whether each bucket has a point for each group that occurs in the range, even if its count is 0."
    ),
]
WeeksStart = Annotated[
    WeekStart,
    argument("On which day weeks start, and how they are numbered. Only the interval WEEK uses it."),
]

Given: TypeAlias = dict[str, Any]


def required(name: str, type: Any) -> Parameter:
    return Parameter(name, Parameter.POSITIONAL_OR_KEYWORD, annotation=type)


def optional(name: str, type: Any, default: Any = None) -> Parameter:
    return Parameter(name, Parameter.POSITIONAL_OR_KEYWORD, annotation=type, default=default)


def gathered(
    function: Callable[..., Any], name: str, shared: Iterable[Parameter], gather: Callable[..., Any]
) -> Callable[..., Any]:
    """A function with the arguments of `shared` in place of the parameter `name` of `function`. `gather`
    makes the value of that parameter from them; absent arguments have their defaults.
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
