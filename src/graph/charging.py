"""Takes the cost of an operation: compares it with the limits, and takes it from what the caller may
spend."""

from graphql import GraphQLSchema

from base.errors import ExpectedError, TooExpensive, TooManyPoints
from graph.analysis import price_of
from graph.document import Operation
from graph.price import Estimate, Price
from graph.series import Known, Variables
from resolvers.context import Context


async def charge(context: Context, schema: GraphQLSchema, operation: Operation, variables: Variables) -> None:
    """Raises THROTTLED and COST_ESTIMATED_TOO_EXPENSIVE. The document is valid."""
    execution, document = context.execution, operation.document
    refusal = await _refusal(context, price_of(schema, operation), variables)
    cost = document.cost_if_invalid if refusal else (execution.cost or 1) + document.take_first_cost()
    context.spend(cost, writes=execution.is_mutation)
    if refusal:
        raise refusal


async def _refusal(context: Context, price: Price | None, variables: Variables) -> ExpectedError | None:
    if price is None:
        return None
    execution, limits = context.execution, context.limits
    estimate = price.of(variables, await _known(context, price, variables))
    execution.cost, execution.points = estimate.cost, estimate.points
    if estimate.points > limits.points:
        return _too_many(price, estimate, variables, limits.points)
    return TooExpensive(estimate.cost, limits.cost) if estimate.cost > limits.cost else None


async def _known(context: Context, price: Price, variables: Variables) -> Known:
    """Reads counts from the database only if the price depends on them."""
    limits, services = context.limits, context.services
    known = Known(limits.page_size, limits.events, limits.range_days)
    user_id = context.viewer.user_id
    if user_id is not None and any(series.is_by_holdings() for series in price.series):
        known = known._replace(
            holdings=await services.holdings_cache.holdings(services.database, user_id, context.now)
        )
    if any(series.is_by_domains(variables) for series in price.series):
        known = known._replace(domains=await services.holdings_cache.domains(services.database, context.now))
    return known


def _too_many(price: Price, estimate: Estimate, variables: Variables, limit: int) -> TooManyPoints:
    """The error describes the series that has the most points."""
    points, asked = max(zip(estimate.series, price.series, strict=True), key=lambda pair: pair[0].total)
    return TooManyPoints(
        estimate.points,
        limit,
        field=".".join(asked.path),
        buckets=points.buckets,
        groups=points.groups,
        narrow=asked.narrower(variables),
    )
