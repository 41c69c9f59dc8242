"""Explains a figure: the rows of totals that make it, the raw events beside them, and the key under which
servers keep it."""

from collections.abc import Iterable
from typing import Any

from base.calendar import Span, time_zone
from base.errors import BadUserInput, NotFound
from figures.figure import Figure
from figures.folds import ActiveUsers
from loaders.cached import Versions
from loaders.figure_cache import Version, VersionKey
from loaders.retention import FoldedOfTenant, RetentionOfTenant
from models import SubjectKind
from resolvers.context import Context
from resolvers.explain.explanation import Explanation, Question
from resolvers.explain.figures import FIGURES, UNIQUE_VISITORS
from resolvers.explain.people import of_active_users, of_visitors
from resolvers.explain.subjects import Explained, named
from resolvers.explain.totals import of_totals
from resolvers.ranges import span_of, zone_of

_OF_A_RANGE = {SubjectKind.ASSET}
_OF_ALL_TIME = {SubjectKind.PROFILE, SubjectKind.WORK}


async def explanations(
    context: Context, subject: str, figure: str, ends: tuple[str, str] | None, zone: str | None
) -> list[Explanation]:
    """One explanation for each subject that has the figure, because a user may have many works."""
    found = await named(context, subject)
    known = [(one, entry) for one in found if (entry := FIGURES[one.kind].get(figure))]
    if not known:
        raise NotFound(_no_such_figure(found, figure))
    span = span_of(*ends, zone_of(zone), context.limits) if ends else None
    _check_range(known[0][0].kind, span)
    return [await _explanation(context, figure, one, entry, span) for one, entry in known]


def _no_such_figure(found: Iterable[Explained], figure: str) -> str:
    kinds = {one.kind: one for one in reversed(list(found))}
    names = ", ".join(name for kind in sorted(kinds) for name in FIGURES[kind])
    return f"There is no figure `{figure}` of {kinds[min(kinds)].words}. There are: {names}."


def _check_range(kind: SubjectKind, span: Span | None) -> None:
    if span is None and kind in _OF_A_RANGE:
        words = "Figures of assets need a range: give --from and --to."
    elif span is not None and kind in _OF_ALL_TIME:
        words = "This figure has no range: leave out --from and --to."
    else:
        return
    raise BadUserInput(words, argument="--from", reason="INVALID_RANGE")


async def _explanation(
    context: Context, name: str, subject: Explained, figure: Figure[Any], span: Span | None
) -> Explanation:
    kept = await context.loaders[RetentionOfTenant].load(subject.tenant_id)
    assert kept
    folded = await context.loaders[FoldedOfTenant].load(subject.tenant_id)
    zone = time_zone(kept.time_zone)
    asked = Question(subject, figure, span, zone, kept.pruned_before, folded and folded.before)
    blank = Explanation(
        name,
        subject.words,
        str(figure.fold).replace("`", ""),
        subject.tenant,
        kept.time_zone,
        span,
        [],
        0,
        version=await _version(context, subject),
        pruned_before=None if asked.has_events_since(asked.start) else kept.pruned_before,
    )
    if isinstance(figure.fold, ActiveUsers):
        return await of_active_users(context, asked, figure.fold, blank)
    if figure is UNIQUE_VISITORS:
        return await of_visitors(context, asked, blank)
    return await of_totals(context, asked, blank)


async def _version(context: Context, subject: Explained) -> Version | None:
    row = subject.publication
    if row is None:
        return None
    return await context.loaders[Versions].load(VersionKey(row.tenant_id, row.id, row.revision))
