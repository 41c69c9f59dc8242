from datetime import datetime, timedelta

import strawberry

from graph.directives import PERSONAL
from graph.fields import described
from resolvers.context import Context


@strawberry.type(
    description=(
        "How much the viewer may still ask for. If nobody is signed in, it is how much the address may ask "
        "for. The cost of an operation is taken before it is executed, and comes back steadily. If too "
        "little is left, nothing is executed, and the error THROTTLED says when there is enough again."
    ),
    directives=[PERSONAL],
)
class RateLimit:
    cost: int = described("What this operation costs, by `@cost`, `@listSize` and `@seriesSize`; at least 1.")
    limit: int = described("The most that can be left: how much may be asked for at once after a pause.")
    remaining: int = described("How much is left after this operation.")
    restore_rate: float = described("How much comes back each second.")
    full_at: datetime = described("When the whole `limit` is back, if nothing is asked for until then.")

    @classmethod
    def of(cls, context: Context) -> "RateLimit | None":
        execution = context.execution
        # What is left changes with each request.
        execution.is_repeatable = False
        if execution.budget is None:
            return None
        rate, full_in = execution.budget.limit.rate, execution.budget.full_in
        return cls(
            cost=max(execution.cost or 0, 1),
            limit=rate.size,
            remaining=execution.budget.remaining,
            restore_rate=rate.per_second,
            full_at=context.now + timedelta(seconds=full_in),
        )
