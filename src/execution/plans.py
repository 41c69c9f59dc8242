"""The plans of operations, and answers by them."""

import logging
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final, TypeVar

from graphql.execution.values import VariableValues
from strawberry.types import ExecutionResult

from base.errors import ExpectedError
from base.garbage import staying_young
from execution.conditions import condition_variables
from execution.faults import Surprise, Unplanned
from execution.planner import Plan, planned
from execution.pools import TOP, Place
from execution.shapes import Shape
from execution.variables import values_of
from execution.walk import Walk, Walked
from graph.document import Operation
from graph.error_order import in_order
from graph.parsing import add_weight, in_thread
from resolvers.context import Context

R = TypeVar("R")

log = logging.getLogger("viewgraph")

PLANNED: Final = "planned"
"""Answered by a plan."""
FIRST: Final = "first"
"""Left to GraphQL's executor, as it was not asked for often enough."""
UNPLANNED: Final = "unplanned"
"""Left to it, as a plan cannot do it."""
UNFIT: Final = "unfit"
"""Left to it, as the variables do not fit."""
SURPRISED: Final = "surprised"
"""Begun by a plan, and then left to it from the start, as a value came otherwise than planned."""
FAILED: Final = "failed"
"""The same, as something went wrong that nobody expects: a bug."""

_MOST_VARIANTS = 8
"""Of one operation: @skip and @include by variables make several of it."""
_TOKENS_A_FIELD = 2
"""The memory that a field of a plan takes, in tokens of a document."""


class _Plans:
    """Of one operation, each by the values of the variables on which it depends what is selected."""

    def __init__(self) -> None:
        # It does not refer to its operation, so that both are freed at once.
        self._conditions: tuple[str, ...] | None = None
        """None before a plan is asked for."""
        self._plans: dict[tuple[Any, ...], Plan | None] = {}
        self.answers = 0
        """How many times GraphQL's executor has answered."""

    async def of(self, operation: Operation, variables: Callable[[], VariableValues | None]) -> Plan | None:
        """None where a plan cannot do it. `variables` is asked only if they decide what is selected."""
        if self._conditions is None:
            assert operation.document.node
            self._conditions = await _found(operation, partial(condition_variables, operation.document.node))
        found = variables() if self._conditions else None
        values = found.coerced if found else {}
        key = tuple([values.get(name) for name in self._conditions])
        if key not in self._plans:
            if len(self._plans) >= _MOST_VARIANTS:
                return None
            self._plans[key] = await _made(operation, values)
        return self._plans[key]


async def _made(operation: Operation, values: Mapping[str, Any]) -> Plan | None:
    try:
        plan = await _found(operation, partial(planned, operation, values))
    except Unplanned:
        return None
    add_weight(operation.document, plan.fields * _TOKENS_A_FIELD)
    return plan


async def _found(operation: Operation, find: Callable[[], R]) -> R:
    if operation.document.is_long:
        return await in_thread(find)
    with staying_young():
        return find()


async def answer_by_plan(
    context: Context, operation: Operation, variables: dict[str, Any] | None
) -> ExecutionResult | None:
    """None where GraphQL's executor has to answer a query; what was loaded is forgotten then."""
    counts = context.services.plans
    if context.services.plans_after is None:
        return None
    plans = operation.known(_Plans, _Plans)
    if plans.answers < context.services.plans_after:
        plans.answers += 1
        counts[FIRST] += 1
        return None
    values = values_of(operation, variables)
    if values is None:
        counts[UNFIT] += 1
        return None
    plan = await plans.of(operation, lambda: values)
    if plan is None:
        counts[UNPLANNED] += 1
        return None
    return await _answer(context, plan, values)


async def plan_of_payloads(
    context: Context, operation: Operation, variables: dict[str, Any] | None
) -> Plan | None:
    """Of a mutation or a subscription. None where a plan cannot do it."""
    after = context.services.plans_after
    if after is None:
        return None
    plans = operation.known(_Plans, _Plans)
    # A subscription executes its document for each event.
    if plans.answers < after and operation.type == "mutation":
        plans.answers += 1
        return None
    return await plans.of(operation, lambda: values_of(operation, variables))


async def _answer(context: Context, plan: Plan, values: VariableValues) -> ExecutionResult | None:
    walked = await walked_by(context, plan, values, plan.root)
    return walked and ExecutionResult(data=walked.data, errors=in_order(walked.faults) or None)


async def walked_by(
    context: Context, plan: Plan, values: VariableValues, shape: Shape, top: Any = None, place: Place = TOP
) -> Walked | None:
    """The answer to a shape of the plan. None where GraphQL's executor has to do it; what was loaded is
    forgotten then.
    """
    _foresee(context, plan)
    try:
        walk = Walk(context, values)
        if top is None and plan.ahead.series and context.viewer.user_id is not None:
            context.loaders.foresee_series(await walk.foreseen(plan.ahead.series))
        walked = await walk.answer(shape, top, place)
    except Exception as error:
        is_known = isinstance(error, Surprise | ExpectedError)
        context.services.plans[SURPRISED if is_known else FAILED] += 1
        if not is_known:
            log.warning("A plan failed, and GraphQL's executor answers", exc_info=error)
        context.reset_loaders()
        return None
    context.services.plans[PLANNED] += 1
    return walked


def _foresee(context: Context, plan: Plan) -> None:
    viewer = context.viewer
    of_viewer = plan.ahead.of_strangers if viewer.user_id is None else plan.ahead.of_users
    context.loaders.foresee(of_viewer, viewer.person_id)
