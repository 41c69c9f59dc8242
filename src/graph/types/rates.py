from datetime import datetime, timedelta

import strawberry

from graph.directives import PERSONAL
from graph.fields import described
from resolvers.context import Context


@strawberry.type(
    description=(
        "What the viewer may still ask for, or the address where nobody is signed in. What an operation "
        "costs is taken before it is executed, and comes back steadily. Where too little is left nothing is "
        "executed: THROTTLED, which says when there is enough again."
    ),
    directives=[PERSONAL],
)
class RateLimit:
    cost: int = described("What this operation costs, by `@cost` and `@listSize`; 1 at least.")
    limit: int = described("What may be asked for at once, when nothing was for a while.")
    remaining: int = described("What is left, this operation paid.")
    restore_rate: float = described("How much comes back each second.")
    full_at: datetime = described("When all of it has come back, if nothing is asked for until then.")

    @classmethod
    def of(cls, context: Context) -> "RateLimit | None":
        execution = context.execution
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
