"""The ids under which domains are counted."""

from collections.abc import Set

from sqlalchemy import select

from database import Bulk, Statement, among
from ingest.columns import DOMAINS
from models import Domain

DOMAIN_IDS = Statement(
    select(DOMAINS.name, DOMAINS.id).where(among(DOMAINS.name, "names"), DOMAINS.unused_since.is_(None)),
    lambda name, id: (name, id),
)
"""Finds the ids of the domains under which something is counted now."""


async def add_domains(bulk: Bulk, names: Set[str | None], ids: dict[str | None, int]) -> None:
    """Adds the domains that have no id in `ids` yet, and then their ids."""
    if missing := sorted(name for name in names - ids.keys() if name):
        await bulk.add_missing(Domain, "name", missing, change="unused_since = NULL")
        ids.update(await bulk.fetch(DOMAIN_IDS, names=missing))
