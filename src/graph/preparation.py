"""A document is parsed, validated and looked through once; then it is known what is executed, and since when.

In one extension: each hook costs more than finding what it looks up.
"""

from asyncio import get_running_loop
from collections.abc import Iterator
from time import perf_counter

from graphql import DocumentNode, GraphQLError, GraphQLSchema, OperationDefinitionNode
from strawberry.extensions import SchemaExtension
from strawberry.schema.schema import validate_document
from strawberry.types import ExecutionContext

from base.errors import TooExpensive
from graph.caching import lifetime_of
from graph.cost import cost_of
from graph.document import Document, document_of
from graph.introspection import NoIntrospection
from resolvers.context import Context
from resolvers.course import Described


class Preparation(SchemaExtension):
    def on_parse(self) -> Iterator[None]:
        execution = self.execution_context
        context: Context = execution.context
        document = document_of(execution.query or "", context.limits.document_tokens)
        if document.error:
            raise document.error
        execution.graphql_document = document.node
        yield

    def on_validate(self) -> Iterator[None]:
        execution = self.execution_context
        context: Context = execution.context
        course = context.course
        began = perf_counter()
        if not context.limits.introspection:
            execution.validation_rules = (*execution.validation_rules, NoIntrospection)
        document = document_of(execution.query or "", context.limits.document_tokens)
        errors = execution.pre_execution_errors = _errors(execution, document)
        course.began = perf_counter()
        course.validate = course.began - began
        if not errors:
            course.operation = _operation(execution, document)
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


def _errors(execution: ExecutionContext, document: Document) -> list[GraphQLError]:
    rules = execution.validation_rules
    schema, node = execution.schema._schema, document.node
    assert node
    return document.known(rules, lambda: validate_document(schema, node, rules))


def _operation(execution: ExecutionContext, document: Document) -> Described | None:
    operation, node = document.operation(execution.operation_name), document.node
    if operation is None or node is None:
        return None
    return document.known(
        (Described, operation.name and operation.name.value),
        lambda: _looked_through(execution.schema._schema, node, operation),
    )


def _looked_through(
    schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode
) -> Described:
    return Described(
        operation.operation.value,
        operation.name.value if operation.name else None,
        lifetime_of(schema, document, operation),
        cost_of(schema, document, operation),
    )
