"""Views and shares of the demo, as the owners' own servers would report them."""

from datetime import datetime, timedelta
from math import sin, tau
from random import Random
from uuid import UUID

from base.ids import Kind, global_id
from ingest.wire import WireAction, WireDevice, WireEvent, WireSubject
from loaders.publications import PublicationRow
from resolvers import recording
from server.demo.studio import DAYS, Studio, acting_as, publication_id

_DOMAINS = (None, None, "example.com", "news.example.org", "studio.example.net")
_DEVICES = (
    WireDevice.DESKTOP, WireDevice.DESKTOP, WireDevice.MOBILE, WireDevice.MOBILE, WireDevice.MOBILE,
    WireDevice.TABLET,
)  # fmt: skip
_BATCH = 1_000


async def report_events(studio: Studio) -> None:
    """Views and shares, as each owner's own server would report them. The number of views depends on the day
    of the week, so they are drawn last, and the shares stay the same.
    """
    for number, row in enumerate(studio.publications):
        owner = next(user for user in studio.users if user.id == row.owner_id)
        audience = studio._replace(random=Random(f"audience {number}"))  # noqa: S311
        shares = _shares_of(audience, row, audience.random.randint(5, 25))
        reports = shares + _views_of(audience, row, popularity=8 / (number + 1) + 1)
        for start in range(0, len(reports), _BATCH):
            context = acting_as(studio.services, studio.end, owner)
            await recording.record(context, reports[start : start + _BATCH])


def _views_of(studio: Studio, row: PublicationRow, *, popularity: float) -> list[WireEvent]:
    """More on weekdays, with a slow wave over the year and a slight growth."""
    random = studio.random
    reports = []
    for day in range(DAYS):
        start = studio.first_day + timedelta(days=day)
        season = 1 + 0.4 * sin(tau * day / 90) + day / DAYS
        weekday = 0.6 if start.weekday() >= 5 else 1.0
        for _ in range(round(random.gauss(popularity * season * weekday, popularity / 5))):
            at = start + timedelta(seconds=random.random() * 86_400)
            reports.append(_report(studio, row, WireAction.VIEW, at))
    return reports


def _shares_of(studio: Studio, row: PublicationRow, count: int) -> list[WireEvent]:
    year = studio.end - studio.first_day
    instants = [studio.first_day + studio.random.random() * year for _ in range(count)]
    return [_report(studio, row, WireAction.SHARE, at) for at in instants]


def _report(studio: Studio, row: PublicationRow, action: WireAction, at: datetime) -> WireEvent:
    random = studio.random
    milliseconds = int(at.timestamp() * 1000)
    id = UUID(
        int=(milliseconds << 80)
        | (7 << 76)
        | (random.getrandbits(12) << 64)
        | (0b10 << 62)
        | random.getrandbits(62)
    )
    user = random.choice(studio.users) if random.random() < 0.05 else None
    return WireEvent(
        subject=WireSubject(publication_id=publication_id(row)),
        action=action,
        id=str(id),
        occurred_at=at,
        device_category=random.choice(_DEVICES),
        domain=random.choice(_DOMAINS),
        visitor=f"visitor {random.randint(1, 3000)}",
        user_id=global_id(Kind.USER, user.public_id) if user else None,
    )
