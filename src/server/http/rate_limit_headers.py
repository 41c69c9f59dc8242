"""The headers RateLimit and RateLimit-Policy, by the IETF's draft 11. They say what a caller may still
spend.
"""

from functools import lru_cache
from math import ceil

from auth.rates import Budget, Limit
from server.http.request_scope import RequestScope

HEADERS = ("ratelimit", "ratelimit-policy")


def rate_headers(scope: RequestScope) -> dict[str, str]:
    """The headers for the budget that paid for the request; none if it has no limit."""
    budget = scope.context.execution.budget if scope.context else None
    if budget is None:
        return {}
    return {"ratelimit": left(budget), "ratelimit-policy": policy(budget.limit)}


def left(budget: Budget) -> str:
    """The value of RateLimit."""
    # Seconds until there is enough for this request, or until the whole budget is there again.
    seconds = ceil(budget.wait or budget.full_in) or 1
    return f'"{budget.limit.policy}";r={budget.remaining};t={seconds}'


@lru_cache(16)
def policy(limit: Limit) -> str:
    """The value of RateLimit-Policy."""
    return f'"{limit.policy}";q={limit.rate.size};w={limit.rate.seconds};qu="cost"'
