"""Instants as text. Digits beyond the microsecond are cut off, so that the last instant of a day stays in
it.
"""

import re
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from base.calendar import first_instant

_TIME: Final = r"\d{4}-\d\d-\d\d[Tt ](?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?"
_OFFSET: Final = r"[+-](?:[01]\d|2[0-3]):?[0-5]\d"
_RFC_3339: Final = re.compile(f"{_TIME}(?:[Zz]|{_OFFSET})", re.ASCII)
# As PostgreSQL, DuckDB, BigQuery and Snowflake write them.
_IN_FILES: Final = re.compile(rf"({_TIME})(?: ?([Zz]|UTC|{_OFFSET}|[+-](?:[01]\d|2[0-3])))?", re.ASCII)
_OF_UTC: Final = frozenset({"z", "Z", "UTC"})


class InvalidInstant(ValueError):
    pass


class Instant(datetime):
    """An aware datetime. As another type, msgspec leaves its reading to us: msgspec would round."""


def instant_of(text: str) -> Instant:
    """Reads RFC 3339 with an offset. A blank may stand between day and time. Raises InvalidInstant."""
    if not _RFC_3339.fullmatch(text):
        raise InvalidInstant(f"{text[:40]!r} is no instant with offset, such as 2023-06-04T23:59:59Z")
    return _parsed(text[:-1] + "Z" if text[-1] == "z" else text)


def instant_in_file(text: str, zone: ZoneInfo | None) -> Instant:
    """Also reads what databases write, such as `2023-06-04 23:59:59+00` or `2023-06-04 23:59:59 UTC`.

    A text without an offset is a local time: see `local_instant`. Raises InvalidInstant.
    """
    found = _IN_FILES.fullmatch(text)
    if not found:
        raise InvalidInstant(f"{text[:40]!r} is no instant, such as 2023-06-04T23:59:59Z")
    time, offset = found.groups()
    if offset is None:
        return local_instant(_parsed(time), zone)
    return _parsed(time + ("Z" if offset in _OF_UTC else offset))


def local_instant(local: datetime, zone: ZoneInfo | None) -> Instant:
    """When the clocks of the zone first show a local time. If they are set forward over it, it is the instant
    of the jump. Raises InvalidInstant if there is no zone, or if the time is outside the calendar.
    """
    if zone is None:
        raise InvalidInstant(f"{local.isoformat()!r} has no offset, and no --time-zone says whose time it is")
    try:
        return aware(first_instant(local, zone))
    except OverflowError:
        raise InvalidInstant(f"{local.isoformat()!r} is not in the calendar") from None


def aware(instant: datetime) -> Instant:
    return Instant.combine(instant.date(), instant.timetz())


def _parsed(text: str) -> Instant:
    try:
        # It cuts off digits beyond the microsecond.
        return Instant.fromisoformat(text)
    except ValueError as error:
        raise InvalidInstant(f"{text[:40]!r} is not in the calendar: {error}") from None
