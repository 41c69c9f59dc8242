"""The arguments of a field, as its resolver takes them."""

from enum import Enum
from typing import Any, TypeAlias

from graphql import GraphQLArgument, GraphQLNonNull, Undefined, VariableNode
from graphql.execution.values import VariableValues, get_argument_values
from strawberry.schema.schema_converter import get_arguments
from strawberry.types.field import StrawberryField

from execution.faults import Surprise
from execution.shapes import FromVariables, Resolved
from execution.variables import PLAIN
from graph.schema import schema

_UNCHANGING: TypeAlias = str | int | float | Enum | None
"""Arguments of these classes may be given to many requests."""


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
        arguments = _converted(source, variables) if source.definition.args else {}
    if not source.has_variables and all(isinstance(one, _UNCHANGING) for one in arguments.values()):
        source.constant = arguments
    return arguments


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


def _converted(source: Resolved, variables: VariableValues) -> dict[str, Any]:
    later: Any = None
    try:
        values = get_argument_values(source.definition, source.node, variables)
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
