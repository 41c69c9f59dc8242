"""What the demo's organization brought along: how three of its assets were looked at in 2023.

Nothing is drawn here: the numbers are the same on every day on which the demo is made. The examples of the
documented REST APIs ask for these months.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import NamedTuple

from ingest.wire import WireAction, WireDevice, WireEvent, WireSubject
from server.demo.catalog import ShownAsset
from server.demo.reports import event_id, report, send
from server.demo.studio import Studio

FIRST_DAY = datetime(2022, 11, 1, tzinfo=UTC)
_DAYS = 426
"""To the end of 2023."""
_DEVICES = (WireDevice.DESKTOP, WireDevice.MOBILE, WireDevice.TABLET)


class _Habit(NamedTuple):
    """Every so many days there is a look, at noon."""

    days: int
    action: WireAction
    site: str
    devices: int
    """How many of the devices take part, one after the other."""


_HABITS = {
    "Round Table": (
        _Habit(1, WireAction.VIEW_3D, "vntana.com", 3),
        _Habit(2, WireAction.INTERACTION, "vntana.com", 3),
        _Habit(5, WireAction.AR_CLICK, "vntana.com", 2),
    ),
    "Floor Lamp": (
        _Habit(2, WireAction.VIEW_3D, "mywebsite.com", 2),
        _Habit(7, WireAction.AR_SCAN, "mywebsite.com", 1),
    ),
    "Garden Bench": (_Habit(3, WireAction.VIEW_3D, "mywebsite.com", 3),),
}


async def report_archive(studio: Studio, assets: list[ShownAsset]) -> None:
    """Only what lies before the year of the demo."""
    reports = [
        event
        for asset in assets
        for habit in _HABITS.get(asset.article.name, ())
        for event in _kept(asset, habit)
        if event.occurred_at and event.occurred_at < studio.first_day
    ]
    await send(studio.services, studio.end, studio.named("admin"), reports)


def _kept(asset: ShownAsset, habit: _Habit) -> Iterator[WireEvent]:
    """An interaction belongs to the view of the same day."""
    random = Random(f"archive {asset.article.slug} {habit.action}")  # noqa: S311
    for turn, day in enumerate(range(0, _DAYS, habit.days)):
        noon = FIRST_DAY + timedelta(days=day, hours=12)
        yield report(
            random,
            WireSubject(asset_id=asset.id),
            habit.action,
            noon,
            view_id=str(event_id(Random(f"view {asset.article.slug} {day}"), noon)),  # noqa: S311
            visitor=f"visitor {day}",
            device_category=_DEVICES[turn % habit.devices],
            domain=habit.site,
        )
