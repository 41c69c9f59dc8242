"""Sites, by the names that a tenant has for them."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import String, literal, select

from base.aliases import BELOW, Aliases, aliases_of
from database import Database, Statement, among, ordered_join, rows_of, table_of
from loaders.base import Loader
from models import Domain, DomainAlias

DOMAINS = table_of(Domain).c
ALIASES = table_of(DomainAlias).c


class SitesKey(NamedTuple):
    tenant_id: int
    name: str
    """A host, `*.` and a host, or `(other)`."""


_OF_TENANTS = Statement(
    select(ALIASES.tenant_id, ALIASES.pattern, ALIASES.name).where(among(ALIASES.tenant_id, "tenants")),
    lambda tenant_id, pattern, name: (tenant_id, (pattern, name)),
)
_NAMED = Statement(
    select(DOMAINS.name, DOMAINS.id).where(among(DOMAINS.name, "names")), lambda name, id: (name, id)
)
_ENDING = rows_of("endings", ending=String()).table_valued("ending", name="asked")
_BELOW = Statement(
    select(DOMAINS.name, DOMAINS.id).select_from(
        ordered_join(
            _ENDING, table_of(Domain), DOMAINS.name.like(literal("%").concat(_ENDING.c.ending), escape="/")
        )
    ),
    lambda name, id: (name, id),
)


class AliasesOfTenant(Loader[int, Aliases]):
    async def batch_load_fn(self, keys: Sequence[int]) -> list[Aliases]:
        found = await aliases_by_tenant(self.database, keys)
        return [found[tenant_id] for tenant_id in keys]


async def aliases_by_tenant(database: Database, tenant_ids: Collection[int]) -> dict[int, Aliases]:
    pairs: defaultdict[int, list[tuple[str, str]]] = defaultdict(list)
    for tenant_id, pair in await database.fetch(_OF_TENANTS, tenants=list(tenant_ids)):
        pairs[tenant_id].append(pair)
    return {tenant_id: aliases_of(pairs[tenant_id]) for tenant_id in tenant_ids}


async def sites(database: Database, keys: Collection[SitesKey]) -> dict[SitesKey, tuple[int, ...]]:
    """The ids of the domains that are shown under the name of each key, or are below it."""
    aliases = await aliases_by_tenant(database, {key.tenant_id for key in keys})
    hosts: set[str] = set()
    below: set[str] = set()
    for key in keys:
        if key.name.startswith(BELOW):
            below.add(key.name)
        else:
            of = aliases[key.tenant_id]
            others = of.others(of.name_of(key.name))
            hosts |= others[0]
            below |= others[1]
    rows = dict(await database.fetch(_NAMED, names=sorted(hosts)))
    if below:
        endings = [(_escaped(pattern.removeprefix("*")),) for pattern in sorted(below)]
        rows |= dict(await database.fetch(_BELOW, endings=endings))
    return {key: _of(key, aliases[key.tenant_id], rows) for key in keys}


def _of(key: SitesKey, aliases: Aliases, rows: Mapping[str, int]) -> tuple[int, ...]:
    if key.name.startswith(BELOW):
        ending = key.name.removeprefix("*")
        return tuple(sorted(id for host, id in rows.items() if host.endswith(ending)))
    name = aliases.name_of(key.name)
    return tuple(sorted(id for host, id in rows.items() if aliases.name_of(host) == name))


def _escaped(ending: str) -> str:
    return ending.replace("_", "/_")
