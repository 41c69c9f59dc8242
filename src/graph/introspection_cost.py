"""What introspection costs: a tenth for each object and each leaf, by the size of the schema."""

from collections.abc import Iterable
from functools import lru_cache
from math import ceil
from statistics import mean
from typing import NamedTuple

from graphql import (
    FieldNode,
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    is_abstract_type,
)

from graph.selections import Selections, TooManySelections

_MOST_SELECTIONS = 400
"""The most selections of one operation below `__schema` and `__type`. What tools ask has 240."""
_WRAPPED = 0.5
"""The share of types that wrap another one: a list, or a type that is not null."""


class Breadth(NamedTuple):
    """How long the lists are by which the schema describes itself."""

    usual: dict[str, float]
    """The mean length, over all types or all fields."""
    most: dict[str, float]
    """The largest length, for one type that was chosen."""

    def of(self, parent: str, name: str) -> float:
        """How many items the field `name` has for one item of the field `parent`."""
        lengths = self.usual if parent in ("types", "fields") or name == "ofType" else self.most
        return lengths.get(name, 1.0)


@lru_cache(maxsize=8)
def breadth_of(schema: GraphQLSchema) -> Breadth:
    types = schema.type_map.values()
    composite = [one for one in types if isinstance(one, GraphQLObjectType | GraphQLInterfaceType)]
    fields = [field for one in composite for field in one.fields.values()]
    lengths = {
        "fields": [len(one.fields) for one in composite],
        "inputFields": [len(one.fields) for one in types if isinstance(one, GraphQLInputObjectType)],
        "enumValues": [len(one.values) for one in types if isinstance(one, GraphQLEnumType)],
        "interfaces": [len(one.interfaces) for one in composite],
        "possibleTypes": [len(schema.get_possible_types(one)) for one in types if is_abstract_type(one)],
    }
    arguments = [len(field.args) for field in fields]
    of_directives = [len(directive.args) for directive in schema.directives]
    shared: dict[str, float] = {"types": len(types), "directives": len(schema.directives), "ofType": _WRAPPED}
    return Breadth(
        shared
        | {name: sum(found) / len(types) for name, found in lengths.items()}
        | {"args": mean(arguments or [0])},
        shared
        | {name: _most(found) for name, found in lengths.items()}
        | {
            "args": _most([*arguments, *of_directives]),
            "locations": _most(len(directive.locations) for directive in schema.directives),
        },
    )


def _most(lengths: Iterable[int]) -> float:
    return float(max(lengths, default=0))


class IntrospectionCost:
    """The cost of introspection in one operation."""

    def __init__(self, schema: GraphQLSchema, selections: Selections) -> None:
        self._breadth = breadth_of(schema)
        self._selections = selections
        self._left = _MOST_SELECTIONS

    def tenths(self, node: FieldNode, parent: GraphQLNamedType) -> int:
        """For a field `__schema` or `__type`. Raises TooManySelections."""
        return ceil(self._parts(node, parent))

    def _parts(self, node: FieldNode, parent: GraphQLNamedType) -> float:
        """How many objects and leaves there are below a field."""
        if node.selection_set is None:
            return 0
        fields = self._selections.fields(node.selection_set, parent, lambda _: True, self._count)
        name = node.name.value
        return sum(
            self._breadth.of(name, one.name.value) * (1 + self._parts(one, type_)) for one, type_ in fields
        )

    def _count(self, selections: int) -> None:
        self._left -= selections
        if self._left < 0:
            raise TooManySelections
