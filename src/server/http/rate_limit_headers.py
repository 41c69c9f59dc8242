"""What is left to a caller, in headers: RateLimit and RateLimit-Policy as the IETF's draft 11 has them."""

from functools import lru_cache
from math import ceil

from auth.rates import Limit
from server.http.request_scope import RequestScope

HEADERS = ("ratelimit", "ratelimit-policy")


def rate_headers(scope: RequestScope) -> dict[str, str]:
    """Of what was paid for, or could not be; none where nothing is limited."""
    budget = scope.context.execution.budget if scope.context else None
    if budget is None:
        return {}
    # For as long as this is all that may be asked for, but for what comes back meanwhile.
    seconds = ceil(budget.wait or budget.full_in) or 1
    return {
        "ratelimit": f'"{budget.limit.policy}";r={budget.remaining};t={seconds}',
        "ratelimit-policy": _policy(budget.limit),
    }


@lru_cache(16)
def _policy(limit: Limit) -> str:
    return f'"{limit.policy}";q={limit.rate.size};w={limit.rate.seconds};qu="cost"'
