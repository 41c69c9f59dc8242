"""Errors as clients see them: expected ones as they are, bugs masked and logged under the request's id."""

import logging
from typing import Any

from graphql import GraphQLError, GraphQLSyntaxError

from base.errors import ExpectedError

log = logging.getLogger("viewgraph")

MASKED = "Something went wrong on our side. Quote the request id when you report it."


def error_body(message: str, code: str, request_id: str, **extensions: Any) -> dict[str, Any]:
    """The answer to a request that could not be executed at all."""
    return {
        "errors": [{"message": message, "extensions": {"code": code, **extensions, "requestId": request_id}}]
    }


def formatted(error: GraphQLError, request_id: str, *, before_execution: bool) -> dict[str, Any]:
    shown: dict[str, Any] = {"message": error.message}
    if error.locations:
        shown["locations"] = [{"line": line, "column": column} for line, column in error.locations]
    if error.path is not None:
        shown["path"] = error.path
    expected = _expected(error)
    if expected:
        extensions = expected.extensions
    elif before_execution or error.path is None:
        extensions = {"code": _request_code(error, before_execution=before_execution)}
    else:
        log.error("Request %s failed at %s", request_id, error.path, exc_info=error.original_error or error)
        shown["message"] = MASKED
        extensions = {"code": "INTERNAL_SERVER_ERROR"}
    shown["extensions"] = {**extensions, "requestId": request_id}
    return shown


def _expected(error: BaseException | None) -> ExpectedError | None:
    while isinstance(error, GraphQLError):
        error = error.original_error
    return error if isinstance(error, ExpectedError) else None


def _request_code(error: GraphQLError, *, before_execution: bool) -> str:
    if isinstance(error, GraphQLSyntaxError):
        return "GRAPHQL_PARSE_FAILED"
    return "GRAPHQL_VALIDATION_FAILED" if before_execution else "BAD_USER_INPUT"
