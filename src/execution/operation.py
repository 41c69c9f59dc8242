"""Executes operations: validates them, takes their cost, and gives them to the executor."""

from asyncio import get_running_loop
from inspect import isawaitable
from time import perf_counter
from typing import Any

from graphql import GraphQLError
from graphql import execute as execute_core
from strawberry.execution import optimized_is_awaitable
from strawberry.types import ExecutionResult
from strawberry.types.execution import PreExecutionError

from base.errors import BadUserInput
from database import current_usage
from execution.expected_reads import ExpectedReads, was_read_again
from execution.payloads import ExecutionOfPayloads
from execution.planner import Plan
from execution.plans import answer_by_plan, plan_of_payloads
from graph.analysis import analyse_in_thread, is_analysed, summary_of, validation_errors
from graph.charging import charge
from graph.document import Operation
from graph.event_variables import without_events
from graph.introspection import without_suggestion
from graph.introspection_cache import cache_answer, cached_answer
from graph.parsing import drop
from graph.points import ExecutionOfPoints
from graph.record_events import Recording, recording_of
from graph.schema import schema as _strawberry_schema
from resolvers.context import Context

core_schema = _strawberry_schema._schema
_is_awaitable: Any = optimized_is_awaitable
"""It looks only at the type, which for most values is quicker than GraphQL's own check."""
_MOST_VALUES = 20_000
"""The most values in variables. GraphQL looks at each, and the event loop stands still meanwhile."""

_LARGE = 1_000
"""Tokens."""


def recording_in(operation: Operation, variables: dict[str, Any] | None) -> Recording | None:
    """None if the request does anything other than record one list of events."""
    return recording_of(core_schema, operation, variables)


async def execute(
    context: Context, operation: Operation, variables: dict[str, Any] | None
) -> ExecutionResult:
    """The result of a query or mutation; a PreExecutionError if the document is not valid.

    Raises BAD_USER_INPUT if a variable for a list of events has something else, or if there are too many
    values. Raises THROTTLED and COST_ESTIMATED_TOO_EXPENSIVE before anything is executed.
    """
    if operation.document.error:
        context.spend(operation.document.cost_if_invalid)
        return PreExecutionError(data=None, errors=[operation.document.error])
    await analyse_if_long(context, operation)
    given = without_events(context, operation, variables)
    if errors := await prepare(context, operation, variables or {}, given or {}):
        return with_allowed_words(context, PreExecutionError(data=None, errors=errors))
    try:
        result = cached_answer(operation) or await _executed(context, operation, given)
    finally:
        context.execution.execute = perf_counter() - context.execution.began
        current_usage().note("execute", context.execution.began)
    return with_allowed_words(context, result)


async def _executed(
    context: Context, operation: Operation, variables: dict[str, Any] | None
) -> ExecutionResult:
    if operation.document.asks_the_schema:
        # To answer a part of the schema takes twice as long as a part of other answers.
        context.services.fair_queue.charge(context.caller, context.execution.cost or 0)
    answer = _of_one_moment if context.execution.is_query else _by_plan_or_core
    result = await answer(context, operation, variables)
    if result.data and not result.errors:
        cache_answer(core_schema, operation, result.data)
    return result


async def _of_one_moment(
    context: Context, operation: Operation, variables: dict[str, Any] | None
) -> ExecutionResult:
    """If one statement was expected, and more were needed, everything is read anew."""
    reads = operation.known(ExpectedReads, ExpectedReads)
    context.begin_snapshot(reads_once=reads.is_one)
    before = current_usage().statements
    result = await _by_plan_or_core(context, operation, variables)
    reads.note(current_usage().statements - before)
    if was_read_again():
        context.begin_snapshot()
        result = await _by_plan_or_core(context, operation, variables)
    return result


async def _by_plan_or_core(
    context: Context, operation: Operation, variables: dict[str, Any] | None
) -> ExecutionResult:
    plan, began = None, perf_counter()
    if not context.execution.is_query:
        plan = await plan_of_payloads(context, operation, variables)
    elif planned := await answer_by_plan(context, operation, variables):
        current_usage().note("plan", began)
        return planned
    if operation.document.weight > _LARGE:
        # To begin takes some milliseconds, too: all that stands at the top is collected at once.
        await context.run_queue.wait_turn()
    result: Any = execute_core(
        core_schema,
        node_of(operation),
        variable_values=variables,
        operation_name=operation.name,
        context_value=context,
        is_awaitable=_is_awaitable,
        **executor_options(plan),
    )
    result = await result if isawaitable(result) else result
    return ExecutionResult(data=result.data, errors=result.errors)


def executor_options(plan: Plan | None) -> dict[str, Any]:
    """`plan`: of the payloads, which the executor then leaves to it."""
    if plan is None:
        return {"executor_class": ExecutionOfPoints}
    return {"executor_class": ExecutionOfPayloads, "plan": plan}


async def analyse_if_long(context: Context, operation: Operation) -> None:
    introspection = context.limits.introspection
    if operation.document.is_long and not is_analysed(operation, introspection=introspection):
        began = perf_counter()
        await analyse_in_thread(core_schema, operation, introspection=introspection)
        context.execution.validate = perf_counter() - began


async def prepare(
    context: Context, operation: Operation, variables: dict[str, Any], given: dict[str, Any]
) -> list[GraphQLError]:
    """Returns the errors of a document that is not valid. For a valid document, takes its cost and sets its
    deadline.

    `given`: the variables as the executor gets them. Raises what `execute` raises.
    """
    execution, document = context.execution, operation.document
    began = perf_counter()
    errors = validation_errors(core_schema, document, introspection=context.limits.introspection)
    execution.began = perf_counter()
    execution.validate += execution.began - began
    current_usage().note("validate", began)
    if errors:
        drop(document)
        context.spend(document.cost_if_invalid)
        return errors
    execution.operation = summary_of(core_schema, operation)
    _require_few_values(given)
    await charge(context, core_schema, operation, variables)
    if execution.deadline and execution.is_query:
        seconds = 0 if execution.is_abandoned else context.limits.query_seconds
        execution.deadline.reschedule(get_running_loop().time() + seconds)
    return []


def _require_few_values(variables: dict[str, Any]) -> None:
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


def node_of(operation: Operation) -> Any:
    assert operation.document.node, "a document that does not parse is not executed"
    return operation.document.node


def with_allowed_words(context: Context, result: ExecutionResult) -> ExecutionResult:
    """If introspection is forbidden, errors suggest no names of the schema."""
    if result.errors and not context.limits.introspection:
        result.errors = [without_suggestion(error) for error in result.errors]
    return result
