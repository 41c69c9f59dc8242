"""What the schema says of itself: to whoever asks, and to whoever misspells a name. A setting forbids it."""

import re
from collections.abc import Iterable
from functools import lru_cache
from statistics import mean
from typing import NamedTuple

from graphql import (
    GraphQLEnumType,
    GraphQLError,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    NoSchemaIntrospectionCustomRule,
    is_abstract_type,
)

# As graphql-core writes them, of fields, arguments, types, enum values and fields of inputs.
_SUGGESTION = re.compile(r" Did you mean (?:[a-z ]+ )?'[^']*'(?:(?:, or |, | or )'[^']*')*\?")


_WRAPPED = 0.5
"""Of types, in which there is another one: of a list or of what is not null."""


class Breadth(NamedTuple):
    """How long the lists are that the schema tells of itself by."""

    usual: dict[str, float]
    """Among all types, or all fields."""
    most: dict[str, float]
    """For one type that was chosen."""

    def of(self, parent: str, name: str) -> float:
        """How often the field `name` is told for one `parent`, which is a field, too."""
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
    alike: dict[str, float] = {"types": len(types), "directives": len(schema.directives), "ofType": _WRAPPED}
    return Breadth(
        alike
        | {name: sum(found) / len(types) for name, found in lengths.items()}
        | {"args": mean(arguments or [0])},
        alike
        | {name: _most(found) for name, found in lengths.items()}
        | {
            "args": _most([*arguments, *of_directives]),
            "locations": _most(len(directive.locations) for directive in schema.directives),
        },
    )


def _most(lengths: Iterable[int]) -> float:
    return float(max(lengths, default=0))


class NoIntrospection(NoSchemaIntrospectionCustomRule):
    def report_error(self, error: GraphQLError) -> None:
        """As Apollo Server tells it from a misspelt field."""
        error.extensions = {"validationErrorCode": "INTROSPECTION_DISABLED"}
        super().report_error(error)


def without_suggestion(error: GraphQLError) -> GraphQLError:
    """A copy where there was one: errors of validation are kept for the next who sends the same."""
    message = _SUGGESTION.sub("", error.message)
    if message == error.message or _is_raised(error):
        return error
    return GraphQLError(
        message,
        error.nodes,
        error.source,
        error.positions,
        error.path,
        error.original_error,
        error.extensions,
    )


def _is_raised(error: BaseException | None) -> bool:
    """By a resolver, in words of its own."""
    while isinstance(error, GraphQLError):
        error = error.original_error
    return error is not None
