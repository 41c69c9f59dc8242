"""The audit trail: who did what to whom."""

import sqlalchemy as sa
from alembic import op

from models import types

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit_entries",
        sa.Column("id", types.Id(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", types.Instant(), nullable=False),
        sa.Column("act", sa.String(length=40), nullable=False),
        sa.Column("actor", sa.SmallInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("key", sa.String(length=40), nullable=True),
        sa.Column("command", sa.String(length=60), nullable=True),
        sa.Column("object", sa.String(length=40), nullable=True),
        sa.Column("organization_id", sa.BigInteger(), nullable=True),
        sa.Column("publication_id", sa.BigInteger(), nullable=True),
        sa.Column("account_id", sa.BigInteger(), nullable=True),
        sa.Column("changes", sa.String(length=2000), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_audit_entries"),
        sa.UniqueConstraint("public_id", name="uq_audit_entries_public_id"),
        info={"distribution": "local"},
    )
    op.create_index(
        "ix_audit_entries_account_id",
        "audit_entries",
        ["account_id", "created_at", "public_id"],
        unique=False,
    )
    op.create_index("ix_audit_entries_created_at", "audit_entries", ["created_at", "public_id"], unique=False)
    op.create_index(
        "ix_audit_entries_organization_id",
        "audit_entries",
        ["organization_id", "created_at", "public_id"],
        unique=False,
    )
    op.create_index(
        "ix_audit_entries_publication_id",
        "audit_entries",
        ["publication_id", "created_at", "public_id"],
        unique=False,
    )
    op.create_index("ix_audit_entries_user_id", "audit_entries", ["user_id"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_audit_entries_user_id", table_name="audit_entries")
    op.drop_index("ix_audit_entries_publication_id", table_name="audit_entries")
    op.drop_index("ix_audit_entries_organization_id", table_name="audit_entries")
    op.drop_index("ix_audit_entries_created_at", table_name="audit_entries")
    op.drop_index("ix_audit_entries_account_id", table_name="audit_entries")
    op.drop_table("audit_entries")
