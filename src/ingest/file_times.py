"""Times as files have them: as databases and spreadsheets write them, and as numbers."""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from base.instants import Instant, InvalidInstant, aware, instant_in_file, local_instant

_NUMBER: Final = re.compile(r"([+-]?\d{1,21})(?:[.,](\d+))?", re.ASCII)
_ROUNDED: Final = re.compile(r"[+-]?\d(?:[.,]\d+)?[Ee][+-]?\d+", re.ASCII)
_WRITTEN: Final = re.compile(
    r"(?P<first>\d{4}|\d\d?)(?P<sign>[-/.])(?P<second>\d\d?)(?P=sign)(?P<third>\d{4}|\d\d?)"
    r"(?:[Tt ](?P<hour>\d\d?):(?P<minute>\d\d)(?P<rest>:\d\d(?:\.\d+)?)?"
    r"(?:[ \u00a0\u202f]?(?P<half>[AaPp])[Mm])?)?"
    r"(?P<offset> ?(?:[Zz]|UTC|[+-]\d\d(?::?\d\d)?))?",
    re.ASCII,
)
_YEAR: Final = 4
_NOON: Final = 12
_DAY: Final = timedelta(days=1)
_MILLISECOND: Final = timedelta(milliseconds=1)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_EXCEL_EPOCH: Final = datetime(1899, 12, 30)  # noqa: DTZ001


class Epoch(StrEnum):
    """What a time that is a number counts: units since 1970 in UTC, or Excel's days since 1900."""

    S = "s"
    MS = "ms"
    US = "us"
    NS = "ns"
    EXCEL = "excel"


class Dates(StrEnum):
    """What stands first in a date whose year stands last."""

    DAY_FIRST = "day-first"
    MONTH_FIRST = "month-first"


_DIGITS: Final = {Epoch.S: 6, Epoch.MS: 3, Epoch.US: 0, Epoch.NS: -3}
"""How many digits a unit has above the microsecond."""


class FileTimes(NamedTuple):
    """What the user says of a file's times. What nobody says is not guessed: such times are refused."""

    zone: ZoneInfo | None = None
    """That of times without an offset."""
    epoch: Epoch | None = None
    dates: Dates | None = None

    def read(self, _: type, given: Any) -> Instant:
        """Raises InvalidInstant."""
        if isinstance(given, str):
            return self._of_text(given)
        if isinstance(given, datetime):
            return aware(given) if given.tzinfo else local_instant(given, self.zone)
        if isinstance(given, date):
            return self._of_text(str(given))
        if isinstance(given, int | float | Decimal) and not isinstance(given, bool):
            return self._of_number(_digits_of(given))
        raise InvalidInstant(f"{str(given)[:40]!r} is no instant, such as 2023-06-04T23:59:59Z")

    def _of_text(self, text: str) -> Instant:
        try:
            return instant_in_file(text, self.zone)
        except InvalidInstant:
            if _NUMBER.fullmatch(text):
                return self._of_number(text)
            if _ROUNDED.fullmatch(text):
                raise InvalidInstant(f"{text[:40]!r} is rounded: a time needs all of its digits") from None
            found = _WRITTEN.fullmatch(text)
            if found is None:
                raise
            return instant_in_file(self._respelled(found), self.zone)

    def _respelled(self, found: re.Match[str]) -> str:
        """As databases write it."""
        first, second, third = (int(found[name]) for name in ("first", "second", "third"))
        if len(found["first"]) == _YEAR:
            year, month, day = first, second, third
        elif len(found["third"]) != _YEAR:
            raise InvalidInstant(f"{found[0][:40]!r} has no year of four digits")
        elif self.dates is None:
            raise InvalidInstant(
                f"{found[0][:40]!r} has a day and a month, and no --dates says which of them is first"
            )
        else:
            is_day_first = self.dates is Dates.DAY_FIRST
            year, month, day = (third, second, first) if is_day_first else (third, first, second)
        rest = found["rest"] or ":00"
        return f"{year:04}-{month:02}-{day:02}T{_hour(found):02}:{found['minute'] or '00'}{rest}" + (
            found["offset"] or ""
        )

    def _of_number(self, text: str) -> Instant:
        found = _NUMBER.fullmatch(text)
        if found is None:
            raise InvalidInstant(f"{text[:40]!r} is no time that this calendar has")
        if self.epoch is None:
            raise InvalidInstant(f"{text[:40]!r} is a number, and no --epoch says what it counts")
        whole, fraction = found[1], found[2] or ""
        try:
            if self.epoch is Epoch.EXCEL:
                return local_instant(_of_excel(float(f"{whole}.{fraction}")), self.zone)
            return aware(_EPOCH + timedelta(microseconds=_microseconds(whole, fraction, _DIGITS[self.epoch])))
        except OverflowError:
            raise InvalidInstant(f"{text[:40]!r} is not in the calendar") from None


def _digits_of(number: float | Decimal) -> str:
    """Without an exponent."""
    if isinstance(number, float) and number.is_integer():
        number = int(number)
    return f"{number:f}" if isinstance(number, Decimal) else repr(number)


def _microseconds(whole: str, fraction: str, digits: int) -> int:
    """What is smaller than a microsecond is cut off."""
    return int(Decimal(f"{whole}.{fraction[:6]}").scaleb(digits))


def _of_excel(days: float) -> datetime:
    """Rounded to a millisecond, as Excel does: most times of day are no exact fraction of a day."""
    return _EXCEL_EPOCH + round(days * _DAY / _MILLISECOND) * _MILLISECOND


def _hour(found: re.Match[str]) -> int:
    hour = int(found["hour"] or 0)
    if not found["half"]:
        return hour
    if not 1 <= hour <= _NOON:
        raise InvalidInstant(f"{found[0][:40]!r} is not on a clock of twelve hours")
    return hour % _NOON + (_NOON if found["half"] in "Pp" else 0)
