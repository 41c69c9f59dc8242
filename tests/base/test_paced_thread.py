"""Threads that leave the interpreter to the event loop."""

import time
from asyncio import create_task, sleep
from concurrent.futures import ThreadPoolExecutor

import pytest

from base.paced_thread import in_paced_thread, pause

_PIECES = 100


def hold_after(done: list[int], seconds: float) -> None:
    """Holds the event loop for so long after the thread has begun."""
    while not done:
        time.sleep(0.0001)
    time.sleep(seconds)


async def test_a_thread_waits_while_the_event_loop_is_held() -> None:
    done: list[int] = []

    def work() -> str:
        for number in range(_PIECES):
            end = time.perf_counter() + 0.0001
            while time.perf_counter() < end:
                pass
            done.append(number)
            pause()
        return "done"

    with ThreadPoolExecutor(1) as executor:
        task = create_task(in_paced_thread(executor, work))
        await sleep(0)
        # The event loop is held here for longer than the thread would need.
        hold_after(done, 0.05)
        assert len(done) < _PIECES

        assert await task == "done"
    assert done == list(range(_PIECES))


async def test_an_error_in_a_thread_is_raised() -> None:
    def fail() -> None:
        pause()
        raise ValueError("no")

    with ThreadPoolExecutor(1) as executor, pytest.raises(ValueError, match="no"):
        await in_paced_thread(executor, fail)


def test_outside_of_such_a_thread_nobody_waits() -> None:
    for _ in range(_PIECES):
        pause()
