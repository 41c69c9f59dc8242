"""The score of a user, made of what is known of them."""

from decimal import ROUND_HALF_EVEN, Decimal
from math import log10
from typing import Any, ClassVar, NamedTuple

from figures.figure import Figure, Figures

MOST_SCORED = 3_000
"""Of one thing that happens to one subject, in a month of the reporting time zone."""
_CENT = Decimal("0.01")


class ScoreWeights(NamedTuple):
    """How much each part counts beside the others."""

    reach: float = 1.0
    activity: float = 1.0
    interest: float = 1.0


EVEN_WEIGHTS = ScoreWeights()


class ScoreInputs(NamedTuple):
    reach: int
    """Followers on all networks, and plays of all works, here and elsewhere."""
    activity: int
    """Roles, acts and works."""
    interest: int
    """Profile views, profile searches and connects."""


class Score(NamedTuple):
    """Each from 0.00 to 10.00."""

    total: Decimal
    reach: Decimal
    activity: Decimal
    interest: Decimal


class _Part:
    """How near a count comes to one that is full, by orders of magnitude."""

    value: ClassVar[Any] = Decimal
    keys: ClassVar[tuple[()]] = ()

    def __init__(self, name: str, full: int) -> None:
        self._name = name
        self._full = full

    def points(self, inputs: ScoreInputs) -> float:
        count: int = getattr(inputs, self._name)
        return min(10.0, 10 * log10(1 + count) / log10(1 + self._full))

    def of(self, score: Score, /) -> Decimal:
        points: Decimal = getattr(score, self._name)
        return points

    def __str__(self) -> str:
        return f"10 log(1 + n) / log(1 + {self._full:,}), at most 10"


_REACH, _ACTIVITY, _INTEREST = (
    _Part("reach", 10_000_000),
    _Part("activity", 100),
    _Part("interest", 100_000),
)
SCORE_PARTS: Figures = (
    Figure(
        "reach",
        _REACH,
        "points",
        f"{_REACH}, of n followers on all networks and plays of all works, here and elsewhere. Of a work's "
        f"plays here, {MOST_SCORED:,} events of each month count.",
    ),
    Figure("activity", _ACTIVITY, "points", f"{_ACTIVITY}, of n roles, acts and works."),
    Figure(
        "interest",
        _INTEREST,
        "points",
        f"{_INTEREST}, of n profile views, profile searches and connects. Of views and of searches, "
        f"{MOST_SCORED:,} events of each month count.",
    ),
)


class _Mean:
    value: ClassVar[Any] = Decimal
    keys: ClassVar[tuple[()]] = ()

    def of(self, score: Score, /) -> Decimal:
        return score.total

    def __str__(self) -> str:
        return f"weighted mean of {', '.join(map(str, SCORE_PARTS))}"


INSIGHT_SCORE = Figure(
    "insightScore",
    _Mean(),
    "points",
    "From 0.00 to 10.00: the mean of `insightScoreParts`, with the weights that the server is set to; by "
    "default they are equal. 0.00 where everything is 0; never less for more of anything. Made when it is "
    "asked for.",
)


def score(inputs: ScoreInputs, weights: ScoreWeights) -> Score:
    """The total is the weighted mean of the parts."""
    parts = [part.points(inputs) for part in (_REACH, _ACTIVITY, _INTEREST)]
    total = sum(part * weight for part, weight in zip(parts, weights, strict=True)) / sum(weights)
    return Score(_rounded(total), *map(_rounded, parts))


def _rounded(value: float) -> Decimal:
    return Decimal(value).quantize(_CENT, ROUND_HALF_EVEN)
