"""How the loaders of a request are found, and what each has from its base.

A batch is told in several turns: whoever asks meanwhile is told as well.
"""

from asyncio import ensure_future, gather, sleep, timeout
from collections.abc import Iterator, Sequence
from typing import Any
from weakref import ref

import pytest

from base.ids import parse_global_id
from database import metered
from loaders.assets import AssetByPublicId, AssetsOfWorkspace
from loaders.base import GroupLoader, Loader, Loaders, RowLoader
from loaders.cached import CachedLoader
from loaders.counts import CountsBySubject
from loaders.engagement import EngagementOfPublication
from loaders.people import UserById
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


def kinds(kind: type[Any] = Loader) -> Iterator[type[Loader[Any, Any]]]:
    """Those that a request can ask for."""
    for known in kind.__subclasses__():
        yield from kinds(known)
        if not known.__module__.startswith("tests.") and known not in (RowLoader, GroupLoader, CachedLoader):
            yield known


async def test_a_loader_is_found_by_its_class_and_made_once(studio: Studio) -> None:
    loaders = loaders_of(studio)

    assert type(loaders[UserById]) is UserById
    assert loaders[UserById] is loaders[UserById]
    assert loaders[UserById] is not loaders_of(studio)[UserById]
    assert set(loaders) == {UserById}


async def test_a_loader_asks_the_others_of_its_request(studio: Studio) -> None:
    loaders = loaders_of(studio)

    assert loaders[EngagementOfPublication]._counts is loaders[CountsBySubject]


async def test_what_a_request_loaded_is_freed_when_it_forgets_its_loaders(studio: Studio) -> None:
    """Without waiting for the garbage collector: no loader keeps the others."""
    for kind in kinds():
        loaders = loaders_of(studio)
        loader = ref(loaders[kind])
        del loaders
        assert loader() is None, kind


async def test_rows_are_grouped_by_their_keys_in_the_order_of_the_statement(studio: Studio) -> None:
    named = [
        await studio.add_asset(name, workspace=workspace)
        for name, workspace in (("Chair", 0), ("Lamp", 1), ("Table", 0))
    ]
    with metered():
        loaders = loaders_of(studio)
        public_ids = [parse_global_id(id)[1] for id in named]
        chair, lamp, table = [row for row in await loaders[AssetByPublicId].load_many(public_ids) if row]

        keys = [lamp.workspace_id, 0, chair.workspace_id]
        groups = await loaders[AssetsOfWorkspace].load_many(keys)

    assert [[row.id for row in group] for group in groups] == [[lamp.id], [], [chair.id, table.id]]
