"""Domains under which nothing is counted any more, and what of a figure counts in a score."""

import sqlalchemy as sa
from alembic import op

from models import types

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_SCORED = (
    ("user_insights", "profile_views_scored"),
    ("user_insights", "profile_searches_scored"),
    ("works", "in_app_plays_scored"),
)


def upgrade() -> None:
    op.add_column("domains", sa.Column("unused_since", types.Instant(), nullable=True))
    for table, column in _SCORED:
        op.add_column(table, sa.Column(column, sa.BigInteger(), nullable=True))


def downgrade() -> None:
    for table, column in reversed(_SCORED):
        op.drop_column(table, column)
    op.drop_column("domains", "unused_since")
