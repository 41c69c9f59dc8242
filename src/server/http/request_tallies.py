"""What became of requests, added up as plain numbers: so little work that it can be done for each request."""

from bisect import bisect_left
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from starlette.types import ASGIApp, Receive, Scope, Send

from server.http.access_log import operation_name

BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Of durations, in seconds. Each bucket includes its bound."""
UNNAMED = "(unnamed)"
OTHER = "(other)"
_MOST_NAMES = 100
_IN_SCOPE = "viewgraph.tallies"
_GONE = 499


class Sort(NamedTuple):
    """Requests that are added up together."""

    door: str
    operation: str
    """The name of the operation; one of the two words above where it has no name, or one of too many."""
    code: str
    """Of the first error; OK without one."""


@dataclass(slots=True)
class Tally:
    requests: int = 0
    seconds: float = 0.0
    """Of those that are in the buckets."""
    buckets: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS) + 1))
    """How many took so long. Subscriptions are in none: they take as long as somebody listens."""
    cost: int = 0
    statements: int = 0

    def copy(self) -> "Tally":
        return replace(self, buckets=self.buckets.copy())


class RequestTallies:
    """It outlives requests."""

    def __init__(self, known: Collection[str] = ()) -> None:
        """`known`: names of operations that are always told apart."""
        self.tallies: dict[Sort, Tally] = {}
        self.kept_hits = 0
        """How many requests were answered from what is kept."""
        self.kept_misses = 0
        """How many could have been, but the answer was not there."""
        self._names = set(known)
        self._most_names = len(self._names) + _MOST_NAMES

    def note(
        self,
        door: str,
        operation: str | None,
        code: str,
        seconds: float | None,
        cost: int,
        statements: int,
        *,
        is_signed_in: bool,
    ) -> None:
        """`seconds`: None for a subscription."""
        # Whoever is among them already need not be looked at. A tuple is found as the Sort that it equals.
        tally = self.tallies.get((door, operation or UNNAMED, code))  # type: ignore[call-overload]
        if tally is None:
            tally = self._found(Sort(door, self._shown(operation, is_signed_in=is_signed_in), code))
        tally.requests += 1
        tally.cost += cost
        tally.statements += statements
        if seconds is not None:
            tally.seconds += seconds
            tally.buckets[bisect_left(BOUNDS, seconds)] += 1

    def _found(self, sort: Sort) -> Tally:
        return self.tallies.setdefault(sort, Tally())

    def _shown(self, operation: str | None, *, is_signed_in: bool) -> str:
        """Each name is a series for ever, so a stranger must not be able to make new ones."""
        if operation is None:
            return UNNAMED
        if operation in self._names:
            return operation
        if not is_signed_in or len(self._names) >= self._most_names or operation != operation_name(operation):
            return OTHER
        self._names.add(operation)
        return operation


class Tallied:
    """The requests of an application are added up."""

    def __init__(self, app: ASGIApp, tallies: RequestTallies) -> None:
        self._app = app
        self._tallies = tallies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope[_IN_SCOPE] = self._tallies
        await self._app(scope, receive, send)


def tallies_of(scope: Scope) -> RequestTallies | None:
    """None if nobody adds them up."""
    found: RequestTallies | None = scope.get(_IN_SCOPE)
    return found


def code_of(status: int | None, errors: Sequence[Mapping[str, Any]]) -> str:
    if errors:
        return str(errors[0]["extensions"]["code"])
    return "DISCONNECTED" if status == _GONE else "OK"
