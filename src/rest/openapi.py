"""The routes as an OpenAPI 3.1 document, made from the table."""

from collections.abc import Iterator
from functools import cache
from importlib.metadata import version
from typing import Any, Final, get_args

import msgspec

from rest.bodies import FORM, PARTS
from rest.route import NoBody, Parameter, Route
from rest.table import APIS, ROUTES

_JSON: Final = "application/json"
_SCHEMA: Final = "#/components/schemas/{name}"
_INTRODUCTION: Final = (
    "Three APIs for clients that were written for other servers. Each operation is a stored GraphQL "
    "document, executed as by `/graphql`: with the same rights, limits and figures. New clients use "
    "`/graphql`."
)
_TOKENS: Final[list[dict[str, list[str]]]] = [{"bearer": []}, {"x-auth-token": []}, {"key": []}]
_SECURITY: Final = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "An access token, as signing in gives it."},
    "x-auth-token": {
        "type": "apiKey",
        "in": "header",
        "name": "x-auth-token",
        "description": "`Bearer` and an access token.",
    },
    "key": {
        "type": "apiKey",
        "in": "header",
        "name": "Authorization",
        "description": "`Token` and the secret of an authentication key.",
    },
}
_WORDS: Final = {
    400: "The request is wrong: a value is not allowed, or the body cannot be read.",
    401: "Nobody is signed in, or the token is not valid.",
    403: "The caller may not see or do this.",
    404: "There is no such object, or the caller may not know of it.",
    405: "The path has no such method.",
    408: "The body did not come in time.",
    409: "It exists already.",
    413: "The body is too large.",
    415: "The body has another media type.",
    422: "A value is not allowed, or the body cannot be read.",
    429: "The caller asked for more than a limit allows. `Retry-After` says when there is enough again.",
    500: "A bug: the log has the id of the request.",
    503: "It took too long, or the database cannot be reached.",
}
_ALWAYS: Final = ("FORBIDDEN", "BAD_USER_INPUT", "UNAUTHENTICATED", "THROTTLED", "TIMEOUT", "A_BUG")


@cache
def openapi() -> dict[str, Any]:
    """The same object each time."""
    types = [kind for route in ROUTES for kind in (route.body, route.response) if kind is not NoBody]
    _, components = msgspec.json.schema_components(
        [*types, *(api.body for api in APIS)], ref_template=_SCHEMA
    )
    paths: dict[str, dict[str, Any]] = {}
    for route in ROUTES:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Viewgraph by REST", "version": version("viewgraph"), "description": _INTRODUCTION},
        "tags": [{"name": api.title} for api in APIS],
        "paths": paths,
        "components": {"schemas": components, "securitySchemes": _SECURITY},
    }


def _operation(route: Route[Any, Any]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": route.name,
        "summary": route.summary,
        "tags": [route.api.title],
        "parameters": [_parameter(one) for one in route.parameters],
        "responses": {str(route.status): _success(route), **dict(_failures(route))},
        "security": _TOKENS if route.needs_token else [],
    }
    if route.body is not NoBody:
        types = (_JSON, FORM, PARTS) if route.takes_forms else (_JSON,)
        content = {one: {"schema": _schema(route.body)} for one in types}
        operation["requestBody"] = {"required": _has_required(route.body), "content": content}
    return operation


def _parameter(parameter: Parameter) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "in": parameter.place,
        "description": parameter.description,
        "required": parameter.place == "path",
        "schema": {"type": "string"},
        "example": parameter.example,
    }


def _success(route: Route[Any, Any]) -> dict[str, Any]:
    response = {"description": route.summary, **_content(route.response)}
    if route.gives_token:
        described = {"description": "`Bearer` and the token.", "schema": {"type": "string"}}
        response["headers"] = {"x-auth-token": described}
    return response


def _failures(route: Route[Any, Any]) -> Iterator[tuple[str, Any]]:
    api = route.api
    for status in sorted(_statuses(route)):
        yield str(status), {"description": _WORDS[status], **_content(api.body)}


def _statuses(route: Route[Any, Any]) -> set[int]:
    codes = [*_ALWAYS, "NOT_FOUND", *(["CONFLICT"] if route.document.startswith("mutation") else [])]
    refused = (405, 408, 413, 415) if route.method == "POST" else (405,)
    return {*map(route.api.status_of, codes), *refused}


def _content(kind: Any) -> dict[str, Any]:
    return {"content": {_JSON: {"schema": _schema(kind)}}}


def _schema(kind: Any) -> dict[str, Any]:
    (found,), _ = msgspec.json.schema_components([kind], ref_template=_SCHEMA)
    return found


def _has_required(body: Any) -> bool:
    structs = get_args(body) or (body,)
    return any(field.required for one in structs for field in msgspec.structs.fields(one))
