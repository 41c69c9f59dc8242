"""What is counted, against a recount that shares no line with it."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.folding import fold
from tests.draws import scaled
from tests.events import record, set_time_zone, view
from tests.studio import START, Studio

INTERVALS = ("DAY", "WEEK", "MONTH")
ZONES = [
    "UTC",
    "America/Los_Angeles",
    "America/New_York",
    "Asia/Kathmandu",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "Europe/Paris",
    "Pacific/Auckland",
    "Pacific/Kiritimati",
]
DEVICES = [None, "DESKTOP", "MOBILE", "TABLET"]
DOMAINS = [None, "a.example", "b.example"]
FIRST_DAY, LAST_DAY = date(2022, 9, 1), date(2023, 6, 14)
MICROSECOND = timedelta(microseconds=1)
DAY = timedelta(days=1)


class Seen(NamedTuple):
    at: datetime
    device: str | None
    domain: str | None
    user: str | None


class Folded(NamedTuple):
    """Days before one of these are folded into totals by the hour after some events, and after all of
    them.
    """

    after: int
    first: date
    last: date


class Asked(NamedTuple):
    start: str
    end: str
    interval: str
    zone: str
    by: tuple[str, ...]
    domain: str | None


zones = st.sampled_from(ZONES)
# Many on few days, so that days, weeks and months have several; near where days and months begin.
some_days = st.sampled_from(
    [date(2022, 12, 31), date(2023, 1, 1), date(2023, 3, 12), date(2023, 3, 26), date(2023, 4, 30)]
) | st.dates(FIRST_DAY, LAST_DAY)
near_midnight = st.builds(
    lambda day, zone, by: datetime.combine(day, time.min, ZoneInfo(zone)).astimezone(UTC) + by,
    some_days,
    zones,
    st.sampled_from([timedelta(0), -MICROSECOND, MICROSECOND, timedelta(seconds=-1), timedelta(seconds=1)]),
)
any_time = st.builds(datetime.combine, some_days, st.times(), st.just(UTC))
instants = (near_midnight | any_time).filter(lambda at: at < START)
seen = st.builds(
    Seen,
    instants,
    st.sampled_from(DEVICES),
    st.sampled_from(DOMAINS),
    st.sampled_from([None, "owner", "member", "admin"]),
)
bare_days = some_days.map(date.isoformat)
# Clocks are not changed at noon, so that these times exist once in every zone.
local_times = st.builds(lambda day, at: f"{day}T{at:%H:%M:%S}", some_days, st.times(time(11), time(13)))
given_instants = instants.map(lambda at: f"{at:%Y-%m-%dT%H:%M:%S.%f}Z")
bounds = st.tuples(*[bare_days | local_times | given_instants] * 2)
asked_series = st.builds(
    lambda bounds, *others: Asked(*bounds, *others),
    bounds,
    st.sampled_from(INTERVALS),
    zones,
    st.sampled_from([(), ("DEVICE",), ("DOMAIN",), ("DEVICE", "DOMAIN")]),
    st.sampled_from(DOMAINS),
).map(lambda series: ordered(series))


def midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time.min, zone).astimezone(UTC)


def begin_of(text: str, zone: ZoneInfo) -> datetime:
    if "T" not in text:
        return midnight(date.fromisoformat(text), zone)
    at = datetime.fromisoformat(text)
    return (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)


def stop_of(text: str, zone: ZoneInfo) -> datetime:
    """Not included."""
    if "T" not in text:
        return midnight(date.fromisoformat(text) + timedelta(days=1), zone)
    return begin_of(text, zone).replace(microsecond=0) + timedelta(seconds=1)


def bucket_of(at: datetime, interval: str, zone: ZoneInfo) -> tuple[str, date, date]:
    """Its key, its first day and the day after it."""
    day = at.astimezone(zone).date()
    if interval == "DAY":
        return f"{day:%Y%m%d}", day, day + timedelta(days=1)
    if interval == "WEEK":
        monday = day - timedelta(days=day.weekday())
        return f"{day:%G%V}", monday, monday + timedelta(days=7)
    first = day.replace(day=1)
    return f"{day:%Y%m}", first, (first + timedelta(days=31)).replace(day=1)


def point_of(one: Seen, series: Asked, begin: datetime, stop: datetime) -> tuple[Any, ...]:
    """As it is sorted: key, bounds, device, domain."""
    zone = ZoneInfo(series.zone)
    key, first, after = bucket_of(one.at, series.interval, zone)
    start, end = midnight(first, zone), midnight(after, zone)
    device = DEVICES.index(one.device) if "DEVICE" in series.by else 0
    domain = (one.domain or "") if "DOMAIN" in series.by else ""
    return key, start, end, start < begin or stop < end, device, domain


def shown(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%S}Z"


def is_a_range(series: Asked) -> bool:
    zone = ZoneInfo(series.zone)
    return begin_of(series.start, zone) < stop_of(series.end, zone)


def ordered(series: Asked) -> Asked:
    return series if is_a_range(series) else series._replace(start=series.end, end=series.start)


def views(series: Asked, name: str) -> str:
    by = ", ".join(series.by)
    domain = f'"{series.domain}"' if series.domain else "null"
    return f"""{name}: views(
      {range_of(series)}, interval: {series.interval}, timeZone: "{series.zone}",
      groupBy: [{by}], domain: {domain}
    ) {{ count points {{ dateInterval start end isPartial deviceCategory domain count }} }}"""


def metrics(series: Asked, name: str) -> str:
    return f"{name}: metrics({range_of(series)}) {{ totalViews monthlyActiveUsers }}"


def range_of(series: Asked) -> str:
    return f'range: {{start: "{series.start}", end: "{series.end}"}}'


def counted(events: Iterable[Seen], series: Asked) -> list[tuple[Any, ...]]:
    zone = ZoneInfo(series.zone)
    begin, stop = begin_of(series.start, zone), stop_of(series.end, zone)
    points = Counter(
        point_of(one, series, begin, stop)
        for one in events
        if begin <= one.at < stop and series.domain in (None, one.domain)
    )
    return [
        (key, shown(start), shown(end), is_partial, DEVICES[device], domain or None, count)
        for (key, start, end, is_partial, device, domain), count in sorted(points.items())
    ]


def figures(events: Iterable[Seen], series: Asked) -> dict[str, int]:
    zone = ZoneInfo(series.zone)
    begin, stop = begin_of(series.start, zone), stop_of(series.end, zone)
    since = stop - timedelta(days=30)
    return {
        "totalViews": sum(begin <= one.at < stop for one in events),
        "monthlyActiveUsers": len({one.user for one in events if one.user and since <= one.at < stop}),
    }


async def reported(
    studio: Studio, time_zone: str, events: Sequence[Seen], folded: Folded | None = None
) -> str:
    """Who has these events, and no other, on a publication that is called as they are."""
    name = f"maker-{len(studio.people)}"
    await studio.add_person(name)
    await set_time_zone(studio, name, time_zone)
    publication = await studio.add_publication(name, name)
    ids = {known: person.id for known, person in studio.people.items()}
    views = [
        view(
            f"{one.at:%Y-%m-%dT%H:%M:%S.%f}",
            device=one.device,
            domain=one.domain,
            user_id=ids[one.user] if one.user else None,
        )
        for one in events
    ]
    if folded is None:
        await record(studio, views, by=name, publication=publication)
        return name
    tenant_id, database = studio.people[name].row.tenant_id, studio.services.database
    await record(studio, views[: folded.after], by=name, publication=publication)
    await fold(database, tenant_id, studio.clock, folded.first)
    await record(studio, views[folded.after :], by=name, publication=publication)
    await fold(database, tenant_id, studio.clock, folded.last)
    return name


def recount(examples: int) -> settings:
    return settings(
        max_examples=scaled(examples),
        # Every example has a tenant of its own in the one database of the test.
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )


all_of_them = st.lists(seen, min_size=1, max_size=80)
days_to_fold = st.dates(FIRST_DAY, LAST_DAY + DAY)
folds = st.none() | st.builds(Folded, st.integers(0, 80), days_to_fold, days_to_fold)


@given(zones, all_of_them, folds, st.lists(asked_series, min_size=1, max_size=6))
@recount(20)
async def test_every_point_and_figure_is_what_a_recount_finds(
    studio: Studio, reporting_zone: str, events: list[Seen], folded: Folded | None, asked: list[Asked]
) -> None:
    name = await reported(studio, reporting_zone, events, folded)
    in_utc = [ordered(series._replace(zone="UTC")) for series in asked]
    fields = [views(series, f"v{number}") for number, series in enumerate(asked)]
    fields += [metrics(series, f"m{number}") for number, series in enumerate(in_utc)]

    answer = await studio.ask(f'{{ publication(url: "{name}") {{ {" ".join(fields)} }} }}', name)

    found = answer.data["publication"]
    for number, series in enumerate(asked):
        points = counted(events, series)
        assert [tuple(point.values()) for point in found[f"v{number}"]["points"]] == points
        assert found[f"v{number}"]["count"] == sum(point[-1] for point in points)
        assert found[f"m{number}"] == figures(events, in_utc[number])


@given(zones, all_of_them, asked_series)
@recount(8)
async def test_days_weeks_and_months_of_one_range_have_equal_sums(
    studio: Studio, reporting_zone: str, events: list[Seen], asked: Asked
) -> None:
    name = await reported(studio, reporting_zone, events)
    alike = [asked._replace(interval=interval, by=by) for interval in INTERVALS for by in ((), ("DOMAIN",))]
    fields = [views(series, f"v{number}") for number, series in enumerate(alike)]

    answer = await studio.ask(f'{{ publication(url: "{name}") {{ {" ".join(fields)} }} }}', name)

    assert [series["count"] for series in answer.data["publication"].values()] == 6 * [
        sum(point[-1] for point in counted(events, asked))
    ]
