"""Domains that nothing refers to any more, and what of the figures that events raise counts in a score."""

import sqlalchemy as sa
from alembic import op

from models import types

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_SCORED = {
    "user_insights": {
        "profile_views_scored": "profile_views",
        "profile_searches_scored": "profile_searches",
    },
    "works": {"in_app_plays_scored": "in_app_plays"},
}


def upgrade() -> None:
    op.add_column("domains", sa.Column("unused_since", types.Instant(), nullable=True))
    for table, columns in _SCORED.items():
        for column, like in columns.items():
            op.add_column(table, sa.Column(column, sa.BigInteger(), nullable=False, server_default="0"))
            op.execute(f"UPDATE {table} SET {column} = {like}")  # noqa: S608


def downgrade() -> None:
    for table, columns in _SCORED.items():
        for column in columns:
            op.drop_column(table, column)
    op.drop_column("domains", "unused_since")
