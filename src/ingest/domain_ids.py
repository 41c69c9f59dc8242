"""The ids under which domains are counted."""

from collections.abc import Set

from sqlalchemy import BigInteger, bindparam, func, select

from database import Bulk, Statement, among
from ingest.columns import DOMAINS
from models import Domain

DOMAIN_IDS = Statement(
    select(DOMAINS.name, DOMAINS.id).where(among(DOMAINS.name, "names"), DOMAINS.unused_since.is_(None)),
    lambda name, id: (name, id),
)
"""Finds the ids of the domains under which something is counted now."""
_SOME = (
    select(DOMAINS.id).where(DOMAINS.unused_since.is_(None)).limit(bindparam("most", type_=BigInteger()))
).subquery("some_domains")
IDS_AMONG_SOME = DOMAIN_IDS.changed(
    lambda text: text.add_columns(select(func.count()).select_from(_SOME).scalar_subquery()),
    lambda name, id, number: (name, id, number),
)
"""The same, each with the number of all domains. It counts no more than `most`."""


async def add_domains(bulk: Bulk, names: Set[str | None], ids: dict[str | None, int]) -> None:
    """Adds the domains that have no id in `ids` yet, and then their ids."""
    if missing := sorted(name for name in names - ids.keys() if name):
        await bulk.add_missing(Domain, "name", missing, change="unused_since = NULL")
        ids.update(await bulk.fetch(DOMAIN_IDS, names=missing))
