"""Totals by the hour, and up to where they are complete."""

import sqlalchemy as sa
from alembic import op

from models import types

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "folded_hours",
        sa.Column("tenant_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("before", types.Day(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", name=op.f("pk_folded_hours")),
        info={"distribution": "tenant_id"},
    )
    op.create_table(
        "hour_totals",
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("subject_id", sa.BigInteger(), nullable=False),
        sa.Column("day", types.Day(), nullable=False),
        sa.Column("action", sa.SmallInteger(), nullable=False),
        sa.Column("device", sa.SmallInteger(), nullable=False),
        sa.Column("domain_id", sa.BigInteger(), nullable=False),
        *(sa.Column(f"until_{hour}", sa.BigInteger(), nullable=False) for hour in range(1, 25)),
        sa.PrimaryKeyConstraint(
            "tenant_id", "subject_id", "day", "action", "device", "domain_id", name=op.f("pk_hour_totals")
        ),
        info={"distribution": "tenant_id", "sqlite_seeks_by": "sqlite_autoindex_hour_totals_1"},
        sqlite_with_rowid=False,
    )
    op.create_index("ix_hour_totals_day", "hour_totals", ["tenant_id", "day"], unique=False)
    op.add_column("tenants", sa.Column("hours_before", types.Day(), nullable=True))
    op.add_column("tenants", sa.Column("folding_since", types.Instant(), nullable=True))


def downgrade() -> None:
    op.drop_column("tenants", "folding_since")
    op.drop_column("tenants", "hours_before")
    op.drop_index("ix_hour_totals_day", table_name="hour_totals")
    op.drop_table("hour_totals")
    op.drop_table("folded_hours")
