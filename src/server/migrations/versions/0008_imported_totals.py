"""Totals of days that come from elsewhere, without events."""

import sqlalchemy as sa
from alembic import op

from models import types

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "imported_totals",
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("subject_id", sa.BigInteger(), nullable=False),
        sa.Column("action", sa.SmallInteger(), nullable=False),
        sa.Column("day", types.Day(), nullable=False),
        sa.Column("device", sa.SmallInteger(), nullable=False),
        sa.Column("domain_id", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "tenant_id",
            "subject_id",
            "action",
            "day",
            "device",
            "domain_id",
            "source",
            name=op.f("pk_imported_totals"),
        ),
        info={"distribution": "tenant_id"},
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_imported_totals_source",
        "imported_totals",
        ["tenant_id", "source", "subject_id", "action", "day", "device", "domain_id"],
    )


def downgrade() -> None:
    """What was imported stays in the other totals, where `rebuild` finds that no event says it."""
    op.drop_index("ix_imported_totals_source", table_name="imported_totals")
    op.drop_table("imported_totals")
