"""Fills the demo: a year of ten publications, their makers and an organization, made by the product's own
functions.

On the same day the numbers are always the same: a seeded generator draws all acts and events, and the year
ends at the last midnight.
"""

from datetime import datetime, timedelta
from random import Random

from resolvers.context import Services
from server.demo.acts import acts_of
from server.demo.archive import FIRST_DAY, report_archive
from server.demo.audience import report_audience
from server.demo.cast import make_publications, make_users
from server.demo.catalog import make_organization, shown_assets
from server.demo.insights import make_insights
from server.demo.legacy_ids import number_people_and_publications
from server.demo.showroom import report_showroom
from server.demo.studio import DAYS, Studio, acting_as

_SEED = 20


async def populate(services: Services, now: datetime) -> None:
    """Makes the 365 days before the day of `now`, in UTC."""
    random = Random(_SEED)  # noqa: S311
    end = now.replace(hour=0, minute=0, second=0, microsecond=0)
    first_day = end - timedelta(days=DAYS)
    users = await make_users(services, first_day)
    made = await make_publications(services, first_day, users, random)
    await make_organization(services, min(first_day, FIRST_DAY), users)
    studio = Studio(services, random, first_day, end, users, made)
    for act in sorted(acts_of(studio)):
        await act.play(acting_as(services, act.at, act.user))
    await report_audience(studio)
    await make_insights(studio)
    await number_people_and_publications(studio)
    assets = await shown_assets(services)
    await report_showroom(studio, assets)
    await report_archive(studio, assets)
