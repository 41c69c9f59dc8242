"""Which event said that a named visitor is a user."""

import sqlalchemy as sa
from alembic import op

from models import types

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_NAMED = sa.text("user_id IS NOT NULL AND length(visitor) = 16")


def upgrade() -> None:
    op.add_column("visitor_links", sa.Column("event_id", types.EventId(), nullable=True))
    op.create_index(
        "ix_events_named",
        "events",
        ["tenant_id", "visitor", "user_id", "occurred_at", "id"],
        sqlite_where=_NAMED,
        postgresql_where=_NAMED,
    )


def downgrade() -> None:
    op.drop_index("ix_events_named", table_name="events")
    op.drop_column("visitor_links", "event_id")
