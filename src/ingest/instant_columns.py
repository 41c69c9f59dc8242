"""Columns of instants as text, read at once."""

from collections.abc import Sequence
from datetime import datetime
from itertools import repeat
from operator import floordiv, sub
from typing import Any, Final

from base.arrays import are_for_arrays, numpy
from base.instants import instant_of
from base.packed import packed_instant
from base.time_units import EPOCH, MICROSECOND

_DAYS_OF_MONTHS: Final = (0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_FEBRUARY: Final = 2
_EPOCH_DAY: Final = 719_468
"""1 January 1970 in days since 1 March of the year 0."""
_DAYS_OF_ERA: Final = 146_097
"""Of 400 years."""
_HOURS, _MINUTES, _MICROSECONDS = 24, 60, 1_000_000
_NINE: Final = 9
_FRACTION: Final = 20
"""Where the digits of a second's fraction begin."""
_SIX: Final = 6


def packed_instants(texts: Sequence[str]) -> list[int]:
    """The packed instants, read as `instant_of` reads them. Raises InvalidInstant."""
    if len(texts) == 1:
        # There is nothing that it has to be like.
        return [packed_instant(instant_of(texts[0]))]
    if _are_alike(texts):
        packed = _read_at_once(texts) if are_for_arrays(texts) else None
        if packed is not None:
            return packed
        try:
            instants = map(datetime.fromisoformat, texts)
            return list(map(floordiv, map(sub, instants, repeat(EPOCH)), repeat(MICROSECOND)))
        except ValueError:
            # The rule says what is wrong.
            pass
    return [packed_instant(instant_of(text)) for text in texts]


def _are_alike(texts: Sequence[str]) -> bool:
    """Whether the first is an instant, and the others have the same signs between their digits. `datetime`
    refuses what has something else in place of a digit.
    """
    if not texts:
        return False
    first = texts[0]
    instant_of(first)
    width, count = len(first), len(texts)
    text = "".join(texts)
    if set(map(len, texts)) != {width} or not text.isascii() or "z" in first:
        return False
    # `datetime` takes 60 minutes of an offset for an hour.
    if first[-1] != "Z" and max(text[width - 2 :: width]) > "5":
        return False
    signs = [place for place, sign in enumerate(first) if not sign.isdigit()]
    return all(text[place::width] == first[place] * count for place in signs)


class _Digits:
    """Texts that are alike, as an array of digits with a row for each text."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.first = texts[0]
        text = "".join(texts).encode()
        self._rows = numpy().frombuffer(text, dtype="u1").reshape(len(texts), len(self.first)) - ord("0")

    @property
    def are_digits(self) -> bool:
        places = [place for place, sign in enumerate(self.first) if sign.isdigit()]
        return bool((self._rows[:, places] <= _NINE).all())

    def number(self, start: int, stop: int) -> Any:
        """What stands from one place to another, of each text."""
        value = self._rows[:, start].astype("i8")
        for place in range(start + 1, stop):
            value = value * 10 + self._rows[:, place]
        return value

    def pair(self, start: int) -> Any:
        return self.number(start, start + 2)


def _read_at_once(texts: Sequence[str]) -> list[int] | None:
    """The packed instants of texts that are alike; None if one of them may be no instant."""
    digits = _Digits(texts)
    first, end, microseconds = digits.first, _FRACTION - 1, 0
    if first[end] == ".":
        end = next(place for place in range(_FRACTION, len(first)) if not first[place].isdigit())
        stop = min(end, _FRACTION + _SIX)
        microseconds = digits.number(_FRACTION, stop) * 10 ** (_FRACTION + _SIX - stop)
    year, month, day = digits.number(0, 4), digits.pair(5), digits.pair(8)
    hour, minute, second = digits.pair(11), digits.pair(14), digits.pair(17)
    if (
        not digits.are_digits
        or not _are_in_calendar(year, month, day)
        or not _are_times(hour, minute, second)
    ):
        return None
    if first[end] != "Z":
        hours_ahead, minutes_ahead = digits.pair(end + 1), digits.pair(len(first) - 2)
        if not _are_times(hours_ahead, minutes_ahead, minutes_ahead):
            return None
        sign = -1 if first[end] == "-" else 1
        hour, minute = hour - sign * hours_ahead, minute - sign * minutes_ahead
    seconds = ((_days_since_epoch(year, month, day) * 24 + hour) * 60 + minute) * 60 + second
    packed: list[int] = (seconds * _MICROSECONDS + microseconds).tolist()
    return packed


def _are_times(hour: Any, minute: Any, second: Any) -> bool:
    return bool(hour.max() < _HOURS and minute.max() < _MINUTES and second.max() < _MINUTES)


def _are_in_calendar(year: Any, month: Any, day: Any) -> bool:
    if not (year.min() and month.min() and day.min() and month.max() < len(_DAYS_OF_MONTHS)):
        return False
    is_leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    length = numpy().array(_DAYS_OF_MONTHS)[month] - ((month == _FEBRUARY) & ~is_leap)
    return bool((day <= length).all())


def _days_since_epoch(year: Any, month: Any, day: Any) -> Any:
    """Of the Gregorian calendar. Years are counted from March, so that the day of a leap year comes last."""
    from_march = (month + 9) % 12
    year = year - (month <= _FEBRUARY)
    era, of_era = year // 400, year % 400
    day_of_year = (153 * from_march + 2) // 5 + day - 1
    day_of_era = of_era * 365 + of_era // 4 - of_era // 100 + day_of_year
    return era * _DAYS_OF_ERA + day_of_era - _EPOCH_DAY
