"""The schema: the public shape of everything below."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from time import perf_counter
from typing import Any

import strawberry
from graphql import GraphQLError
from strawberry.schema.config import StrawberryConfig
from strawberry.types import ExecutionContext, ExecutionResult
from strawberry.types.execution import PreExecutionError
from strawberry.types.graphql import OperationType

from graph.directives import describe_arguments
from graph.document import Document
from graph.events import Recording, recording_of, without_events
from graph.introspection import without_suggestion
from graph.mutation import Mutation
from graph.points import ExecutionOfPoints
from graph.preparation import Preparation, look_through
from graph.query import Query
from graph.remembered import remember
from graph.scalars import SCALARS
from graph.subscription import Subscription
from graph.types.assets import Asset, Organization, Workspace
from graph.types.insight import UserInsight
from graph.types.interaction import Appointment, Comment
from graph.types.publication import Experience, Publication, User
from resolvers.context import Context

_QUERIES = (OperationType.QUERY,)


class Schema(strawberry.Schema):
    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        describe_arguments(self._schema_graphql_directives)

    def process_errors(
        self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None
    ) -> None:
        """Whoever answers the request logs what is a bug, under the request's id."""


schema = Schema(
    query=Query,
    mutation=Mutation,
    subscription=Subscription,
    types=[Asset, Appointment, Comment, Experience, Organization, Publication, User, UserInsight, Workspace],
    config=StrawberryConfig(scalar_map=SCALARS),
    extensions=[Preparation],
    execution_context_class=ExecutionOfPoints,
)


def recording_in(
    document: Document, variables: dict[str, Any] | None, operation_name: str | None
) -> Recording | None:
    """None when the request does anything else than record one list of events."""
    return recording_of(schema._schema, document, operation_name, variables)


async def execute(
    context: Context,
    document: Document,
    variables: dict[str, Any] | None,
    operation_name: str | None,
    *,
    only_queries: bool = False,
) -> ExecutionResult:
    """Raises BAD_USER_INPUT when a list of events among the variables is none.

    Where only queries are to be executed, raises InvalidOperationTypeError for another operation,
    whatever its variables are.
    """
    if document.error:
        context.spend(document.price)
        return PreExecutionError(data=None, errors=[document.error])
    if document.is_long:
        await _look_through(context, document, operation_name)
    execution = schema.execute(
        document.sent,
        variable_values=variables
        if only_queries
        else without_events(context, document, variables, operation_name),
        context_value=context,
        operation_name=operation_name,
        allowed_operation_types=_QUERIES if only_queries else None,
    )
    try:
        result = await execution
    finally:
        if context.execution.operation:
            context.execution.execute = perf_counter() - context.execution.began
    if isinstance(result, PreExecutionError):
        _raise_ours(result)
    elif result.data and not result.errors:
        remember(document, operation_name, result.data)
    return _discreet(context, result)


async def subscribe(
    context: Context, document: Document, variables: dict[str, Any] | None, operation_name: str | None
) -> AsyncGenerator[ExecutionResult]:
    """Every result of a subscription, until it ends or the generator is closed."""
    if document.node and document.is_long:
        await _look_through(context, document, operation_name)
    results = await schema.subscribe(
        document.sent, variable_values=variables, context_value=context, operation_name=operation_name
    )
    try:
        async with aclosing(results):
            async for result in results:
                if isinstance(result, PreExecutionError):
                    _raise_ours(result)
                yield _discreet(context, result)
    except GraphQLError as error:
        # A document that does not parse, which `execute` answers by itself.
        yield PreExecutionError(data=None, errors=[error])


async def _look_through(context: Context, document: Document, operation_name: str | None) -> None:
    introspection = context.limits.introspection
    await look_through(schema._schema, document, operation_name, introspection=introspection)


def _raise_ours(result: PreExecutionError) -> None:
    """What is wrong with a document has a place in it; what has none went wrong here."""
    for error in result.errors or ():
        if error.original_error and not error.nodes and not error.locations:
            raise error.original_error


def _discreet(context: Context, result: ExecutionResult) -> ExecutionResult:
    if result.errors and not context.services.limits.introspection:
        result.errors = [without_suggestion(error) for error in result.errors]
    return result
