"""Alembic runs this module, with the connection that `server.migrations` opened."""

from typing import Any, Literal

from alembic import context
from sqlmodel import AutoString, SQLModel

from database import is_partition
from models import is_of_engine


def render(kind: str, item: Any, _: Any) -> str | Literal[False]:
    """Writes SQLModel's own type for text as SQLAlchemy's."""
    if kind == "type" and isinstance(item, AutoString):
        return f"sa.String(length={item.length})"
    return False


def include(item: Any, name: str | None, kind: str, is_reflected: bool, _: Any) -> bool:
    """Leaves partitions out. They come and go with the months, and are not part of the schema. Indexes of the
    other engine are left out, too.
    """
    if kind == "index":
        return is_of_engine(item, connection.dialect.name)
    return not (kind == "table" and is_reflected and name and is_partition(name))


connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=SQLModel.metadata,
    user_module_prefix="types.",
    render_item=render,
    include_object=include,
)
with context.begin_transaction():
    context.run_migrations()
