"""How many items a list can have at most, by `@listSize` and the arguments that it names."""

from collections.abc import Callable, Mapping
from typing import Any

from graphql import FieldNode, GraphQLField, IntValueNode, ListValueNode, ValueNode, VariableNode
from strawberry import UNSET

from graph.directives import ListSize
from graph.price import Given, Size
from graph.series import Variables

ASSUMED = 10
"""The items of a list whose field has no `@listSize`."""

_Length = Callable[[Variables], int | None]
"""Gives the number that an argument says; None if it says none."""


def size_of(
    node: FieldNode,
    declared: GraphQLField,
    hint: ListSize | None,
    defaults: Mapping[str, ValueNode | None],
) -> Size:
    """`defaults`: the defaults of the operation's variables, by their names."""
    assumed = ASSUMED if hint is None or hint.assumed_size is UNSET else hint.assumed_size or 0
    names = [] if hint is None or hint.slicing_arguments is UNSET else hint.slicing_arguments or []
    given = {argument.name.value: argument.value for argument in node.arguments or ()}
    lengths = [
        _length(given[name], defaults) if name in given else _constant(declared.args[name].default_value)
        for name in names
    ]

    def size(asked: Given) -> int:
        given_lengths = [length for of in lengths if (length := of(asked.variables)) is not None]
        return min(max(given_lengths), asked.known.most(names)) if given_lengths else assumed

    return size


def _length(value: ValueNode, defaults: Mapping[str, ValueNode | None]) -> _Length:
    if isinstance(value, VariableNode):
        name = value.name.value
        default = defaults.get(name)
        otherwise = _length(default, defaults) if default else _constant(None)
        return lambda variables: _counted(variables[name]) if name in variables else otherwise(variables)
    if isinstance(value, IntValueNode):
        return _constant(int(value.value))
    return _constant(len(value.values) if isinstance(value, ListValueNode) else None)


def _constant(value: Any) -> _Length:
    counted = _counted(value)
    return lambda _: counted


def _counted(value: Any) -> int | None:
    """A number as it is, and for a list the number of its items. Anything else is None, and is refused
    later."""
    if isinstance(value, list):
        return len(value)
    if isinstance(value, float) and value.is_integer():
        # GraphQL accepts it as an Int.
        value = int(value)
    return max(value, 0) if isinstance(value, int) else None
