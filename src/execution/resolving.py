"""The values of fields with a resolver, for all objects of a pool at once."""

from asyncio import FIRST_EXCEPTION, Task, create_task, gather, wait
from collections.abc import Awaitable, Coroutine, Sequence
from functools import lru_cache
from inspect import isawaitable, iscoroutine
from typing import Any, NamedTuple

from graphql.execution.values import VariableValues

from auth.access import Access, refusals, refusals_at_once
from base.errors import ExpectedError
from base.scheduler import RunQueue
from execution.arguments import arguments_of
from execution.faults import Surprise
from execution.pools import Pool
from execution.shapes import Resolved
from execution.showing import Showing
from graph.fields import Loads
from resolvers.context import Context

_NONE = type(None)


class _Info:
    """What resolvers are told of the execution: they ask for the context, and for nothing else."""

    __slots__ = ("context",)

    def __init__(self, context: Context) -> None:
        self.context = context

    def __getattr__(self, name: str) -> Any:
        raise Surprise(f"a resolver asks for {name}")


class _Begun(NamedTuple):
    """A field whose resolver was called for all objects of a pool."""

    found: list[Any]
    showing: Showing | None = None
    """None as long as what was found has to be awaited, or to be loaded."""


class Resolving:
    """Calls the resolvers of one answer."""

    def __init__(self, context: Context, variables: VariableValues) -> None:
        self._context = context
        self._run_queue = context.run_queue
        self._variables = variables
        self._info: Any = _Info(context)
        self._given: dict[Resolved, dict[str, Any]] = {}
        self._refused: dict[tuple[Pool, Sequence[Access]], list[ExpectedError | None]] = {}
        """Of each pool, by the relations that a field requires: mostly, several fields require the same."""
        self._begun: dict[tuple[Pool, Resolved], _Begun] = {}
        """Fields whose resolvers were called already."""

    async def key_of(self, chain: Sequence[Resolved], one: Any) -> Any:
        """What the last field gives for the object, where each field stands below the one before it. It reads
        nothing. Raises what a resolver raises.
        """
        *above, last = chain
        for source in above:
            assert source.loads
            assert source.loads.of
            one = source.loads.of(await self._called_for(source, one), source.loads.instead)
        return await self._called_for(last, one)

    async def _called_for(self, source: Resolved, one: Any) -> Any:
        found: list[Any] = [None]
        self._call(source, [one], found)
        await self._await_all(found)
        if isinstance(found[0], Exception):
            raise found[0]
        return found[0]

    def at_once(self, pool: Pool, source: Resolved) -> list[Any] | None:
        """The same as `values`, if nothing has to be awaited for them. None otherwise."""
        if source.is_async or not (found := self._called_at_once(pool, source)):
            return None
        showing = None
        if not _has_awaitables(found):
            if source.loads is None:
                return found
            showing = self._showing_at_once(source.loads, found, is_read=source.is_read)
            if showing and showing.is_done(self._run_queue):
                return found
        self._begun[pool, source] = _Begun(found, showing)
        return None

    def _called_at_once(self, pool: Pool, source: Resolved) -> list[Any] | None:
        found: list[Any] = [None] * len(pool.objects)
        if source.requires:
            refused = self._refusals_at_once(pool, source.requires)
            if refused is None:
                return None
            found[:] = refused
        self._call(source, pool.objects, found)
        return found

    async def values(self, pool: Pool, source: Resolved) -> list[Any]:
        """Of each object; an exception for each that failed."""
        begun = self._begun.pop((pool, source)) if (pool, source) in self._begun else None
        found, showing = begun or _Begun(await self._called(pool, source))
        if showing is None:
            await self._await_all(found)
        if source.loads:
            showing = showing or await self._showing(source.loads, found, is_read=source.is_read)
            while not showing.is_done(self._run_queue):
                await self._run_queue.wait_turn()
        return found

    async def _called(self, pool: Pool, source: Resolved) -> list[Any]:
        found: list[Any] = [None] * len(pool.objects)
        if source.requires:
            found[:] = await self._refusals(pool, source.requires)
        self._call(source, pool.objects, found)
        return found

    async def _refusals(self, pool: Pool, requires: Sequence[Access]) -> list[ExpectedError | None]:
        refused = self._refusals_at_once(pool, requires)
        if refused is None:
            rows = [one.row for one in pool.objects]
            refused = await refusals(self._context.loaders, self._context.viewer, requires, rows)
            self._refused[pool, requires] = refused
        return refused

    def _refusals_at_once(self, pool: Pool, requires: Sequence[Access]) -> list[ExpectedError | None] | None:
        refused = self._refused.get((pool, requires))
        if refused is None:
            rows = [one.row for one in pool.objects]
            refused = refusals_at_once(self._context.loaders, self._context.viewer, requires, rows)
            if refused is not None:
                self._refused[pool, requires] = refused
        return refused

    def _call(self, source: Resolved, objects: Sequence[Any], found: list[Any]) -> None:
        takes_object, arguments = source.takes_object, self.arguments_of(source)
        resolver = source.resolver
        if takes_object and not source.is_async and found.count(None) == len(found):
            try:
                found[:] = [resolver(one, **arguments) for one in objects]
            except Exception:  # noqa: S110
                pass  # Which of them fail is found one by one.
            else:
                return
        for number, one in enumerate(objects):
            if found[number] is None:
                try:
                    found[number] = resolver(one, **arguments) if takes_object else resolver(**arguments)
                except Exception as error:
                    found[number] = error

    def arguments_of(self, source: Resolved) -> dict[str, Any]:
        """With the info. Raises Surprise where one does not fit."""
        given = self._given.get(source)
        if given is None:
            given = arguments_of(source, self._variables)
            if source.info_name:
                given = {**given, source.info_name: self._info}
            self._given[source] = given
        return given

    async def _await_all(self, found: list[Any]) -> None:
        if not _has_awaitables(found):
            return
        waiting = {number: one for number, one in enumerate(found) if isawaitable(one)}
        if waiting:
            values = await self._each_in_turn(list(waiting.values()))
            for number, value in zip(waiting, values, strict=True):
                found[number] = value

    async def _each_in_turn(self, waiting: list[Awaitable[Any]]) -> list[Any]:
        try:
            return await side_by_side([_in_turn(self._run_queue, one) for one in waiting])
        except BaseException:
            # Python warns of coroutines that were never begun.
            for one in waiting:
                if iscoroutine(one):
                    one.close()
            raise

    async def _showing(self, loads: Loads, found: list[Any], *, is_read: bool) -> Showing:
        """What the loader has, or what stands for it if it is not needed."""
        places = _places_of_keys(found)
        values = [loads.instead] * len(places)
        if is_read:
            keys = [found[place] for place in places]
            known = await self._context.loaders[loads.loader].many(keys)
            values = [known[key] for key in keys]
        return Showing(loads, found, places, values)

    def _showing_at_once(self, loads: Loads, found: list[Any], *, is_read: bool) -> Showing | None:
        """The same if nothing has to be awaited. None otherwise."""
        places = _places_of_keys(found)
        values: list[Any] | None = [loads.instead] * len(places)
        if is_read:
            keys = found if len(places) == len(found) else [found[place] for place in places]
            values = self._context.loaders[loads.loader].known(keys)
        return None if values is None else Showing(loads, found, places, values)


def _places_of_keys(found: list[Any]) -> Sequence[int]:
    kinds = set(map(type, found))
    if all(map(_is_key, kinds)):
        return range(len(found))
    return [number for number, one in enumerate(found) if _is_key(one.__class__)]


@lru_cache(1_000)
def _is_key(kind: type) -> bool:
    return kind is not _NONE and not issubclass(kind, Exception)


def _has_awaitables(found: list[Any]) -> bool:
    return any(map(_is_awaitable, set(map(type, found))))


@lru_cache(1_000)
def _is_awaitable(kind: type) -> bool:
    return issubclass(kind, Awaitable)


async def _or_error(awaitable: Awaitable[Any]) -> Any:
    try:
        return await awaitable
    except Exception as error:
        return error


async def _in_turn(run_queue: RunQueue, awaitable: Awaitable[Any]) -> Any:
    """The value or the error, found when the request has its turn."""
    await run_queue.step(1)
    return await _or_error(awaitable)


async def side_by_side(coroutines: Sequence[Coroutine[Any, Any, Any]]) -> list[Any]:
    """What each returns. One that raises ends the others."""
    if len(coroutines) == 1:
        # A single one needs no task.
        return [await coroutines[0]]
    tasks = [create_task(one) for one in coroutines]
    try:
        done, _ = await wait(tasks, return_when=FIRST_EXCEPTION)
    finally:
        await _end(tasks)
    for task in done:
        # Raises what failed, and not what was ended because of it.
        task.result()
    return [task.result() for task in tasks]


async def _end(tasks: Sequence[Task[Any]]) -> None:
    unfinished = [task for task in tasks if not task.done()]
    for task in unfinished:
        task.cancel()
    if unfinished:
        await gather(*unfinished, return_exceptions=True)
