"""The figures of how many different people came."""

from typing import Any, ClassVar, NamedTuple

from base.sketches import Estimate
from figures.figure import Figure, Figures


class Visitors(NamedTuple):
    everyone: Estimate
    signed_in: int


class _Distinct:
    """People are no sum: what was counted of them is shown as it is."""

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
        "Distinct visitors, estimated by HyperLogLog with a standard error of 1.6 %; exact for few. Over "
        "several days it has those who are signed in or named once, and of all others the sum of the days: "
        "it is no number of people where many come anonymously and again.",
    ),
    Figure(
        "lower",
        _Estimated("lower"),
        "visitors",
        "The low end of the estimate's interval of 95 % confidence.",
    ),
    Figure(
        "upper",
        _Estimated("upper"),
        "visitors",
        "The high end of the estimate's interval of 95 % confidence.",
    ),
    Figure("signedIn", _SignedIn(), "people", "Those of them who were signed in: counted exactly."),
)
