"""The scalars of the schema, each with its one spelling on the wire."""

import logging
from base64 import b64decode, b64encode
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, NewType

import strawberry
from strawberry.types.scalar import ScalarDefinition

from base.calendar import InvalidBound, parse_bound
from base.numbers import LARGEST

BigInt = NewType("BigInt", int)
Base64 = NewType("Base64", bytes)
TimeZone = NewType("TimeZone", str)
RangeBound = NewType("RangeBound", str)

log = logging.getLogger("viewgraph")


def _big_int(value: Any) -> int:
    """Some clients write every number as a float: 12.0 is 12."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not _is_whole(value) or abs(value) > LARGEST:
        raise ValueError(f"BigInt is a whole number of up to 2^53 - 1, not {value!r}.")
    number: int = value
    return number


def _big_int_shown(value: Any) -> int:
    """A sum that is too large for BigInt is shown as the nearest BigInt."""
    if not _is_whole(value):
        raise ValueError(f"BigInt is a whole number, not {value!r}.")
    shown: int = max(-LARGEST, min(value, LARGEST))
    if shown != value:
        log.warning("A number outgrew BigInt, and is shown as %d: %d", shown, value)
    return shown


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _instant_text(value: datetime) -> str:
    instant = value if value.tzinfo is UTC else value.astimezone(UTC)
    return instant.isoformat()[: -len("+00:00")] + "Z"


def _instant(value: Any) -> datetime:
    try:
        bound = parse_bound(value)
    except (InvalidBound, TypeError):
        bound = None
    if not isinstance(bound, datetime) or bound.tzinfo is None:
        raise ValueError(f"DateTime is an instant with offset, such as 2023-06-04T23:59:59Z, not {value!r}.")
    return bound


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"A string is needed here, not {value!r}.")
    return value


def _base64_text(value: bytes) -> str:
    return b64encode(value).decode()


def _base64(value: Any) -> bytes:
    try:
        return b64decode(_text(value), validate=True)
    except ValueError:
        raise ValueError(
            "Base64 is bytes in standard base64, with padding and without line breaks."
        ) from None


def _decimal_text(value: Decimal) -> str:
    return str(value)


def _decimal(value: Any) -> Decimal:
    try:
        return Decimal(_text(value))
    except InvalidOperation:
        raise ValueError(f"Decimal is a decimal number as a string, not {value!r}.") from None


SCALARS: dict[object, ScalarDefinition] = {
    BigInt: strawberry.scalar(
        name="BigInt",
        description=(
            "A whole number from -(2^53 - 1) to 2^53 - 1, as a JSON number, for counts that are too large "
            "for Int. A sum outside of this range is shown as the nearest number in it."
        ),
        serialize=_big_int_shown,
        parse_value=_big_int,
    ),
    datetime: strawberry.scalar(
        name="DateTime",
        description=(
            "An instant: RFC 3339 with an offset, such as 2023-06-04T23:59:59Z. Answers are in UTC, end in "
            "Z, and have 6 digits of a second's fraction or none."
        ),
        specified_by_url="https://scalars.graphql.org/andimarek/date-time",
        serialize=_instant_text,
        parse_value=_instant,
    ),
    Decimal: strawberry.scalar(
        name="Decimal",
        description='A decimal number as a string, such as "7.25", so that no digit is lost.',
        serialize=_decimal_text,
        parse_value=_decimal,
    ),
    Base64: strawberry.scalar(
        name="Base64",
        description="Bytes in standard base64, with padding and without line breaks.",
        specified_by_url="https://www.rfc-editor.org/rfc/rfc4648#section-4",
        serialize=_base64_text,
        parse_value=_base64,
    ),
    TimeZone: strawberry.scalar(
        name="TimeZone",
        description=(
            "The name of an IANA time zone, such as Europe/Paris. Any other text is BAD_USER_INPUT with "
            "the reason INVALID_TIME_ZONE."
        ),
        specified_by_url="https://www.iana.org/time-zones",
        serialize=_text,
        parse_value=_text,
    ),
    RangeBound: strawberry.scalar(
        name="RangeBound",
        description=(
            "Where a range starts or ends. It is an instant with an offset (2023-06-04T23:59:59Z), a local "
            "time in the asked time zone (2023-06-04T23:59:59), or a day (2023-06-04). A day as a start "
            "means its first instant; a day as an end includes all of it. Years are 1970 to 2999. Anything "
            "else is BAD_USER_INPUT with the reason INVALID_DATE."
        ),
        serialize=_text,
        parse_value=_text,
    ),
}
