"""A document is parsed, validated and looked through once; then it is known what is executed, and since when.

In one extension: each hook costs more than finding what it looks up.
"""

from asyncio import get_running_loop
from collections.abc import AsyncIterator, Iterator
from time import perf_counter
from typing import Any

from graphql import GraphQLError, GraphQLSchema, specified_rules, validate
from strawberry.extensions import SchemaExtension
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule
from strawberry.types import ExecutionContext

from base.errors import BadUserInput, ExpectedError, Throttled, TooExpensive, TooManyPoints
from graph.caching import lifetime_of
from graph.cost import Estimate, Price, priced
from graph.document import Document, Sent, aside
from graph.introspection import NoIntrospection
from graph.remembered import remembered
from graph.series import Known, Variables
from resolvers.context import Context
from resolvers.execution import OperationSummary

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
        asked = self.execution_context
        asked.graphql_document = _document(asked).node
        yield

    async def on_validate(self) -> AsyncIterator[None]:
        asked = self.execution_context
        context: Context = asked.context
        execution = context.execution
        began = perf_counter()
        document = _document(asked)
        schema = asked.schema._schema
        errors = _errors(schema, document, introspection=context.limits.introspection)
        if errors:
            document.forget()
        asked.pre_execution_errors = errors
        execution.began = perf_counter()
        execution.validate = execution.began - began
        if errors:
            asked.pre_execution_errors = _throttled(context, document.price) or errors
        else:
            execution.operation = _operation(schema, document, asked.operation_name)
            _require_few(asked.variables or {})
            refused = await _too_expensive(asked, document)
            spent = document.price if refused else (execution.cost or 1) + document.take_price()
            asked.pre_execution_errors = _throttled(context, spent) or refused
            if not asked.pre_execution_errors:
                asked.result = remembered(document, asked.operation_name)
                if asked.result is None and document.asks_the_schema:
                    # Each part of the schema that is told takes twice what other parts of answers do.
                    context.services.fair_queue.charge(context.caller, execution.cost or 0)
            if execution.deadline and execution.is_query:
                seconds = 0 if execution.is_abandoned else context.limits.query_seconds
                execution.deadline.reschedule(get_running_loop().time() + seconds)
            if execution.is_query and not asked.pre_execution_errors and not asked.result:
                context.begin_snapshot()
        yield


def _document(asked: ExecutionContext) -> Document:
    assert isinstance(asked.query, Sent)
    return asked.query.document


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


async def _too_expensive(asked: ExecutionContext, document: Document) -> list[GraphQLError]:
    context: Context = asked.context
    execution, limits = context.execution, context.limits
    price = _price(asked.schema._schema, document, asked.operation_name)
    if price is None:
        return []
    variables = _as_sent(context, asked.variables or {})
    estimate = price.of(variables, await _known(context, price, variables))
    execution.cost, execution.points = estimate.cost, estimate.points
    error: ExpectedError
    if estimate.points > limits.points:
        error = _too_many(price, estimate, variables, limits.points)
    elif estimate.cost > limits.cost:
        error = TooExpensive(estimate.cost, limits.cost)
    else:
        return []
    return [GraphQLError(error.message, original_error=error)]


def _throttled(context: Context, cost: int) -> list[GraphQLError]:
    operation = context.execution.operation
    try:
        context.spend(cost, writes=operation is not None and operation.type == "mutation")
    except Throttled as error:
        return [GraphQLError(error.message, original_error=error)]
    return []


def _as_sent(context: Context, variables: Variables) -> Variables:
    """With lists of events again, in whose places others stand."""
    if not context.withheld:
        return variables
    return {name: _withheld(context, value) for name, value in variables.items()}


def _withheld(context: Context, value: Any) -> Any:
    if isinstance(value, list) and len(value) == 1 and isinstance(value[0], dict):
        place = value[0].get("id")
        return context.withheld.get(place, value) if isinstance(place, str) else value
    return value


async def _known(context: Context, price: Price, variables: Variables) -> Known:
    """Counts of the database only where the price depends on them."""
    limits, services = context.limits, context.services
    known = Known(limits.page_size, limits.events, limits.range_days)
    user_id = context.viewer.user_id
    if user_id is not None and any(series.is_by_holdings() for series in price.series):
        known = known._replace(
            holdings=await services.counted.holdings(services.database, user_id, context.now)
        )
    if any(series.is_by_domains(variables) for series in price.series):
        known = known._replace(domains=await services.counted.domains(services.database, context.now))
    return known


def _too_many(price: Price, estimate: Estimate, variables: Variables, limit: int) -> TooManyPoints:
    """What it says is of the series that has the most."""
    points, asked = max(zip(estimate.series, price.series, strict=True), key=lambda pair: pair[0].total)
    return TooManyPoints(
        estimate.points,
        limit,
        field=".".join(asked.path),
        buckets=points.buckets,
        groups=points.groups,
        narrow=asked.narrower(variables),
    )


async def look_through(
    schema: GraphQLSchema, document: Document, operation_name: str | None, *, introspection: bool
) -> None:
    """In a thread, as it takes long: so all is known by the time it is prepared."""
    await aside(lambda: _look_through(schema, document, operation_name, introspection=introspection))


def _look_through(
    schema: GraphQLSchema, document: Document, operation_name: str | None, *, introspection: bool
) -> None:
    if not _errors(schema, document, introspection=introspection):
        _operation(schema, document, operation_name)
        _looked_up(schema, document, operation_name)


def _errors(schema: GraphQLSchema, document: Document, *, introspection: bool) -> list[GraphQLError]:
    rules = _RULES if introspection else _RULES_WITHOUT_INTROSPECTION
    node = document.node
    assert node
    return document.known(rules, lambda: validate(schema, node, rules, _MOST_ERRORS))


def _operation(
    schema: GraphQLSchema, document: Document, operation_name: str | None
) -> OperationSummary | None:
    operation, node = document.operation(operation_name), document.node
    if operation is None or node is None:
        return None

    def looked_through() -> OperationSummary:
        return OperationSummary(
            operation.operation.value,
            operation.name.value if operation.name else None,
            lifetime_of(schema, node, operation),
        )

    return document.known((OperationSummary, operation.name and operation.name.value), looked_through)


def _looked_up(schema: GraphQLSchema, document: Document, operation_name: str | None) -> Price | None:
    operation, node = document.operation(operation_name), document.node
    if operation is None or node is None:
        return None
    key = Price, operation.name and operation.name.value
    return document.known(key, lambda: priced(schema, node, operation))


def _price(schema: GraphQLSchema, document: Document, operation_name: str | None) -> Price | None:
    price = _looked_up(schema, document, operation_name)
    if price:
        # Not in the thread in which it may have been found.
        tokens = price.selected * _TOKENS_OF_A_SELECTION
        document.known((_price, operation_name), lambda: document.weigh(tokens))
    return price
