"""The headers RateLimit and RateLimit-Policy, by the IETF's draft 11: how much a caller may still ask for."""

from functools import lru_cache
from math import ceil

from auth.rates import Limit
from server.http.request_scope import RequestScope

HEADERS = ("ratelimit", "ratelimit-policy")


def rate_headers(scope: RequestScope) -> dict[str, str]:
    """The headers of the budget that was charged; none where nothing is limited."""
    budget = scope.context.execution.budget if scope.context else None
    if budget is None:
        return {}
    # Seconds until there is enough for this request, or until the whole budget is there again.
    seconds = ceil(budget.wait or budget.full_in) or 1
    return {
        "ratelimit": f'"{budget.limit.policy}";r={budget.remaining};t={seconds}',
        "ratelimit-policy": _policy(budget.limit),
    }


@lru_cache(16)
def _policy(limit: Limit) -> str:
    return f'"{limit.policy}";q={limit.rate.size};w={limit.rate.seconds};qu="cost"'
