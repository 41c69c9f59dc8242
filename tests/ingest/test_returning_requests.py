from asyncio import Task, create_task, get_running_loop, sleep, wait_for

import pytest

from ingest.returning_requests import ReturningRequests


async def has_ended(waiting: Task[None]) -> bool:
    await sleep(0.05)
    # A timer that was due meanwhile wakes its task some turns later.
    for _ in range(5):
        await sleep(0)
    return waiting.done()


async def waits_long(returning: ReturningRequests) -> bool:
    """After a batch of eight that took two minutes. All of them come back in the end."""
    returning.note_answers(8, seconds=120.0)
    waiting = create_task(returning.wait())
    was_long = not await has_ended(waiting)
    returning.note_requests(8)
    await waiting
    return was_long


async def wait_in_vain(returning: ReturningRequests) -> None:
    returning.note_answers(8, seconds=0.02)
    await returning.wait()


@pytest.mark.parametrize("requests", [0, 1, 4])
async def test_nobody_waits_after_a_batch_of_few_requests(requests: int) -> None:
    returning = ReturningRequests(60.0)
    returning.note_answers(requests, seconds=120.0)

    await wait_for(returning.wait(), 30)


async def test_the_wait_ends_when_as_many_requests_came_as_were_answered() -> None:
    returning = ReturningRequests(60.0)
    returning.note_answers(5, seconds=120.0)
    waiting = create_task(returning.wait())
    for _ in range(4):
        returning.note_requests()
    assert not await has_ended(waiting)
    returning.note_requests()

    assert await has_ended(waiting)


async def test_nobody_waits_if_all_came_before() -> None:
    returning = ReturningRequests(60.0)
    returning.note_answers(5, seconds=120.0)
    returning.note_requests(6)

    await wait_for(returning.wait(), 30)


async def test_who_came_while_the_batch_was_written_does_not_count() -> None:
    returning = ReturningRequests(60.0)
    returning.note_requests(5)
    returning.note_answers(5, seconds=120.0)
    waiting = create_task(returning.wait())

    assert not await has_ended(waiting)
    waiting.cancel()


async def test_the_wait_takes_half_of_the_time_of_the_batch() -> None:
    returning = ReturningRequests(60.0)
    returning.note_answers(5, seconds=2.0)
    waiting = create_task(returning.wait())
    await sleep(0.4)
    assert not waiting.done()

    # All of the time of the batch is over later than that.
    await wait_for(waiting, 1.2)


async def test_nobody_waits_for_those_who_were_answered_long_ago() -> None:
    returning = ReturningRequests(60.0)
    returning.note_answers(5, seconds=0.02)
    await sleep(0.02)
    returning.note_requests()
    before = get_running_loop().time()
    await returning.wait()

    assert get_running_loop().time() - before < 0.01
    # That was no wait in vain.
    assert await waits_long(returning)


async def test_the_wait_ends_when_there_is_no_room_for_more() -> None:
    returning = ReturningRequests(60.0)
    returning.note_answers(5, seconds=120.0)
    waiting = create_task(returning.wait())
    assert not await has_ended(waiting)
    returning.end_wait()
    await wait_for(waiting, 30)

    assert await waits_long(returning)


async def test_the_wait_takes_no_longer_than_the_most() -> None:
    returning = ReturningRequests(0.01)
    returning.note_answers(5, seconds=120.0)

    await wait_for(returning.wait(), 30)


async def test_after_waits_in_vain_more_and_more_batches_wait_briefly() -> None:
    returning = ReturningRequests(60.0)
    for brief in (1, 3, 7, 15, 15):
        await wait_in_vain(returning)
        assert [await waits_long(returning) for _ in range(brief)] == [False] * brief

    assert [await waits_long(returning) for _ in range(3)] == [True] * 3


async def test_one_wait_that_was_worth_it_ends_the_brief_ones() -> None:
    returning = ReturningRequests(60.0)
    await wait_in_vain(returning)
    assert [await waits_long(returning) for _ in range(2)] == [False, True]
    await wait_in_vain(returning)

    assert [await waits_long(returning) for _ in range(2)] == [False, True]


async def test_a_wait_is_not_in_vain_if_most_came_back() -> None:
    returning = ReturningRequests(60.0)
    returning.note_answers(8, seconds=0.1)
    returning.note_requests(6)
    await returning.wait()

    assert await waits_long(returning)
