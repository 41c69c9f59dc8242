"""Checks and reads the ranges, time zones and sites that callers send."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from base.calendar import (
    Bound,
    Cut,
    DateInterval,
    InvalidBound,
    InvalidSpan,
    Span,
    Timeline,
    UnknownTimeZone,
    WeekStart,
    day_of,
    equally_long_before,
    known_timeline,
    parse_bound,
    previous,
    remember,
    resolve,
    time_zone,
)
from base.errors import BadUserInput
from ingest.domains import OTHER, InvalidDomain, domain_pattern
from resolvers.context import Context, Limits

_DAY = timedelta(days=1)
_MICROSECOND = timedelta(microseconds=1)


def zone_of(name: str | None) -> ZoneInfo:
    """UTC if none is named."""
    try:
        return time_zone("UTC" if name is None else name)
    except UnknownTimeZone as error:
        raise BadUserInput(f"{error}.", argument="timeZone", reason="INVALID_TIME_ZONE") from None


def domain_of(text: str | None) -> str | None:
    """The site that a filter names, as it is stored; `*.` before it means all sites below it. None for
    all."""
    if text is None:
        return None
    if text == OTHER:
        return OTHER
    try:
        return domain_pattern(text)
    except InvalidDomain:
        raise BadUserInput("This is no domain.", argument="domain", reason="INVALID_DOMAIN") from None


def span_of(start: str, end: str, zone: ZoneInfo, limits: Limits) -> Span:
    first, last = _bound(start, "start"), _bound(end, "end")
    try:
        span = resolve(first, last, zone)
    except InvalidSpan as error:
        raise BadUserInput(f"{error}.", argument="range", reason="INVALID_RANGE") from None
    if _is_wider(span, zone, limits.range_days):
        raise BadUserInput(
            f"A range may cover {limits.range_days:,} days.", argument="range", reason="RANGE_TOO_WIDE"
        )
    return span


def previous_span(span: Span, time_zone: str | None, *, is_as_long: bool = False) -> Span:
    """The range before: by the calendar of the time zone, or with `is_as_long` one of the same length."""
    try:
        return equally_long_before(span) if is_as_long else previous(span, zone_of(time_zone))
    except InvalidSpan as error:
        raise BadUserInput(f"{error}.".capitalize(), argument="range", reason="INVALID_RANGE") from None


async def timeline_of(
    context: Context, span: Span, interval: DateInterval, time_zone: str | None, week_start: WeekStart
) -> Timeline:
    """There may be thousands of hours, so other requests have their turn in between."""
    cut = Cut(span, interval, zone_of(time_zone), week_start)
    if known := known_timeline(cut):
        return known
    made = [bucket async for piece in context.run_queue.batches(cut.buckets()) for bucket in piece]
    timeline = Timeline(cut, made)
    remember(timeline)
    return timeline


def _is_wider(span: Span, zone: ZoneInfo, days: int) -> bool:
    """Whether the span is wider both by the calendar and by the clock: a day may have 25 hours, and a span
    may start at noon."""
    touched = day_of(span.end - _MICROSECOND, zone) - day_of(span.start, zone) + _DAY
    return min(touched, span.end - span.start) > timedelta(days=days)


def _bound(text: str, name: str) -> Bound:
    try:
        return parse_bound(text)
    except InvalidBound as error:
        raise BadUserInput(f"{error}.", argument=f"range.{name}", reason="INVALID_DATE") from None
