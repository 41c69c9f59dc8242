"""The errors that a caller can expect. Any other error is a bug: it is logged, and the caller does not see
it.
"""

from collections.abc import Sequence
from typing import Any, ClassVar


class ExpectedError(Exception):
    """The caller sees `message` as it is. `extensions` become part of the `extensions` of the GraphQL
    error.
    """

    code: ClassVar[str]
    status: ClassVar[int]

    def __init__(self, message: str, **extensions: Any) -> None:
        super().__init__(message)
        self.message = message
        self.extensions = {"code": self.code, **extensions}


class Unauthenticated(ExpectedError):
    code = "UNAUTHENTICATED"
    status = 401


class Lapsed(Unauthenticated):
    """The credentials were valid when a subscription began, and are not valid any more."""


class Forbidden(ExpectedError):
    code = "FORBIDDEN"
    status = 403


class NotFound(ExpectedError):
    """There is no such object, or this viewer may not know of it. The answer is the same for both."""

    code = "NOT_FOUND"
    status = 404


class Gone(NotFound):
    """It existed until it expired."""

    status = 410


class BadUserInput(ExpectedError):
    """`argument` names the wrong value, and `reason` says why it is wrong. Both are for programs."""

    code = "BAD_USER_INPUT"
    status = 422

    def __init__(self, message: str, *, argument: str, reason: str) -> None:
        super().__init__(message, argument=argument, reason=reason)


class Conflict(ExpectedError):
    code = "CONFLICT"
    status = 409


class Throttled(ExpectedError):
    code = "THROTTLED"
    status = 429

    def __init__(self, message: str, *, retry_after: int) -> None:
        """`retry_after` is in seconds."""
        super().__init__(message, retryAfter=retry_after)


class TooExpensive(ExpectedError):
    """What an operation's document and variables ask for costs too much. Nothing of it is executed."""

    code = "COST_ESTIMATED_TOO_EXPENSIVE"
    status = 400

    def __init__(self, cost: int, limit: int) -> None:
        super().__init__(
            f"The operation may cost {cost:,}, and {limit:,} is the most. Ask for fewer items, or for less.",
            cost=cost,
            maxCost=limit,
        )


class TooManyPoints(TooExpensive):
    """All series of an operation together have too many points."""

    def __init__(
        self,
        points: int,
        limit: int,
        *,
        field: str | None = None,
        buckets: int,
        groups: int,
        narrow: Sequence[str],
    ) -> None:
        """`field` is the series with the most points. `narrow` names arguments that make them fewer."""
        ways = ", ".join(f"`{name}`" for name in narrow)
        ExpectedError.__init__(
            self,
            f"The operation may have {points:,} points of series, and {limit:,} is the most: "
            f"{f'`{field}`' if field else 'one series'} has {buckets:,} buckets by {groups:,} groups. "
            f"Narrow {ways}.",
            points=points,
            maxPoints=limit,
            **({"field": field} if field else {}),
            buckets=buckets,
            groups=groups,
            narrow=list(narrow),
        )


class TimedOut(ExpectedError):
    code = "TIMEOUT"
    status = 503


class Unavailable(ExpectedError):
    code = "UNAVAILABLE"
    status = 503

    def __init__(self, message: str, *, retry_after: int = 1) -> None:
        """`retry_after` is in seconds."""
        super().__init__(message, retryAfter=retry_after)
