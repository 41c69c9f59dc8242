"""The score of a user's insight: how it is made of three counts."""

from decimal import ROUND_HALF_EVEN, Decimal
from math import log10
from typing import NamedTuple


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


_FULL_REACH = 10_000_000
_FULL_ACTIVITY = 100
_FULL_INTEREST = 100_000
_CENT = Decimal("0.01")


def score(inputs: ScoreInputs, weights: ScoreWeights) -> Score:
    """Each part is 10 log(1 + n) / log(1 + full), at most 10; the total is their weighted mean."""
    parts = (
        _part(inputs.reach, _FULL_REACH),
        _part(inputs.activity, _FULL_ACTIVITY),
        _part(inputs.interest, _FULL_INTEREST),
    )
    total = sum(part * weight for part, weight in zip(parts, weights, strict=True)) / sum(weights)
    return Score(_rounded(total), *map(_rounded, parts))


def _part(count: int, full: int) -> float:
    return min(10.0, 10 * log10(1 + count) / log10(1 + full))


def _rounded(value: float) -> Decimal:
    return Decimal(value).quantize(_CENT, ROUND_HALF_EVEN)
