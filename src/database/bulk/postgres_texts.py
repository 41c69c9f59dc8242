"""The texts of the statements for many rows in PostgreSQL. Rows are given as arrays, one for each column."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final

from database.bulk.columns import Columns, KeyColumn, is_keyed, prefixed

_FEW_COLUMNS: Final = 2
"""Rows with such keys are sought one by one. Otherwise PostgreSQL would go on to read all rows of a tenant,
if it made its plan while it knew nothing of the table. To seek each row with a longer key, by an index that
has a part of the key, would take as long.
"""


@lru_cache(maxsize=128)
def adding(columns: Columns, name: str, change: str) -> str:
    """Adds a row for each value of a unique column. A row that exists is changed."""
    type_ = columns.types[columns.names.index(name)]
    return (
        f"INSERT INTO {columns.table} ({name}) SELECT * FROM unnest($1::{type_}[]) "  # noqa: S608
        f"ON CONFLICT ({name}) DO UPDATE SET {change}"
    )


@lru_cache(maxsize=128)
def knowing(columns: Columns) -> str:
    """Finds the keys that have a row. After the keys, their tenants are given."""
    return (
        f"SELECT {prefixed('t', columns.key_names)} FROM {_joined(columns.table, columns.keys)} "  # noqa: S608
        f"AND t.tenant_id = ANY (${len(columns.key) + 1}::BIGINT[])"
    )


@lru_cache(maxsize=128)
def inserting(columns: Columns, *, one: bool) -> str:
    """Inserts rows whose key is new, and returns these keys."""
    return (
        f"INSERT INTO {columns.table} ({columns.names_text}) {_given(columns, one=one)} "
        f"ON CONFLICT DO NOTHING RETURNING {columns.key_text}"
    )


@lru_cache(maxsize=128)
def upserting(columns: Columns, change: str, *, one: bool) -> str:
    return _upserting(columns, change, _given(columns, one=one))


@lru_cache(maxsize=128)
def upserting_each(changes: tuple[tuple[Columns, str], ...]) -> str:
    """Upserts rows of several tables, one table after another: each waits until the one before is counted."""
    return "".join(_one_after_another(changes))


def _one_after_another(changes: Sequence[tuple[Columns, str]]) -> Iterator[str]:
    place, awaited = 1, ""
    for number, (columns, change) in enumerate(changes):
        text = _upserting(columns, change, f"{_unnested(columns, place)}{awaited}")
        place += len(columns.types)
        awaited = f" WHERE (SELECT count(*) FROM upsert_{number}) >= 0"  # noqa: S608
        is_last = number + 1 == len(changes)
        start = "WITH " if number == 0 else "" if is_last else ", "
        yield f" {text}" if is_last else f"{start}upsert_{number} AS ({text} RETURNING 1)"


def _upserting(columns: Columns, change: str, source: str) -> str:
    return (
        f"INSERT INTO {columns.table} AS t ({columns.names_text}) {source} "
        f"ON CONFLICT ({columns.key_text}) DO UPDATE SET {change}"
    )


@lru_cache(maxsize=128)
def claiming(columns: Columns) -> str:
    """Inserts rows whose key is new, and returns them after TRUE. Then it locks the others that were there
    when the statement began, in the order of their keys, and returns them after FALSE.
    """
    types = [columns.types[place] for place in columns.key]
    arrays = ", ".join(f"${place + 1}::{type_}[]" for place, type_ in zip(columns.key, types, strict=True))
    keys = f"unnest({arrays}) AS k ({columns.key_text})"
    return (
        f"WITH new AS (INSERT INTO {columns.table} ({columns.names_text}) {_unnested(columns)} "  # noqa: S608
        f"ON CONFLICT DO NOTHING RETURNING {columns.names_text}), "
        # What asks for a number of rows waits until all of them are inserted.
        f"old AS ({_locked(columns, keys, 'WHERE (SELECT count(*) FROM new) >= 0')}) "
        "SELECT TRUE, * FROM new UNION ALL SELECT FALSE, * FROM old"
    )


def _locked(columns: Columns, keys: str, condition: str) -> str:
    if seeks_one_by_one(columns):
        sorted_keys = f"(SELECT * FROM {keys} ORDER BY {columns.key_text}) AS k"  # noqa: S608
        return f"{_sought(columns, columns.names, sorted_keys, ' FOR UPDATE')} {condition}"
    return (
        f"SELECT {prefixed('t', columns.names)} FROM {keys} "  # noqa: S608
        f"JOIN {columns.table} AS t ON {is_keyed(columns.key_names)} "
        f"{condition} ORDER BY {prefixed('t', columns.key_names)} FOR UPDATE OF t"
    )


def seeks_one_by_one(columns: Columns) -> bool:
    return len(columns.key) <= _FEW_COLUMNS


def _sought(columns: Columns, names: Sequence[str], keys: str, lock: str = "") -> str:
    """Seeks the row of each key by itself."""
    return (
        f"SELECT {prefixed('t', names)} FROM {keys} "  # noqa: S608
        f"CROSS JOIN LATERAL (SELECT {', '.join(names)} FROM {columns.table} AS t "
        f"WHERE {is_keyed(columns.key_names)} OFFSET 0{lock}) AS t"
    )


@lru_cache(maxsize=128)
def seeking(columns: Columns) -> str:
    """Finds the keys that have a row, without a lock."""
    return _sought(columns, columns.key_names, _keys(columns))


def _keys(columns: Columns) -> str:
    return f"unnest({_arrays([key.type for key in columns.keys])}) AS k ({columns.key_text})"


@lru_cache(maxsize=128)
def locking(columns: Columns) -> str:
    """Locks and returns rows, in the order of their keys."""
    if seeks_one_by_one(columns):
        return _locked(columns, _keys(columns), "")
    return _locking(columns, _joined(columns.table, columns.keys))


@lru_cache(maxsize=128)
def locking_of_tenant(columns: Columns) -> str:
    """The same for one tenant, whose id is given before the rest of the keys."""
    first, *others = columns.keys
    return _locking(columns, f"{_joined(columns.table, others, 2)} AND t.{first.name} = $1")


def _locking(columns: Columns, source: str) -> str:
    return (
        f"SELECT {prefixed('t', columns.names)} FROM {source} "  # noqa: S608
        f"ORDER BY {prefixed('t', columns.key_names)} FOR UPDATE OF t"
    )


def _joined(table: str, keys: Sequence[KeyColumn], first: int = 1) -> str:
    """A join of the keys, which are given as arrays from the parameter `first` on, and the rows that have
    these keys.
    """
    names = [key.name for key in keys]
    given = f"unnest({_arrays([key.type for key in keys], first)}) AS k ({', '.join(names)})"
    return f"{given} JOIN {table} AS t ON {is_keyed(names)}"


def _given(columns: Columns, *, one: bool) -> str:
    """Rows as a source of an INSERT. A cluster sends one row straight to its node."""
    if not one:
        return _unnested(columns)
    places = range(1, len(columns.types) + 1)
    row = [f"${place}::{type_}" for place, type_ in zip(places, columns.types, strict=True)]
    return f"VALUES ({_values(columns, row)})"


def _unnested(columns: Columns, first: int = 1) -> str:
    return (
        f"SELECT {_values(columns, [f'k.{name}' for name in columns.names])} "  # noqa: S608
        f"FROM unnest({_arrays(columns.types, first)}) AS k ({columns.names_text})"
    )


def _values(columns: Columns, given: Sequence[str]) -> str:
    return ", ".join(value.format(one) for value, one in zip(columns.values, given, strict=True))


def _arrays(types: Sequence[str], first: int = 1) -> str:
    return ", ".join(f"${place}::{type_}[]" for place, type_ in enumerate(types, first))
