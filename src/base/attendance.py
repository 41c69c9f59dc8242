"""Attendance: which signed-in people did something on a day in UTC, and in which of its hours.

Each person is one number: the user's id, and a bit for each hour. The numbers stand in the order of the ids,
each in eight bytes.
"""

from array import array
from collections.abc import Collection, Iterable, Sequence
from typing import Any, Final

from base.arrays import numpy

NOBODY: Final = b""
_HOURS: Final = 24
_HOUR_BYTES: Final = 3
_ID_BYTES: Final = 5
_FORM: Final = "<u8"
_FEW_IDS: Final = 65_536
"""Of so many possible ids, each may have a flag of its own, however few there are."""


def entries() -> "array[int]":
    """To add entries to, in any order. Some may be of one person."""
    return array("Q")


def entry(user_id: int, hour: int) -> int:
    """Somebody who came in this hour, from 0 to 23."""
    return user_id << _HOURS | 1 << hour


def hours_within(first: int, stop: int) -> int:
    """The bits of the hours from `first` up to, not including, `stop`."""
    return (1 << stop) - (1 << first)


def packed(came: Sequence[int]) -> bytes:
    """The attendance of entries."""
    return _merged(numpy().array(came, dtype=_FORM))


def together(parts: Iterable[bytes]) -> bytes:
    """Whoever is in any of them, in all hours of each."""
    some = [part for part in parts if part]
    return _merged(_numbers(b"".join(some)).copy()) if len(some) > 1 else NOBODY.join(some)


def without(people: bytes, users: Collection[int]) -> bytes:
    numbers = _numbers(people)
    are_left = ~numpy().isin(numbers >> _HOURS, numpy().array(list(users), dtype=_FORM))
    left: bytes = numbers[are_left].tobytes()
    return left


def only_within(people: bytes, hours: int) -> bytes:
    """Who came in these hours, and in which of them. `hours`: their bits."""
    numbers = _numbers(people)
    came = numbers[numbers & hours != 0]
    ids = came >> _HOURS << _HOURS
    cut: bytes = (ids | came & hours).tobytes()
    return cut


def users_in(people: bytes) -> list[int]:
    users: list[int] = (_numbers(people) >> _HOURS).tolist()
    return users


def number_of_hours(people: bytes) -> int:
    """Of all people together."""
    return int(numpy().bitwise_count(_numbers(people) & hours_within(0, _HOURS)).sum())


def hours_of(people: bytes, user_id: int) -> list[int]:
    """The hours in which a person came; none if the person did not come."""
    found: list[int] = _numbers(people)[numpy().array(users_in(people)) == user_id].tolist() if people else []
    return [hour for number in found for hour in range(_HOURS) if number >> hour & 1]


def searched(user_id: int) -> bytes:
    """Bytes that an attendance has if this person is in it. Others may have them, too."""
    return user_id.to_bytes(_ID_BYTES, "little")


def number_of_people(parts: Iterable[tuple[bytes, int]], others: Sequence[int] = ()) -> int:
    """How many different people came. Each part has the bits of the hours that are asked for. `others`: ids
    of users beside them.
    """
    ids = [numpy().array(others, dtype=_FORM)]
    for people, hours in parts:
        numbers = _numbers(people)
        ids.append(numbers[numbers & hours != 0] >> _HOURS)
    return _number_of_different(numpy().concatenate(ids))


def _numbers(people: bytes) -> Any:
    return numpy().frombuffer(people, dtype=_FORM)


def _merged(numbers: Any) -> bytes:
    """Changes the order of the numbers."""
    if not len(numbers):
        return NOBODY
    numbers.sort()
    ids = numbers >> _HOURS
    starts = numpy().flatnonzero(ids[1:] != ids[:-1]) + 1
    merged: bytes = numpy().bitwise_or.reduceat(numbers, numpy().concatenate(([0], starts))).tobytes()
    return merged


def _number_of_different(ids: Any) -> int:
    if not len(ids):
        return 0
    most = int(ids.max())
    if most > _FEW_IDS + 8 * len(ids):
        return len(numpy().unique(ids))
    # It takes a tenth of the time of sorting them.
    are_there = numpy().zeros(most + 1, dtype=bool)
    are_there[ids.astype("i8")] = True
    return int(numpy().count_nonzero(are_there))
