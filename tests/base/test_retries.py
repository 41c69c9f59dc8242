"""What fails is tried again, with pauses that double."""

import pytest

from base.retries import Backoff, retried


def test_pauses_double_up_to_the_longest() -> None:
    backoff = Backoff(0.5, 3.0)

    assert [backoff.pause(attempt) for attempt in (1, 2, 3, 4, 2_000)] == [0.5, 1.0, 2.0, 3.0, 3.0]


def test_jitter_adds_to_a_pause_but_not_to_the_longest() -> None:
    pauses = [Backoff(0.5, 1.0, jitter=0.25).pause(1) for _ in range(100)]

    assert 0.5 <= min(pauses) < max(pauses) <= 0.75
    assert Backoff(1.0, 1.0, jitter=1.0).pause(1) == 1.0


async def test_the_first_attempt_that_does_not_fail_counts() -> None:
    failed: list[int] = []

    async def work(attempt: int) -> str:
        if attempt < 3:
            raise ValueError(attempt)
        return f"attempt {attempt}"

    def pause_after(error: Exception, attempt: int) -> float:
        assert error.args == (attempt,)
        failed.append(attempt)
        return 0.0

    assert await retried(work, pause_after) == "attempt 3"
    assert failed == [1, 2]


async def test_an_error_without_a_pause_is_raised() -> None:
    attempts: list[int] = []

    async def work(attempt: int) -> None:
        attempts.append(attempt)
        raise ValueError(attempt)

    with pytest.raises(ValueError, match="2"):
        await retried(work, lambda _, attempt: 0.0 if attempt < 2 else None)
    assert attempts == [1, 2]
