"""What a kind of rows of a catalog is. Each kind is a subclass."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, ClassVar, Final, NamedTuple, TypeAlias

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from base.ids import uuid7
from database import table_of
from resolvers.catalog.checks import checked
from resolvers.catalog.references import Reference, Resolved, Target
from resolvers.catalog.rehearsal import AnyTables
from resolvers.catalog.rows import CatalogRow
from resolvers.catalog.tables import Change, Columns, Model, Names
from resolvers.catalog.verdicts import Refused, Verdict

WITHIN: Final = (Target.WORKSPACE, Target.ASSET)
"""What has an id of another system only within its organization."""


Outcome: TypeAlias = Verdict | Refused | None


class Draft:
    """A row on its way into the database."""

    __slots__ = ("changes", "given", "line", "lists", "stored", "verdict")

    def __init__(self, line: int, given: Columns | None = None) -> None:
        self.line = line
        self.given: Columns = given or {}
        """The values of the columns that the row gives."""
        self.lists: Mapping[CatalogKind, list[Columns]] = {}
        """Items that belong to it: rows of other tables, without the column that says so."""
        self.stored: Columns = {}
        """The row that it is about; empty before it is made."""
        self.changes: Columns = {}
        self.verdict: Outcome = None
        """None as long as nothing is known against it."""


class ReadRow(NamedTuple):
    """A row of a file, and what is known about it."""

    row: Any
    """Of the class that the kind says."""
    known: Resolved
    now: datetime

    def named(self, target: Target, id: str | int) -> Columns:
        """The row that a field of it names. Raises Refused."""
        found = self.known[reference_of(self.row, target, id)]
        if isinstance(found, Refused):
            raise found
        return found


class Most(NamedTuple):
    """How many rows may belong to another one."""

    column: str
    number: int
    words: str


class CatalogKind:
    name: ClassVar[str]
    """As it stands in files."""
    row: ClassVar[type[CatalogRow]]
    model: ClassVar[Model]
    targets: ClassVar[tuple[tuple[str, Target], ...]] = ()
    """The fields that name objects, and what they name. The column of such a field ends with `_id`."""
    known_by: ClassVar[tuple[Names, ...]]
    """Columns by which a stored row is recognised. The first that find one do so."""
    unique: ClassVar[tuple[Names, ...]] = ()
    """Columns in which no two rows have the same."""
    words: ClassVar[Mapping[str, str]] = {}
    """What columns of these are called that no field has."""
    required: ClassVar[Names] = ()
    """Columns without which none is made. Those of fields that are never absent are left out."""
    fixed: ClassVar[Names] = ()
    """Columns that do not change."""
    kept: ClassVar[Names] = ()
    """Columns in which a stored row keeps what it has, whatever is given."""
    list_column: ClassVar[str] = ""
    """The column that says to what a row of a list belongs."""
    most: ClassVar[Most | None] = None

    def references(self, row: CatalogRow) -> Iterator[Reference]:
        for field, target in self.targets:
            given = getattr(row, field)
            for id in given if isinstance(given, list) else [given]:
                if id is not None:
                    yield reference_of(row, target, id)

    def columns(self, read: ReadRow) -> Columns:
        """What the row gives. Raises Refused and BAD_USER_INPUT."""
        names = table_of(self.model).c
        targets = dict(self.targets)
        columns: Columns = {}
        for field, value in given_of(read.row).items():
            if field in targets and f"{field}_id" in names:
                columns[f"{field}_id"] = read.named(targets[field], value)["id"]
            elif field in names:
                columns[field] = checked(field, value, read.now)
        return columns

    def lists(self, _: ReadRow) -> "Mapping[CatalogKind, list[Columns]]":
        """The items that belong to it. Raises Refused and BAD_USER_INPUT."""
        return {}

    async def inspect(self, tables: AnyTables, drafts: Sequence[Draft]) -> None:
        """Refuses drafts for what only the database knows."""

    def takes(self, _: str, __: Columns, ___: Columns) -> bool:
        """Whether a row, stored and given, has to be the only one with the given value of a unique column."""
        return True

    def changes(self, stored: Columns, given: Columns) -> Columns:
        return {
            name: value for name, value in given.items() if name not in self.kept and stored[name] != value
        }

    async def new(self, _: AnyTables, rows: Sequence[Columns], now: datetime) -> list[Columns]:
        """Whole rows to be added."""
        defaults = defaults_of(self.model)
        return [{**defaults, **_made(self.model, row, now), **row} for row in rows]

    async def prepare(self, session: AsyncSession, rows: Sequence[Columns]) -> None:
        """Is called before these rows are added or changed, in the same transaction: locks come first."""

    async def added(self, session: AsyncSession, rows: Sequence[Columns]) -> None:
        """Is called after these rows were added, in the same transaction."""

    async def changed(self, session: AsyncSession, changes: Sequence[Change]) -> None:
        """Is called after these rows were changed, in the same transaction."""


def reference_of(row: CatalogRow, target: Target, id: str | int) -> Reference:
    within = getattr(row, "organization", None) if target in WITHIN else None
    return Reference(target, str(id), None if within is None else str(within))


def given_of(row: CatalogRow) -> dict[str, Any]:
    return {field: value for field, value in msgspec.structs.asdict(row).items() if value is not None}


def _made(model: Model, row: Columns, now: datetime) -> Columns:
    """What an object has from its beginning."""
    names = table_of(model).c
    made: Columns = {}
    if "created_at" in names:
        made["created_at"] = now
    if "public_id" in names:
        made["public_id"] = uuid7(row.get("created_at", now))
    return made


@lru_cache(maxsize=32)
def defaults_of(model: Model) -> Columns:
    """The values of columns that nobody gives."""
    fields = model.model_fields
    return {name: field.default for name, field in fields.items() if name != "id" and not field.is_required()}
