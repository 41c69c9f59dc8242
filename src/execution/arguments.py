"""The arguments of a field, as its resolver takes them."""

from collections.abc import Callable, Sequence
from enum import Enum
from functools import partial
from typing import Any, Final, TypeAlias

from cachetools import LRUCache
from graphql import FieldNode, GraphQLArgument, GraphQLField, GraphQLNonNull, Undefined, VariableNode
from graphql.execution.values import VariableValues, get_argument_values
from strawberry.schema.schema_converter import get_arguments
from strawberry.types import has_object_definition
from strawberry.types.field import StrawberryField

from execution.conditions import variables_in
from execution.faults import Surprise
from execution.shapes import FromVariables, OneArgument, Resolved
from execution.variables import PLAIN
from graph.schema import schema
from graph.variable_keys import key_of

_UNCHANGING: TypeAlias = str | int | float | Enum | None
"""Arguments of these classes may be given to many requests. So may lists and inputs of them, because no
resolver changes its arguments."""
_MOST_REMEMBERED: Final = 16
"""Sets of arguments of one field, by the values of its variables."""
_MOST_OF_ONE: Final = 4
"""Values of one argument."""


def arguments_of(source: Resolved, variables: VariableValues) -> dict[str, Any]:
    """By their names in Python, without the info. They are kept if they are the same for all requests.

    Raises Surprise where one does not fit.
    """
    if source.constant is not None:
        return source.constant
    if source.from_variables is None:
        source.from_variables = _from_variables(source)
    coerced = variables.coerced
    arguments = {name: coerced.get(variable) for name, variable in source.from_variables}
    if not arguments or None in arguments.values():
        arguments = _of_variables(source, variables) if source.definition.args else {}
    if not source.has_variables and all(map(_is_unchanging, arguments.values())):
        source.constant = arguments
    return arguments


def _of_variables(source: Resolved, variables: VariableValues) -> dict[str, Any]:
    """Arguments are remembered: the requests of a page mostly ask for the same range."""
    if source.remembered is None:
        source.remembered = LRUCache(_MOST_REMEMBERED)
        source.variables = variables_in(source.node.arguments or ())
    if source.parts is None:
        source.parts = [_part(source, name) for name in source.definition.args]

    def made() -> dict[str, Any]:
        arguments: dict[str, Any] = {}
        for part in source.parts or ():
            # Mostly, the others are as before.
            convert = partial(_converted, source, variables, part)
            arguments |= _remembered(part.remembered, part.variables, variables, convert)
        return arguments

    return _remembered(source.remembered, source.variables, variables, made)


def _remembered(
    remembered: LRUCache[tuple[Any, ...], dict[str, Any]],
    names: Sequence[str],
    variables: VariableValues,
    make: Callable[[], dict[str, Any]],
) -> dict[str, Any]:
    """What `make` makes of the variables of these names."""
    key = key_of([variables.coerced.get(name, Undefined) for name in names])
    if key is None:
        return make()
    try:
        return remembered[key]
    except KeyError:
        arguments = make()
    if all(map(_is_unchanging, arguments.values())):
        remembered[key] = arguments
    return arguments


def _part(source: Resolved, name: str) -> OneArgument:
    arguments = tuple(node for node in source.node.arguments or () if node.name.value == name)
    field = GraphQLField(source.definition.type, args={name: source.definition.args[name]})
    node = FieldNode(name=source.node.name, arguments=arguments)
    return OneArgument(field, node, variables_in(arguments), LRUCache(_MOST_OF_ONE))


def _is_unchanging(value: Any) -> bool:
    if isinstance(value, list):
        return all(map(_is_unchanging, value))
    if has_object_definition(value):
        return all(map(_is_unchanging, vars(value).values()))
    return isinstance(value, _UNCHANGING)


def _from_variables(source: Resolved) -> FromVariables:
    """The variables that are the arguments as they are. Empty if there are other arguments, too."""
    given = {node.name.value: node.value for node in source.node.arguments or ()}
    names = _names_in_python(source.declared)
    found: list[tuple[str, str]] = []
    for name, argument in source.definition.args.items():
        value = given.get(name)
        if isinstance(value, VariableNode) and _is_plain(argument):
            found.append((names[name], value.name.value))
        elif value is not None or _has_default(argument):
            return ()
    return tuple(found)


def _has_default(argument: GraphQLArgument) -> bool:
    return argument.default is not None or argument.default_value is not Undefined


def _is_plain(argument: GraphQLArgument) -> bool:
    type_ = argument.type.of_type if isinstance(argument.type, GraphQLNonNull) else argument.type
    return getattr(type_, "name", None) in PLAIN


def _names_in_python(field: StrawberryField) -> dict[str, str]:
    named = schema.config.name_converter.from_argument
    return {named(argument): argument.python_name for argument in field.arguments}


def _converted(
    source: Resolved, variables: VariableValues, part: OneArgument | None = None
) -> dict[str, Any]:
    """All arguments, or the one of the part."""
    later: Any = None
    field, node = (part.field, part.node) if part else (source.definition, source.node)
    try:
        values = get_argument_values(field, node, variables)
        _, arguments = get_arguments(
            field=source.declared,
            source=None,
            info=later,
            kwargs=values,
            config=schema.config,
            scalar_registry=schema.schema_converter.scalar_registry,
        )
    except Exception as error:
        raise Surprise("an argument that does not fit") from error
    return arguments
