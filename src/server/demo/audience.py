"""Views and shares of the demo's publications, as the owners' own servers would report them."""

from datetime import datetime, timedelta
from math import sin, tau
from random import Random

from base.ids import Kind, global_id
from ingest.wire import WireAction, WireEvent, WireSubject
from loaders.publications import PublicationRow
from server.demo.reports import DEVICES, report, send, some_time
from server.demo.studio import DAYS, Studio, publication_id

_DOMAINS = (None, None, "example.com", "news.example.org", "studio.example.net")


async def report_audience(studio: Studio) -> None:
    """The number of views depends on the day of the week, so they are drawn last, and the shares stay the
    same.
    """
    for number, row in enumerate(studio.publications):
        random = Random(f"audience {number}")  # noqa: S311
        shares = _shares_of(studio, random, row, random.randint(5, 25))
        views = [event for day in range(DAYS) for event in views_of_day(studio, random, row, number, day)]
        await send(studio.services, studio.end, studio.maker_of(row), shares + views)


def views_of_day(
    studio: Studio, random: Random, row: PublicationRow, number: int, day: int
) -> list[WireEvent]:
    """`day` is counted from the first one. More on weekdays, with a slow wave over the year and a slight
    growth.
    """
    popularity = 8 / (number + 1) + 1
    start = studio.first_day + timedelta(days=day)
    season = 1 + 0.4 * sin(tau * day / 90) + day / DAYS
    weekday = 0.6 if start.weekday() >= 5 else 1.0
    count = round(random.gauss(popularity * season * weekday, popularity / 5))
    return [seen(studio, random, row, WireAction.VIEW, some_time(random, start)) for _ in range(count)]


def _shares_of(studio: Studio, random: Random, row: PublicationRow, count: int) -> list[WireEvent]:
    year = studio.end - studio.first_day
    instants = [studio.first_day + random.random() * year for _ in range(count)]
    return [seen(studio, random, row, WireAction.SHARE, at) for at in instants]


def seen(studio: Studio, random: Random, row: PublicationRow, action: WireAction, at: datetime) -> WireEvent:
    """One in twenty visitors is signed in."""
    user = random.choice(studio.users) if random.random() < 0.05 else None
    return report(
        random,
        WireSubject(publication_id=publication_id(row)),
        action,
        at,
        device_category=random.choice(DEVICES),
        domain=random.choice(_DOMAINS),
        user_id=global_id(Kind.USER, user.public_id) if user else None,
    )
