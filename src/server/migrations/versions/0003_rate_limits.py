"""Rate limits of all workers together, and where accounts were used from."""

import sqlalchemy as sa
from alembic import op

from models import types

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "rate_buckets",
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("full_from", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_rate_buckets")),
        info={"distribution": "reference"},
    )
    op.create_index(op.f("ix_rate_buckets_full_from"), "rate_buckets", ["full_from"], unique=False)
    op.create_table(
        "sign_in_networks",
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("network", sa.LargeBinary(), nullable=False),
        sa.Column("seen_at", types.Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_sign_in_networks_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "network", name=op.f("pk_sign_in_networks")),
        info={"distribution": "reference"},
    )


def downgrade() -> None:
    op.drop_table("sign_in_networks")
    op.drop_index(op.f("ix_rate_buckets_full_from"), table_name="rate_buckets")
    op.drop_table("rate_buckets")
