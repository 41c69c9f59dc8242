from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from figures.scores import EVEN_WEIGHTS, ScoreInputs, ScoreWeights, score

COUNTS = st.integers(0, 2**53)
INPUTS = st.builds(ScoreInputs, COUNTS, COUNTS, COUNTS)
WEIGHTS = st.builds(ScoreWeights, *[st.floats(0.01, 100)] * 3)


def test_nothing_scores_nothing() -> None:
    assert score(ScoreInputs(0, 0, 0), EVEN_WEIGHTS) == (Decimal("0.00"),) * 4


def test_the_parts_follow_their_formula() -> None:
    inputs = ScoreInputs(reach=13_953, activity=11, interest=17)

    assert score(inputs, EVEN_WEIGHTS) == tuple(map(Decimal, ("4.61", "5.92", "5.38", "2.51")))


def test_a_weight_pulls_the_score_to_its_part() -> None:
    inputs = ScoreInputs(reach=10_000_000, activity=0, interest=0)

    assert score(inputs, ScoreWeights(3, 1, 0)).total == Decimal("7.50")


@given(INPUTS, WEIGHTS)
def test_a_score_lies_between_0_and_10(inputs: ScoreInputs, weights: ScoreWeights) -> None:
    for part in score(inputs, weights):
        assert Decimal("0.00") <= part <= Decimal("10.00")


@given(INPUTS, st.integers(0, 2), st.integers(1, 2**53), WEIGHTS)
def test_more_of_anything_is_never_less(
    inputs: ScoreInputs, which: int, more: int, weights: ScoreWeights
) -> None:
    raised = ScoreInputs(*(count + more * (place == which) for place, count in enumerate(inputs)))

    assert all(a >= b for a, b in zip(score(raised, weights), score(inputs, weights), strict=True))
