"""SQLite finds events by names in segments, in place of weeks."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

_HAS_NAME = "length(visitor) = 16"
_BY_WEEK = {
    "ix_events_visitor": f"user_id IS NULL AND {_HAS_NAME}",
    "ix_events_named": f"user_id IS NOT NULL AND {_HAS_NAME}",
}
_WEEK = "occurred_at / 604800000000"


def upgrade() -> None:
    op.add_column("events", sa.Column("segment", sa.BigInteger(), nullable=True))
    if op.get_bind().dialect.name == "sqlite":
        for name in _BY_WEEK:
            op.drop_index(name, table_name="events")
        columns = ["tenant_id", "segment", "visitor"]
        op.create_index("ix_events_segment", "events", columns, sqlite_where=sa.text(_HAS_NAME))


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.drop_index("ix_events_segment", table_name="events")
        for name, condition in _BY_WEEK.items():
            week, is_in = sa.text(_WEEK), sa.text(condition)
            op.create_index(name, "events", ["tenant_id", week, "visitor"], sqlite_where=is_in)
    op.drop_column("events", "segment")
