"""Large answers are made in pieces, so that other requests need not wait for them.

GraphQL's executor completes a list in one go. This one stops in a list when it has done enough in one turn of
the event loop, and goes on in the next turn of its request. The answer is the same.
"""

from asyncio import CancelledError, Task, create_task, wait
from collections.abc import Awaitable, Coroutine, Iterable
from contextlib import suppress
from inspect import CORO_CREATED, getcoroutinestate, iscoroutine
from typing import Any

from graphql import GraphQLObjectType, GraphQLOutputType, GraphQLResolveInfo
from graphql.execution.collect_fields import FieldDetailsList, GroupedFieldSet
from graphql.pyutils import AwaitableOrValue, Path

from base.scheduler import batched
from graph.partial_results import PartialList, PartialObject, QueuedExecutor, json_items, json_list

_SMALL = 16
"""A list of this many items or fewer does not become text by itself."""
_AT_ONCE = 16
"""How many items become text between two looks at the clock."""


class Executor(QueuedExecutor):
    """Once an answer has waited for a turn, each of its lists becomes text as soon as the list is complete.

    So the whole answer need not be kept until the end, and is not turned into text in one go.
    """

    is_given_up = False
    _abandoned: list[Coroutine[Any, Any, Any]] | None = None
    """The coroutines that a task is ending; None if there is no such task."""

    def execute_fields(
        self,
        parent_type: GraphQLObjectType,
        source_value: Any,
        path: Path | None,
        grouped_field_set: GroupedFieldSet,
        position_context: Any,
    ) -> AwaitableOrValue[dict[str, Any]]:
        fields = PartialObject(self, parent_type, source_value, path, grouped_field_set, position_context)
        if not fields.go_on():
            return self._fields_in_turns(fields)
        if fields.awaited:
            return self._with_awaited(fields.completed, fields.awaited)
        return _whole(fields.completed) if fields.is_failed else fields.completed

    def complete_iterable_value(
        self,
        item_type: GraphQLOutputType,
        field_details_list: FieldDetailsList,
        info: GraphQLResolveInfo[Any],
        path: Path,
        items: Iterable[Any],
        position_context: Any,
    ) -> AwaitableOrValue[Any]:
        listing = PartialList(self, items, path, item_type, field_details_list, info, position_context)
        if not listing.go_on():
            return self._in_turns(listing)
        if listing.awaited:
            return self._with_awaited(listing.completed, listing.awaited)
        if listing.is_failed:
            return _whole(listing.completed)
        if self.run_queue.has_yielded and len(listing.completed) > _SMALL:
            return json_list([json_items(listing.completed)])
        return listing.completed

    async def complete_awaitable_value(
        self,
        return_type: GraphQLOutputType,
        field_details_list: FieldDetailsList,
        info: GraphQLResolveInfo[Any],
        path: Path,
        result: Any,
        position_context: Any,
    ) -> Any:
        if self.is_given_up:
            _close(result)
            return None
        self.run_queue.steps += 1
        if self.run_queue.steps > self.run_queue.check_after:
            await self._let_others_before(result)
        try:
            resolved = await result
            if self.run_queue.steps > self.run_queue.check_after:
                await self.let_others()
            completed = self.complete_value(
                return_type, field_details_list, info, path, resolved, position_context
            )
            return await completed if self.is_awaitable(completed) else completed
        except Exception as error:
            self.handle_field_error(error, return_type, field_details_list, path)
            return None

    async def _let_others_before(self, awaitable: Any) -> None:
        try:
            await self.let_others()
        except CancelledError:
            _close(awaitable)
            raise

    async def _fields_in_turns(self, fields: PartialObject) -> Any:
        is_whole = False
        while not is_whole:
            if self.is_given_up:
                self._abandon(fields.waiting())
                return None
            try:
                await self.let_others()
            except CancelledError:
                self._abandon(fields.waiting())
                raise
            is_whole = fields.go_on()
        await self._await_all(fields.completed, fields.awaited)
        return _whole(fields.completed)

    async def _in_turns(self, listing: PartialList) -> Any:
        if self.is_given_up:
            self._abandon(listing.waiting())
            return None
        while True:
            try:
                await self.let_others()
            except CancelledError:
                self._abandon(listing.waiting())
                raise
            if listing.go_on():
                break
            if not listing.awaited:
                listing.shorten()
        await self._await_all(listing.completed, listing.awaited)
        return listing.text(await self._texts(_whole(listing.completed)))

    async def _with_awaited(self, results: Any, awaited: list[Any]) -> Any:
        """The list or object, once all that is awaited in it has come."""
        if self.is_given_up:
            self._abandon(results[place] for place in awaited)
            return None
        if self.run_queue.steps > self.run_queue.check_after:
            try:
                await self.let_others()
            except CancelledError:
                self._abandon(results[place] for place in awaited)
                raise
        if len(awaited) == 1:
            # A single one needs no task.
            place = awaited[0]
            results[place] = await _value_or_error(results[place])
        else:
            await self._await_all(results, awaited)
        _whole(results)
        if self.run_queue.has_yielded and isinstance(results, list) and len(results) > _SMALL:
            return json_list(await self._texts(results))
        return results

    async def _await_all(self, results: Any, awaited: list[Any]) -> None:
        """Awaits each in a task of its own. An exception stands for what failed."""
        if not awaited:
            return
        run_queue = self.run_queue
        tasks: list[Task[Any]] = []
        try:
            for place in awaited:
                run_queue.steps += 1
                if run_queue.steps > run_queue.check_after:
                    await self.let_others()
                tasks.append(create_task(results[place]))
            await wait(tasks)
        except CancelledError:
            self._give_up([results[place] for place in awaited], tasks)
            raise
        for place, task in zip(awaited, tasks, strict=True):
            results[place] = task.exception() or task.result()

    def _give_up(self, waiting: list[Coroutine[Any, Any, Any]], tasks: list[Task[Any]]) -> None:
        """Ends tasks, and coroutines that still wait for a task."""
        self._abandon(one for one in waiting if getcoroutinestate(one) == CORO_CREATED)
        for task in tasks:
            task.cancel()
        self.settle_in_background(list(tasks))

    async def _texts(self, items: list[Any]) -> list[bytes]:
        texts = []
        for piece in batched(items, _AT_ONCE):
            texts.append(json_items(piece))
            self.run_queue.steps += _AT_ONCE
            if self.run_queue.steps > self.run_queue.check_after:
                await self.let_others()
        return texts

    async def let_others(self) -> None:
        """Gives other requests their turn, if enough was done in this one."""
        if self.run_queue.must_yield():
            await self.run_queue.wait_turn()

    def _abandon(self, waiting: Iterable[Coroutine[Any, Any, Any]]) -> None:
        """Ends coroutines that were made and are not needed. Python warns of coroutines that nobody
        awaits."""
        if self._abandoned is not None:
            self._abandoned.extend(waiting)
        elif abandoned := list(waiting):
            self._abandoned = abandoned
            self.settle_in_background([self._end_all(abandoned)])

    async def _end_all(self, abandoned: list[Coroutine[Any, Any, Any]]) -> None:
        """There may be many for one answer, so this takes turns as well."""
        try:
            while abandoned:
                self._end(abandoned.pop())
                await self.run_queue.step(1)
        finally:
            while abandoned:
                self._end(abandoned.pop())
            self._abandoned = None

    def _end(self, one: Coroutine[Any, Any, Any]) -> None:
        """A coroutine that runs while `is_given_up` is set only abandons what it would have awaited."""
        self.is_given_up = True
        # The coroutine ends at once, with StopIteration.
        with suppress(Exception):
            one.send(None)
        self.is_given_up = False
        one.close()


async def _value_or_error(awaitable: Awaitable[Any]) -> Any:
    try:
        return await awaitable
    except Exception as error:
        return error


def _whole(results: Any) -> Any:
    """Raises the first error in it."""
    for result in results.values() if isinstance(results, dict) else results:
        if isinstance(result, Exception):
            # What is not answered refers to the errors in it, and an error to the frames of its trace.
            results.clear()
            raise result
    return results


def _close(awaitable: Any) -> None:
    """Closes a coroutine that was not begun; other awaitables need no closing."""
    if iscoroutine(awaitable):
        awaitable.close()
