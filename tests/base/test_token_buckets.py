"""How leaky buckets count: exact at every instant, and bounded whatever comes."""

from fractions import Fraction
from math import floor

import pytest
from hypothesis import given
from hypothesis.strategies import integers, lists, tuples

from base.token_buckets import Rate, TokenBuckets, parse_rate, remaining

NOW = 1_686_830_400.0
TEN_A_MINUTE = Rate(10, 60)


def level(buckets: TokenBuckets[str], key: str, now: float) -> tuple[int, float]:
    """What is left, and in how many seconds all of it is there."""
    full_in = buckets.full_in(key, now)
    return remaining(buckets.rate, full_in), full_in


def test_a_rate_is_read_as_settings_have_it() -> None:
    assert parse_rate("10 per 15 minutes") == Rate(10, 900)
    assert parse_rate("60000/minute") == Rate(60_000, 60)
    assert parse_rate(" OFF ") is parse_rate("0") is None
    for text in ("", "many", "10", "-1 per minute", "0 per minute"):
        with pytest.raises(ValueError, match=r"rate limit string|ever allowed"):
            parse_rate(text)


def test_a_bucket_gives_what_it_holds_and_then_what_comes_back() -> None:
    buckets: TokenBuckets[str] = TokenBuckets(TEN_A_MINUTE)

    assert [buckets.take("a", 4, NOW) for _ in range(2)] == [0, 0]
    assert level(buckets, "a", NOW) == (2, 48)
    assert buckets.take("a", 4, NOW) == 12
    assert buckets.take("a", 2, NOW) == 0
    assert buckets.take("a", 1, NOW) == 6
    assert buckets.take("a", 1, NOW + 5.5) == 0.5
    assert buckets.take("a", 1, NOW + 6) == 0
    assert level(buckets, "a", NOW + 6) == (0, 60)
    assert level(buckets, "a", NOW + 66) == (10, 0)
    assert level(buckets, "b", NOW) == (10, 0)


def test_what_costs_more_than_a_bucket_holds_needs_a_full_one_and_is_paid_off() -> None:
    buckets: TokenBuckets[str] = TokenBuckets(TEN_A_MINUTE)

    assert buckets.take("a", 30, NOW) == 0
    assert level(buckets, "a", NOW) == (0, 180)
    assert buckets.take("a", 1, NOW) == 126
    assert buckets.take("a", 30, NOW + 170) == 10
    assert buckets.take("a", 30, NOW + 180) == 0


def test_what_is_given_back_may_be_had_again() -> None:
    buckets: TokenBuckets[str] = TokenBuckets(TEN_A_MINUTE)
    buckets.take("a", 10, NOW)

    buckets.give_back("a", 1, NOW)
    assert level(buckets, "a", NOW) == (1, 54)
    for _ in range(20):
        buckets.give_back("a", 1, NOW)
    assert level(buckets, "a", NOW) == (10, 0)


@given(lists(tuples(integers(1, 12), integers(0, 90)), max_size=40))
def test_any_sequence_gets_what_an_exact_bucket_gives(asked: list[tuple[int, int]]) -> None:
    """Of 10 units, and one more in 6 seconds."""
    buckets: TokenBuckets[str] = TokenBuckets(TEN_A_MINUTE)
    now, level = 0, Fraction(10)
    for cost, seconds in asked:
        now, level = now + seconds, min(level + Fraction(seconds, 6), Fraction(10))
        is_enough = level >= min(cost, 10)
        assert (buckets.take("a", cost, NOW + now) == 0) is is_enough
        level -= cost if is_enough else 0
        assert remaining(TEN_A_MINUTE, buckets.full_in("a", NOW + now)) == max(floor(level), 0)


def test_however_many_come_so_many_are_remembered_and_the_newest_are() -> None:
    buckets: TokenBuckets[int] = TokenBuckets(TEN_A_MINUTE, most=100)

    for caller in range(10_000):
        buckets.take(caller, 10, NOW)

    assert len(buckets) <= 200
    assert all(buckets.take(caller, 1, NOW) for caller in range(9_900, 10_000))


def test_who_is_full_again_is_forgotten_and_who_owes_more_is_not() -> None:
    buckets: TokenBuckets[str] = TokenBuckets(TEN_A_MINUTE)
    buckets.take("owes", 100, NOW)
    for minute in range(5):
        buckets.take(f"visitor {minute}", 1, NOW + minute * 61)

    assert len(buckets) == 3
    assert level(buckets, "owes", NOW + 300) == (0, 300)
