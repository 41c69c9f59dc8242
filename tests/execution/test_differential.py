"""A planned answer is the one that GraphQL's own executor gives."""

from collections import Counter
from dataclasses import replace
from random import Random
from typing import NamedTuple

import orjson

from execution.plans import FAILED, FIRST, PLANNED, SURPRISED, UNPLANNED
from loaders.figure_cache import FigureCache
from tests.conftest import client_of
from tests.draws import scaled
from tests.execution.operations import Asked, Drawn
from tests.isolation.world import CALLERS, Caller, World, made_world
from tests.studio import Studio

_OPERATIONS = scaled(150)
_ALIKE = ("cache-control", "etag", "vary", "content-type")


class Answered(NamedTuple):
    body: bytes
    status: int
    headers: list[str | None]
    statements: int

    def in_order(self) -> bytes:
        """Errors are listed as they become known, and that is nobody's promise."""
        if b'"errors"' not in self.body:
            return self.body
        found = orjson.loads(self.body)
        found["errors"].sort(key=lambda error: repr(error.get("path")))
        return orjson.dumps(found)


class Asking:
    """Asks each operation twice: the first time GraphQL's executor answers, and the second time a plan."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.counts: Counter[str] = world.studio.services.plans
        self.seen: Counter[str] = Counter()

    async def compare(self, caller: Caller, asked: Asked) -> None:
        self.counts.clear()
        core = await self._answered(caller, asked)
        is_first = self.counts.pop(FIRST, 0)
        planned = await self._answered(caller, asked)
        how = next(iter(self.counts), "refused")
        assert bool(is_first) is (how != "refused"), (how, asked)
        assert planned[1:3] == core[1:3], (caller, asked)
        if False and how == SURPRISED:
            # Below what became null, GraphQL's executor itself lists other errors each time.
            assert orjson.loads(planned.body)["data"] == orjson.loads(core.body)["data"], (caller, asked)
        else:
            assert planned.body == core.body, (caller, asked)
        if how == PLANNED:
            assert planned.statements <= core.statements, (caller, asked)
            self._note(core, planned)
        self.seen[how] += 1

    def _note(self, core: Answered, planned: Answered) -> None:
        self.seen["with errors"] += b'"errors"' in core.body
        self.seen["in the same order"] += core.body == planned.body
        self.seen["fewer statements"] += planned.statements < core.statements

    async def _answered(self, caller: Caller, asked: Asked) -> Answered:
        headers = {**self._world.headers(caller), "x-request-id": "0123456789abcdef"}
        body = {"query": asked.query, "variables": asked.variables}
        with self._world.studio.statements() as statements:
            response = await self._world.studio.client.post("/graphql", json=body, headers=headers)
        kept = [response.headers.get(name) for name in _ALIKE]
        return Answered(response.content, response.status_code, kept, len(statements))


async def test_random_queries_are_answered_alike_by_plans_and_by_graphql(studio: Studio) -> None:
    world = await made_world(studio)
    # What was read for the first answer would be known for the second.
    studio.services = replace(studio.services, figure_cache=FigureCache(seconds=0))
    random = Random(f"{studio.services.database.url.drivername} {_OPERATIONS}")  # noqa: S311
    async with client_of(studio.services) as client:
        studio.client = client
        asking = Asking(world)
        for _ in range(_OPERATIONS):
            await asking.compare(random.choice(CALLERS), Drawn(random, world.ids).query())

    assert not asking.seen[FAILED] + asking.seen[UNPLANNED]
    assert asking.seen[PLANNED] > _OPERATIONS / 2
    assert asking.seen["with errors"] > _OPERATIONS / 10
