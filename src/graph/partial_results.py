"""Objects and lists that the executor has begun to complete. It may leave them for a while, and go on with
them later."""

from collections.abc import Iterable, Sequence
from typing import Any

import orjson
from graphql import GraphQLObjectType, GraphQLOutputType, GraphQLResolveInfo, Undefined
from graphql.execution.collect_fields import FieldDetailsList, GroupedFieldSet
from graphql.pyutils import Path

from base.json_text import json_text
from base.scheduler import RunQueue
from graph.error_order import OrderingExecutor
from resolvers.context import Context


class QueuedExecutor(OrderingExecutor):
    """An executor that counts its steps in the run queue of its request."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        context: Context = self.context_value
        self.run_queue: RunQueue = context.run_queue


class _Partial:
    __slots__ = ("_executor", "awaited", "completed", "is_failed")
    _executor: QueuedExecutor
    awaited: Any
    completed: Any
    """An exception stands for what failed. All else is still completed: of several errors, the first in the
    order of the answer counts, and not the one that becomes known first."""
    is_failed: bool

    def go_on(self) -> bool:
        """Completes more, until enough was done in this turn. Returns whether it reached the end."""
        raise NotImplementedError

    def waiting(self) -> list[Any]:
        return [self.completed[place] for place in self.awaited]


class PartialObject(_Partial):
    """An object, as far as it is complete."""

    __slots__ = ("_fields", "_of_all", "_path", "_type_name")

    def __init__(
        self,
        executor: QueuedExecutor,
        parent_type: GraphQLObjectType,
        source_value: Any,
        path: Path | None,
        grouped_field_set: GroupedFieldSet,
        position_context: Any,
    ) -> None:
        self._executor = executor
        self._fields = iter(grouped_field_set.items())
        self._path = path
        self._type_name = parent_type.name
        self._of_all = parent_type, source_value, position_context
        self.completed: dict[str, Any] = {}
        self.is_failed = False
        self.awaited: list[str] = []
        """The names of fields whose values are still awaited."""

    def go_on(self) -> bool:
        executor, run_queue = self._executor, self._executor.run_queue
        parent_type, source_value, position = self._of_all
        completed, awaited = self.completed, self.awaited
        execute, is_awaitable = executor.execute_field, executor.is_awaitable
        for name, details in self._fields:
            run_queue.steps += 1
            try:
                result = execute(
                    parent_type, source_value, details, Path(self._path, name, self._type_name), position
                )
            except Exception as error:
                self.is_failed, result = True, error
            if result is not Undefined:
                completed[name] = result
                if is_awaitable(result):
                    awaited.append(name)
            if run_queue.steps > run_queue.check_after and run_queue.must_yield():
                return False
        return True


class PartialList(_Partial):
    """A list, as far as it is complete."""

    __slots__ = ("_index", "_items", "_of_all", "_path", "_texts")

    def __init__(
        self,
        executor: QueuedExecutor,
        items: Iterable[Any],
        path: Path,
        item_type: GraphQLOutputType,
        field_details_list: FieldDetailsList,
        info: GraphQLResolveInfo[Any],
        position_context: Any,
    ) -> None:
        self._executor = executor
        self._items = iter(items)
        self._path = path
        self._index = 0
        self._of_all = item_type, field_details_list, info, position_context
        self._texts: list[bytes] = []
        self.completed: list[Any] = []
        self.is_failed = False
        self.awaited: list[int] = []
        """The indexes of items that are still awaited."""

    def go_on(self) -> bool:
        executor, run_queue = self._executor, self._executor.run_queue
        item_type, details, info, position = self._of_all
        completed, awaited = self.completed, self.awaited
        complete, is_awaitable = executor.complete_list_item_value, executor.is_awaitable
        for item in self._items:
            path = Path(self._path, self._index, None)
            self._index += 1
            run_queue.steps += 1
            if is_awaitable(item):
                awaited.append(len(completed))
                completed.append(
                    executor.complete_awaitable_list_item_value(
                        item, item_type, details, info, path, position
                    )
                )
            else:
                try:
                    if complete(item, completed, item_type, details, info, path, position):
                        awaited.append(len(completed) - 1)
                except Exception as error:
                    self.is_failed = True
                    completed.append(error)
            if run_queue.steps > run_queue.check_after and run_queue.must_yield():
                return False
        return True

    def shorten(self) -> None:
        """Turns what is complete into text."""
        if self.completed and not self.is_failed:
            self._texts.append(json_items(self.completed))
            self.completed.clear()

    def text(self, rest: Sequence[bytes]) -> orjson.Fragment:
        return json_list([*self._texts, *rest])


def json_items(items: Sequence[Any]) -> bytes:
    """The items as JSON, without the brackets around them."""
    return json_text(items)[1:-1]


def json_list(texts: Sequence[bytes]) -> orjson.Fragment:
    return orjson.Fragment(b"[" + b",".join(texts) + b"]")
