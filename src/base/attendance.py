"""Attendance: which signed-in people did something on a day in UTC, and in which of its hours.

Each person is one number: the user's id, and a bit for each hour. The numbers stand in the order of the ids,
each in eight bytes.
"""

from array import array
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import chain, pairwise
from typing import Any, Final, NamedTuple

from base.arrays import numpy

NOBODY: Final = b""
_HOURS: Final = 24
_ID_BYTES: Final = 5
_FORM: Final = "<u8"
_BYTES: Final = 8
_FEW: Final = 50
_BYTES_AT_A_TIME: Final = 1 << 16
_FEW_PLACES: Final = 65_536
"""So many people that may be there may have flags of their own, however few are there."""


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
    return _few_merged(came) if len(came) <= _FEW else _merged(numpy().array(came, dtype=_FORM))


def together(parts: Iterable[bytes]) -> bytes:
    """Whoever is in any of them, in all hours of each."""
    some = [part for part in parts if part]
    joined = b"".join(some)
    if len(some) < 2:
        return joined
    numbers = _numbers(joined)
    return _few_merged(numbers.tolist()) if len(numbers) <= _FEW else _merged(numbers.copy())


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


class People(NamedTuple):
    """Attendances that are counted together with others, as columns."""

    groups: list[int]
    """The numbers of groups, whose people are counted for each."""
    hours: list[int]
    """The bits of the hours that are asked for."""
    people: list[bytes]


class Named(NamedTuple):
    """People beside them, as columns."""

    groups: list[int]
    user_ids: list[int]


def numbers_of_people(attended: People, named: Named, groups: int) -> list[int]:
    """How many different people there are in each group, from the group 0 to the last one."""
    stop = max(map(_last_user, attended.people), default=0)
    stop = max(stop, max(named.user_ids, default=0)) + 1
    places = chain(_attended(attended, stop), [_named(named, stop)])
    size = sum(map(len, attended.people)) // _BYTES
    if groups * stop <= _FEW_PLACES + 8 * size:
        # It takes a tenth of the time of sorting them.
        are_there = numpy().zeros(groups * stop, dtype=bool)
        for some in places:
            are_there[some] = True
        counts: list[int] = are_there.reshape(groups, stop).sum(axis=1).tolist()
        return counts
    different = _different(numpy().concatenate(list(places)))
    numbers: list[int] = numpy().bincount(different // stop, minlength=groups).tolist()
    return numbers


def _last_user(people: bytes) -> int:
    return int.from_bytes(people[-_ID_BYTES:], "little")


def _attended(attended: People, stop: int) -> Iterator[Any]:
    """A number for each person of each group. Some at a time: new memory for all of them would take several
    times as long as to count them.
    """
    for first, last in pairwise(_cuts(attended.people)):
        people = attended.people[first:last]
        numbers = _numbers(b"".join(people))
        sizes = [len(one) // _BYTES for one in people]
        hours = numpy().array(attended.hours[first:last], dtype=_FORM)
        of_groups = numpy().array(attended.groups[first:last], dtype="i8") * stop
        are_asked = numbers & numpy().repeat(hours, sizes) != 0
        yield (numpy().repeat(of_groups, sizes) + (numbers >> _HOURS).astype("i8"))[are_asked]


def _cuts(people: Sequence[bytes]) -> Iterator[int]:
    """The places before and after each of the parts that are read at a time."""
    size = _BYTES_AT_A_TIME
    for place, one in enumerate(people):
        if size >= _BYTES_AT_A_TIME:
            yield place
            size = 0
        size += len(one)
    yield len(people)


def _named(named: Named, stop: int) -> Any:
    return numpy().array(named.groups, dtype="i8") * stop + numpy().array(named.user_ids, dtype="i8")


def _different(places: Any) -> Any:
    """Of several that are equal, the first one. Changes their order."""
    places.sort()
    are_first = numpy().ones(len(places), dtype=bool)
    are_first[1:] = places[1:] != places[:-1]
    return places[are_first]


def _numbers(people: bytes) -> Any:
    return numpy().frombuffer(people, dtype=_FORM)


def _few_merged(came: Sequence[int]) -> bytes:
    """NumPy would have hardly begun."""
    merged: dict[int, int] = {}
    for number in came:
        id = number >> _HOURS
        merged[id] = merged.get(id, 0) | number
    return b"".join([number.to_bytes(_BYTES, "little") for number in sorted(merged.values())])


def _merged(numbers: Any) -> bytes:
    """Changes the order of the numbers, which are one at least."""
    numbers.sort()
    ids = numbers >> _HOURS
    starts = numpy().flatnonzero(ids[1:] != ids[:-1]) + 1
    merged: bytes = numpy().bitwise_or.reduceat(numbers, numpy().concatenate(([0], starts))).tobytes()
    return merged
