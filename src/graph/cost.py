"""What an operation may cost at most, known before it runs, by `@cost`, `@listSize` and `@seriesSize`.

An object costs 1 and a leaf a tenth, unless `@cost` says otherwise. What is in a list is multiplied by the
number of items that the list can have. Each point of a series costs a tenth more. The sum is rounded up. What
is selected twice under one name is made once, and costs once. A field with @skip or @include always costs the
same, even if it is left out.
"""

from collections.abc import Sequence

from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLField,
    GraphQLNamedType,
    GraphQLSchema,
    OperationDefinitionNode,
    SelectionSetNode,
    get_named_type,
    get_nullable_type,
    is_composite_type,
    is_list_type,
)

from base.paced_thread import pause
from graph.directives import Cost, ListSize, SeriesSize, directive_on
from graph.introspection_cost import IntrospectionCost
from graph.list_sizes import size_of
from graph.price import TENTHS, TOO_MUCH, Given, Price, Selected, Size
from graph.selections import (
    ROOTS_OF_INTROSPECTION,
    Selections,
    TooManySelections,
    field_of,
    possible_types,
)
from graph.series import Place, SeriesAsked, Values

_MORE_SELECTED = 5_000
"""How many more selections there may be than the document has tokens. Fragments may be spread several
times: a few that spread one another under several names select more than could ever be counted."""
_LEAF = 1
_OBJECT = TENTHS
_READS = 4
"""How many totals are added up for a tenth. One total is the count of one asset on one day, in one hour or
in one month."""


def priced(schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode) -> Price:
    """The document is valid."""
    walk = _Walk(schema, document, operation)
    root = Selected()
    type_ = schema.get_root_type(operation.operation)
    try:
        if type_:
            walk.go(operation.selection_set, type_, root, Place())
    except TooManySelections:
        return TOO_MUCH
    tenths = root.tenths()
    return Price(tenths, root.points(), walk.series, 0 if isinstance(tenths, int) else walk.selected)


class _Walk:
    """Goes through all that an operation selects, and adds it to the tree of what costs something."""

    def __init__(
        self, schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode
    ) -> None:
        definitions = operation.variable_definitions or ()
        self._defaults = {one.variable.name.value: one.default_value for one in definitions}
        self._values = Values(self._defaults)
        self._schema = schema
        self._selections = Selections(schema, document)
        self._introspection = IntrospectionCost(schema, self._selections)
        self._most = document.token_count + _MORE_SELECTED
        self._path: list[str] = []
        self._places: dict[tuple[int, int], Place] = {}
        self.series: list[SeriesAsked] = []
        self.selected = 0

    def go(self, selected: SelectionSetNode, parent: GraphQLNamedType, into: Selected, place: Place) -> None:
        """Raises TooManySelections."""

        def enters(fragment: str) -> bool:
            key = fragment, id(place)
            is_new = key not in into.spread
            into.spread.add(key)
            return is_new

        for node, type_ in self._selections.fields(selected, parent, enters, self._count):
            self._field(node, type_, into, place)

    def _count(self, selections: int) -> None:
        self.selected += selections
        if self.selected > self._most:
            raise TooManySelections

    def _field(self, node: FieldNode, parent: GraphQLNamedType, into: Selected, place: Place) -> None:
        pause()
        name = node.name.value
        key = node.alias.value if node.alias else name
        selected = into.children.setdefault(key, Selected())
        if name == "__typename":
            selected.weight = _LEAF
        elif name in ROOTS_OF_INTROSPECTION:
            selected.weight += self._introspection.tenths(node, parent)
        else:
            declared = field_of(parent, name)
            selected.weight = max(selected.weight, self._weight(declared))
            self._add_sizes(node, declared, selected, into)
            if node.selection_set:
                self._path.append(key)
                self._go_below(node, declared, parent, selected, place)
                self._path.pop()

    def _add_sizes(self, node: FieldNode, declared: GraphQLField, selected: Selected, into: Selected) -> None:
        hint = directive_on(declared, ListSize)
        if is_list_type(get_nullable_type(declared.type)):
            # This field is the list. Another field of this name that comes later may add to it.
            sizes = into.sized.get(node.name.value)
            selected.sizes = sizes or [*selected.sizes, size_of(node, declared, hint, self._defaults)]
        elif hint and hint.sized_fields:
            _add_to_each(hint.sized_fields, size_of(node, declared, hint, self._defaults), selected)

    def _go_below(
        self,
        node: FieldNode,
        declared: GraphQLField,
        parent: GraphQLNamedType,
        selected: Selected,
        place: Place,
    ) -> None:
        assert node.selection_set
        below = self._below(place, node, parent)
        series = directive_on(declared, SeriesSize)
        if series:
            points = self._add_series(below, selected)
            _add_to_each(series.sized_fields, points, selected)
        self.go(node.selection_set, get_named_type(declared.type), selected, below)

    def _below(self, place: Place, node: FieldNode, parent: GraphQLNamedType) -> Place:
        """The place below a field, the same one each time: what is selected in it twice is made once."""
        below = self._places.get((id(place), id(node)))
        if below is None:
            below = self._places[id(place), id(node)] = place.below(node, parent.name)
        return below

    def _add_series(self, place: Place, selected: Selected) -> Size:
        """Adds a series. Returns how many points it has."""
        number = len(self.series)
        self.series.append(SeriesAsked(tuple(self._path), place, self._values))

        def points(given: Given) -> int:
            return given.series[number].total

        selected.series.append(points)
        selected.read.append(lambda given: -(-given.series[number].reads // _READS))
        return points

    def _weight(self, declared: GraphQLField) -> int:
        returned = get_named_type(declared.type)
        own = directive_on(declared, Cost)
        if own:
            return _tenths(own)
        if not is_composite_type(returned):
            return _LEAF
        types: Sequence[GraphQLNamedType] = possible_types(self._schema, returned) or [returned]
        return max(_tenths(found) if (found := directive_on(type_, Cost)) else _OBJECT for type_ in types)


def _add_to_each(fields: list[str], size: Size, selected: Selected) -> None:
    for name in fields:
        selected.sized.setdefault(name, []).append(size)


def _tenths(cost: Cost) -> int:
    return round(float(cost.weight) * TENTHS)
