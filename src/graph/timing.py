"""Notes of each request what its operation is, and how long each phase of it took."""

from collections.abc import Iterator
from time import perf_counter

from cachetools import LRUCache
from graphql import get_operation_ast
from strawberry.extensions import SchemaExtension
from strawberry.types import ExecutionContext

from graph.caching import lifetime_of
from resolvers.context import Context
from resolvers.course import Course, Described

_CACHED_OPERATIONS = 512
_described: LRUCache[tuple[str, str | None], Described | None] = LRUCache(_CACHED_OPERATIONS)


class Timing(SchemaExtension):
    """Comes after the extensions that parse and validate in their own hooks, so that these are done when
    its hook is called."""

    def on_operation(self) -> Iterator[None]:
        course = self._course
        self._last = perf_counter()
        self._is_parsed = False
        try:
            yield
        finally:
            if not self._is_parsed:
                course.parse = self._lap()

    def on_parse(self) -> Iterator[None]:
        self._course.parse = self._lap()
        self._is_parsed = True
        yield

    def on_validate(self) -> Iterator[None]:
        execution: ExecutionContext = self.execution_context
        self._course.validate = self._lap()
        if not execution.pre_execution_errors:
            self._course.operation = _operation(execution)
        yield

    def on_execute(self) -> Iterator[None]:
        self._lap()
        yield
        self._course.execute = self._lap()

    @property
    def _course(self) -> Course:
        context: Context = self.execution_context.context
        return context.course

    def _lap(self) -> float:
        """Seconds since the last time."""
        now = perf_counter()
        passed, self._last = now - self._last, now
        return passed


def _operation(execution: ExecutionContext) -> Described | None:
    """Looked through once for each document: it says the same each time."""
    key = (execution.query or "", execution.operation_name)
    if key not in _described:
        _described[key] = _looked_through(execution)
    return _described[key]


def _looked_through(execution: ExecutionContext) -> Described | None:
    document = execution.graphql_document
    operation = get_operation_ast(document, execution.operation_name) if document else None
    if document is None or operation is None:
        return None
    return Described(
        operation.operation.value,
        operation.name.value if operation.name else None,
        lifetime_of(execution.schema._schema, document, operation),
    )
