"""What the tables keep of persons, and what becomes of it when a person is erased.

Each table with a column that refers to a user, or by which somebody could be told, says so in its `info`:
`info={**LOCAL, **of_person(user_id=OnErasing.ROW)}`. The export of a person reads the same.
"""

from collections.abc import Iterator
from enum import Enum
from typing import Any, NamedTuple

from sqlalchemy import MetaData, Table

_PERSONS = "persons"
_SECRET = "secret"  # noqa: S105  # the key of a dict


class OnErasing(Enum):
    """What becomes of a column's value."""

    ROW = "The row goes."
    TAKEN_BACK = "The row goes, and what it had added to the figures of others is taken back."
    OWNED = "What the person owns is deleted, with all that belongs to it."
    REPLACED = "The value is replaced by one that stands for nobody."
    TAKEN_OUT = "The person is taken out of a value that has others, too."


class PersonalColumn(NamedTuple):
    table: Table
    column: str
    on_erasing: OnErasing


def of_person(*, secret: tuple[str, ...] = (), **columns: OnErasing) -> dict[str, Any]:
    """For the `info` of a table. `secret`: columns that no export shows."""
    return {_PERSONS: columns, _SECRET: secret}


def personal_columns(metadata: MetaData) -> Iterator[PersonalColumn]:
    for table in metadata.sorted_tables:
        for column, on_erasing in table.info.get(_PERSONS, {}).items():
            yield PersonalColumn(table, column, on_erasing)


def shown_columns(table: Table) -> list[Any]:
    """Those that an export shows."""
    return [column for column in table.columns if column.name not in table.info.get(_SECRET, ())]
