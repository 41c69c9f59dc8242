"""A document is parsed, validated and looked through once; then it is known what is executed, and since when.

In one extension: each hook costs more than finding what it looks up.
"""

from asyncio import get_running_loop
from collections.abc import Iterator
from functools import lru_cache
from time import perf_counter

from cachetools import LRUCache
from graphql import GraphQLError, get_operation_ast, parse
from strawberry.extensions import SchemaExtension
from strawberry.schema.schema import validate_document
from strawberry.types import ExecutionContext

from base.errors import TooExpensive
from graph.caching import lifetime_of
from graph.cost import cost_of
from graph.introspection import NoIntrospection
from resolvers.context import Context
from resolvers.course import Described

_CACHED_DOCUMENTS = 512
_parsed = lru_cache(_CACHED_DOCUMENTS)(parse)
_validated = lru_cache(_CACHED_DOCUMENTS)(validate_document)
_described: LRUCache[tuple[str, str | None], Described | None] = LRUCache(_CACHED_DOCUMENTS)


class Preparation(SchemaExtension):
    def on_parse(self) -> Iterator[None]:
        execution = self.execution_context
        context: Context = execution.context
        began = perf_counter()
        try:
            execution.graphql_document = _parsed(execution.query or "", **execution.parse_options)
        finally:
            context.course.parse = perf_counter() - began
        yield

    def on_validate(self) -> Iterator[None]:
        execution = self.execution_context
        context: Context = execution.context
        course = context.course
        began = perf_counter()
        if not context.limits.introspection:
            execution.validation_rules = (*execution.validation_rules, NoIntrospection)
        errors = _validated(execution.schema._schema, execution.graphql_document, execution.validation_rules)
        execution.pre_execution_errors = errors
        course.began = perf_counter()
        course.validate = course.began - began
        if not errors:
            course.operation = _operation(execution)
            execution.pre_execution_errors = _too_expensive(execution)
            if course.deadline and course.is_query:
                seconds = 0 if course.is_left else context.limits.query_seconds
                course.deadline.reschedule(get_running_loop().time() + seconds)
        yield


def _too_expensive(execution: ExecutionContext) -> list[GraphQLError]:
    context: Context = execution.context
    course = context.course
    if course.operation is None or course.operation.cost is None:
        return []
    limits = context.limits
    course.cost = course.operation.cost(execution.variables or {}, limits.page_size)
    if course.cost <= limits.cost:
        return []
    error = TooExpensive(course.cost, limits.cost)
    return [GraphQLError(error.message, original_error=error)]


def _operation(execution: ExecutionContext) -> Described | None:
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
        cost_of(execution.schema._schema, document, operation),
    )
