"""Which figures a field of a publication asks for."""

from collections.abc import Sequence

from base.calendar import DateInterval, Span, buckets
from base.errors import BadUserInput
from loaders.counts import Dimension
from loaders.engagement import EngagementKey
from loaders.hour import HourKey
from loaders.publications import PublicationRow
from loaders.views import ViewsKey
from loaders.visitors import VisitorsKey
from models import Action, SubjectKind
from resolvers.context import Limits
from resolvers.ranges import domain_of, previous_span, span_of, zone_of


def engagement_key(publication: PublicationRow, span: Span | None) -> HourKey[EngagementKey]:
    key = EngagementKey(publication.id, publication.tenant_id, publication.time_zone, span)
    return HourKey(publication.revision, key)


def previous_engagement_key(key: HourKey[EngagementKey]) -> HourKey[EngagementKey] | None:
    span = key.key.span
    return HourKey(key.revision, key.key._replace(span=previous_span(span))) if span else None


def visitors_key(key: HourKey[EngagementKey]) -> HourKey[VisitorsKey]:
    publication_id, tenant_id, reporting_zone, span = key.key
    subjects = (publication_id,)
    return HourKey(
        key.revision,
        VisitorsKey(tenant_id, reporting_zone, SubjectKind.PUBLICATION, subjects, False, span),
    )


def publication_views_key(
    publication: PublicationRow,
    limits: Limits,
    *,
    start: str,
    end: str,
    interval: DateInterval,
    time_zone: str | None,
    group_by: Sequence[str],
    domain: str | None,
) -> ViewsKey:
    zone = zone_of(time_zone)
    return ViewsKey(
        publication.tenant_id,
        publication.time_zone,
        publication.id,
        (Action.VIEW,),
        interval,
        tuple(buckets(span_of(start, end, zone, limits), interval, zone)),
        _dimensions(group_by),
        domain_of(domain),
    )


def _dimensions(names: Sequence[str]) -> frozenset[Dimension]:
    try:
        return frozenset(Dimension(name) for name in names)
    except ValueError:
        raise BadUserInput(
            "The views of a publication are grouped by DEVICE and DOMAIN.",
            argument="groupBy",
            reason="INVALID_GROUPING",
        ) from None
