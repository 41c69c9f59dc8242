"""Attendances, beside dicts of sets."""

from collections import defaultdict

from hypothesis import given
from hypothesis import strategies as st

from base.attendance import (
    NOBODY,
    Named,
    People,
    entry,
    hours_of,
    hours_within,
    number_of_hours,
    numbers_of_people,
    only_within,
    packed,
    searched,
    together,
    users_in,
    without,
)

USERS = st.sampled_from([1, 2, 3, 255, 256, 65_537, 10_000_000, (1 << 40) - 1])
CAME = st.lists(st.tuples(USERS, st.integers(0, 23)), max_size=30)
Came = list[tuple[int, int]]
WHOLE = hours_within(0, 24)


def attendance(came: Came) -> bytes:
    return packed([entry(user_id, hour) for user_id, hour in came])


def told(people: bytes) -> dict[int, list[int]]:
    return {user_id: hours_of(people, user_id) for user_id in users_in(people)}


def expected(came: Came) -> dict[int, list[int]]:
    hours: defaultdict[int, set[int]] = defaultdict(set)
    for user_id, hour in came:
        hours[user_id].add(hour)
    return {user_id: sorted(hours[user_id]) for user_id in sorted(hours)}


@given(CAME, CAME, CAME)
def test_people_of_several_are_together_in_the_hours_of_each(one: Came, other: Came, third: Came) -> None:
    people = together([attendance(one), attendance(other), NOBODY, attendance(third)])
    both = [*one, *other, *third]

    assert told(people) == expected(both)
    assert list(told(people)) == sorted(told(people))
    assert people == attendance(both) == attendance(both[::-1])
    assert number_of_hours(people) == len(set(both))
    assert all(searched(user_id) in people for user_id, _ in both)


@given(CAME, st.sets(USERS), st.integers(0, 23), st.integers(1, 24))
def test_people_and_hours_are_left_out(came: Came, gone: set[int], first: int, stop: int) -> None:
    people = attendance(came)
    left = [one for one in came if one[0] not in gone]
    inside = [one for one in came if first <= one[1] < stop]

    assert told(without(people, gone)) == expected(left)
    if first < stop:
        assert told(only_within(people, hours_within(first, stop))) == expected(inside)
        asked = People([0], [hours_within(first, stop)], [people])
        assert numbers_of_people(asked, Named([], []), 1) == [len(expected(inside))]


@given(st.lists(st.tuples(st.integers(0, 3), CAME)), st.lists(st.tuples(st.integers(0, 3), USERS)))
def test_nobody_is_counted_twice_in_a_group(
    parts: list[tuple[int, Came]], others: list[tuple[int, int]]
) -> None:
    people: defaultdict[int, set[int]] = defaultdict(set)
    for group, came in parts:
        people[group].update(user_id for user_id, _ in came)
    for group, user_id in others:
        people[group].add(user_id)

    attended = People(
        [group for group, _ in parts], [WHOLE] * len(parts), [attendance(came) for _, came in parts]
    )
    named = Named([group for group, _ in others], [user_id for _, user_id in others])
    assert numbers_of_people(attended, named, 4) == [len(people[group]) for group in range(4)]
