"""What happens in the demo today: the part of it that depends on the moment at which the demo starts."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from random import Random

from sqlalchemy import func, select
from sqlmodel import col

from base.time_units import DAY, HOUR
from database import Statement, table_of
from ingest.wire import WireAction, WireEvent
from loaders.publications import PublicationById
from models import Event, Publication, User
from resolvers.context import Context, Services
from server.demo.audience import seen, views_of_day
from server.demo.catalog import ShownAsset, shown_assets
from server.demo.reports import send, some_time
from server.demo.showroom import look, looks_of_day
from server.demo.studio import DAYS, Studio

_LATEST = Statement(select(func.max(table_of(Event).c.occurred_at)), lambda at: at)
_CALM = timedelta(minutes=5)
"""A demo that is started again so soon stays as it is."""


async def bring_up_to_date(services: Services, now: datetime) -> None:
    """Adds what has happened since the last event: on the days since, today, and most of it in the last
    hour.
    """
    (latest,) = await services.database.fetch(_LATEST)
    studio = await _reopened(services)
    if latest is None or studio is None or now - latest < _CALM:
        return
    for number, row in enumerate(studio.publications):
        views = _between(latest, now, _views(studio, number, latest, now))
        await send(services, now, studio.maker_of(row), views)
    for asset in await shown_assets(services):
        looks = _between(latest, now, _looks(studio, asset, latest, now))
        await send(services, now, studio.named("admin"), looks)


async def _reopened(services: Services) -> Studio | None:
    """The studio as it is in the database: the people and publications that came with the demo. None if an
    older version made the file.
    """
    async with services.database.writing(is_change=False) as session:
        named = col(User.legacy_id).is_not(None)
        users = list((await session.scalars(select(User).where(named).order_by(col(User.id)))).all())
        made = select(col(Publication.id)).where(col(Publication.legacy_id).is_not(None))
        ids = (await session.scalars(made.order_by(col(Publication.id)))).all()
    if not users or not ids:
        return None
    first_day = users[0].created_at
    rows = await Context(services, first_day).loaders[PublicationById].load_many(ids)
    end = first_day + DAYS * DAY
    return Studio(services, Random(), first_day, end, users, [row for row in rows if row])  # noqa: S311


def _between(latest: datetime, now: datetime, events: Iterable[WireEvent]) -> list[WireEvent]:
    return [event for event in events if event.occurred_at and latest < event.occurred_at <= now]


def _days(studio: Studio, latest: datetime, now: datetime) -> range:
    """The days from the last event to now, counted from the first one of the demo."""
    return range((latest - studio.first_day).days, (now - studio.first_day).days + 1)


def _views(studio: Studio, number: int, latest: datetime, now: datetime) -> Iterator[WireEvent]:
    row = studio.publications[number]
    for day in _days(studio, latest, now):
        yield from views_of_day(studio, _drawn(row.custom_url, day), row, number, day)
    random = _drawn(row.custom_url, now)
    for at in _last_hour(random, now, 12 if number == 0 else 3):
        yield seen(studio, random, row, WireAction.VIEW, at)


def _looks(studio: Studio, asset: ShownAsset, latest: datetime, now: datetime) -> Iterator[WireEvent]:
    for day in _days(studio, latest, now):
        yield from looks_of_day(studio, _drawn(asset.article.slug, day), asset, day)
    random = _drawn(asset.article.slug, now)
    for at in _last_hour(random, now, 3 if asset.article.views else 0):
        yield from look(random, asset, at)


def _last_hour(random: Random, now: datetime, count: int) -> list[datetime]:
    return [some_time(random, now - HOUR, HOUR) for _ in range(count)]


def _drawn(name: str, day: object) -> Random:
    return Random(f"{name} {day}")  # noqa: S311
