"""Errors in the form of GraphQL. A client sees expected ones as they are; a bug is masked and logged."""

import logging
import re
from typing import Any

from graphql import FieldNode, GraphQLError, GraphQLSyntaxError, VariableDefinitionNode, VariableNode

from base.errors import ExpectedError
from server.http.errors import Code, expected_error

log = logging.getLogger("viewgraph")

MASKED = "Something went wrong on our side. Quote the request id when you report it."

_VALUE = r"^Variable '\$\w+' has invalid value"

_IS_ABOUT_A_VARIABLE = re.compile(_VALUE)


def _absent(type_: str) -> re.Pattern[str]:
    """Matches graphql-core's message for a variable that was left out or is null. It has no code for this."""
    return re.compile(rf"{_VALUE}: Expected (a )?value of non-null type '{type_}!' ")


def _absent_bound(field: str) -> re.Pattern[str]:
    """Matches the same message about a field of a range."""
    is_null = rf"{_VALUE} at [\w.]*\.{field}: Expected value of non-null type 'RangeBound!' "
    return re.compile(rf"{is_null}|Expected value of type 'DateRange' to include required field '{field}'")


_MISSING = (
    (_absent_bound("start"), {"reason": "MISSING_START_DATE"}),
    (_absent_bound("end"), {"reason": "MISSING_END_DATE"}),
    (_absent("DateRange"), {"reason": "MISSING_RANGE_PARAMETER"}),
    (_absent("ViewType"), {"reason": "MISSING_VIEW_TYPE"}),
)


def error_body(message: str, extensions: dict[str, Any], request_id: str) -> dict[str, Any]:
    """The answer to a request that could not be executed at all."""
    return {"errors": [{"message": message, "extensions": {**extensions, "requestId": request_id}}]}


def formatted(error: GraphQLError, request_id: str, *, is_validated: bool) -> dict[str, Any]:
    """The error as the client gets it. `is_validated` says whether the document is valid: then the error is
    about values, or is a bug.
    """
    shown: dict[str, Any] = {"message": error.message}
    if error.locations:
        shown["locations"] = [{"line": line, "column": column} for line, column in error.locations]
    if error.path is not None:
        shown["path"] = error.path
    if expected := expected_in(error):
        extensions = expected.extensions
    elif not is_validated and not _IS_ABOUT_A_VARIABLE.match(error.message):
        is_syntax = isinstance(error, GraphQLSyntaxError)
        code = Code.GRAPHQL_PARSE_FAILED if is_syntax else Code.GRAPHQL_VALIDATION_FAILED
        extensions = {"code": code, **(error.extensions or {})}
    elif _is_about_values(error):
        extensions = {"code": Code.BAD_USER_INPUT, **_variable(error), **_reason(error)}
    else:
        log.error("Request %s failed at %s", request_id, error.path, exc_info=error.original_error or error)
        shown["message"] = MASKED
        extensions = {"code": Code.INTERNAL_SERVER_ERROR}
    shown["extensions"] = {**extensions, "requestId": request_id}
    return shown


def expected_in(error: BaseException | None) -> ExpectedError | None:
    """The expected error, even where GraphQL has wrapped it. None for a bug."""
    while isinstance(error, GraphQLError):
        error = error.original_error
    return expected_error(error)


def _is_about_values(error: GraphQLError) -> bool:
    """Whether the error is about a variable, or an argument made of one. Such an error points at the value,
    and a bug points at its field.
    """
    return error.path is None or not isinstance(next(iter(error.nodes or ()), None), FieldNode)


def _reason(error: GraphQLError) -> dict[str, str]:
    for missing, reason in _MISSING:
        if missing.search(error.message):
            return reason
    return {"reason": "INVALID_VALUE"}


def _variable(error: GraphQLError) -> dict[str, str]:
    for node in error.nodes or ():
        if isinstance(node, VariableDefinitionNode):
            node = node.variable
        if isinstance(node, VariableNode):
            return {"argument": f"${node.name.value}"}
    return {}
