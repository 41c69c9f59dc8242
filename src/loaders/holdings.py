"""Counts of assets, workspaces and sites, by which a series is priced before it is made."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from itertools import chain, count
from typing import NamedTuple
from uuid import UUID

from cachetools import LRUCache
from sqlalchemy import BigInteger, and_, cast, func, literal, select

from database import Database, Statement, among, table_of
from loaders.organizations import MEMBERSHIPS, ORGANIZATIONS, WORKSPACES
from models import Asset, Domain, Membership, Organization, Workspace

_ASSETS = table_of(Asset).c
_GOOD_FOR = timedelta(seconds=10)
"""How old a count may be. If more was added since, the points are counted when the series is made."""
_REMEMBERED = 2_000
_numbers = count(1)
MOST_DOMAINS = 20
"""The most sites that are assumed. A tenant has few, and they are not counted before a series is read."""


class Held(NamedTuple):
    organization: UUID
    workspace: UUID
    assets: int


class Holdings(NamedTuple):
    """How many assets there are in each workspace of each organization that a user is a member of."""

    of_organizations: Mapping[UUID, Mapping[UUID, int]] = {}
    number: int = 0
    """Another one each time that they are read."""

    def of(self, organization: UUID) -> Mapping[UUID, int]:
        return self.of_organizations.get(organization, {})

    @property
    def workspaces(self) -> Mapping[UUID, int]:
        """The workspaces of all organizations together."""
        return dict(chain.from_iterable(held.items() for held in self.of_organizations.values()))


class HoldingsCache:
    """It outlives requests. What it remembers of assets belongs to the user in the key."""

    _held = Statement(
        select(ORGANIZATIONS.public_id, WORKSPACES.public_id, cast(func.count(_ASSETS.id), BigInteger))
        .select_from(
            table_of(Membership)
            .join(table_of(Organization), ORGANIZATIONS.id == MEMBERSHIPS.organization_id)
            .join(table_of(Workspace), WORKSPACES.organization_id == ORGANIZATIONS.id)
            .outerjoin(
                table_of(Asset), and_(_ASSETS.workspace_id == WORKSPACES.id, _ASSETS.deleted_at.is_(None))
            )
        )
        .where(
            among(MEMBERSHIPS.user_id, "users"),
            ORGANIZATIONS.deleted_at.is_(None),
            WORKSPACES.deleted_at.is_(None),
        )
        .group_by(ORGANIZATIONS.public_id, WORKSPACES.public_id),
        Held,
    )
    _domains = Statement(
        select(cast(func.count(), BigInteger)).select_from(
            select(literal(1)).select_from(table_of(Domain)).limit(MOST_DOMAINS).subquery()
        ),
        int,
    )

    def __init__(self) -> None:
        self._holdings: LRUCache[int, tuple[datetime, Holdings]] = LRUCache(_REMEMBERED)
        self._sites: tuple[datetime, int] | None = None

    async def holdings(self, database: Database, user_id: int, now: datetime) -> Holdings:
        found = self._holdings.get(user_id)
        if found is None or now - found[0] >= _GOOD_FOR:
            rows = await database.fetch(self._held, users=[user_id])
            found = self._holdings[user_id] = now, _holdings(rows)
        return found[1]

    async def domains(self, database: Database, now: datetime) -> int:
        """How many sites all tenants have together, and one more for events from no site; at most
        MOST_DOMAINS."""
        found = self._sites
        if found is None or now - found[0] >= _GOOD_FOR:
            (count,) = await database.fetch(self._domains)
            found = self._sites = now, count
        return min(found[1] + 1, MOST_DOMAINS)


def _holdings(rows: Sequence[Held]) -> Holdings:
    held: defaultdict[UUID, dict[UUID, int]] = defaultdict(dict)
    for row in rows:
        held[row.organization][row.workspace] = row.assets
    return Holdings(held, next(_numbers))
