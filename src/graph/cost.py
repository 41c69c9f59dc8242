"""What an operation may cost at most, known before it runs, by `@cost`, `@listSize` and `@seriesSize`.

An object costs 1 and a leaf a tenth, unless `@cost` says otherwise; what stands in a list costs as often as
the list can have items, and each point of a series a tenth more. The sum is rounded up. What is selected
twice under one name is made once, and costs once. A field with @skip or @include costs whatever becomes of
it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil
from typing import Any, NamedTuple, TypeVar

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLNamedType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    get_named_type,
    get_nullable_type,
    is_abstract_type,
    is_composite_type,
    is_list_type,
)
from strawberry import UNSET
from strawberry.schema.schema_converter import GraphQLCoreConverter

from graph.cache_control import INTROSPECTION
from graph.directives import Cost, ListSize, SeriesSize
from graph.introspection import Breadth, breadth_of
from graph.series import Known, Place, Points, SeriesAsked, Values, Variables

D = TypeVar("D", Cost, ListSize, SeriesSize)


class _Given(NamedTuple):
    variables: Variables
    known: Known
    made: Sequence[Points]
    """Of each series."""


Size = Callable[[_Given], int]
"""Of a list."""
Part = int | Callable[[_Given], int]
"""What is added up: a number where no list is below, as with most of what is selected."""

ASSUMED = 10
"""Items of a list of which the schema says nothing."""
_LARGEST = 2**53 - 1
"""What JavaScript reads exactly; whatever costs more is told as this."""
_MORE_SELECTED = 5_000
"""Than is written, as fragments are spread several times: a few that spread one another under several names
select more than could ever be counted. Whatever selects more costs the most."""
_OF_THE_SCHEMA = 400
"""Selections below `__schema` and `__type`; what tools ask has 240. What has more costs the most, too."""
_LEAF = 1
_OBJECT = 10
_READS = 4
"""Totals, of one asset and day or month, that are added up for a tenth."""
_POINT = 1
"""For each point that is made, selected or not."""


@dataclass(slots=True)
class _Selected:
    """What is selected under one name, by whichever fields and fragments."""

    weight: int = 0
    sizes: list[Size] = field(default_factory=list)
    """Of which the largest counts: fields of several types may stand under one name. Of no list, none."""
    sized: dict[str, list[Size]] = field(default_factory=dict)
    """Of lists one level below, by their fields: a connection says how many edges it has."""
    children: "dict[str, _Selected]" = field(default_factory=dict)
    series: list[Size] = field(default_factory=list)
    """The points that are made for it, alike."""
    read: list[Size] = field(default_factory=list)
    """What is read for them."""
    spread: set[tuple[str, int]] = field(default_factory=set)
    """Fragments, each with the place it was spread in: a second time they select nothing else."""

    def tenths(self) -> Part:
        points = _scaled(_POINT, self.series) if self.series else 0
        read = _scaled(1, self.read) if self.read else 0
        below = [child.tenths() for child in self.children.values()]
        return _scaled(
            _sum([self.weight, points, read, *below]),
            self.sizes,
        )

    def points(self) -> Part:
        """That are made, of all series."""
        own = _scaled(1, self.series) if self.series else 0
        return _scaled(_sum([own, *(child.points() for child in self.children.values())]), self.sizes)


def _sum(parts: Iterable[Part]) -> Part:
    parts = list(parts)
    fixed = sum(part for part in parts if isinstance(part, int))
    varying = [part for part in parts if not isinstance(part, int)]
    if not varying:
        return fixed
    return lambda given: fixed + sum(part(given) for part in varying)


def _scaled(part: Part, sizes: Sequence[Size]) -> Part:
    if not sizes or part == 0:
        return part
    if isinstance(part, int):
        return lambda given: part * max(size(given) for size in sizes)
    return lambda given: part(given) * max(size(given) for size in sizes)


def _value(part: Part, given: _Given) -> int:
    return part if isinstance(part, int) else part(given)


class Estimate(NamedTuple):
    cost: int
    points: int
    """Of all series together, as often as they are made."""
    series: Sequence[Points]
    """Of each as it is made once, in the order of `Price.series`."""


class Price(NamedTuple):
    tenths: Part
    points: Part
    series: Sequence[SeriesAsked]
    selected: int
    """How many selections the figure is made of, each time anew; 0 where it is always the same."""

    def of(self, variables: Variables, known: Known) -> Estimate:
        series = [asked.points(variables, known) for asked in self.series]
        given = _Given(variables, known, series)
        cost = min(_rounded(_value(self.tenths, given)), _LARGEST)
        return Estimate(cost, min(_value(self.points, given), _LARGEST), series)


def priced(schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode) -> Price:
    """An operation that is valid."""
    defaults = {
        definition.variable.name.value: definition.default_value
        for definition in operation.variable_definitions or ()
    }
    root = _Selected()
    walk = _Walk(schema, document, defaults)
    type_ = schema.get_root_type(operation.operation)
    try:
        if type_:
            walk.go(operation.selection_set, type_, root, Place())
    except _TooMuch:
        return Price(_LARGEST * _OBJECT, 0, (), 0)
    tenths = root.tenths()
    return Price(tenths, root.points(), walk.series, 0 if isinstance(tenths, int) else walk.selected)


def _rounded(tenths: int) -> int:
    return -(-tenths // _OBJECT)


class _TooMuch(Exception):
    pass


class _Walk:
    def __init__(
        self, schema: GraphQLSchema, document: DocumentNode, defaults: Mapping[str, ValueNode | None]
    ) -> None:
        self._schema = schema
        self._defaults = defaults
        self._values = Values(defaults)
        self.series: list[SeriesAsked] = []
        self.selected = 0
        self._path: list[str] = []
        self._places: dict[tuple[int, int], Place] = {}
        self._most = document.token_count + _MORE_SELECTED
        self._of_the_schema = _OF_THE_SCHEMA
        self._fragments = {
            node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)
        }

    def go(self, selected: SelectionSetNode, parent: GraphQLNamedType, into: _Selected, place: Place) -> None:
        """Raises _TooMuch."""
        self.selected += len(selected.selections)
        if self.selected > self._most:
            raise _TooMuch
        for node in selected.selections:
            if isinstance(node, FieldNode):
                self._field(node, parent, into, place)
            elif isinstance(node, FragmentSpreadNode):
                if (node.name.value, id(place)) in into.spread:
                    continue
                into.spread.add((node.name.value, id(place)))
                fragment = self._fragments[node.name.value]
                self.go(fragment.selection_set, self._type(fragment.type_condition.name.value), into, place)
            elif isinstance(node, InlineFragmentNode):
                condition = node.type_condition
                self.go(
                    node.selection_set, self._type(condition.name.value) if condition else parent, into, place
                )

    def _field(self, node: FieldNode, parent: GraphQLNamedType, into: _Selected, place: Place) -> None:
        name = node.name.value
        key = node.alias.value if node.alias else name
        selected = into.children.setdefault(key, _Selected())
        if name == "__typename":
            selected.weight = _LEAF
            return
        if name in INTROSPECTION:
            selected.weight += self._introspected(node, name)
            return
        declared = getattr(parent, "fields")[name]  # noqa: B009  # of objects and interfaces alike
        selected.weight = max(selected.weight, self._weight(declared))
        sizes = _found(declared, ListSize)
        if is_list_type(get_nullable_type(declared.type)):
            # The list itself: another field of this name that comes later may add to it.
            selected.sizes = into.sized.get(name) or [*selected.sizes, self._size(node, declared, sizes)]
        elif sizes and sizes.sized_fields:
            size = self._size(node, declared, sizes)
            for sized in sizes.sized_fields:
                selected.sized.setdefault(sized, []).append(size)
        if not node.selection_set:
            return
        below = self._below(place, node, parent)
        self._path.append(key)
        series = _found(declared, SeriesSize)
        if series:
            points = self._points(below)
            selected.series.append(points)
            selected.read.append(self._read())
            for name in series.sized_fields:
                selected.sized.setdefault(name, []).append(points)
        self.go(node.selection_set, get_named_type(declared.type), selected, below)
        self._path.pop()

    def _below(self, place: Place, node: FieldNode, parent: GraphQLNamedType) -> Place:
        """One and the same each time: what is selected in it twice is made once."""
        below = self._places.get((id(place), id(node)))
        if below is None:
            below = self._places[id(place), id(node)] = place.below(node, parent.name)
        return below

    def _points(self, place: Place) -> Size:
        number = len(self.series)
        self.series.append(SeriesAsked(tuple(self._path), place, self._values))
        return lambda given: given.made[number].total

    def _read(self) -> Size:
        """In tenths, for the series that was found last."""
        number = len(self.series) - 1
        return lambda given: -(-given.made[number].reads // _READS)

    def _introspected(self, node: FieldNode, name: str) -> int:
        """A tenth for each object and each leaf."""
        return ceil(self._parts(node.selection_set, breadth_of(self._schema), name))

    def _parts(self, selected: SelectionSetNode | None, breadth: Breadth, name: str) -> float:
        """How many objects and leaves there are in the schema. Raises _TooMuch."""
        nodes = selected.selections if selected else ()
        self._of_the_schema -= len(nodes)
        if self._of_the_schema < 0:
            raise _TooMuch
        parts = 0.0
        for node in nodes:
            if isinstance(node, FieldNode):
                below = self._parts(node.selection_set, breadth, node.name.value)
                parts += breadth.of(name, node.name.value) * (1 + below)
            else:
                fragment = self._fragments[node.name.value] if isinstance(node, FragmentSpreadNode) else node
                parts += self._parts(getattr(fragment, "selection_set"), breadth, name)  # noqa: B009
        return parts

    def _weight(self, declared: GraphQLField) -> int:
        returned = get_named_type(declared.type)
        own = _found(declared, Cost)
        if own:
            return _tenths(own)
        if not is_composite_type(returned):
            return _LEAF
        types = self._schema.get_possible_types(returned) if is_abstract_type(returned) else [returned]
        return max(_tenths(found) if (found := _found(type_, Cost)) else _OBJECT for type_ in types)

    def _size(self, node: FieldNode, declared: GraphQLField, sizes: ListSize | None) -> Size:
        assumed = ASSUMED if sizes is None or sizes.assumed_size is UNSET else sizes.assumed_size or 0
        names = [] if sizes is None or sizes.slicing_arguments is UNSET else sizes.slicing_arguments or []
        given = {argument.name.value: argument.value for argument in node.arguments or ()}
        lengths = [
            self._length(given[name]) if name in given else _constant(declared.args[name].default_value)
            for name in names
        ]

        def size(asked: _Given) -> int:
            told = [length for of in lengths if (length := of(asked.variables)) is not None]
            return min(max(told), asked.known.most(names)) if told else assumed

        return size

    def _length(self, value: ValueNode) -> Callable[[Variables], int | None]:
        if isinstance(value, VariableNode):
            name = value.name.value
            default = self._defaults.get(name)
            otherwise = self._length(default) if default else _constant(None)
            return lambda variables: _counted(variables[name]) if name in variables else otherwise(variables)
        if isinstance(value, IntValueNode):
            return _constant(int(value.value))
        return _constant(len(value.values) if isinstance(value, ListValueNode) else None)

    def _type(self, name: str) -> GraphQLNamedType:
        return self._schema.type_map[name]


def _tenths(cost: Cost) -> int:
    return round(float(cost.weight) * _OBJECT)


def _constant(value: Any) -> Callable[[Variables], int | None]:
    counted = _counted(value)
    return lambda _: counted


def _counted(value: Any) -> int | None:
    """Items: of a number so many, of a list its own. None for what is neither; that is refused later on."""
    if isinstance(value, list):
        return len(value)
    if isinstance(value, float) and value.is_integer():
        # GraphQL takes it for an Int.
        value = int(value)
    return max(value, 0) if isinstance(value, int) else None


def _found(declared: Any, kind: type[D]) -> D | None:
    definition = declared.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
    found: Iterator[D] = (
        one for one in getattr(definition, "directives", None) or () if isinstance(one, kind)
    )
    return next(found, None)
