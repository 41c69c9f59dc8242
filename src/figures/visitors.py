"""The figures of how many different people came."""

from typing import Any, ClassVar, NamedTuple

from base.sketches import Estimate
from figures.figure import Figure, Figures


class Visitors(NamedTuple):
    everyone: Estimate
    signed_in: int


class _Distinct:
    """A number of different people is not added up from totals: it is shown as it was counted."""

    value: ClassVar[Any] = int
    keys: ClassVar[tuple[()]] = ()


class _Estimated(_Distinct):
    def __init__(self, bound: str) -> None:
        self._bound = bound

    def of(self, visitors: Visitors, /) -> int:
        count: int = getattr(visitors.everyone, self._bound)
        return count

    def __str__(self) -> str:
        return "union of daily HyperLogLog sketches, and of the events of parts of days"


class _SignedIn(_Distinct):
    def of(self, visitors: Visitors, /) -> int:
        return visitors.signed_in

    def __str__(self) -> str:
        return "distinct users"


VISITORS: Figures = (
    Figure(
        "estimate",
        _Estimated("estimate"),
        "visitors",
        "How many different visitors came, estimated by HyperLogLog with a standard error of 1.6 %; exact "
        "for few. Over several days, a visitor who is signed in or named by the reporting server counts "
        "once. Any other visitor counts once on each day, so the estimate is higher than the number of "
        "people if many come anonymously and again.",
    ),
    Figure(
        "lower",
        _Estimated("lower"),
        "visitors",
        "The lower end of the 95 % confidence interval of `estimate`.",
    ),
    Figure(
        "upper",
        _Estimated("upper"),
        "visitors",
        "The upper end of the 95 % confidence interval of `estimate`.",
    ),
    Figure("signedIn", _SignedIn(), "people", "How many of the visitors were signed in, counted exactly."),
)
