"""The variables of an operation. Most have plain values that stay as they are, and need not be coerced."""

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from graphql import NamedTypeNode, NonNullTypeNode, Undefined, VariableDefinitionNode
from graphql.execution.get_variable_signature import get_variable_signature
from graphql.execution.values import VariableValues, VariableValueSource, get_variable_values
from graphql.utilities import coerce_input_value
from strawberry.exceptions import StrawberryInputCoercionError

from base.numbers import LARGEST_INT
from graph.document import Operation
from graph.schema import schema

_core = schema._schema


_MOST_WITHIN: Final = 32
"""Values of a list or an object that is coerced here."""


class _Variable(NamedTuple):
    name: str
    signature: Any
    fits: Callable[[Any], bool] | None
    """Whether a value stays as it is. None if its type may change each."""
    may_be_absent: bool
    """Whether it then has no value either."""


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
    variables = operation.known(values_of, lambda: _variables(operation))
    if (found := _simple(variables, given or {})) is not None:
        return found
    assert operation.definition
    values = get_variable_values(_core, operation.definition.variable_definitions or (), dict(given or {}))
    return values if isinstance(values, VariableValues) else None


def _variables(operation: Operation) -> list[_Variable]:
    assert operation.definition
    return list(map(_variable, operation.definition.variable_definitions or ()))


def _variable(definition: VariableDefinitionNode) -> _Variable:
    type_ = definition.type
    is_required = isinstance(type_, NonNullTypeNode)
    named = type_.type if isinstance(type_, NonNullTypeNode) else type_
    fits = PLAIN.get(named.name.value) if isinstance(named, NamedTypeNode) else None
    # GraphQL's own looks for the type each time.
    signature = get_variable_signature(_core, definition)
    may_be_absent = not is_required and definition.default_value is None
    return _Variable(definition.variable.name.value, signature, fits, may_be_absent)


def _simple(variables: list[_Variable], given: Mapping[str, Any]) -> VariableValues | None:
    """None where one does not fit, or has a default or values within values."""
    sources: dict[str, VariableValueSource] = {}
    coerced: dict[str, Any] = {}
    for name, signature, fits, may_be_absent in variables:
        value = given.get(name, Undefined)
        if value is Undefined:
            if not may_be_absent:
                return None
            sources[name] = VariableValueSource(signature)
            continue
        if fits is None or not fits(value):
            made = _coerced(value, signature) if _is_flat(value) else Undefined
            if made is Undefined:
                return None
            coerced[name] = made
        else:
            coerced[name] = value
        sources[name] = VariableValueSource(signature, value)
    return VariableValues(sources, coerced)


def _coerced(value: Any, signature: Any) -> Any:
    """Undefined where it does not fit: GraphQL's own says what is wrong."""
    try:
        return coerce_input_value(value, signature.type)
    except StrawberryInputCoercionError:
        # Several keys, or none, of what has to have one.
        return Undefined


def _is_flat(value: Any) -> bool:
    """Whether it has no lists or objects in lists or objects."""
    if value.__class__ is dict:
        return len(value) <= _MOST_WITHIN and not any(map(_is_container, value.values()))
    return value.__class__ is not list or (len(value) <= _MOST_WITHIN and not any(map(_is_container, value)))


def _is_container(value: Any) -> bool:
    return isinstance(value, dict | list)
