"""Which figures a field of a publication asks for."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from base.calendar import DateInterval, WeekStart
from base.errors import BadUserInput
from figures.folds import Standing, done_to
from loaders.cached import CachedKey
from loaders.engagement import EngagementKey
from loaders.measures import Dimension
from loaders.publication_series import PublicationSeriesKey
from loaders.publications import PublicationRow
from loaders.visitors import VisitorsKey
from models import Action, SubjectKind
from resolvers.context import Context, Limits
from resolvers.ranges import domain_of, previous_span, span_of, timeline_of, zone_of

ACTIONS_OF = {action: Standing(action).keys for action in done_to(SubjectKind.PUBLICATION)}
"""Each thing that people do to a publication, with what takes it back."""


def engagement_key(
    publication: PublicationRow, limits: Limits, ends: tuple[str, str], time_zone: str | None
) -> CachedKey[EngagementKey]:
    zone = zone_of(time_zone)
    span = span_of(*ends, zone, limits)
    key = EngagementKey(publication.id, publication.tenant_id, publication.time_zone, span, zone.key)
    return CachedKey(publication.revision, key)


def key_of_all_time(publication: PublicationRow, time_zone: str | None) -> CachedKey[EngagementKey]:
    """It needs no calendar, but the time zone must be one."""
    zone_of(time_zone)
    key = _engagement_key((publication.id, publication.tenant_id, publication.time_zone, None, "UTC"))
    return _cached_key((publication.revision, key))


_engagement_key: Callable[[tuple[Any, ...]], EngagementKey] = partial(tuple.__new__, EngagementKey)
_cached_key: Callable[[tuple[Any, ...]], CachedKey[EngagementKey]] = partial(tuple.__new__, CachedKey)
# Lists make many keys, and the constructors of NamedTuples are functions in Python.


def previous_engagement_key(
    key: CachedKey[EngagementKey], *, is_as_long: bool = False
) -> CachedKey[EngagementKey] | None:
    asked = key.key
    if asked.span is None:
        return None
    span = previous_span(asked.span, asked.asked_zone, is_as_long=is_as_long)
    return CachedKey(key.revision, asked._replace(span=span))


def visitors_key(key: CachedKey[EngagementKey]) -> CachedKey[VisitorsKey]:
    publication_id, tenant_id, reporting_zone, span, _ = key.key
    subjects = (publication_id,)
    return CachedKey(
        key.revision,
        VisitorsKey(tenant_id, reporting_zone, SubjectKind.PUBLICATION, subjects, False, span),
    )


async def publication_series_key(
    publication: PublicationRow,
    context: Context,
    *,
    action: Action,
    start: str,
    end: str,
    interval: DateInterval,
    time_zone: str | None,
    group_by: Sequence[str],
    domain: str | None,
    zero_fill: bool,
    week_start: WeekStart,
) -> PublicationSeriesKey:
    span = span_of(start, end, zone_of(time_zone), context.limits)
    return PublicationSeriesKey(
        publication.tenant_id,
        publication.time_zone,
        publication.id,
        ACTIONS_OF[action],
        interval,
        await timeline_of(context, span, interval, time_zone, week_start),
        _dimensions(group_by),
        domain_of(domain),
        zero_fill,
        context.now,
    )


def _dimensions(names: Sequence[str]) -> frozenset[Dimension]:
    try:
        return frozenset(Dimension(name) for name in names)
    except ValueError:
        raise BadUserInput(
            "The series of a publication can be grouped by DEVICE and DOMAIN only.",
            argument="groupBy",
            reason="INVALID_GROUPING",
        ) from None
