"""What asset metrics have to say, counted the slow and obvious way, with a calendar of its own.

It shares no line with the product: nothing of it is imported here.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

MICROSECOND, SECOND, MINUTE, HOUR, DAY = (
    timedelta(microseconds=1),
    timedelta(seconds=1),
    timedelta(minutes=1),
    timedelta(hours=1),
    timedelta(days=1),
)
DEVICES = [None, "DESKTOP", "MOBILE", "TABLET"]
VIEWS = {"VIEW_3D": {"VIEW": "VIEW_3D"}, "VIEW_AR": {"CLICK": "AR_CLICK", "SCAN": "AR_SCAN"}}
RANKINGS = {
    "TOTAL_3D_VIEWS": "total3DViews",
    "TOTAL_AR_VIEWS": "totalARViews",
    "USER_ENGAGEMENT": "userEngagement",
}


# The calendar


def shown(at: datetime, zone: str) -> datetime:
    """By the clocks there."""
    return at.astimezone(ZoneInfo(zone)).replace(tzinfo=None)


def day_of(at: datetime, zone: str) -> date:
    """The latest date that the clocks have shown so far: a day that has begun is not left again."""
    earlier = at - 3 * HOUR
    if shown(at, zone) - shown(earlier, zone) >= 3 * HOUR:
        return shown(at, zone).date()
    return max(shown(at - minutes * MINUTE, zone).date() for minutes in range(181))


@lru_cache(maxsize=100_000)
def start_of(day: date, zone: str) -> datetime:
    """The first instant of a day, or of the next one where the clocks leave it out."""
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    return first_second(noon - 40 * HOUR, noon + 40 * HOUR, lambda at: day_of(at, zone) >= day)


def first_second(low: datetime, high: datetime, is_past: Callable[[datetime], bool]) -> datetime:
    """After `low`, where it is not yet, up to `high`, where it is."""
    while high - low > SECOND:
        middle = low + (high - low) // 2 // SECOND * SECOND
        low, high = (low, middle) if is_past(middle) else (middle, high)
    return high


class Bound(NamedTuple):
    """One end of a range: a day, what the clocks show, or an instant with an offset in minutes."""

    at: date | datetime
    offset: int | None = None

    @property
    def text(self) -> str:
        if not isinstance(self.at, datetime):
            return self.at.isoformat()
        if self.offset is None:
            return self.at.isoformat()
        there = (self.at + self.offset * MINUTE).replace(tzinfo=None).isoformat()
        sign = "-" if self.offset < 0 else "+"
        return f"{there}{sign}{abs(self.offset) // 60:02}:{abs(self.offset) % 60:02}"


def start_of_range(bound: Bound, zone: str) -> datetime:
    if not isinstance(bound.at, datetime):
        return start_of(bound.at, zone)
    if bound.offset is not None:
        return bound.at
    found = when_shown(bound.at, zone)
    return min(found) if found else jump_over(bound.at, zone)


def end_of_range(bound: Bound, zone: str) -> datetime:
    """Not included."""
    if not isinstance(bound.at, datetime):
        return start_of(bound.at + DAY, zone)
    second = bound.at.replace(microsecond=0)
    if bound.offset is not None:
        return second + SECOND
    found = when_shown(second, zone)
    return max(found) + SECOND if found else jump_over(second, zone)


def when_shown(local: datetime, zone: str) -> list[datetime]:
    """The instants at which the clocks show it: one, two, or none."""
    near = local.replace(tzinfo=UTC)
    offsets = {shown(near + hours * HOUR, zone) - (local + hours * HOUR) for hours in range(-30, 31)}
    return [near - offset for offset in offsets if shown(near - offset, zone) == local]


def jump_over(local: datetime, zone: str) -> datetime:
    near = local.replace(tzinfo=UTC, microsecond=0)
    return first_second(near - 30 * HOUR, near + 30 * HOUR, lambda at: shown(at, zone) > local)


class Bucket(NamedTuple):
    start: datetime
    end: datetime
    key: str


def bucket_of(at: datetime, zone: str, interval: str, week_start: str) -> Bucket:
    if interval == "HOUR":
        return hour_of(at.replace(second=0, microsecond=0), zone)
    key, first, after = days_of(day_of(at, zone), interval, week_start)
    return Bucket(start_of(first, zone), start_of(after, zone), key)


def days_of(day: date, interval: str, week_start: str) -> tuple[str, date, date]:
    if interval == "DAY":
        return f"{day:%Y%m%d}", day, day + DAY
    if interval == "MONTH":
        first = day.replace(day=1)
        return f"{day:%Y%m}", first, (first + 31 * DAY).replace(day=1)
    if week_start == "MONDAY":
        monday = day - day.weekday() * DAY
        return f"{day:%G%V}", monday, monday + 7 * DAY
    sunday = sunday_before(day)
    year = (sunday + 6 * DAY).year
    week = (sunday - sunday_before(date(year, 1, 1))).days // 7 + 1
    return f"{year}{week:02}", sunday, sunday + 7 * DAY


@lru_cache(maxsize=100_000)
def hour_of(minute: datetime, zone: str) -> Bucket:
    """Looked for minute by minute."""
    start, end = minute, minute + MINUTE
    while not begins_hour(start, zone):
        start -= MINUTE
    while not begins_hour(end, zone):
        end += MINUTE
    hour = shown(start, zone).replace(minute=0)
    is_second = any(shown(start - ago * MINUTE, zone).replace(minute=0) == hour for ago in range(1, 181))
    return Bucket(start, end, f"{hour:%Y%m%d%H}" + (f"{start.astimezone(ZoneInfo(zone)):%z}" * is_second))


def begins_hour(minute: datetime, zone: str) -> bool:
    before, now = shown(minute - MINUTE, zone), shown(minute, zone)
    return now <= before or now.replace(minute=0) != before.replace(minute=0)


def sunday_before(day: date) -> date:
    return day - day.isoweekday() % 7 * DAY


def buckets_within(start: datetime, end: datetime, zone: str, interval: str, week_start: str) -> list[Bucket]:
    """In order. A day that the clocks leave out is none."""
    found = [bucket_of(start, zone, interval, week_start)]
    while found[-1].end < end:
        found.append(bucket_of(found[-1].end, zone, interval, week_start))
    return found


def range_before(start: datetime, end: datetime, zone: str) -> tuple[datetime, datetime]:
    """Of as many months, of as many days, or as long."""
    first, after = day_of(start, zone), day_of(end, zone)
    if (start_of(first, zone), start_of(after, zone)) != (start, end):
        return start - (end - start), start
    back = first
    if first.day == after.day == 1:
        month = first
        while month < after:
            month, back = (month + 31 * DAY).replace(day=1), (back - DAY).replace(day=1)
    else:
        back -= after - first
    while start_of(back, zone) == start:
        back -= DAY
    return start_of(back, zone), start


# What happened, and what is asked


class Happened(NamedTuple):
    id: UUID
    asset: int
    """By the order in which they were made."""
    action: str
    at: datetime
    device: str | None
    domain: str | None
    view: UUID | None
    who: str | None
    """`@member` is signed in; any other name is a visitor's."""


class Series(NamedTuple):
    view_type: str
    """Empty for the series of one action."""
    actions: tuple[str, ...] | None
    interval: str
    groups: tuple[str, ...] | None
    zero_fill: bool
    week_start: str


class Ranked(NamedTuple):
    first: int
    by: str


class Question(NamedTuple):
    scope: str
    """`organization`, `workspace 1` or `asset 2`."""
    workspaces: tuple[int, ...] | None
    assets: tuple[int, ...] | None
    start: Bound
    end: Bound
    zone: str | None
    domain: str | None
    series: tuple[Series, ...]
    ranked: tuple[Ranked, ...]


class World(NamedTuple):
    zone: str
    """Whose days visitors are counted by."""
    workspace_of: tuple[int, ...]
    """Of each asset."""
    batches: tuple[tuple[Happened, ...], ...]
    """In the order in which they are reported."""
    now: datetime
    """When it is asked."""
    folded: date | None = None
    """Days before it are folded into totals by the hour after each batch. None if none is folded."""

    @property
    def events(self) -> list[Happened]:
        """An id that was there before changes nothing."""
        kept: dict[UUID, Happened] = {}
        for batch in self.batches:
            for event in batch:
                kept.setdefault(event.id, event)
        return list(kept.values())

    @property
    def engaged(self) -> list[Happened]:
        """The first interaction of each view."""
        firsts: dict[UUID, Happened] = {}
        for event in sorted(self.events, key=lambda event: (event.at, event.id)):
            if event.action == "INTERACTION" and event.view:
                firsts.setdefault(event.view, event)
        return list(firsts.values())


def assets_in(world: World, question: Question) -> set[int]:
    kind, _, number = question.scope.partition(" ")
    found = set(range(len(world.workspace_of)))
    if kind == "asset":
        return {int(number)}
    if kind == "workspace":
        found = {asset for asset in found if world.workspace_of[asset] == int(number)}
    if question.workspaces is not None:
        found = {asset for asset in found if world.workspace_of[asset] in question.workspaces}
    return found if question.assets is None else found & set(question.assets)


# Answers


def answer(world: World, question: Question) -> dict[str, Any] | None:
    """Of `metrics`; None for a range without any time in it."""
    zone = question.zone or "UTC"
    start, end = start_of_range(question.start, zone), end_of_range(question.end, zone)
    if start >= end:
        return None
    return {
        **answer_within(world, question, start, end),
        "previous": answer_within(world, question, *range_before(start, end, zone)),
        "previousOfEqualLength": answer_within(world, question, start - (end - start), start),
    }


def answer_within(world: World, question: Question, start: datetime, end: datetime) -> dict[str, Any]:
    assets = assets_in(world, question)
    zone = question.zone or "UTC"

    def counts(event: Happened) -> bool:
        in_scope = event.asset in assets and question.domain in (None, event.domain)
        return in_scope and start <= event.at < end

    events, engaged = list(filter(counts, world.events)), list(filter(counts, world.engaged))
    by_asset = {asset: figures(events, engaged, {asset}) for asset in sorted(assets)}
    ranked = {
        f"top{number}": top(by_asset, RANKINGS[one.by])[: one.first]
        for number, one in enumerate(question.ranked)
    }
    series = {
        f"series{number}": points(world, [*events, *as_actions(engaged)], one, zone, start, end)
        for number, one in enumerate(question.series)
    }
    most_viewed = top(by_asset, "total3DViews")[:1]
    return {
        "range": {"start": start, "end": end},
        **figures(events, engaged, assets),
        "mostViewedAsset": most_viewed[0] if most_viewed else None,
        "uniqueVisitors": None if question.domain else visitors(world, assets, start, end),
        **ranked,
        **series,
    }


def as_actions(engaged: Iterable[Happened]) -> list[Happened]:
    return [event._replace(action="ENGAGED_VIEW") for event in engaged]


def figures(events: Iterable[Happened], engaged: Iterable[Happened], assets: set[int]) -> dict[str, Any]:
    counts = Counter(event.action for event in events if event.asset in assets)
    views = sum(event.asset in assets for event in engaged)
    return {
        "total3DViews": counts["VIEW_3D"],
        "totalARViews": counts["AR_CLICK"] + counts["AR_SCAN"],
        "userEngagement": views,
        "avgNumberInteractions": counts["INTERACTION"] / views if views else 0,
    }


def top(by_asset: dict[int, dict[str, Any]], figure: str) -> list[dict[str, Any]]:
    ordered = sorted(by_asset, key=lambda asset: (-by_asset[asset][figure], asset))
    counted = [asset for asset in ordered if by_asset[asset][figure]]
    return [
        {"rank": rank, "asset": {"name": f"asset {asset}"}, **by_asset[asset]}
        for rank, asset in enumerate(counted, 1)
    ]


def visitors(world: World, assets: set[int], start: datetime, end: datetime) -> dict[str, int]:
    """There are few: all are told apart."""
    came = {event.who for event in world.events if event.asset in assets and start <= event.at < end}
    everyone = {who for who in came if who}
    signed_in = sum(who.startswith("@") for who in everyone)
    number = len(everyone)
    return {"estimate": number, "lower": number, "upper": number, "signedIn": signed_in}


def points(
    world: World, events: Sequence[Happened], series: Series, zone: str, start: datetime, end: datetime
) -> dict[str, Any]:
    if series.view_type:
        named = VIEWS[series.view_type]
        actions = {named[name] for name in (named if series.actions is None else series.actions)}
    else:
        actions = set(series.actions or ())
    counts = Counter(
        (
            bucket_of(event.at, zone, series.interval, series.week_start),
            group_of(world, event, series),
        )
        for event in events
        if event.action in actions
    )
    if series.zero_fill:
        groups = {group for _, group in counts} if series.groups else {(0, "", 0, 0)}
        for bucket in buckets_within(start, end, zone, series.interval, series.week_start):
            counts.update({(bucket, group): 0 for group in groups})
    taken_back = {} if series.view_type else {"takenBack": 0}
    return {
        **({"viewType": series.view_type} if series.view_type else taken_back),
        "interval": series.interval,
        "count": sum(counts.values()),
        "points": [
            {**point(bucket, group, series, start, end, counts[bucket, group], world.now), **taken_back}
            for bucket, group in sorted(counts)
        ],
    }


Group = tuple[int, str, int, int]


def group_of(world: World, event: Happened, series: Series) -> Group:
    """In the order in which points are sorted: device, domain, workspace, asset."""
    groups = series.groups or ()
    return (
        DEVICES.index(event.device) if "DEVICE" in groups else 0,
        (event.domain or "") if "DOMAIN" in groups else "",
        world.workspace_of[event.asset] if "WORKSPACE" in groups else 0,
        event.asset if "ASSET" in groups else 0,
    )


def point(
    bucket: Bucket, group: Group, series: Series, start: datetime, end: datetime, count: int, now: datetime
) -> dict[str, Any]:
    device, domain, workspace, asset = group
    groups = series.groups or ()
    return {
        "dateInterval": bucket.key,
        "start": bucket.start,
        "end": bucket.end,
        "isPartial": bucket.start < start or end < bucket.end,
        "isRunning": bucket.start <= now < bucket.end,
        "deviceCategory": DEVICES[device],
        "domain": domain or None,
        "asset": {"name": f"asset {asset}"} if "ASSET" in groups else None,
        "workspace": {"name": f"workspace {workspace}"} if "WORKSPACE" in groups else None,
        "count": count,
    }
