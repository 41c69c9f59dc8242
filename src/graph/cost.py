"""What an operation may cost at most, known before it runs, by `@cost` and `@listSize`.

An object costs 1 and a leaf a tenth, unless `@cost` says otherwise; what stands in a list costs as often as
the list can have items. The sum is rounded up. What is selected twice under one name is made once, and costs
once. A field with @skip or @include costs whatever becomes of it; what introspection asks for costs nothing.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
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

from graph.caching import INTROSPECTION
from graph.directives import Cost, ListSize

D = TypeVar("D", Cost, ListSize)

Variables = Mapping[str, Any]
"""As they were sent."""
Size = Callable[[Variables, int], int]
"""Of a list, by the variables, and the most items that any may have: more are refused in their place."""
CostOf = Callable[[Variables, int], int]
"""Of an operation, by the same."""
Tenths = Callable[[Variables, int], int]
"""Of a part of it."""

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


@dataclass(slots=True)
class _Selected:
    """What is selected under one name, by whichever fields and fragments."""

    weight: int = 0
    sizes: list[Size] = field(default_factory=list)
    """Of which the largest counts: fields of several types may stand under one name. Of no list, none."""
    sized: dict[str, list[Size]] = field(default_factory=dict)
    """Of lists one level below, by their fields: a connection says how many edges it has."""
    children: "dict[str, _Selected]" = field(default_factory=dict)
    spread: set[str] = field(default_factory=set)
    """Fragments: a second time they select nothing else."""

    def compiled(self) -> Tenths | int:
        """A number where no list is below: most of what is selected is a leaf."""
        sizes, parts = self.sizes, [child.compiled() for child in self.children.values()]
        fixed = self.weight + sum(part for part in parts if isinstance(part, int))
        varying = [part for part in parts if not isinstance(part, int)]

        def once(variables: Variables, most: int) -> int:
            return fixed + sum(part(variables, most) for part in varying)

        if not sizes:
            return once if varying else fixed
        return lambda variables, most: max(size(variables, most) for size in sizes) * once(variables, most)


class Priced(NamedTuple):
    cost: CostOf
    selected: int
    """How many selections the figure is made of, each time anew; 0 where it is always the same."""


def priced(schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode) -> Priced:
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
            walk.go(operation.selection_set, type_, root)
    except _TooMuch:
        return Priced(lambda _variables, _most: _LARGEST, 0)
    tenths = root.compiled()
    if isinstance(tenths, int):
        cost = _rounded(tenths)
        return Priced(lambda _variables, _most: cost, 0)
    return Priced(lambda variables, most: min(_rounded(tenths(variables, most)), _LARGEST), walk.selected)


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
        self.selected = 0
        self._most = document.token_count + _MORE_SELECTED
        self._of_the_schema = _OF_THE_SCHEMA
        self._fragments = {
            node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)
        }

    def go(self, selected: SelectionSetNode, parent: GraphQLNamedType, into: _Selected) -> None:
        """Raises _TooMuch."""
        self.selected += len(selected.selections)
        if self.selected > self._most:
            raise _TooMuch
        for node in selected.selections:
            if isinstance(node, FieldNode):
                self._field(node, parent, into)
            elif isinstance(node, FragmentSpreadNode):
                if node.name.value in into.spread:
                    continue
                into.spread.add(node.name.value)
                fragment = self._fragments[node.name.value]
                self.go(fragment.selection_set, self._type(fragment.type_condition.name.value), into)
            elif isinstance(node, InlineFragmentNode):
                condition = node.type_condition
                self.go(node.selection_set, self._type(condition.name.value) if condition else parent, into)

    def _field(self, node: FieldNode, parent: GraphQLNamedType, into: _Selected) -> None:
        name = node.name.value
        if name in INTROSPECTION:
            self._introspect(node.selection_set)
            return
        key = node.alias.value if node.alias else name
        selected = into.children.setdefault(key, _Selected())
        if name == "__typename":
            selected.weight = _LEAF
            return
        declared = getattr(parent, "fields")[name]  # noqa: B009  # of objects and interfaces alike
        selected.weight = max(selected.weight, self._weight(declared))
        sizes = _found(declared, ListSize)
        if is_list_type(get_nullable_type(declared.type)):
            # The list itself: another field of this name that comes later may add to it.
            selected.sizes = into.sized.get(name) or [*selected.sizes, self._size(node, declared, sizes)]
        elif sizes and sizes.sized_fields:
            size = self._size(node, declared, sizes)
            for below in sizes.sized_fields:
                selected.sized.setdefault(below, []).append(size)
        if node.selection_set:
            self.go(node.selection_set, get_named_type(declared.type), selected)

    def _introspect(self, selected: SelectionSetNode | None) -> None:
        """Raises _TooMuch."""
        nodes = selected.selections if selected else ()
        self._of_the_schema -= len(nodes)
        if self._of_the_schema < 0:
            raise _TooMuch
        for node in nodes:
            fragment = self._fragments[node.name.value] if isinstance(node, FragmentSpreadNode) else node
            self._introspect(getattr(fragment, "selection_set"))  # noqa: B009  # of whatever selects

    def _weight(self, declared: GraphQLField) -> int:
        returned = get_named_type(declared.type)
        own = _found(declared, Cost)
        if own:
            return int(own.weight) * _OBJECT
        if not is_composite_type(returned):
            return _LEAF
        types = self._schema.get_possible_types(returned) if is_abstract_type(returned) else [returned]
        return _OBJECT * max(int(found.weight) if (found := _found(type_, Cost)) else 1 for type_ in types)

    def _size(self, node: FieldNode, declared: GraphQLField, sizes: ListSize | None) -> Size:
        assumed = ASSUMED if sizes is None or sizes.assumed_size is UNSET else sizes.assumed_size or 0
        names = [] if sizes is None or sizes.slicing_arguments is UNSET else sizes.slicing_arguments or []
        given = {argument.name.value: argument.value for argument in node.arguments or ()}
        lengths = [
            self._length(given[name]) if name in given else _constant(declared.args[name].default_value)
            for name in names
        ]

        def size(variables: Variables, most: int) -> int:
            known = [length for of in lengths if (length := of(variables)) is not None]
            return min(max(known, default=assumed), most)

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
