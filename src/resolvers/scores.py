"""The figures that events raise, and the score that is made of them and of others."""

from asyncio import gather
from collections.abc import Iterable

from figures.insights import FOLLOWERS, PLAYED, PLAYS_ELSEWHERE, SEARCHED, VIEWED, Raised
from figures.scores import Score, ScoreInputs, score
from loaders.all_time import AllTimeCounts, AllTimeKey
from loaders.insights import InsightRow, WorkRow, WorksOfInsight
from resolvers.context import Context


def raised_key(fold: Raised, row: InsightRow | WorkRow) -> AllTimeKey:
    """The key has the number that the user gave. The subject of a profile is its user."""
    subject_id = row.id if isinstance(row, WorkRow) else row.user_id
    return AllTimeKey(row.tenant_id, subject_id, fold.action, fold.given(row))


async def insight_score(context: Context, insight: InsightRow) -> Score:
    return score(await _inputs(context, insight), context.services.score_weights)


async def _inputs(context: Context, insight: InsightRow) -> ScoreInputs:
    counts = context.loaders[AllTimeCounts]
    works, viewed, searched = await gather(
        context.loaders[WorksOfInsight].load(insight.id),
        counts.load(raised_key(VIEWED, insight)),
        counts.load(raised_key(SEARCHED, insight)),
    )
    played = await counts.load_many(raised_key(PLAYED, work) for work in works)
    return ScoreInputs(
        reach=_known(figure.of(insight) for figure in FOLLOWERS)
        + sum(plays.scored for plays in played)
        + _known(PLAYS_ELSEWHERE.of(work) for work in works),
        activity=insight.number_of_roles + insight.number_of_acts + len(works),
        interest=viewed.scored + searched.scored + insight.connects,
    )


def _known(counts: Iterable[int | None]) -> int:
    return sum(count or 0 for count in counts)
