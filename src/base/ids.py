"""The ids that others see: UUIDs of version 7, and global ids made from them."""

import os
import re
from base64 import urlsafe_b64decode
from binascii import b2a_base64
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from base.kinds import Kind

__all__ = [
    "InvalidId",
    "Kind",
    "are_of_one_month",
    "global_id",
    "legacy_id_in",
    "parse_global_id",
    "public_id_in",
    "uuid7",
    "uuid7_instant",
    "uuid_in",
]

_NUMBER = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)
_UUID = re.compile(r"[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}", re.ASCII | re.IGNORECASE)
_ENCODED_LENGTH = 22
_URL_SAFE = bytes.maketrans(b"+/", b"-_")
_VERSION = 7
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LONGEST = datetime.max.replace(tzinfo=UTC) - _EPOCH


class InvalidId(ValueError):
    pass


def uuid7(at: datetime) -> UUID:
    """A version 7 UUID of this instant: 48 bits of milliseconds, then 74 random bits."""
    milliseconds = int(at.timestamp() * 1000)
    noise = int.from_bytes(os.urandom(10), "big")
    high = noise >> 68
    low = noise & ((1 << 62) - 1)
    return UUID(int=(milliseconds << 80) | (_VERSION << 76) | (high << 64) | (0b10 << 62) | low)


def uuid7_instant(id: UUID) -> datetime | None:
    """The instant inside a version 7 UUID, to the millisecond; None for other versions."""
    if id.version != _VERSION:
        return None
    return _EPOCH + min(timedelta(milliseconds=id.int >> 80), _LONGEST)


def are_of_one_month(ids: Sequence[bytes]) -> bool:
    """Whether the milliseconds with which ids begin, of whatever version, are within one month in UTC."""
    first, last = (timedelta(milliseconds=int.from_bytes(id[:6], "big")) for id in (min(ids), max(ids)))
    if last > _LONGEST:
        return False
    months = {(at.year, at.month) for at in (_EPOCH + first, _EPOCH + last)}
    return len(months) == 1


def global_id(kind: Kind, public_id: UUID) -> str:
    # The library's function for this alphabet takes a third longer, and a list has many ids.
    encoded = b2a_base64(public_id.bytes, newline=False).translate(_URL_SAFE)
    return f"{kind}_{encoded[:_ENCODED_LENGTH].decode()}"


def parse_global_id(text: str) -> tuple[Kind, UUID]:
    """Reads only the spelling that `global_id` writes, so that an object has one id. Raises InvalidId."""
    prefix, _, encoded = text.partition("_")
    try:
        kind = Kind(prefix)
        public_id = UUID(bytes=urlsafe_b64decode(encoded + "=="))
    except ValueError:
        raise InvalidId(text) from None
    if global_id(kind, public_id) != text:
        raise InvalidId(text)
    return kind, public_id


def legacy_id_in(text: str) -> str | None:
    """The id of another system, in the spelling in which it is stored: a whole number without leading zeros,
    or a UUID. None for any other text.
    """
    if _NUMBER.fullmatch(text):
        return text
    uuid = uuid_in(text)
    return None if uuid is None else str(uuid)


def uuid_in(text: str) -> UUID | None:
    """None for a text that is no UUID, or one in an unusual spelling."""
    return UUID(text) if _UUID.fullmatch(text) else None


def public_id_in(text: str, kind: Kind) -> UUID | None:
    """The public id in a global id; None for the id of another kind, and for a text that is no id."""
    try:
        found, public_id = parse_global_id(text)
    except InvalidId:
        return None
    return public_id if found is kind else None
