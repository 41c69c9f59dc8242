"""The time zone rules by which the days of a tenant's totals are made.

A newer tzdata can move days. So each tenant remembers its rules, and its events are counted by them, whatever
tzdata a process has. The tenant takes newer rules when the days that they move are counted anew: see
`ingest.moved_days`.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from base.zones import RULES_VERSION, Rules, is_fixed, rules_of, time_zone
from database import Bulk, Statement, among, insert_into
from ingest.columns import DAYS, RULES, TENANTS
from models import Tenant, ZoneRules

ANY_RULES = "?"
"""It stands in place of a key if days may have been made by any rules, of any zone."""


class TenantClock(NamedTuple):
    """The clock of a tenant, as it is stored."""

    time_zone: str = "UTC"
    zone_rules: str | None = None
    older_zone_rules: str | None = None

    @property
    def is_known(self) -> bool:
        """Whether it is known by which rules days are made. Rules of another zone do not count."""
        if self.zone_rules is None:
            return is_fixed(time_zone(self.time_zone))
        return self.zone_rules.partition(" ")[0] == self.time_zone

    @property
    def is_ours(self) -> bool:
        """Whether all days are made by the rules of this process."""
        return (
            self.is_known
            and self.zone_rules in (None, rules_of(self.time_zone).key)
            and self.older_zone_rules is None
        )

    def zone(self, rules: Mapping[str, Rules]) -> ZoneInfo:
        """The zone by the remembered rules if `rules` has them, else by our rules."""
        known = rules.get(self.zone_rules or "") if self.is_known else None
        return known.zone if known else time_zone(self.time_zone)


Find = Callable[[list[str]], Awaitable[Iterable[Rules]]]

_found: dict[str, Rules] = {}
"""A cache: the rules of a key never change."""

RULES_BY_KEY = Statement(select(RULES.key, RULES.file).where(among(RULES.key, "keys")), Rules)
COUNTED = Statement(select(DAYS.tenant_id).where(DAYS.tenant_id == bindparam("id")).limit(1), int)
"""Finds a tenant of which something was counted. Totals are not joined with tenants, which are elsewhere if
totals are distributed.
"""
REMEMBERED = Statement(
    update(Tenant)
    .where(TENANTS.id == bindparam("id"), TENANTS.time_zone == bindparam("name"))
    # Another process may have been faster, with other rules. Whoever counts first stores the rules first.
    .where(TENANTS.zone_rules.is_not_distinct_from(bindparam("was", type_=TENANTS.zone_rules.type)))
    .values(zone_rules=bindparam("key"), older_zone_rules=None)
    .returning(TENANTS.id),
    int,
)


async def rules_of_clocks(clocks: Iterable[TenantClock], find: Find) -> Mapping[str, Rules]:
    """The rules of these clocks that are not ours, if they are stored."""
    keys = {
        key
        for clock in clocks
        if not clock.is_ours
        for key in (clock.zone_rules, clock.older_zone_rules)
        if key and key != ANY_RULES
    }
    if missing := sorted(keys - _found.keys()):
        _found.update({rules.key: rules for rules in await find(missing)})
    return _found


def rules_finder(connection: AsyncConnection | AsyncSession) -> Find:
    async def find(keys: list[str]) -> list[Rules]:
        rows = await connection.execute(select(RULES.key, RULES.file).where(RULES.key.in_(keys)))
        return [Rules(*row) for row in rows]

    return find


async def uncounted_among(bulk: Bulk, ids: Iterable[int]) -> list[int]:
    """The tenants of which nothing was counted yet, sorted."""
    return [id for id in sorted(ids) if not await bulk.fetch(COUNTED, id=id)]


async def store_first_clocks(bulk: Bulk, clocks: Mapping[int, TenantClock]) -> None:
    """Stores our rules for tenants that have none yet. The caller has locked the tenants."""
    # In one order, because other writers may be about to store the same rules.
    names = sorted({clock.time_zone for clock in clocks.values()})
    await bulk.insert_new(ZoneRules, [(*rules_of(name), RULES_VERSION) for name in names])
    for id, (name, was, _) in clocks.items():
        await bulk.fetch(REMEMBERED, id=id, name=name, was=was, key=rules_of(name).key)


async def store_rules(session: AsyncSession, rules: Rules) -> None:
    """Stores the rules, so that other processes know what their key stands for."""
    row = insert_into(session, ZoneRules).values(key=rules.key, file=rules.file, version=RULES_VERSION)
    await session.execute(row.on_conflict_do_nothing())


async def store_clock(session: AsyncSession, tenant_id: int, clock: TenantClock) -> None:
    """The session must have locked the tenant."""
    await session.execute(update(Tenant).where(TENANTS.id == tenant_id).values(**clock._asdict()))
