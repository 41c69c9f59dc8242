"""Alembic runs this module, with the connection that `server.migrations` opened."""

from typing import Any, Literal

from alembic import context
from sqlmodel import AutoString, SQLModel

import models  # noqa: F401  # makes every table known to the metadata
from database import is_partition


def render(kind: str, item: Any, _: Any) -> str | Literal[False]:
    """Writes SQLModel's own type for text as SQLAlchemy's."""
    if kind == "type" and isinstance(item, AutoString):
        return f"sa.String(length={item.length})"
    return False


def include(_: Any, name: str | None, kind: str, is_reflected: bool, __: Any) -> bool:
    """Leaves partitions out. They come and go with the months, and are not part of the schema."""
    return not (kind == "table" and is_reflected and name and is_partition(name))


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=SQLModel.metadata,
    user_module_prefix="types.",
    render_item=render,
    include_object=include,
)
with context.begin_transaction():
    context.run_migrations()
