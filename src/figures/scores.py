"""The score of a user, and its parts."""

from decimal import ROUND_HALF_EVEN, Decimal
from math import log10
from typing import Any, ClassVar, NamedTuple

from figures.figure import Figure, Figures

MOST_SCORED = 3_000
"""How many events of one action on one subject count in a score, for each month of the reporting time
zone."""
_CENT = Decimal("0.01")


class ScoreWeights(NamedTuple):
    """How much each part counts, compared to the others."""

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
    """A part of the score. It grows with the logarithm of a count, and is 10 from the count `full` on."""

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
        f"{_REACH}. n is the number of followers on all networks and of plays of all works, here and "
        f"elsewhere. Of each work's plays here, at most {MOST_SCORED:,} events of each month count.",
    ),
    Figure("activity", _ACTIVITY, "points", f"{_ACTIVITY}. n is the number of roles, acts and works."),
    Figure(
        "interest",
        _INTEREST,
        "points",
        f"{_INTEREST}. n is the number of profile views, profile searches and friends (`connects`). Of the "
        f"views and of the searches, at most {MOST_SCORED:,} events of each month count.",
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
    "From 0.00 to 10.00: the weighted mean of the fields of `insightScoreParts`. The server's settings "
    "have the weights, which are equal by default. The score is 0.00 if all parts are 0, and more of "
    "anything never lowers it. It is calculated when it is asked for.",
)


def score(inputs: ScoreInputs, weights: ScoreWeights) -> Score:
    """The total is the weighted mean of the parts."""
    parts = [part.points(inputs) for part in (_REACH, _ACTIVITY, _INTEREST)]
    total = sum(part * weight for part, weight in zip(parts, weights, strict=True)) / sum(weights)
    return Score(_rounded(total), *map(_rounded, parts))


def _rounded(value: float) -> Decimal:
    return Decimal(value).quantize(_CENT, ROUND_HALF_EVEN)
