"""Threads that leave the interpreter to the event loop."""

import time
from asyncio import create_task, gather, get_running_loop, sleep, timeout
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from base import paced_thread, scheduler
from base.paced_thread import in_paced_thread, pause
from base.scheduler import RunQueue, Scheduler

_PIECES = 100


def hold_after(done: list[int], seconds: float) -> None:
    """Holds the event loop for so long after the thread has begun."""
    hold_until(done, 1)
    time.sleep(seconds)


def hold_until(done: list[int], pieces: int) -> None:
    while len(done) < pieces:
        time.sleep(0.0001)


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


async def test_turns_that_come_too_late_are_not_taken_for_later_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paced_thread, "_SLICE_SECONDS", 0.0)
    monkeypatch.setattr(paced_thread, "_LONGEST_WAIT_SECONDS", 0.001)
    done: list[int] = []

    def work() -> None:
        for number in range(_PIECES):
            done.append(number)
            if number == _PIECES // 2:
                go_on.wait()
                monkeypatch.setattr(paced_thread, "_LONGEST_WAIT_SECONDS", 60.0)
            pause()

    go_on = Event()
    with ThreadPoolExecutor(1) as executor:
        task = create_task(in_paced_thread(executor, work))
        await sleep(0)
        # The event loop is held until the thread has asked for many turns, and waits for none of them.
        hold_until(done, _PIECES // 2 + 1)
        await sleep(0)
        await gather(*paced_thread._asking)
        go_on.set()
        hold_after(done, 0.05)
        assert len(done) == _PIECES // 2 + 1

        await task
    assert done == list(range(_PIECES))


async def test_a_thread_goes_on_while_there_are_always_short_requests(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    patient = Scheduler(get_running_loop(), patience_seconds=60, short_seconds=60)
    monkeypatch.setattr(scheduler, "_scheduler", patient)
    patient.add_short(RunQueue())

    def work() -> str:
        for _ in range(30):
            time.sleep(0.001)
            pause()
        return "done"

    with ThreadPoolExecutor(1) as executor:
        async with timeout(10):
            assert await in_paced_thread(executor, work) == "done"


async def test_an_error_in_a_thread_is_raised() -> None:
    def fail() -> None:
        pause()
        raise ValueError("no")

    with ThreadPoolExecutor(1) as executor, pytest.raises(ValueError, match="no"):
        await in_paced_thread(executor, fail)


def test_outside_of_such_a_thread_nobody_waits() -> None:
    for _ in range(_PIECES):
        pause()
