from asyncio import create_task, gather, sleep

from base.lanes import Lanes


async def test_of_each_caller_so_many_are_inside_and_nobody_waits_for_another() -> None:
    lanes = Lanes(2)
    inside: dict[str, int] = {"a": 0, "b": 0}
    most = dict(inside)
    done: list[str] = []

    async def use(caller: str, turns: int) -> None:
        async with lanes.of(caller):
            inside[caller] += 1
            most[caller] = max(most[caller], inside[caller])
            for _ in range(turns):
                await sleep(0)
            inside[caller] -= 1
            done.append(caller)

    crowd = [create_task(use("a", 10)) for _ in range(20)]
    await sleep(0)
    await use("b", 1)
    # Before the first of the crowd.
    assert done == ["b"]
    await gather(*crowd)

    assert most == {"a": 2, "b": 1}
    assert len(lanes) == 0


async def test_who_is_cancelled_while_waiting_leaves_the_lane() -> None:
    lanes = Lanes(1)

    async def use() -> None:
        async with lanes.of("a"):
            await sleep(0)

    async with lanes.of("a"):
        waiting = create_task(use())
        await sleep(0)
        waiting.cancel()
        await gather(waiting, return_exceptions=True)
    await use()

    assert len(lanes) == 0
