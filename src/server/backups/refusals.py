"""Why a backup cannot be written or read."""

from collections.abc import Collection


class Broken(Exception):
    """Says in the words of the database or its program what is wrong."""


def require_tables(names: Collection[str]) -> None:
    """Raises Broken if the tables of Viewgraph are not among these names."""
    if "alembic_version" not in names:
        raise Broken("it has no tables of Viewgraph")
