"""Ids of lines that have none."""

from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)


def id_of(seed: str, at: datetime | None) -> UUID:
    """`seed`: 32 hexadecimal digits. With a time it has version 7: such ids sort by time."""
    bits = int(seed, 16)
    version, head = 8, bits >> 80
    if at is not None:
        version, head = 7, max((at - _EPOCH) // _MILLISECOND, 0)
    return UUID(
        int=(head << 80)
        | (version << 76)
        | ((bits >> 64 & 0xFFF) << 64)
        | (0b10 << 62)
        | (bits & (1 << 62) - 1)
    )
