"""A planned answer is the one that GraphQL's own executor gives, byte for byte."""

from collections import Counter
from collections.abc import Iterable
from contextlib import AsyncExitStack
from dataclasses import replace
from random import Random
from typing import NamedTuple

import httpx

from execution.plans import FAILED, PLANNED, UNPLANNED
from loaders.figure_cache import FigureCache
from tests.conftest import client_of
from tests.draws import scaled
from tests.execution.operations import Asked, Drawn
from tests.isolation.world import CALLERS, Caller, World, made_world
from tests.studio import Studio

_DOCUMENTS = scaled(260)
_CALLERS = 4
"""How many ask for each document."""
_SHARE = """mutation($id: ID!) {
  updatePublication(input: {id: $id, sharedFigures: [TOTAL_VIEWS, TOTAL_LIKES]}) { publication { id } }
}"""
_ALIKE = ("cache-control", "etag", "vary", "content-type")


class Answered(NamedTuple):
    body: bytes
    status: int
    headers: list[str | None]
    statements: int


class Asking:
    """Asks each operation by two clients: one is answered by GraphQL's executor, the other one by plans."""

    def __init__(self, world: World, core: httpx.AsyncClient, planned: httpx.AsyncClient) -> None:
        self._world = world
        self._core = core
        self._planned = planned
        self._counts: Counter[str] = world.studio.services.plans
        self.seen: Counter[str] = Counter()

    async def compare(self, callers: Iterable[Caller], asked: Asked) -> None:
        for caller in callers:
            core = await self._answered(self._core, caller, asked)
            self._counts.clear()
            planned = await self._answered(self._planned, caller, asked)
            how = next(iter(self._counts), "refused")
            assert planned[:3] == core[:3], (caller, asked)
            if how == PLANNED:
                self.seen["with errors"] += b'"errors"' in core.body
                self.seen["statements of plans"] += planned.statements
                self.seen["statements of GraphQL's executor"] += core.statements
            self.seen[how] += 1

    async def _answered(self, client: httpx.AsyncClient, caller: Caller, asked: Asked) -> Answered:
        headers = {**self._world.headers(caller), "x-request-id": "0123456789abcdef"}
        body = {"query": asked.query, "variables": asked.variables}
        with self._world.studio.statements() as statements:
            response = await client.post("/graphql", json=body, headers=headers)
        kept = [response.headers.get(name) for name in _ALIKE]
        return Answered(response.content, response.status_code, kept, len(statements))


async def test_random_queries_are_answered_alike_by_plans_and_by_graphql(studio: Studio) -> None:
    world = await made_world(studio)
    await world.do("owner", _SHARE, id=world.ids["publication"])
    # What was read for one answer would be known for the other.
    services = replace(studio.services, figure_cache=FigureCache(seconds=0))
    random = Random(f"{services.database.url.drivername} {_DOCUMENTS}")  # noqa: S311
    async with AsyncExitStack() as stack:
        core, planned = [
            await stack.enter_async_context(client_of(replace(services, plans_after=times)))
            for times in (None, 0)
        ]
        asking = Asking(world, core, planned)
        for _ in range(_DOCUMENTS):
            await asking.compare(random.sample(CALLERS, _CALLERS), Drawn(random, world.ids).query())

    assert not asking.seen[FAILED] + asking.seen[UNPLANNED]
    assert asking.seen[PLANNED] > _DOCUMENTS * _CALLERS / 2
    # Not for each operation: how keys meet in batches depends on when statements return.
    assert asking.seen["statements of plans"] < asking.seen["statements of GraphQL's executor"]
    assert asking.seen["with errors"] > _DOCUMENTS * _CALLERS / 10
