"""The subjects of events, found by the keys that senders name."""

from asyncio import gather
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import Column, ColumnElement, FromClause, Table, select
from sqlmodel import SQLModel

from base.aliases import NO_ALIASES, Aliases
from base.calendar import start_of_day, time_zone
from base.kinds import SUBJECTS, SubjectEntry
from database import Lookup, Statement, among
from loaders.base import Loader
from loaders.domains import aliases_by_tenant
from models import SubjectKind

_TABLES = SQLModel.metadata.tables


class Subject(NamedTuple):
    kind: SubjectKind
    id: int
    tenant_id: int
    owner_id: int
    """The user that it belongs to; for an asset, the workspace."""
    domains: frozenset[str] = frozenset()
    """The only sites from which its events count. `*.` and a host stands for all hosts below it. Without any,
    all sites count."""
    oldest: datetime | None = None
    """Raw events from before it were pruned. So new events from before it are not taken in."""
    time_zone: str = "UTC"
    """The tenant's reporting time zone."""
    aliases: Aliases = NO_ALIASES
    """Other names of the tenant's sites."""


class SubjectKey(NamedTuple):
    kind: SubjectKind
    values: tuple[Any, ...]
    """The values of `SubjectEntry.key`."""


class _Row(NamedTuple):
    key: SubjectKey
    id: int
    tenant_id: int
    owner_id: int
    time_zone: str
    pruned_before: date | None

    def subject(self, domains: Iterable[str], aliases: Mapping[int, Aliases]) -> Subject:
        return Subject(
            self.key.kind,
            self.id,
            self.tenant_id,
            self.owner_id,
            frozenset(domains),
            start_of_day(self.pruned_before, time_zone(self.time_zone)) if self.pruned_before else None,
            self.time_zone,
            aliases.get(self.tenant_id, NO_ALIASES),
        )


class _Joins:
    """A table, and the tables to which its rows refer, each joined once."""

    def __init__(self, root: Table) -> None:
        self.joined: FromClause = root
        self._root = root
        self._referred: dict[Column[Any], Table] = {}

    def column(self, path: str) -> Column[Any]:
        """See `SubjectEntry` for what a path is."""
        *references, name = path.split(".")
        table = self._root
        for reference in references:
            table = self._follow(table.c[reference])
        return table.c[name]

    def are_there(self) -> list[ColumnElement[bool]]:
        """The conditions that nothing of it is deleted."""
        tables = [self._root, *self._referred.values()]
        return [table.c.deleted_at.is_(None) for table in tables if "deleted_at" in table.c]

    def _follow(self, reference: Column[Any]) -> Table:
        if reference not in self._referred:
            (key,) = reference.foreign_keys
            self._referred[reference] = key.column.table
            self.joined = self.joined.join(key.column.table, reference == key.column)
        return self._referred[reference]


def _statement(kind: SubjectKind, entry: SubjectEntry) -> Statement[tuple[_Row, str | None]]:
    """Reads a row for each of the subject's domains, or one without a domain."""
    joins = _Joins(_TABLES[entry.table])
    key = [joins.column(path) for path in entry.key]
    paths = ("id", entry.tenant, entry.owner, f"{entry.tenant}.time_zone", f"{entry.tenant}.pruned_before")
    columns = [joins.column(path) for path in paths]
    tables = joins.joined
    if entry.domains:
        domains = _TABLES[entry.domains]
        tables = tables.outerjoin(domains)
        columns.append(domains.c.name)
    size = len(key)

    def row(*values: Any) -> tuple[_Row, str | None]:
        domain = values[size + len(paths)] if entry.domains else None
        return _Row(SubjectKey(kind, values[:size]), *values[size : size + len(paths)]), domain

    found = select(*key, *columns).select_from(tables).where(among(key[0], "ids"), *joins.are_there())
    return Lookup(found, row)


_STATEMENTS = {kind: _statement(kind, entry) for kind, entry in SUBJECTS.items()}


class SubjectByKey(Loader[SubjectKey, Subject | None]):
    """One statement for each kind. It reads by the first value of a key alone, and so all works of a
    profile: they are few."""

    async def batch_load_fn(self, keys: Sequence[SubjectKey]) -> list[Subject | None]:
        asked: defaultdict[SubjectKind, set[Any]] = defaultdict(set)
        for key in keys:
            asked[key.kind].add(key.values[0])
        parts = await gather(*(self._found(kind, list(ids)) for kind, ids in asked.items()))
        found = {key: subject for part in parts for key, subject in part.items()}
        return [found.get(key) for key in keys]

    async def _found(self, kind: SubjectKind, ids: list[Any]) -> dict[SubjectKey, Subject]:
        domains: defaultdict[_Row, set[str]] = defaultdict(set)
        for row, domain in await self.database.fetch(_STATEMENTS[kind], ids=ids):
            domains[row] |= {domain} if domain else set()
        tenants = {row.tenant_id for row, names in domains.items() if names}
        aliases = await aliases_by_tenant(self.database, tenants) if tenants else {}
        return {row.key: row.subject(names, aliases) for row, names in domains.items()}
