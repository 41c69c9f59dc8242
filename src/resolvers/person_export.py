"""Everything that is kept of a person, as JSON. The tables say what that is: see `models.personal`."""

from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

import orjson
from sqlalchemy import ColumnElement, LargeBinary, Select, Table, and_, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import SQLModel

from base.attendance import hours_of, searched
from base.ids import Kind, global_id
from base.kinds import SUBJECT_OF, SUBJECTS, Action, SubjectKind
from base.sketches import ALL_SUBJECTS
from database import Database, has_bytes, table_of
from ingest.named_events import IS_LONE, events_of_visitors, named
from models import (
    Attendance,
    AuditEntry,
    DomainAlias,
    Event,
    ImportTenant,
    Invitation,
    InvitedWorkspace,
    LinkedVisit,
    MonthTotal,
    Tenant,
    User,
    UserInsight,
    VisitorLink,
    personal_columns,
    shown_columns,
)

_AT_A_TIME: Final = 500
_TABLES: Final = SQLModel.metadata.tables
_KINDS: Final = {
    "users": Kind.USER,
    "publications": Kind.PUBLICATION,
    "organizations": Kind.ORGANIZATION,
    "workspaces": Kind.WORKSPACE,
    "assets": Kind.ASSET,
    "user_insights": Kind.USER_INSIGHT,
    "invitations": Kind.INVITATION,
}
"""Tables whose ids of our own are shown as global ids."""
_REFERENCES: Final = {
    "user_id": "users",
    "account_id": "users",
    "organization_id": "organizations",
    "publication_id": "publications",
    "domain_id": "domains",
}
"""Columns without a foreign key."""
_SUBJECT: Final = "subject_id"
_INTERNAL: Final = frozenset({"id", "tenant_id", "segment", _SUBJECT})
"""Columns with ids of our own, unless these are UUIDs, and with places in an index."""
_OWN: Final = (MonthTotal, DomainAlias, ImportTenant)
"""What the person owns as a tenant: figures, without events of others."""


async def person_file(database: Database, user_id: int, now: datetime) -> AsyncIterator[bytes]:
    """The parts of the file."""
    async with database.snapshot() as connection:
        person = await _person(connection, user_id)
        tenants = list(
            await connection.scalars(select(_column(Tenant, "id")).order_by(_column(Tenant, "id")))
        )
        yield b'{"exportedAt":' + orjson.dumps(now) + b',"tables":{'
        shown = _Shown(connection, user_id)
        names = await _names(connection, person, tenants)
        for place, (name, statements) in enumerate(_statements(person, tenants, names).items()):
            yield (b"," if place else b"") + orjson.dumps(name) + b":["
            before = b""
            for statement in statements:
                async for rows in _batches(connection, statement):
                    yield before + b",".join(map(orjson.dumps, await shown.rows(_TABLES[name], rows)))
                    before = b","
            yield b"]"
        yield b"}}"


class _Person(NamedTuple):
    user_id: int
    tenant_id: int
    id: str
    """The global id."""


async def _person(connection: AsyncConnection, user_id: int) -> _Person:
    columns = table_of(User).c
    found = await connection.execute(
        select(columns.tenant_id, columns.public_id).where(columns.id == user_id)
    )
    tenant_id, public_id = found.one()
    return _Person(user_id, tenant_id, global_id(Kind.USER, public_id))


def _column(model: type[SQLModel], name: str) -> Any:
    return table_of(model).c[name]


async def _names(
    connection: AsyncConnection, person: _Person, tenants: Sequence[int]
) -> dict[int, list[bytes]]:
    """The names that tenants gave the person, by the tenant."""
    links = table_of(VisitorLink).c
    names: defaultdict[int, list[bytes]] = defaultdict(list)
    for start in range(0, len(tenants), _AT_A_TIME):
        of_some = links.tenant_id.in_(tenants[start : start + _AT_A_TIME])
        statement = select(links.tenant_id, links.visitor).where(of_some, links.user_id == person.user_id)
        for tenant_id, visitor in await connection.execute(statement):
            names[tenant_id].append(visitor)
    return names


def _statements(
    person: _Person, tenants: Sequence[int], names: Mapping[int, Sequence[bytes]]
) -> dict[str, list[Select[Any]]]:
    """By the table. A table of tenants is asked for many at a time."""
    found: defaultdict[str, list[Select[Any]]] = defaultdict(list)
    conditions: defaultdict[Table, list[ColumnElement[bool]]] = defaultdict(list)
    for table, name, _ in personal_columns(SQLModel.metadata):
        if (condition := _is_of(table, name, person.user_id)) is not None:
            conditions[table].append(condition)
    # What others did to the person.
    conditions[table_of(AuditEntry)].append(_column(AuditEntry, "object") == person.id)
    for table, those in conditions.items():
        statement = select(*shown_columns(table)).where(_any(those))
        if table.info["distribution"] != "tenant_id":
            found[table.name].append(statement)
            continue
        for start in range(0, len(tenants), _AT_A_TIME):
            some = tenants[start : start + _AT_A_TIME]
            found[table.name].append(statement.where(table.c.tenant_id.in_(some)))
    events, visits = table_of(Event), table_of(LinkedVisit)
    for tenant_id, visitors in names.items():
        # Under these names, without the person's id.
        lone = select(*shown_columns(events)).select_from(events_of_visitors(IS_LONE))
        found[events.name].append(lone.params(named(tenant_id, visitors)))
        its = (visits.c.tenant_id == tenant_id, visits.c.visitor.in_(visitors))
        found[visits.name].append(select(*shown_columns(visits)).where(*its))
    for model in _OWN:
        table = table_of(model)
        found[table.name].append(select(*shown_columns(table)).where(table.c.tenant_id == person.tenant_id))
    found["invited_workspaces"].append(_invited_to(person))
    return dict(found)


def _invited_to(person: _Person) -> Select[Any]:
    """Workspaces that the person may enter after saying yes."""
    invited, invitations = table_of(InvitedWorkspace), table_of(Invitation).c
    own = select(invitations.id).where(invitations.user_id == person.user_id)
    return select(*shown_columns(invited)).where(invited.c.invitation_id.in_(own))


def _is_of(table: Table, name: str, user_id: int) -> ColumnElement[bool] | None:
    """None for a column that refers to nobody by itself."""
    column = table.c[name]
    targets = {key.column.table.name for key in column.foreign_keys}
    if "user_insights" in targets:
        own = select(_column(UserInsight, "id")).where(_column(UserInsight, "user_id") == user_id)
        return column.in_(own)
    if table is table_of(Attendance):
        # Of some rows it turns out that they have others alone.
        return and_(
            has_bytes(column, literal(searched(user_id), LargeBinary())),
            table.c.subject_kind != ALL_SUBJECTS[0],
        )
    if name == "email":
        # Of a link to an address, which may name no user yet.
        return column.in_(select(_column(User, "email")).where(_column(User, "id") == user_id))
    is_user = table.name == "users" or "users" in targets or name in ("user_id", "account_id")
    return column == user_id if is_user else None


def _any(conditions: Sequence[ColumnElement[bool]]) -> ColumnElement[bool]:
    first, *others = conditions
    for other in others:
        first = first | other
    return first


async def _batches(connection: AsyncConnection, statement: Select[Any]) -> AsyncIterator[list[Any]]:
    result = await connection.stream(statement, execution_options={"yield_per": _AT_A_TIME})
    async for rows in result.mappings().partitions():
        yield list(rows)


class _Shown:
    """Rows as others may see them: with global ids in the place of our own."""

    def __init__(self, connection: AsyncConnection, user_id: int) -> None:
        self._connection = connection
        self._user_id = user_id
        self._names: dict[str, dict[int, str]] = defaultdict(dict)

    async def rows(self, table: Table, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        if table is table_of(Attendance):
            rows = list(_attended(rows, self._user_id))
        references = _references(table)
        for column, target in references.items():
            await self._learn(target, (row[column] for row in rows))
        kinds = [_kind(row) for row in rows]
        for kind in {kind for kind in kinds if kind}:
            await self._learn(SUBJECTS[kind].table, (row[_SUBJECT] for row in rows if _kind(row) is kind))
        return [self._row(row, references, kind) for row, kind in zip(rows, kinds, strict=True)]

    async def _learn(self, table: str, ids: Iterable[int | None]) -> None:
        known = self._names[table]
        missing = sorted({id for id in ids if id} - known.keys())
        columns = _TABLES[table].c
        name = next(columns[one] for one in ("public_id", "item_id", "name") if one in columns)
        for start in range(0, len(missing), _AT_A_TIME):
            some = missing[start : start + _AT_A_TIME]
            found = await self._connection.execute(select(columns.id, name).where(columns.id.in_(some)))
            for id, value in found:
                known[id] = global_id(_KINDS[table], value) if table in _KINDS else str(value)

    def _row(
        self, row: Mapping[str, Any], references: Mapping[str, str], kind: SubjectKind | None
    ) -> dict[str, Any]:
        shown = {}
        for name, value in row.items():
            if name in references:
                shown[name.removesuffix("_id")] = self._names[references[name]].get(value)
            elif name == _SUBJECT and kind:
                shown["subject"] = self._names[SUBJECTS[kind].table].get(value)
            elif name == "action":
                shown[name] = Action(value).name
            elif name not in _INTERNAL or isinstance(value, UUID):
                shown[name] = _written(value)
        return shown


def _attended(rows: Sequence[Mapping[str, Any]], user_id: int) -> Iterator[dict[str, Any]]:
    """The hours in UTC of one of the people in them."""
    for row in rows:
        if hours := hours_of(row["people"], user_id):
            yield {**{name: value for name, value in row.items() if name != "people"}, "hours": hours}


def _references(table: Table) -> dict[str, str]:
    """The columns that refer to a row of a table, by the name of that table."""
    found = {}
    for column in table.columns:
        targets = [key.column.table.name for key in column.foreign_keys]
        target = targets[0] if targets else _REFERENCES.get(column.name)
        if target in _KINDS or target == "domains":
            found[column.name] = target
    return found


def _kind(row: Mapping[str, Any]) -> SubjectKind | None:
    if _SUBJECT not in row:
        return None
    return SubjectKind(row["subject_kind"]) if "subject_kind" in row else SUBJECT_OF[Action(row["action"])]


def _written(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.hex()
    # The driver of PostgreSQL has a UUID of its own.
    return str(value) if isinstance(value, UUID) else value
