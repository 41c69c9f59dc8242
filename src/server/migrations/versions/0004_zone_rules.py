"""By which rules of its time zone the days of each tenant's totals are made."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "zone_rules",
        sa.Column("key", sa.String(length=100), nullable=False),
        sa.Column("file", sa.LargeBinary(), nullable=False),
        sa.Column("version", sa.String(length=16), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_zone_rules")),
        info={"distribution": "reference"},
    )
    op.add_column("tenants", sa.Column("zone_rules", sa.String(length=100), nullable=True))
    op.add_column("tenants", sa.Column("older_zone_rules", sa.String(length=100), nullable=True))


def downgrade() -> None:
    op.drop_column("tenants", "older_zone_rules")
    op.drop_column("tenants", "zone_rules")
    op.drop_table("zone_rules")
