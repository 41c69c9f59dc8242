"""A document is parsed, validated and looked through once; then it is known what is executed, and since when.

In one extension: each hook costs more than finding what it looks up.
"""

from asyncio import get_running_loop
from collections.abc import AsyncIterator, Iterator
from time import perf_counter
from typing import Any

from graphql import GraphQLError, validate
from strawberry.extensions import SchemaExtension
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule
from strawberry.types import ExecutionContext

from base.errors import BadUserInput, TooExpensive
from graph.caching import lifetime_of
from graph.cost import priced
from graph.document import Document, document_of
from graph.introspection import NoIntrospection
from graph.remembered import remembered
from resolvers.context import Context
from resolvers.course import Described

# What it adds to the rules of each operation.
_STRAWBERRYS = (MaybeNullValidationRule, OneOfInputValidationRule)
_MOST_ERRORS = 5
"""Of one document: some say again what is written there, all of it."""
_MOST_VALUES = 20_000
"""In variables. GraphQL looks at each, and the event loop stands still meanwhile."""
_TOKENS_OF_A_SELECTION = 2
"""As much memory as these take what is kept of one to add up its cost."""


class Preparation(SchemaExtension):
    def on_parse(self) -> Iterator[None]:
        execution = self.execution_context
        context: Context = execution.context
        document = document_of(execution.query or "", context.limits.document_tokens)
        execution.graphql_document = document.node
        yield

    async def on_validate(self) -> AsyncIterator[None]:
        execution = self.execution_context
        context: Context = execution.context
        course = context.course
        began = perf_counter()
        if not context.limits.introspection:
            execution.validation_rules = (*execution.validation_rules, NoIntrospection)
        document = document_of(execution.query or "", context.limits.document_tokens)
        errors = execution.pre_execution_errors = await _errors(execution, document)
        course.began = perf_counter()
        course.validate = course.began - began
        if not errors:
            course.operation = await _operation(execution, document)
            _require_few(execution.variables or {})
            execution.pre_execution_errors = _too_expensive(execution)
            if not execution.pre_execution_errors:
                execution.result = remembered(document, execution.operation_name)
            if course.deadline and course.is_query:
                seconds = 0 if course.is_left else context.limits.query_seconds
                course.deadline.reschedule(get_running_loop().time() + seconds)
        yield


def _require_few(variables: dict[str, Any]) -> None:
    """Raises BAD_USER_INPUT."""
    count = 0
    waiting: list[Any] = [variables]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict | list):
            count += len(value)
            if count > _MOST_VALUES:
                raise BadUserInput(
                    f"The variables may hold {_MOST_VALUES:,} values.",
                    argument="variables",
                    reason="TOO_MANY",
                )
            waiting.extend(value.values() if isinstance(value, dict) else value)


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


async def _errors(execution: ExecutionContext, document: Document) -> list[GraphQLError]:
    rules = execution.validation_rules
    schema, node = execution.schema._schema, document.node
    assert node
    errors = await document.found(
        rules, lambda: validate(schema, node, (*rules, *_STRAWBERRYS), _MOST_ERRORS)
    )
    if errors:
        document.forget()
    return errors


async def _operation(execution: ExecutionContext, document: Document) -> Described | None:
    operation, node = document.operation(execution.operation_name), document.node
    if operation is None or node is None:
        return None

    def looked_through() -> tuple[Described, int]:
        schema = execution.schema._schema
        cost, selected = priced(schema, node, operation)
        described = Described(
            operation.operation.value,
            operation.name.value if operation.name else None,
            lifetime_of(schema, node, operation),
            cost,
        )
        return described, selected

    key = Described, operation.name and operation.name.value
    is_new = not document.knows(key)
    described, selected = await document.found(key, looked_through)
    if is_new:
        document.weigh(selected * _TOKENS_OF_A_SELECTION)
    return described
