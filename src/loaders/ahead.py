"""Reading ahead: a statement that reads rows also reads what will be asked for of each of them.

A plan knows which loaders come below the rows. What can be read together with a row is data: the table of
`loaders.read_with`. A loader that is not in it is asked afterwards, as without a plan.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property, lru_cache, partial
from itertools import chain
from typing import Any, Final, NamedTuple, Protocol, TypeAlias

from cachetools import LRUCache
from sqlalchemy import ColumnElement, Select, Table
from sqlalchemy.sql.visitors import iterate

from database import Database, Statement, made_of

_MOST_ELSEWHERE: Final = 4_096
_elsewhere: LRUCache[tuple[Any, ...], None] = LRUCache(_MOST_ELSEWHERE)
"""Keys of rows whose reporting time zone is not the one that was taken for it."""

Row: TypeAlias = Callable[..., Any]
"""The type of a row: a NamedTuple."""
Values: TypeAlias = Sequence[Any]
"""Of one row, or of one column."""


class Asking(NamedTuple):
    """What keys and parameters depend on besides the row."""

    now: datetime
    person_id: int | None
    """The user's id, as `Viewer.person_id`."""
    series: "Series | None" = None
    """The series of the row, if the row is read alone."""


class Series(Protocol):
    """A series that is read together with the row of its subject."""

    @property
    def row(self) -> Row: ...

    @property
    def time_zone(self) -> str: ...

    @property
    def measure(self) -> Any: ...

    @property
    def timeline(self) -> Any: ...

    @property
    def given(self) -> Mapping[str, Any]: ...

    @property
    def entry(self) -> "ReadWith": ...


class Knowing(Protocol):
    def know(self, values: Mapping[Any, Any], /) -> None: ...


@dataclass(frozen=True, eq=False, kw_only=True)
class ReadWith:
    """How the value of a loader is read together with a row."""

    row: Row
    loader: type[Any]
    columns: tuple[ColumnElement[Any], ...]
    """Made of the tables from which the row is read, and of `joins`."""
    values: Callable[..., Iterable[Any]]
    """Makes the loader's values of the columns, each of which has its values of all rows."""
    keys: Callable[[Any, Asking], Iterable[Hashable]]
    """Makes the keys, by which the loader will be asked, of a row whose fields are the columns of all rows. A
    plain tuple is equal to a NamedTuple, and takes a fraction of the time to make."""
    joins: tuple[tuple[Table, ColumnElement[bool]], ...] = ()
    """Further tables with the conditions of their joins. Each has at most one row for a row."""
    given: Mapping[str, Callable[[Asking], Any]] = field(default_factory=dict)
    """The parameters of the columns."""

    @cached_property
    def is_of_tenants(self) -> bool:
        """Whether it reads tables of tenants, which a cluster has elsewhere than the row."""
        parts = chain.from_iterable(map(iterate, self.columns))
        return any(isinstance(part, Table) and part.info["distribution"] == "tenant_id" for part in parts)


Foreseen: TypeAlias = Mapping[Row, tuple[ReadWith, ...]]
"""By the type of the rows."""


def beside_rows(foreseen: Foreseen) -> Foreseen:
    """What a cluster has beside the rows. The rest is read afterwards."""
    return {row: tuple(one for one in entries if not one.is_of_tenants) for row, entries in foreseen.items()}


class ReadAhead:
    """What one request reads together with rows of one type."""

    def __init__(
        self, entries: tuple[ReadWith, ...], loaders: Mapping[type[Any], Knowing], asking: Asking
    ) -> None:
        self.entries = entries
        self._asking = asking
        self._loaders = [loaders[entry.loader] for entry in entries]
        self.given = {name: given(asking) for entry in entries for name, given in entry.given.items()}

    async def fetch(
        self, database: Database, statement: Statement[Any], row: Row, **parameters: Any
    ) -> list[Any]:
        """The rows of the statement. What was read with them is known to its loaders then."""
        wide = widened(statement, self.entries)
        return await database.fetch_columns(wide, partial(self.split, row), **parameters, **self.given)

    def split(self, row: Row, columns: Sequence[Values]) -> list[Any]:
        """The columns of the row come first, then those of each entry, then any others."""
        start = len(row._fields)  # type: ignore[attr-defined]
        all_of_them = row(*columns[:start])
        for entry, loader in zip(self.entries, self._loaders, strict=True):
            stop = start + len(entry.columns)
            keys = entry.keys(all_of_them, self._asking)
            loader.know(dict(zip(keys, entry.values(*columns[start:stop]))))  # noqa: B905
            start = stop
        return made_of(row, all_of_them)


class ReadAlone(ReadAhead):
    """The same for one row that is read alone, with a series of it."""

    def __init__(
        self, entries: tuple[ReadWith, ...], loaders: Mapping[type[Any], Knowing], asking: Asking
    ) -> None:
        assert asking.series
        super().__init__((*entries, asking.series.entry), loaders, asking)
        self._row, self._time_zone = asking.series.row, asking.series.time_zone

    def is_for(self, key: Hashable) -> bool:
        """Whether the row of the key may have the reporting time zone for which the series was asked."""
        return (self._row, key, self._time_zone) not in _elsewhere

    def note(self, key: Hashable, rows: Sequence[Any]) -> None:
        if any(row.time_zone != self._time_zone for row in rows):
            _elsewhere[self._row, key, self._time_zone] = None


@lru_cache(maxsize=128)
def widened(statement: Statement[Any], entries: tuple[ReadWith, ...]) -> Statement[Values]:
    return statement.changed(lambda text: with_entries(text, entries), as_read)


def with_entries(text: Select[Any], entries: tuple[ReadWith, ...]) -> Select[Any]:
    columns = [column for entry in entries for column in entry.columns]
    # Some are columns of the row, too.
    text = text.add_columns(*(column.label(f"ahead_{place}") for place, column in enumerate(columns)))
    for table, condition in dict(join for entry in entries for join in entry.joins).items():
        text = text.outerjoin(table, condition)
    return text


def as_read(*values: Any) -> Values:
    return values
