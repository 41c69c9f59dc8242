"""The variables of an operation. Most have plain values that stay as they are, and need not be coerced."""

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from graphql import NamedTypeNode, NonNullTypeNode, VariableDefinitionNode
from graphql.execution.get_variable_signature import get_variable_signature
from graphql.execution.values import VariableValues, VariableValueSource, get_variable_values

from base.numbers import LARGEST_INT
from graph.document import Operation
from graph.schema import schema

_core = schema._schema


class _Plain(NamedTuple):
    """A variable of a scalar that is given as it is."""

    name: str
    signature: Any
    fits: Callable[[Any], bool]
    """Whether the value stays as it is."""


def _is_text(value: Any) -> bool:
    return value.__class__ is str


def _is_int(value: Any) -> bool:
    return value.__class__ is int and -LARGEST_INT - 1 <= value <= LARGEST_INT


def _is_bool(value: Any) -> bool:
    return value.__class__ is bool


PLAIN: Final[Mapping[str, Callable[[Any], bool]]] = {
    "String": _is_text,
    "ID": _is_text,
    "Int": _is_int,
    "Boolean": _is_bool,
    "RangeBound": _is_text,
    "TimeZone": _is_text,
}
"""Scalars whose values stay as they are, if they fit: by their names. Resolvers say what a text means."""


def values_of(operation: Operation, given: Mapping[str, Any] | None) -> VariableValues | None:
    """None where they do not fit."""
    plain = operation.known(values_of, lambda: _plain(operation))
    if plain is not None and (found := _as_given(plain, given or {})):
        return found
    assert operation.definition
    values = get_variable_values(_core, operation.definition.variable_definitions or (), dict(given or {}))
    return values if isinstance(values, VariableValues) else None


def _plain(operation: Operation) -> list[_Plain] | None:
    """None if the operation has variables of other types."""
    assert operation.definition
    found = [_plain_one(one) for one in operation.definition.variable_definitions or ()]
    return None if None in found else [one for one in found if one]


def _plain_one(definition: VariableDefinitionNode) -> _Plain | None:
    type_ = definition.type
    named = type_.type if isinstance(type_, NonNullTypeNode) else type_
    fits = PLAIN.get(named.name.value) if isinstance(named, NamedTypeNode) else None
    return (
        _Plain(definition.variable.name.value, get_variable_signature(_core, definition), fits)
        if fits
        else None
    )


def _as_given(plain: list[_Plain], given: Mapping[str, Any]) -> VariableValues | None:
    """None unless each variable is given, and has a value that stays as it is."""
    sources: dict[str, VariableValueSource] = {}
    coerced: dict[str, Any] = {}
    for name, signature, fits in plain:
        value = given.get(name)
        if not fits(value):
            return None
        sources[name] = VariableValueSource(signature, value)
        coerced[name] = value
    return VariableValues(sources, coerced)
