"""Reads bodies of requests: JSON and forms."""

import re
from collections.abc import Mapping
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any, TypeVar
from urllib.parse import parse_qsl

import msgspec
from msgspec import Struct

from base.errors import BadUserInput

B = TypeVar("B", bound=Struct)

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


def from_form(body: bytes, content_type: str, type_: type[B]) -> B:
    """A field of a form is text. A field whose type is a list has JSON. An empty field counts as not given.

    Raises Unreadable and BAD_USER_INPUT.
    """
    if len(body) > _MOST_BYTES:
        raise Unreadable(f"A form may have {_MOST_BYTES:,} bytes. Send more as JSON.")
    try:
        fields = _parts(body, content_type) if content_type.startswith(PARTS) else _pairs(body)
    except ValueError as error:
        raise Unreadable(f"The body is no form: {error}.") from None
    given = {name: value for name, value in fields.items() if value}
    try:
        return msgspec.convert(_with_lists(given, type_), type_, strict=False)
    except msgspec.ValidationError as error:
        raise _refused(error) from None


def _with_lists(given: Mapping[str, str], type_: type[Struct]) -> dict[str, Any]:
    read: dict[str, Any] = {}
    lists = {field.name for field in msgspec.structs.fields(type_) if "list[" in str(field.type)}
    for name, value in given.items():
        try:
            read[name] = msgspec.json.decode(value) if name in lists else value
        except msgspec.DecodeError:
            raise BadUserInput(f"`{name}` takes JSON.", argument=name, reason="INVALID_VALUE") from None
    return read


def _pairs(body: bytes) -> dict[str, str]:
    return dict(
        parse_qsl(body.decode(), keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS)
    )


def _parts(body: bytes, content_type: str) -> dict[str, str]:
    message = BytesParser(policy=HTTP).parsebytes(
        b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + body
    )
    if not message.is_multipart():
        raise ValueError("it has no parts")
    fields: dict[str, str] = {}
    for part in message.iter_parts():
        name, content = part.get_param("name", header="content-disposition"), part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(content, bytes):
            fields[name] = content.decode()
    return fields


def _refused(error: msgspec.ValidationError) -> BadUserInput:
    text = str(error)
    place, absent = _PLACE.search(text), _ABSENT.search(text)
    inside = place.group(1) if place else ""
    argument = ".".join(filter(None, (inside, absent.group(1) if absent else "")))
    is_missing = absent is not None or "got `null`" in text
    reason = _MISSING.get(argument, "INVALID_VALUE") if is_missing else "INVALID_VALUE"
    return BadUserInput(f"{text}.", argument=argument or "body", reason=reason)
