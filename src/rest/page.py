"""A page about the routes: made from the OpenAPI document, without scripts."""

from base64 import b64encode
from collections.abc import Iterator, Mapping
from hashlib import sha256
from html import escape
from typing import Any, Final

from rest.openapi import openapi
from rest.route import Route
from rest.table import APIS, ROUTES

_STYLE: Final = """
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem; }
h3 { border-top: 1px solid; margin-top: 2.5rem; padding-top: 1rem; }
code, pre { font: 14px/1.45 ui-monospace, monospace; }
pre { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { border-bottom: 1px solid #8884; padding: 0.25rem 1rem 0.25rem 0; text-align: left; }
td { vertical-align: top; }
:root { color-scheme: light dark; }
"""
_HASH: Final = b64encode(sha256(_STYLE.encode()).digest()).decode()
POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        f"style-src 'sha256-{_HASH}'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)


def page() -> str:
    info = openapi()["info"]
    return "".join(
        (
            '<!doctype html><html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{escape(info['title'])}</title><style>{_STYLE}</style></head><body>",
            f"<h1>{escape(info['title'])}</h1><p>{_text(info['description'])}</p>",
            '<p>For programs: <a href="openapi.json">openapi.json</a></p>',
            *(part for api in APIS for part in _api(api.title)),
            "</body></html>\n",
        )
    )


def _api(title: str) -> Iterator[str]:
    yield f"<h2>{escape(title)}</h2>"
    for route in ROUTES:
        if route.api.title == title:
            yield from _route(route)


def _route(route: Route[Any, Any]) -> Iterator[str]:
    operation = openapi()["paths"][route.path][route.method.lower()]
    yield f'<h3 id="{escape(route.name)}"><code>{route.method} {escape(route.path)}</code></h3>'
    yield f"<p>{_text(route.summary)}.</p>"
    if operation["parameters"]:
        yield _table(
            "Parameter", ((one["name"], one["in"], one["description"]) for one in operation["parameters"])
        )
    if "requestBody" in operation:
        yield _table("Field of the body", _fields(_resolved(_body_schema(operation))))
    yield _table(
        f"Field of the answer ({route.status})", _fields(_resolved(_answer_schema(operation, route)))
    )
    failures = ((status, "", one["description"]) for status, one in operation["responses"].items())
    yield _table("Status", (row for row in failures if row[0] != str(route.status)))
    yield f"<details><summary>The GraphQL document</summary><pre>{escape(route.document)}</pre></details>"


def _table(heading: str, rows: Iterator[tuple[str, str, str]]) -> str:
    cells = "".join(
        f"<tr><td><code>{escape(name)}</code></td><td>{escape(kind)}</td><td>{_text(words)}</td></tr>"
        for name, kind, words in rows
    )
    return f"<table><tr><th>{escape(heading)}</th><th></th><th></th></tr>{cells}</table>"


def _fields(schema: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, str, str]]:
    """Each field, and below it those of the objects in it."""
    for name, given in schema.get("properties", {}).items():
        field = _resolved(given)
        yield f"{before}{name}", _kind(field), field.get("description", "") if field is given else ""
        for inner in (field, _resolved(field.get("items", {}))):
            yield from _fields(inner, f"{before}{name}.")


def _kind(field: Mapping[str, Any]) -> str:
    if "enum" in field:
        return " or ".join(map(str, field["enum"]))
    if "anyOf" in field:
        return " or ".join(_kind(_resolved(one)) for one in field["anyOf"])
    return str(field.get("type", ""))


def _resolved(schema: Any) -> Any:
    """The schema that a reference leads to."""
    if "$ref" in schema:
        return openapi()["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    of_object = next((one for one in schema.get("anyOf", ()) if "$ref" in one), None)
    return _resolved(of_object) if of_object else schema


def _body_schema(operation: Mapping[str, Any]) -> Any:
    return operation["requestBody"]["content"]["application/json"]["schema"]


def _answer_schema(operation: Mapping[str, Any], route: Route[Any, Any]) -> Any:
    return operation["responses"][str(route.status)]["content"]["application/json"]["schema"]


def _text(words: str) -> str:
    """Text with `code` in it."""
    parts = escape(words).split("`")
    return "".join(f"<code>{part}</code>" if place % 2 else part for place, part in enumerate(parts))
