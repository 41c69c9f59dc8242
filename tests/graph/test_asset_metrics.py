"""Asset metrics against a count in plain Python over the events that were sent."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from tests.studio import Clock, Studio

FIELDS = """total3DViews totalARViews userEngagement avgNumberInteractions
  topAssets(first: 5) { rank asset { name } total3DViews totalARViews userEngagement }
  mostViewedAsset { asset { name } }
  views(viewType: VIEW_3D, interval: DAY, groupBy: [DEVICE, DOMAIN, ASSET]) {
    count points { dateInterval deviceCategory domain asset { name } count } }
  weeks: views(viewType: VIEW_AR, interval: WEEK, zeroFill: true) { count points { dateInterval count } }
  previous { total3DViews userEngagement }"""
ASK = """query($o: ID!, $start: RangeBound!, $end: RangeBound!, $zone: TimeZone, $domain: String,
  $assets: [ID!]) {
  organization(id: $o) { metrics(range: {start: $start, end: $end}, timeZone: $zone, domain: $domain,
    assetIds: $assets) { %s } } }"""
ZONES = ("UTC", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe")
START = datetime(2023, 2, 20, tzinfo=UTC)
DAYS = 60


class Happened(NamedTuple):
    asset: str
    action: str
    at: datetime
    device: str
    domain: str
    view: int


def some_events(random: Random) -> list[Happened]:
    return [
        Happened(
            random.choice("ABC"),
            random.choice(("VIEW_3D", "VIEW_3D", "AR_CLICK", "AR_SCAN", "INTERACTION", "INTERACTION")),
            START + timedelta(seconds=random.randrange(DAYS * 86_400)),
            random.choice(("DESKTOP", "MOBILE", "TABLET")),
            random.choice(("a.example", "b.example")),
            random.randrange(1, 60),
        )
        for _ in range(250)
    ]


def first_interactions(events: list[Happened]) -> list[Happened]:
    """Views are told apart over all assets by their ids."""
    firsts: dict[int, Happened] = {}
    for event in sorted(events, key=lambda event: event.at):
        if event.action == "INTERACTION":
            firsts.setdefault(event.view, event)
    return list(firsts.values())


def count(
    events: list[Happened], start: datetime, end: datetime, domain: str | None, assets: set[str] | None
) -> dict[str, Any]:
    def within(event: Happened) -> bool:
        return (
            start <= event.at < end
            and domain in (None, event.domain)
            and (assets is None or event.asset in assets)
        )

    by_asset: dict[str, Counter[str]] = {name: Counter() for name in "ABC"}
    for event in filter(within, events):
        by_asset[event.asset][event.action] += 1
    for event in filter(within, first_interactions(events)):
        by_asset[event.asset]["ENGAGED"] += 1
    total: Counter[str] = sum(by_asset.values(), Counter())
    viewed = [name for name in "ABC" if by_asset[name]["VIEW_3D"]]
    ranked = sorted(viewed, key=lambda name: (-by_asset[name]["VIEW_3D"], name))
    return {
        "total3DViews": total["VIEW_3D"],
        "totalARViews": total["AR_CLICK"] + total["AR_SCAN"],
        "userEngagement": total["ENGAGED"],
        "avgNumberInteractions": total["INTERACTION"] / total["ENGAGED"] if total["ENGAGED"] else 0,
        "topAssets": [
            {
                "rank": place,
                "asset": {"name": name},
                "total3DViews": by_asset[name]["VIEW_3D"],
                "totalARViews": by_asset[name]["AR_CLICK"] + by_asset[name]["AR_SCAN"],
                "userEngagement": by_asset[name]["ENGAGED"],
            }
            for place, name in enumerate(ranked, 1)
        ],
        "mostViewedAsset": {"asset": {"name": ranked[0]}} if ranked else None,
    }


def series(events: list[Happened], zone: ZoneInfo) -> list[dict[str, Any]]:
    order = {"DESKTOP": 1, "MOBILE": 2, "TABLET": 3}
    counts = Counter(
        (event.at.astimezone(zone).strftime("%Y%m%d"), order[event.device], event.domain, event.asset)
        for event in events
    )
    names = {place: name for name, place in order.items()}
    return [
        {
            "dateInterval": day,
            "deviceCategory": names[device],
            "domain": domain,
            "asset": {"name": asset},
            "count": number,
        }
        for (day, device, domain, asset), number in sorted(counts.items())
    ]


def weeks(events: list[Happened], start: datetime, end: datetime, zone: ZoneInfo) -> list[dict[str, Any]]:
    counts = Counter(event.at.astimezone(zone).strftime("%G%V") for event in events)
    days = [start.astimezone(zone).date() + timedelta(days=n) for n in range((end - start).days + 2)]
    last = (end - timedelta(microseconds=1)).astimezone(zone).date()
    keys = sorted({day.strftime("%G%V") for day in days if day <= last})
    return [{"dateInterval": key, "count": counts[key]} for key in keys]


@pytest.mark.parametrize("seed", range(6))
async def test_metrics_are_what_a_count_by_hand_gives(studio: Studio, clock: Clock, seed: int) -> None:
    clock.advance(days=300)
    random = Random(seed)  # noqa: S311  # no secret
    ids = {name: await studio.add_asset(name, workspace=number % 2) for number, name in enumerate("ABC")}
    events = some_events(random)
    await studio.report(
        [
            {
                "id": str(UUID(int=number + 1)),
                "subject": {"assetId": ids[event.asset]},
                "action": event.action,
                "occurredAt": event.at.isoformat(),
                "deviceCategory": event.device,
                "domain": event.domain,
                "viewId": str(UUID(int=event.view)),
            }
            for number, event in enumerate(events)
        ]
    )
    for _ in range(8):
        zone = random.choice(ZONES)
        first = START + timedelta(seconds=random.randrange(DAYS * 86_400))
        last = first + timedelta(seconds=random.randrange(1, 30 * 86_400))
        domain = random.choice((None, "a.example"))
        chosen = random.choice((None, {"A"}, {"A", "C"}, set()))

        answer = await studio.ask(
            ASK % FIELDS,
            "admin",
            o=studio.organization,
            start=first.isoformat(),
            end=last.isoformat(),
            zone=zone,
            domain=domain,
            assets=None if chosen is None else [ids[name] for name in sorted(chosen)],
        )

        found = answer.data["organization"]["metrics"]
        end = last + timedelta(seconds=1)
        shown = [
            event
            for event in events
            if first <= event.at < end
            and domain in (None, event.domain)
            and (chosen is None or event.asset in chosen)
        ]
        local = ZoneInfo(zone)
        in_3d = [event for event in shown if event.action == "VIEW_3D"]
        in_ar = [event for event in shown if event.action in ("AR_CLICK", "AR_SCAN")]
        before = count(events, first - (end - first), first, domain, chosen)
        assert found == {
            **count(events, first, end, domain, chosen),
            "views": {"count": len(in_3d), "points": series(in_3d, local)},
            "weeks": {"count": len(in_ar), "points": weeks(in_ar, first, end, local)},
            "previous": {name: before[name] for name in ("total3DViews", "userEngagement")},
        }
