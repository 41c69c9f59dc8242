"""Answers are made in pieces, so that nobody else waits for a large one.

GraphQL's executor completes a list in one go. Here, once enough was done since the event loop turned, a list
is left where it is and goes on in its next turn; so does whatever else waits. What is made of it is the same.
"""

from asyncio import FIRST_EXCEPTION, CancelledError, Task, create_task, gather, wait
from collections.abc import Coroutine, Iterable, Sequence
from contextlib import suppress
from inspect import CORO_CREATED, getcoroutinestate, iscoroutine
from typing import Any

import orjson
from graphql import GraphQLObjectType, GraphQLOutputType, GraphQLResolveInfo, Undefined
from graphql.execution.collect_fields import FieldDetailsList, GroupedFieldSet
from graphql.pyutils import AwaitableOrValue, Path
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from base.scheduler import RunQueue, batched
from resolvers.context import Context

_SMALL = 16
"""Items of a list that is not worth a text of its own."""
_AT_ONCE = 16
"""Items that are turned into text between looks at the clock."""


class Execution(StrawberryGraphQLCoreExecutionContext):
    """Once an answer has waited for a turn, its lists become text as soon as they are complete.

    So the whole needs not be turned into text in the end, in one go, nor be kept until then.
    """

    _is_given_up = False
    _abandoned: list[Coroutine[Any, Any, Any]] | None = None
    """None where nothing is: then nobody ends what is."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        context: Context = self.context_value
        self.run_queue: RunQueue = context.run_queue

    def execute_fields(
        self,
        parent_type: GraphQLObjectType,
        source_value: Any,
        path: Path | None,
        grouped_field_set: GroupedFieldSet,
        position_context: Any,
    ) -> AwaitableOrValue[dict[str, Any]]:
        fields = _Fields(self, parent_type, source_value, path, grouped_field_set, position_context)
        if not fields.go_on():
            return self._fields_in_turns(fields)
        return self._with_awaited(fields.completed, fields.awaited) if fields.awaited else fields.completed

    def complete_iterable_value(
        self,
        item_type: GraphQLOutputType,
        field_details_list: FieldDetailsList,
        info: GraphQLResolveInfo[Any],
        path: Path,
        items: Iterable[Any],
        position_context: Any,
    ) -> AwaitableOrValue[Any]:
        listing = _Listing(self, items, path, item_type, field_details_list, info, position_context)
        if not listing.go_on():
            return self._in_turns(listing)
        if listing.awaited:
            return self._with_awaited(listing.completed, listing.awaited)
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
        if self._is_given_up:
            _close(result)
            return None
        self.run_queue.steps += 1
        if self.run_queue.steps > self.run_queue.check_after:
            try:
                await self.let_others()
            except CancelledError:
                _close(result)
                raise
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

    async def _fields_in_turns(self, fields: "_Fields") -> Any:
        is_whole = False
        while not is_whole:
            if self._is_given_up:
                self._abandon(fields.waiting())
                return None
            try:
                await self.let_others()
            except CancelledError:
                self._abandon(fields.waiting())
                raise
            is_whole = fields.go_on()
        if fields.awaited:
            await self._await_all(fields.completed, fields.awaited)
        return fields.completed

    async def _in_turns(self, listing: "_Listing") -> Any:
        if self._is_given_up:
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
        if listing.awaited:
            await self._await_all(listing.completed, listing.awaited)
        return listing.text(await self._texts(listing.completed))

    async def _with_awaited(self, results: Any, awaited: list[Any]) -> Any:
        """A list or an object, with what is awaited in its place."""
        if self._is_given_up:
            self._abandon(results[place] for place in awaited)
            return None
        if self.run_queue.steps > self.run_queue.check_after:
            try:
                await self.let_others()
            except CancelledError:
                self._abandon(results[place] for place in awaited)
                raise
        if len(awaited) == 1:
            # Without a task for the only one.
            place = awaited[0]
            results[place] = await results[place]
        else:
            await self._await_all(results, awaited)
        if self.run_queue.has_yielded and isinstance(results, list) and len(results) > _SMALL:
            return json_list(await self._texts(results))
        return results

    async def _await_all(self, results: Any, awaited: list[Any]) -> None:
        """In tasks of their own. What fails ends the others."""
        run_queue = self.run_queue
        tasks: list[Task[Any]] = []
        try:
            for place in awaited:
                run_queue.steps += 1
                if run_queue.steps > run_queue.check_after:
                    await self.let_others()
                tasks.append(create_task(results[place]))
            _, unfinished = await wait(tasks, return_when=FIRST_EXCEPTION)
        except CancelledError:
            waiting = [results[place] for place in awaited]
            self._abandon(one for one in waiting if getcoroutinestate(one) == CORO_CREATED)
            for task in tasks:
                task.cancel()
            self.settle_in_background(list(tasks))
            raise
        if unfinished:
            for task in unfinished:
                task.cancel()
            await gather(*unfinished, return_exceptions=True)
        for place, task in zip(awaited, tasks, strict=True):
            if task not in unfinished:
                # Raises what failed.
                results[place] = task.result()

    async def _texts(self, items: list[Any]) -> list[bytes]:
        texts = []
        for piece in batched(items, _AT_ONCE):
            texts.append(json_items(piece))
            self.run_queue.steps += _AT_ONCE
            if self.run_queue.steps > self.run_queue.check_after:
                await self.let_others()
        return texts

    async def let_others(self) -> None:
        """Have their turn, if enough was done since the event loop turned."""
        if self.run_queue.must_yield():
            await self.run_queue.wait_turn()

    def _abandon(self, waiting: Iterable[Coroutine[Any, Any, Any]]) -> None:
        """Coroutines that were made and are not needed: those that nobody awaits would complain."""
        if self._abandoned is not None:
            self._abandoned.extend(waiting)
        elif abandoned := list(waiting):
            self._abandoned = abandoned
            self.settle_in_background([self._end_all(abandoned)])

    async def _end_all(self, abandoned: list[Coroutine[Any, Any, Any]]) -> None:
        """Of a whole answer there may be many, so this takes turns as well."""
        try:
            while abandoned:
                self._end(abandoned.pop())
                await self.run_queue.step(1)
        finally:
            while abandoned:
                self._end(abandoned.pop())
            self._abandoned = None

    def _end(self, one: Coroutine[Any, Any, Any]) -> None:
        """Run while all is given up, it does nothing but abandon what it was to await."""
        self._is_given_up = True
        # It ends at once, with StopIteration.
        with suppress(Exception):
            one.send(None)
        self._is_given_up = False
        one.close()


class _Fields:
    """Of an object that is being completed, as far as it has come."""

    __slots__ = ("_execution", "_fields", "_of_all", "_path", "_type_name", "awaited", "completed")

    def __init__(
        self,
        execution: Execution,
        parent_type: GraphQLObjectType,
        source_value: Any,
        path: Path | None,
        grouped_field_set: GroupedFieldSet,
        position_context: Any,
    ) -> None:
        self._execution = execution
        self._fields = iter(grouped_field_set.items())
        self._path = path
        self._type_name = parent_type.name
        self._of_all = parent_type, source_value, position_context
        self.completed: dict[str, Any] = {}
        self.awaited: list[str] = []
        """The names of what is still awaited."""

    def go_on(self) -> bool:
        """Whether to the end."""
        execution, run_queue = self._execution, self._execution.run_queue
        parent_type, source_value, position = self._of_all
        completed, awaited = self.completed, self.awaited
        execute, is_awaitable = execution.execute_field, execution.is_awaitable
        try:
            for name, details in self._fields:
                run_queue.steps += 1
                result = execute(
                    parent_type, source_value, details, Path(self._path, name, self._type_name), position
                )
                if result is not Undefined:
                    completed[name] = result
                    if is_awaitable(result):
                        awaited.append(name)
                if run_queue.steps > run_queue.check_after and run_queue.must_yield():
                    return False
        except Exception:
            if awaited:
                execution.settle_in_background(self.waiting())
            raise
        return True

    def waiting(self) -> list[Any]:
        return [self.completed[name] for name in self.awaited]


class _Listing:
    """A list that is being completed, as far as it has come."""

    __slots__ = ("_execution", "_index", "_items", "_of_all", "_path", "_texts", "awaited", "completed")

    def __init__(
        self,
        execution: Execution,
        items: Iterable[Any],
        path: Path,
        item_type: GraphQLOutputType,
        field_details_list: FieldDetailsList,
        info: GraphQLResolveInfo[Any],
        position_context: Any,
    ) -> None:
        self._execution = execution
        self._items = iter(items)
        self._path = path
        self._index = 0
        self._of_all = item_type, field_details_list, info, position_context
        self._texts: list[bytes] = []
        self.completed: list[Any] = []
        self.awaited: list[int] = []
        """The places of what is still awaited."""

    def go_on(self) -> bool:
        """Whether to the end."""
        execution, run_queue = self._execution, self._execution.run_queue
        item_type, details, info, position = self._of_all
        completed, awaited = self.completed, self.awaited
        complete, is_awaitable = execution.complete_list_item_value, execution.is_awaitable
        try:
            for item in self._items:
                path = Path(self._path, self._index, None)
                self._index += 1
                run_queue.steps += 1
                if is_awaitable(item):
                    awaited.append(len(completed))
                    completed.append(
                        execution.complete_awaitable_list_item_value(
                            item, item_type, details, info, path, position
                        )
                    )
                elif complete(item, completed, item_type, details, info, path, position):
                    awaited.append(len(completed) - 1)
                if run_queue.steps > run_queue.check_after and run_queue.must_yield():
                    return False
        except Exception:
            if awaited:
                execution.settle_in_background(self.waiting())
            raise
        return True

    def waiting(self) -> list[Any]:
        return [self.completed[place] for place in self.awaited]

    def shorten(self) -> None:
        """What is complete, to text."""
        if self.completed:
            self._texts.append(json_items(self.completed))
            self.completed.clear()

    def text(self, rest: Sequence[bytes]) -> orjson.Fragment:
        return json_list([*self._texts, *rest])


def json_items(items: Sequence[Any]) -> bytes:
    """Without the brackets."""
    return orjson.dumps(items)[1:-1]


def json_list(texts: Sequence[bytes]) -> orjson.Fragment:
    return orjson.Fragment(b"[" + b",".join(texts) + b"]")


def _close(awaitable: Any) -> None:
    """A coroutine that was not begun; anything else needs not be."""
    if iscoroutine(awaitable):
        awaitable.close()
