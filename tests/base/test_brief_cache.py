from base.brief_cache import BriefCache


def test_a_value_is_known_until_its_seconds_are_over() -> None:
    times = iter([0.0, 3.0, 9.9, 10.0, 10.0, 13.0])
    cache: BriefCache[str, int] = BriefCache(10, 10, lambda: next(times))
    cache.keep("a", 1)
    cache.keep("b", 2)

    assert cache.known(["a", "b", "c"]) == {"a": 1, "b": 2}
    assert cache.known(["a", "b"]) == {"b": 2}
    assert cache.unknown(["a", "b", "c"]) == ["a", "c"]
    assert cache.unknown(["a", "b"]) == ["a", "b"]


def test_a_value_that_is_kept_again_is_the_newest() -> None:
    times = iter([0.0, 5.0, 6.0, 11.0, 15.0])
    cache: BriefCache[str, int] = BriefCache(10, 10, lambda: next(times))
    cache.keep("a", 1)
    cache.keep("b", 2)
    cache.keep("a", 3)

    assert cache.known(["a", "b"]) == {"a": 3, "b": 2}
    assert cache.known(["a", "b"]) == {"a": 3}


def test_the_oldest_value_makes_room_for_a_new_one() -> None:
    cache: BriefCache[int, int] = BriefCache(2, 10, lambda: 0.0)
    for key in (1, 2, 1, 3):
        cache.keep(key, -key)

    assert cache.known([1, 2, 3]) == {1: -1, 3: -3}


def test_what_is_over_is_no_longer_held() -> None:
    time = 0.0
    cache: BriefCache[int, int] = BriefCache(10, 10, lambda: time)
    cache.keep(1, 1)
    time = 10.0
    cache.keep(2, 2)
    time = 9.0

    assert cache.known([1, 2]) == {2: 2}
