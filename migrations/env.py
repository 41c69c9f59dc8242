"""Run by Alembic, over the connection that `server.migrations` opened."""

from typing import Any

from alembic import context
from sqlmodel import AutoString, SQLModel

import models  # noqa: F401  # makes every table known to the metadata


def render(kind: str, item: Any, _: Any) -> str | bool:
    """SQLModel's own type for text is SQLAlchemy's, in a migration."""
    if kind == "type" and isinstance(item, AutoString):
        return f"sa.String(length={item.length})"
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=SQLModel.metadata,
    user_module_prefix="types.",
    render_item=render,
)
with context.begin_transaction():
    context.run_migrations()
