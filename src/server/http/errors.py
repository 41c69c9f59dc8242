"""Errors of paths that do not speak GraphQL. A client sees expected ones as they are; a bug is masked and
logged.
"""

import logging
from enum import StrEnum
from typing import Any, NamedTuple

from base.errors import ExpectedError
from database import fault_of

log = logging.getLogger("viewgraph")


class Code(StrEnum):
    """The codes of errors that no resolver raises."""

    BAD_REQUEST = "BAD_REQUEST"
    GRAPHQL_PARSE_FAILED = "GRAPHQL_PARSE_FAILED"
    GRAPHQL_VALIDATION_FAILED = "GRAPHQL_VALIDATION_FAILED"
    OPERATION_RESOLUTION_FAILURE = "OPERATION_RESOLUTION_FAILURE"
    PERSISTED_QUERY_NOT_FOUND = "PERSISTED_QUERY_NOT_FOUND"
    PERSISTED_QUERY_NOT_SUPPORTED = "PERSISTED_QUERY_NOT_SUPPORTED"
    BAD_USER_INPUT = "BAD_USER_INPUT"
    INTERNAL_SERVER_ERROR = "INTERNAL_SERVER_ERROR"


class RequestRefused(Exception):
    """The request is not executed. `status` is None if the request is well formed: then its answer has the
    status of a GraphQL answer.
    """

    def __init__(self, message: str, code: Code, status: int | None = None, **headers: str) -> None:
        self.message = message
        self.code = code
        self.status = status
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


class PlainError(NamedTuple):
    """The answer of a path that does not speak GraphQL."""

    status: int
    body: dict[str, Any]
    headers: dict[str, str]


def plain(error: Exception) -> PlainError:
    """The answer for an error. It logs a bug, and the client learns nothing about it."""
    if isinstance(error, RequestRefused):
        body = {"code": error.code, "message": error.message}
        return PlainError(error.status or 400, body, error.headers)
    expected = expected_error(error)
    if expected is None:
        log.error("A request failed", exc_info=error)
        body = {"code": Code.INTERNAL_SERVER_ERROR, "message": "Something went wrong here."}
        return PlainError(500, body, {})
    retry = expected.extensions.get("retryAfter")
    headers = {"retry-after": str(retry)} if retry else {}
    return PlainError(expected.status, {**expected.extensions, "message": expected.message}, headers)


def expected_error(error: BaseException | None) -> ExpectedError | None:
    """The expected error that this is, or that stands for an error of a database that is away, busy or full.
    None for a bug.
    """
    if isinstance(error, ExpectedError):
        return error
    fault = fault_of(error)
    return fault.error() if fault else None
