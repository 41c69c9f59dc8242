"""Walks an answer by its plan: a level of objects at a time, from the top to the bottom."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, TypeAlias

import orjson
from graphql.execution.values import VariableValues

from base.scheduler import batched
from execution.columns import Below, Columns
from execution.known import Known
from execution.pools import TOP, Place, Pool, Root
from execution.resolving import Resolving, side_by_side
from execution.series import PointsOfSeries
from execution.series_ahead import Chain
from execution.shapes import Resolved, Selected, Shape
from graph.error_order import Fault
from graph.partial_results import json_items, json_list
from loaders.series_ahead import SeriesAhead
from resolvers.context import Context

_SMALL = 16
"""A list of this many items or fewer does not become text by itself."""
_AT_ONCE = 16
"""How many items become text between two looks at the clock."""


_Waiting: TypeAlias = tuple[Pool, Selected]
"""A field whose values have to be awaited."""


class Walked(NamedTuple):
    data: dict[str, Any] | None
    """None if an error makes the object at the top null."""
    faults: list[Fault]


class Walk:
    """One answer. Raises Surprise where only GraphQL's executor can say what the answer is."""

    def __init__(self, context: Context, variables: VariableValues) -> None:
        self._run_queue = context.run_queue
        self._columns = Columns(context)
        self._resolving = Resolving(context, variables)
        self._known = Known(context, self._resolving.arguments_of)
        self._variables = variables

    async def foreseen(self, series: Iterable[Chain]) -> SeriesAhead | None:
        """The first series that can be read together with its row."""
        for chain in series:
            if found := await chain.series(self._resolving, self._variables.coerced):
                return found
        return None

    async def answer(self, shape: Shape, top: Any = None, place: Place = TOP) -> Walked:
        """`top`: the object at the top, which stands at `place` in the answer."""
        root = Pool(shape, [top], Root(place))
        await self._complete([root])
        answer: Any = root.answers[0]
        for path in self._columns.nulls:
            answer = _with_null(answer, path[len(place.path) :])
        return Walked(answer, self._columns.faults)

    async def _complete(self, pools: Below) -> None:
        """Opens all that needs no waiting first, so that loaders get the keys of all of them at once."""
        opened: Below = []
        waiting: list[_Waiting] = []
        await self._open(pools, opened, waiting)
        if waiting:
            await side_by_side([self._wait(*one) for one in waiting])
        # What stands below comes later in the list.
        for one in reversed(opened):
            await self._close(one)

    async def _open(self, pools: Below, opened: Below, waiting: list[_Waiting]) -> None:
        """Level by level. Adds to `waiting` the fields whose values have to be awaited."""
        while pools:
            below: Below = []
            for one in pools:
                if isinstance(one, PointsOfSeries):
                    opened.append(one)
                    below.append(one.groups)
                elif one.objects:
                    if self._must_wait(1):
                        await self._run_queue.wait_turn()
                    if not self._known.completes(one):
                        opened.append(one)
                        await self._open_fields(one, below, waiting)
            pools = below

    async def _open_fields(self, pool: Pool, below: Below, waiting: list[_Waiting]) -> None:
        for field in pool.shape.fields:
            if self._must_wait(len(pool.objects)):
                await self._run_queue.wait_turn()
            if not self._is_completed(pool, field, below):
                waiting.append((pool, field))

    def _is_completed(self, pool: Pool, field: Selected, below: Below) -> bool:
        """Completes the field, unless something has to be awaited for it."""
        values = self._values(pool, field)
        if values is None:
            return False
        pool.columns[field.name] = self._columns.completed(pool, field, values, below)
        return True

    def _values(self, pool: Pool, field: Selected) -> list[Any] | None:
        source = field.source
        if isinstance(source, Resolved):
            return self._resolving.at_once(pool, source)
        return source.values(pool.objects)

    async def _wait(self, pool: Pool, field: Selected) -> None:
        assert isinstance(field.source, Resolved)
        await self._run_queue.step(len(pool.objects))
        values = await self._resolving.values(pool, field.source)
        below: Below = []
        pool.columns[field.name] = self._columns.completed(pool, field, values, below)
        if below:
            await self._complete(below)

    def _must_wait(self, steps: int) -> bool:
        """Counts work that was done. Whether others must have a turn first."""
        run_queue = self._run_queue
        run_queue.steps += steps
        return run_queue.steps > run_queue.check_after and run_queue.must_yield()

    async def _close(self, one: Pool | PointsOfSeries) -> None:
        if self._must_wait(1):
            await self._run_queue.wait_turn()
        if isinstance(one, PointsOfSeries):
            await one.complete(self._run_queue)
        else:
            if self._run_queue.has_yielded:
                await self._shorten(one)
            one.fill()

    async def _shorten(self, pool: Pool) -> None:
        """Lists of large answers become text, so that not all is kept, and made text, in one go."""
        if self._columns.nulls:
            # Something within a list may still become null.
            return
        for name in pool.shape.lists:
            column = pool.list_of(name)
            for number, items in enumerate(column):
                if isinstance(items, list) and len(items) > _SMALL:
                    column[number] = await self._text(items)

    async def _text(self, items: Iterable[Any]) -> orjson.Fragment:
        texts = []
        for some in batched(items, _AT_ONCE):
            texts.append(json_items(some))
            await self._run_queue.step(_AT_ONCE)
        return json_list(texts)


def _with_null(answer: Any, path: Sequence[str | int]) -> Any:
    """The answer, with null in place of what stands there. Something around it may be null already."""
    if not path:
        return None
    around = answer
    for step in path[:-1]:
        around = around and around[step]
    if around:
        around[path[-1]] = None
    return answer
