"""How many points a series can have at most. The arguments on it and above it say so before it is made."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from cachetools import LRUCache
from graphql import (
    FieldNode,
    ListValueNode,
    NullValueNode,
    ObjectValueNode,
    Undefined,
    ValueNode,
    VariableNode,
)

from base.aliases import BELOW
from base.calendar import (
    DateInterval,
    InvalidBound,
    InvalidSpan,
    Span,
    UnknownTimeZone,
    WeekStart,
    bucket_count,
    equally_long_before,
    parse_bound,
    previous,
    resolve,
    time_zone,
)
from base.ids import InvalidId, parse_global_id
from graph.variable_keys import key_of
from loaders.holdings import Holdings
from models import Device

Variables = Mapping[str, Any]
"""The variables as they were sent."""

_DEVICES = len(Device)
_MOST_REMEMBERED = 16
"""Of one series, by the values of its variables."""
_OF_A_RANGE = ("range", "timeZone", "domain", "assetIds", "workspaceIds")
_OF_A_SERIES = ("interval", "weekStart", "groupBy")
_NAMED = ("organization", "workspace", "node")
"""Fields that find an object by its `id`."""
_BACK: Mapping[str, Callable[[Span, ZoneInfo], Span]] = {
    "previous": previous,
    "previousOfEqualLength": lambda span, _: equally_long_before(span),
}
"""Fields that lead to the previous range."""
_OF_MANY = ("Organization", "Workspace")
"""Types whose figures are of many assets."""


class Known(NamedTuple):
    """What the price of an operation depends on, besides its document and its variables."""

    page_size: int
    """The most items that a list may have. A field that asks for more is refused."""
    events: int
    """The same for lists of events, and of their ids."""
    range_days: int
    holdings: Holdings = Holdings()
    domains: int = 1

    def most(self, slicing: Sequence[str]) -> int:
        """Items of a list that is sized by these arguments."""
        return self.events if {"events", "eventIds"}.intersection(slicing) else self.page_size


class Points(NamedTuple):
    buckets: int
    groups: int
    reads: int = 0
    """How many totals are added up for them at least: one for each asset and day, hour or month."""

    @property
    def total(self) -> int:
        return self.buckets * self.groups


class Values:
    """The values in a document, with the variables in them."""

    def __init__(self, defaults: Mapping[str, ValueNode | None]) -> None:
        self._defaults = defaults

    def of(self, node: ValueNode | None, variables: Variables) -> Any:
        """None if it is absent, which means the same as null in this schema."""
        match node:
            case VariableNode():
                name = node.name.value
                if name in variables:
                    return variables[name]
                return self.of(self._defaults.get(name), variables)
            case ObjectValueNode():
                return {field.name.value: self.of(field.value, variables) for field in node.fields}
            case ListValueNode():
                return [self.of(item, variables) for item in node.values]
            case None | NullValueNode():
                return None
        return getattr(node, "value", None)


def _variables_in(node: ValueNode) -> list[str]:
    """Their names."""
    match node:
        case VariableNode():
            return [node.name.value]
        case ObjectValueNode():
            return [name for field in node.fields for name in _variables_in(field.value)]
        case ListValueNode():
            return [name for item in node.values for name in _variables_in(item)]
    return []


class Place(NamedTuple):
    """The place of a field in a document: the arguments above it that a series depends on."""

    arguments: Mapping[str, ValueNode] = {}
    found: ValueNode | None = None
    """The id by which the object was found; None if it was found in another way."""
    scope: str = ""
    """The type of the object whose range it is."""
    back: tuple[str, ...] = ()
    """The fields that lead back from the given range, such as `previous`."""

    def below(self, node: FieldNode, parent: str) -> "Place":
        """The place of what stands below a field of the type `parent`."""
        name = node.name.value
        if name in _BACK:
            return self._replace(back=(*self.back, name))
        given = {argument.name.value: argument.value for argument in node.arguments or ()}
        if name in _NAMED:
            return Place(found=given.get("id"))
        if "range" in given:
            own = {key: given[key] for key in (*_OF_A_RANGE, *_OF_A_SERIES) if key in given}
            return Place(own, self.found, parent)
        if "interval" in given:
            own = {key: given[key] for key in _OF_A_SERIES if key in given}
            return self._replace(arguments={**self.arguments, **own})
        return self


class SeriesAsked:
    """A field that makes a series, and where it stands."""

    def __init__(self, path: tuple[str, ...], place: Place, values: Values) -> None:
        self.path = path
        self._place = place
        self._values = values
        # The holdings are those of the object that was found.
        nodes = [*place.arguments.values(), *([place.found] if place.found else [])]
        self._names = [name for node in nodes for name in _variables_in(node)]
        self._remembered: LRUCache[tuple[Any, ...], Points] = LRUCache(_MOST_REMEMBERED)

    def narrower(self, variables: Variables) -> list[str]:
        """Arguments that can be changed so that there are fewer points."""
        groups = self.groups(variables)
        by_interval = self._value("interval", variables) != DateInterval.MONTH.value
        by_assets = self._place.scope in _OF_MANY and "ASSET" in groups
        ways = {"range": True, "interval": by_interval, "groupBy": bool(groups), "assetIds": by_assets}
        return [name for name, helps in ways.items() if helps]

    def groups(self, variables: Variables) -> list[str]:
        return [str(name) for name in _listed(self._value("groupBy", variables)) or ()]

    def is_by_holdings(self) -> bool:
        """Whether the price depends on how many assets the viewer may see."""
        return self._place.scope in _OF_MANY

    def is_by_domains(self, variables: Variables) -> bool:
        domain = self._value("domain", variables)
        # One domain is one group; all domains below one are many.
        is_one = domain is not None and not str(domain).strip().startswith(BELOW)
        return "DOMAIN" in self.groups(variables) and not is_one

    def points(self, variables: Variables, known: Known) -> Points:
        """The points. There are none in a range that is refused when the field is resolved.

        They are remembered: the requests of a page mostly ask for one range.
        """
        holdings = known.holdings.number if self.is_by_holdings() else 0
        given = [variables.get(name, Undefined) for name in self._names]
        key = key_of([known.range_days, known.domains, holdings, *given])
        points = self._remembered.get(key) if key else None
        if points is None:
            points = self._points(variables, known)
            if key:
                self._remembered[key] = points
        return points

    def _points(self, variables: Variables, known: Known) -> Points:
        span = self._span(variables, known.range_days)
        if span is None:
            return Points(0, 0)
        interval, week = self._value("interval", variables), self._value("weekStart", variables)
        try:
            zone = self._zone(variables)
            count = bucket_count(span, DateInterval(interval), zone, WeekStart(week or "MONDAY"))
            is_of_days = interval in (DateInterval.DAY.value, DateInterval.WEEK.value)
            totals = bucket_count(span, DateInterval.DAY, zone) if is_of_days else count
        except (ValueError, OverflowError):
            return Points(0, 0)
        assets, _ = self._subjects(variables, known.holdings)
        return Points(count, self._group_count(variables, known), totals * assets)

    def _value(self, name: str, variables: Variables) -> Any:
        return self._values.of(self._place.arguments.get(name), variables)

    def _zone(self, variables: Variables) -> ZoneInfo:
        name = self._value("timeZone", variables)
        return time_zone(name if isinstance(name, str) else "UTC")

    def _span(self, variables: Variables, range_days: int) -> Span | None:
        """None if it is no range, or is too wide."""
        given = self._value("range", variables)
        if not isinstance(given, Mapping):
            return None
        start, end = given.get("start"), given.get("end")
        if not isinstance(start, str) or not isinstance(end, str):
            return None
        try:
            zone = self._zone(variables)
            span = resolve(parse_bound(start), parse_bound(end), zone)
            if (span.end - span.start).days > range_days + 1:
                return None
            for name in self._place.back:
                span = _BACK[name](span, zone)
        except (InvalidBound, InvalidSpan, UnknownTimeZone, OverflowError):
            return None
        return span

    def _group_count(self, variables: Variables, known: Known) -> int:
        groups = set(self.groups(variables))
        count = 1
        if not groups.isdisjoint({"ASSET", "WORKSPACE"}):
            assets, workspaces = self._subjects(variables, known.holdings)
            count = assets if "ASSET" in groups else min(assets, workspaces)
        if "DEVICE" in groups:
            count *= _DEVICES
        if self.is_by_domains(variables):
            count *= known.domains
        return count

    def _subjects(self, variables: Variables, holdings: Holdings) -> tuple[int, int]:
        """How many assets there may be, and how many workspaces."""
        named = _listed(self._value("assetIds", variables))
        assets, workspaces = 1, 1
        if self._place.scope in _OF_MANY:
            held = self._held(variables, holdings)
            assets, workspaces = sum(held), len(held)
        return (assets if named is None else min(assets, len(named))), workspaces

    def _held(self, variables: Variables, holdings: Holdings) -> list[int]:
        """How many assets each workspace has. If it is not known which one is meant, the largest counts."""
        found = self._id(self._values.of(self._place.found, variables))
        if self._place.scope == "Workspace":
            workspaces = holdings.workspaces
            if self._place.found and (found in workspaces or found not in holdings.of_organizations):
                return [workspaces.get(found, 0)]
            return [max(workspaces.values(), default=0)]
        if self._place.found and found not in holdings.workspaces:
            organizations: Iterable[Mapping[Any, int]] = [holdings.of(found)]
        else:
            organizations = holdings.of_organizations.values()
        chosen = _listed(self._value("workspaceIds", variables))
        ids = None if chosen is None else {self._id(id) for id in chosen}
        held = [
            [count for workspace, count in of_one.items() if ids is None or workspace in ids]
            for of_one in organizations
        ]
        return max(held, key=sum, default=[])

    @staticmethod
    def _id(text: Any) -> Any:
        try:
            return parse_global_id(text)[1] if isinstance(text, str) else None
        except InvalidId:
            return None


def _listed(value: Any) -> list[Any] | None:
    """A single value is a list of one, as in GraphQL."""
    return value if value is None or isinstance(value, list) else [value]
