"""Imports of events, and which import has brought an event."""

import sqlalchemy as sa
from alembic import op

from models import types

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "event_imports",
        sa.Column("id", types.Id(), sa.Identity(always=False), nullable=False),
        sa.Column("file", sa.String(length=255), nullable=False),
        sa.Column("started_at", types.Instant(), nullable=False),
        sa.Column("finished_at", types.Instant(), nullable=True),
        sa.Column("stored", sa.BigInteger(), nullable=False),
        sa.Column("duplicates", sa.BigInteger(), nullable=False),
        sa.Column("rejected", sa.BigInteger(), nullable=False),
        sa.Column("undo_started_at", types.Instant(), nullable=True),
        sa.Column("undone_at", types.Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_event_imports"),
        info={"distribution": "local"},
        sqlite_autoincrement=True,
    )
    op.create_table(
        "import_tenants",
        sa.Column("import_id", sa.BigInteger(), nullable=False),
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("first_at", types.Instant(), nullable=False),
        sa.Column("last_at", types.Instant(), nullable=False),
        sa.Column("events", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("import_id", "tenant_id", name="pk_import_tenants"),
        info={"distribution": "local"},
        sqlite_with_rowid=False,
    )
    op.add_column("events", sa.Column("import_id", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    op.drop_column("events", "import_id")
    op.drop_table("import_tenants")
    op.drop_table("event_imports")
