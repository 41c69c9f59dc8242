"""Lines that were rejected, as they are written to a file. A file of them can be mended and imported."""

from datetime import datetime
from typing import Annotated, Any, Final, NamedTuple

import msgspec

from ingest.file_lines import readable
from ingest.file_rows import unreadable

_TIME: Final = "occurredAt"
_NOTHING: Final = msgspec.Raw()


def _in_words(value: Any) -> str:
    """For types that msgspec does not write, such as an Instant."""
    return value.isoformat() if isinstance(value, datetime) else str(value)


_encoder: Final = msgspec.json.Encoder(enc_hook=_in_words)


class RejectedLine(msgspec.Struct):
    line: int
    """Where it stands in the file that was imported, from 1."""
    reason: str
    detail: str = ""
    seed: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{32}$")] | None = None
    """From this the id of the event is made. So it is the same id that the line has in its first file."""
    event: msgspec.Raw = _NOTHING
    """What the line has, in the shape of an event."""
    total: msgspec.Raw = _NOTHING
    """The same of a line of totals, in their shape."""
    text: str = ""
    """The line itself, if it does not have this shape."""


class Content(NamedTuple):
    """What a line has that is no event."""

    event: bytes = b""
    """JSON in the shape of an event, or of a total. Empty if it does not have this shape."""
    text: str = ""
    """The line itself, if `event` is empty. Both are empty if the line is too long."""
    seed: str | None = None
    """That of a rejected line which was mended, but not well."""


read_rejected_line: Final = msgspec.json.Decoder(RejectedLine).decode


def content_of_json(text: bytes) -> Content:
    try:
        text.decode()
        msgspec.json.decode(text, type=dict[str, msgspec.Raw])
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return Content(text=readable(text).rstrip())
    return Content(event=text.strip())


def content_of_values(values: dict[str, Any] | None, text: str) -> Content:
    if values is None:
        return Content(text=text)
    return Content(event=_encoder.encode({name: _in_json(name, value) for name, value in values.items()}))


def content_of_event(event: msgspec.Struct) -> Content:
    return Content(event=_encoder.encode(_without_nulls(msgspec.to_builtins(event, enc_hook=_in_words))))


def content_of_rejected(line: RejectedLine) -> Content:
    """The content that was mended."""
    event = bytes(line.event) or bytes(line.total)
    return Content(event, "" if event else line.text, line.seed)


def rejected_line_in_json(
    line: int,
    reason: str,
    detail: str,
    content: Content,
    seed: str | None = None,
    *,
    name: str = "event",
    file: str = "",
) -> bytes:
    """`name`: what the line is called if it has its shape. `file`: which of several files it is in."""
    told: dict[str, Any] = {"file": file} if file else {}
    told |= {"line": line, "reason": reason, "detail": detail}
    if seed:
        told["seed"] = seed
    if content.event:
        told[name] = msgspec.Raw(content.event)
    elif content.text:
        told["text"] = content.text
    return _encoder.encode(told)


def _in_json(name: str, value: Any) -> Any:
    """A type that JSON does not have would become a text, which a field might take. Only times may do so."""
    if isinstance(value, dict):
        return {inner: _in_json(inner, one) for inner, one in value.items()}
    if value is None or isinstance(value, str | int | float | list) or name == _TIME:
        return value
    return unreadable(str(value))


def _without_nulls(values: dict[str, Any]) -> dict[str, Any]:
    return {
        name: _without_nulls(value) if isinstance(value, dict) else value
        for name, value in values.items()
        if value is not None
    }
