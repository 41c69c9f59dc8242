"""A batch that is told in several turns: whoever asks meanwhile is told as well."""

from asyncio import ensure_future, gather, sleep, timeout
from collections.abc import Sequence

import pytest

from database import metered
from loaders.base import Loader, Loaders
from tests.studio import Studio

MANY = 1_000


class Doubles(Loader[int, int]):
    async def batch_load_fn(self, keys: Sequence[int]) -> list[int]:
        return [2 * key for key in keys]


def loaders_of(studio: Studio) -> Loaders:
    return Loaders(studio.services.database, studio.services.figure_cache, studio.clock.now)


class Failures(Loader[int, int]):
    async def batch_load_fn(self, keys: Sequence[int]) -> list[int]:
        raise ValueError(len(keys))


async def test_who_asks_while_a_batch_is_told_is_told_as_well(studio: Studio) -> None:
    loader = Doubles(loaders_of(studio))

    async def asked_twice(key: int) -> tuple[int, int]:
        first = await loader.load(key)
        return first, await loader.load((key + 150) % MANY)

    with metered():
        async with timeout(10):
            answers = await gather(*(asked_twice(key) for key in range(MANY)))

    assert answers == [(2 * key, 2 * ((key + 150) % MANY)) for key in range(MANY)]


async def test_who_asks_while_a_batch_is_told_that_failed_is_told_as_well(studio: Studio) -> None:
    loader = Failures(loaders_of(studio))

    async def refused(key: int) -> str:
        with pytest.raises(ValueError, match=r"^\d+$") as error:
            await loader.load(key)
        return str(error.value)

    async def refused_twice(key: int) -> tuple[str, str]:
        return await refused(key), await refused((key + 150) % MANY)

    with metered():
        async with timeout(10):
            answers = await gather(*(refused_twice(key) for key in range(MANY)))

    assert {first for first, _ in answers} == {str(MANY)}


@pytest.mark.parametrize("turns", [0, 1, 2, 3])
async def test_one_who_gives_up_takes_nobody_along(studio: Studio, turns: int) -> None:
    loader = Doubles(loaders_of(studio))

    async def asked() -> int:
        return await loader.load(1)

    hasty = ensure_future(asked())
    for _ in range(turns):
        await sleep(0)
    hasty.cancel()

    async with timeout(10):
        assert await asked() == 2
