"""A document is parsed, validated and looked through once; then it is known what is executed, and since when.

In one extension: each hook costs more than finding what it looks up.
"""

from asyncio import get_running_loop
from collections.abc import Iterator
from time import perf_counter
from typing import Any

from graphql import GraphQLError, GraphQLSchema, specified_rules, validate
from strawberry.extensions import SchemaExtension
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule
from strawberry.types import ExecutionContext

from base.errors import BadUserInput, TooExpensive
from graph.caching import lifetime_of
from graph.cost import priced
from graph.document import Document, aside, document_of
from graph.introspection import NoIntrospection
from graph.remembered import remembered
from resolvers.context import Context
from resolvers.course import Described

# With what Strawberry adds to them.
_RULES = (*specified_rules, MaybeNullValidationRule, OneOfInputValidationRule)
_RULES_WITHOUT_INTROSPECTION = (*_RULES, NoIntrospection)
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

    def on_validate(self) -> Iterator[None]:
        execution = self.execution_context
        context: Context = execution.context
        course = context.course
        began = perf_counter()
        document = document_of(execution.query or "", context.limits.document_tokens)
        schema = execution.schema._schema
        errors = _errors(schema, document, introspection=context.limits.introspection)
        if errors:
            document.forget()
        execution.pre_execution_errors = errors
        course.began = perf_counter()
        course.validate = course.began - began
        if not errors:
            course.operation = _operation(schema, document, execution.operation_name)
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


async def look_through(
    schema: GraphQLSchema, document: Document, operation_name: str | None, *, introspection: bool
) -> None:
    """In a thread, as it takes long: so all is known by the time it is prepared."""
    await aside(lambda: _look_through(schema, document, operation_name, introspection=introspection))


def _look_through(
    schema: GraphQLSchema, document: Document, operation_name: str | None, *, introspection: bool
) -> None:
    if not _errors(schema, document, introspection=introspection):
        _looked_through(schema, document, operation_name)


def _errors(schema: GraphQLSchema, document: Document, *, introspection: bool) -> list[GraphQLError]:
    rules = _RULES if introspection else _RULES_WITHOUT_INTROSPECTION
    node = document.node
    assert node
    return document.known(rules, lambda: validate(schema, node, rules, _MOST_ERRORS))


def _looked_through(
    schema: GraphQLSchema, document: Document, operation_name: str | None
) -> tuple[Described, int] | None:
    """And how many selections were counted."""
    operation, node = document.operation(operation_name), document.node
    if operation is None or node is None:
        return None

    def looked_through() -> tuple[Described, int]:
        cost, selected = priced(schema, node, operation)
        described = Described(
            operation.operation.value,
            operation.name.value if operation.name else None,
            lifetime_of(schema, node, operation),
            cost,
        )
        return described, selected

    return document.known((Described, operation.name and operation.name.value), looked_through)


def _operation(schema: GraphQLSchema, document: Document, operation_name: str | None) -> Described | None:
    found = _looked_through(schema, document, operation_name)
    if found is None:
        return None
    described, selected = found
    document.known((_operation, described.name), lambda: document.weigh(selected * _TOKENS_OF_A_SELECTION))
    return described
