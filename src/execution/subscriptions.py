"""Executes subscriptions: first for each subscriber, and from then on for all who share their answers."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from inspect import isawaitable
from typing import Any

from graphql import ExecutionResult as CoreResult
from graphql import GraphQLError, execute_subscription_event
from graphql import subscribe as subscribe_core
from strawberry.types import ExecutionResult
from strawberry.types.execution import PreExecutionError

from execution.operation import (
    analyse_if_long,
    core_schema,
    executor_options,
    node_of,
    prepare,
    with_allowed_words,
)
from execution.plans import plan_of_payloads
from graph.document import Operation
from resolvers.context import Context


async def subscribe(
    context: Context, operation: Operation, variables: dict[str, Any] | None
) -> AsyncGenerator[ExecutionResult]:
    """Yields the first result, or the error because of which there is none. If `context.source` is set then,
    later results come from `result_anew`. Until the generator is closed, `context.watch` notes changes.

    Raises what `execute` raises.
    """
    await analyse_if_long(context, operation)
    if errors := await prepare(context, operation, variables or {}, variables or {}):
        yield with_allowed_words(context, PreExecutionError(data=None, errors=errors))
        return
    results = await _subscribed(context, operation, variables)
    if isinstance(results, CoreResult):
        # The subscription could not begin.
        yield with_allowed_words(context, PreExecutionError(data=None, errors=results.errors))
        return
    try:
        async with aclosing(results):
            async for result in results:
                yield with_allowed_words(context, ExecutionResult(data=result.data, errors=result.errors))
    except Exception as error:
        yield with_allowed_words(context, last_result(error))


async def result_anew(
    context: Context, operation: Operation, variables: dict[str, Any] | None
) -> ExecutionResult:
    """A later result of a subscription. Raises what reading its source raises."""
    assert context.source, "a subscription that did not begin has no later result"
    event = await context.source.read(context)
    options = executor_options(await plan_of_payloads(context, operation, variables))
    executor = options.pop("executor_class").build(
        core_schema,
        node_of(operation),
        context_value=context,
        raw_variable_values=variables,
        operation_name=operation.name,
        **options,
    )
    result = execute_subscription_event(executor.build_per_event_executor(event))
    result = await result if isawaitable(result) else result
    return with_allowed_words(context, ExecutionResult(data=result.data, errors=result.errors))


def last_result(error: Exception) -> ExecutionResult:
    """The error that ends a subscription is its last result."""
    last = error if isinstance(error, GraphQLError) else GraphQLError(str(error), original_error=error)
    return ExecutionResult(data=None, errors=[last])


async def _subscribed(context: Context, operation: Operation, variables: dict[str, Any] | None) -> Any:
    results = subscribe_core(
        core_schema,
        node_of(operation),
        variable_values=variables,
        operation_name=operation.name,
        context_value=context,
        **executor_options(await plan_of_payloads(context, operation, variables)),
    )
    return await results if isawaitable(results) else results
