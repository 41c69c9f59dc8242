"""Column types that mean the same on SQLite and PostgreSQL.

The types of columns of events have a `bind_processor` of their own: the one that SQLAlchemy makes from
`process_bind_param` takes several times as long as the conversion.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import BigInteger, Date, DateTime, Dialect, Integer, LargeBinary, String, Uuid
from sqlalchemy.types import TypeDecorator, TypeEngine

from base import packed
from base.packed import Packing
from base.time_units import EPOCH, MICROSECOND


class Id(TypeDecorator[int]):
    """An id that counts up. SQLite counts up only a column that is declared INTEGER."""

    impl = BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(Integer() if dialect.name == "sqlite" else BigInteger())


class Instant(TypeDecorator[datetime]):
    """An aware datetime in UTC: `timestamptz`, or in SQLite whole microseconds since 1970.

    The text that SQLAlchemy would store in SQLite drops an offset without converting it, and takes three
    times the room.
    """

    impl = DateTime
    cache_ok = True
    packing: ClassVar[Packing] = packed.INSTANTS

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(
            BigInteger() if dialect.name == "sqlite" else DateTime(timezone=True),
        )

    def bind_processor(self, dialect: Dialect) -> Callable[[datetime | None], Any]:
        return _microseconds if dialect.name == "sqlite" else _in_utc

    def result_processor(self, dialect: Dialect, _: Any) -> Callable[[Any], datetime | None] | None:
        # asyncpg gives instants in UTC.
        return _instant if dialect.name == "sqlite" else None


class Day(TypeDecorator[date]):
    """A calendar day: `date`, or in SQLite its ordinal in the proleptic Gregorian calendar."""

    impl = Date
    cache_ok = True
    packing: ClassVar[Packing] = packed.DAYS

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(Integer() if dialect.name == "sqlite" else Date())

    def bind_processor(self, dialect: Dialect) -> Callable[[date | None], Any] | None:
        return _ordinal if dialect.name == "sqlite" else None

    def process_result_value(self, value: Any, dialect: Dialect) -> date | None:
        return date.fromordinal(value) if value is not None and dialect.name == "sqlite" else value


class EventId(TypeDecorator[UUID]):
    """A UUID in its 16 bytes, in order: `uuid`, or a blob in SQLite."""

    impl = Uuid
    cache_ok = True
    packing: ClassVar[Packing] = packed.IDS

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(LargeBinary(16) if dialect.name == "sqlite" else Uuid())

    def bind_processor(self, dialect: Dialect) -> Callable[[UUID | None], Any] | None:
        return _bytes if dialect.name == "sqlite" else None

    def process_result_value(self, value: Any, dialect: Dialect) -> UUID | None:
        return UUID(bytes=value) if value is not None and dialect.name == "sqlite" else value


class SortedText(TypeDecorator[str]):
    """Text that is sorted by code points, whatever the locale of the database."""

    impl = String
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        collation = None if dialect.name == "sqlite" else "C"
        return dialect.type_descriptor(String(collation=collation))


def _microseconds(instant: datetime | None) -> int | None:
    return None if instant is None else (_aware(instant) - EPOCH) // MICROSECOND


def _instant(microseconds: int | None) -> datetime | None:
    return None if microseconds is None else EPOCH + microseconds * MICROSECOND


def _in_utc(instant: datetime | None) -> datetime | None:
    return None if instant is None else _aware(instant).astimezone(UTC)


def _aware(instant: datetime) -> datetime:
    if instant.tzinfo is None:
        raise ValueError("an instant needs an offset")
    return instant


def _ordinal(day: date | None) -> int | None:
    return None if day is None else day.toordinal()


def _bytes(id: UUID | None) -> bytes | None:
    # UUID.bytes does the same with one more call.
    return None if id is None else id.int.to_bytes(16, "big")
