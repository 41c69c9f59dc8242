"""Hides the schema, if a setting says so: clients cannot ask for it, and errors suggest no names of it."""

import re

from graphql import GraphQLError, NoSchemaIntrospectionCustomRule

# Suggestions as graphql-core writes them, of fields, arguments, types, enum values and fields of inputs.
_SUGGESTION = re.compile(r" Did you mean (?:[a-z ]+ )?'[^']*'(?:(?:, or |, | or )'[^']*')*\?")


class NoIntrospection(NoSchemaIntrospectionCustomRule):
    def report_error(self, error: GraphQLError) -> None:
        """Adds the code by which Apollo Server distinguishes this error from a misspelt field."""
        error.extensions = {"validationErrorCode": "INTROSPECTION_DISABLED"}
        super().report_error(error)


def without_suggestion(error: GraphQLError) -> GraphQLError:
    """The error, or a copy without its suggestion. It is a copy because errors of validation are kept for
    the next sender."""
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
    """Whether a resolver raised it, in words of its own."""
    while isinstance(error, GraphQLError):
        error = error.original_error
    return error is not None
