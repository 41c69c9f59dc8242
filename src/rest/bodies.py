"""Reads bodies of requests: JSON and forms."""

import re
from collections.abc import Mapping
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any, TypeVar
from urllib.parse import parse_qsl

import msgspec

from base.errors import BadUserInput

B = TypeVar("B")

FORM = "application/x-www-form-urlencoded"
PARTS = "multipart/form-data"

_MOST_FIELDS = 100
_MOST_BYTES = 200_000
"""Of a form. It takes longer to read than JSON."""
_MISSING = {
    "startDate": "MISSING_START_DATE",
    "endDate": "MISSING_END_DATE",
    "viewType": "MISSING_VIEW_TYPE",
}
# msgspec's messages: `Object missing required field `a` - at `$.b``, `Expected `str`, got `null` - at `$.b``.
_ABSENT = re.compile(r"missing required field `(\w[\w-]*)`")
_PLACE = re.compile(r"at `\$\.?([^`]*)`$")


class Unreadable(ValueError):
    """The body is neither JSON nor a form."""


def from_json(body: bytes, type_: type[B]) -> B:
    """Fields that the type does not name are left out. An empty body has none. Raises Unreadable and
    BAD_USER_INPUT.
    """
    try:
        return msgspec.json.decode(body or b"{}", type=type_)
    except msgspec.ValidationError as error:
        raise _refused(error) from None
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise Unreadable(f"The body is no JSON: {error}.") from None


def from_texts(given: Mapping[str, str], type_: type[B]) -> B:
    """From headers: only the fields that the type names. Raises BAD_USER_INPUT."""
    texts = {field: given[field] for field in _fields(type_) if given.get(field)}
    try:
        return msgspec.convert(texts, type_, strict=False)
    except msgspec.ValidationError as error:
        raise _refused(error) from None


def from_form(body: bytes, content_type: str, type_: type[B]) -> B:
    """A field of a form is text. A list is written as JSON, or its items are fields of one name. An empty
    field counts as not given.

    Raises Unreadable and BAD_USER_INPUT.
    """
    if len(body) > _MOST_BYTES:
        raise Unreadable(f"A form may have {_MOST_BYTES:,} bytes. Send more as JSON.")
    try:
        pairs = _parts(body, content_type) if content_type.startswith(PARTS) else _pairs(body)
    except ValueError as error:
        raise Unreadable(f"The body is no form: {error}.") from None
    given: dict[str, Any] = {}
    lists = {name for name, kind in _fields(type_).items() if "list[" in kind}
    for name, value in pairs:
        if name in lists and value:
            given.setdefault(name, []).extend(_items(name, value))
        elif value:
            given[name] = value
    try:
        return msgspec.convert(given, type_, strict=False)
    except msgspec.ValidationError as error:
        raise _refused(error) from None


def _fields(type_: Any) -> dict[str, str]:
    """The names of the fields, and their types in words."""
    return {field.encode_name: str(field.type) for field in msgspec.structs.fields(type_)}


def _items(name: str, value: str) -> list[Any]:
    try:
        read = msgspec.json.decode(value)
    except msgspec.DecodeError:
        raise BadUserInput(f"`{name}` takes JSON.", argument=name, reason="INVALID_VALUE") from None
    return read if isinstance(read, list) else [read]


def _pairs(body: bytes) -> list[tuple[str, str]]:
    text = body.decode()
    return parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS)


def _parts(body: bytes, content_type: str) -> list[tuple[str, str]]:
    headed = b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + body
    message = BytesParser(policy=HTTP).parsebytes(headed)
    if not message.is_multipart():
        raise ValueError("it has no parts")
    pairs = []
    for part in message.iter_parts():
        name, content = part.get_param("name", header="content-disposition"), part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(content, bytes):
            pairs.append((name, content.decode()))
    return pairs


def _refused(error: msgspec.ValidationError) -> BadUserInput:
    text = str(error)
    place, absent = _PLACE.search(text), _ABSENT.search(text)
    inside = place.group(1) if place else ""
    argument = ".".join(filter(None, (inside, absent.group(1) if absent else "")))
    is_missing = absent is not None or "got `null`" in text
    reason = _MISSING.get(argument, "INVALID_VALUE") if is_missing else "INVALID_VALUE"
    return BadUserInput(f"{text}.", argument=argument or "body", reason=reason)
