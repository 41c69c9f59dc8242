"""How the demo's assets are looked at over the year: trends, weekends, summers, a launch and a dip."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from math import cos, exp, tau
from random import Random

from ingest.wire import WireAction, WireEvent, WireSubject
from server.demo.articles import Article
from server.demo.catalog import ShownAsset
from server.demo.reports import DEVICES, VISITORS, event_id, report, send, some_time
from server.demo.studio import DAYS, Studio

_DIP = range(200, 214)
"""The days on which the shop was being rebuilt: most pages showed no models."""
_MIDSUMMER = 196
"""The day of the year on which the most is seen of what is for summer."""
_SHOWN = timedelta(hours=23, minutes=59)
"""A look that began so long after midnight ends on the same day."""


async def report_showroom(studio: Studio, assets: list[ShownAsset]) -> None:
    reports = [event for asset in assets for event in _year_of(studio, asset)]
    await send(studio.services, studio.end, studio.named("admin"), reports)


def _year_of(studio: Studio, asset: ShownAsset) -> Iterator[WireEvent]:
    random = Random(f"showroom {asset.article.slug}")  # noqa: S311
    for day in range(DAYS):
        yield from looks_of_day(studio, random, asset, day)


def looks_of_day(studio: Studio, random: Random, asset: ShownAsset, day: int) -> Iterator[WireEvent]:
    """`day` is counted from the first one."""
    start = studio.first_day + timedelta(days=day)
    usual = usual_looks(asset.article, day, start)
    for _ in range(round(random.gauss(usual, usual / 4))):
        yield from look(random, asset, some_time(random, start, _SHOWN))


def usual_looks(article: Article, day: int, start: datetime) -> float:
    if day < article.launch:
        return 0.0
    trend = 1 + article.growth * day / DAYS
    summer = 1 + article.summer * cos(tau * (start.timetuple().tm_yday - _MIDSUMMER) / DAYS)
    weekend = 1.4 if start.weekday() >= 5 else 1.0
    launch = 1 + 5 * exp((article.launch - day) / 10) if article.launch else 1.0
    dip = 0.2 if day in _DIP else 1.0
    return article.views * trend * summer * weekend * launch * dip


def look(random: Random, asset: ShownAsset, at: datetime) -> Iterator[WireEvent]:
    """Somebody looks at it. One in three turns it, and some put it into their room."""
    more = {
        "view_id": str(event_id(random, at)),
        "visitor": f"visitor {random.randint(1, VISITORS)}",
        "device_category": random.choice((*DEVICES, *DEVICES, None)),
        "domain": random.choice(asset.article.sites),
    }
    yield _of(random, asset, WireAction.VIEW_3D, at, more)
    if random.random() < 0.35:
        for turn in range(1, random.randint(2, 4)):
            yield _of(random, asset, WireAction.INTERACTION, at + timedelta(seconds=5 * turn), more)
    if random.random() < 0.12:
        is_scan = more["device_category"] in (None, "DESKTOP")
        action = WireAction.AR_SCAN if is_scan else WireAction.AR_CLICK
        yield _of(random, asset, action, at + timedelta(seconds=30), more)


def _of(
    random: Random, asset: ShownAsset, action: WireAction, at: datetime, more: dict[str, str | None]
) -> WireEvent:
    return report(random, WireSubject(asset_id=asset.id), action, at, **more)
