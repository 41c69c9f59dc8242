"""Invitations, the last use of keys, and the secret of each salt."""

import sqlalchemy as sa
from alembic import op

from models import types

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "invitations",
        sa.Column("id", types.Id(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("inviter_id", sa.BigInteger(), nullable=False),
        sa.Column("organization_id", sa.BigInteger(), nullable=True),
        sa.Column("workspace_id", sa.BigInteger(), nullable=True),
        sa.Column("publication_id", sa.BigInteger(), nullable=True),
        sa.Column("role", sa.SmallInteger(), nullable=True),
        sa.Column("created_at", types.Instant(), nullable=False),
        sa.Column("expires_at", types.Instant(), nullable=False),
        sa.Column("declined_at", types.Instant(), nullable=True),
        sa.CheckConstraint(
            "(organization_id IS NULL) <> (publication_id IS NULL)", name=op.f("ck_invitations_one_target")
        ),
        sa.ForeignKeyConstraint(
            ["inviter_id"], ["users.id"], name=op.f("fk_invitations_inviter_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_invitations_organization_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["publication_id"],
            ["publications.id"],
            name=op.f("fk_invitations_publication_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_invitations_user_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_invitations_workspace_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitations")),
        sa.UniqueConstraint("public_id", name=op.f("uq_invitations_public_id")),
        info={"distribution": "local"},
        sqlite_autoincrement=True,
    )
    op.create_index("ix_invitations_expires_at", "invitations", ["expires_at"], unique=False)
    op.create_index("ix_invitations_inviter_id", "invitations", ["inviter_id"], unique=False)
    op.create_index(
        "ix_invitations_organization_id",
        "invitations",
        ["organization_id", "created_at", "public_id"],
        unique=False,
    )
    op.create_index(
        "ix_invitations_user_id", "invitations", ["user_id", "created_at", "public_id"], unique=False
    )
    op.create_index(
        "uq_invitations_organization_id",
        "invitations",
        ["organization_id", "user_id"],
        unique=True,
        postgresql_where=sa.text("workspace_id IS NULL AND organization_id IS NOT NULL"),
        sqlite_where=sa.text("workspace_id IS NULL AND organization_id IS NOT NULL"),
    )
    op.create_index(
        "uq_invitations_publication_id", "invitations", ["publication_id", "user_id"], unique=True
    )
    op.create_index("uq_invitations_workspace_id", "invitations", ["workspace_id", "user_id"], unique=True)
    op.create_table(
        "invited_workspaces",
        sa.Column("invitation_id", sa.BigInteger(), nullable=False),
        sa.Column("workspace_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["invitation_id"],
            ["invitations.id"],
            name=op.f("fk_invited_workspaces_invitation_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"],
            ["workspaces.id"],
            name=op.f("fk_invited_workspaces_workspace_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("invitation_id", "workspace_id", name=op.f("pk_invited_workspaces")),
        info={"distribution": "local"},
    )
    op.create_index(
        "ix_invited_workspaces_workspace_id", "invited_workspaces", ["workspace_id"], unique=False
    )
    op.add_column("authentication_keys", sa.Column("last_used_at", types.Instant(), nullable=True))
    op.add_column("visitor_salts", sa.Column("keyed_by", sa.String(length=12), nullable=True))


def downgrade() -> None:
    op.drop_column("visitor_salts", "keyed_by")
    op.drop_column("authentication_keys", "last_used_at")
    op.drop_index("ix_invited_workspaces_workspace_id", table_name="invited_workspaces")
    op.drop_table("invited_workspaces")
    op.drop_index("uq_invitations_workspace_id", table_name="invitations")
    op.drop_index("uq_invitations_publication_id", table_name="invitations")
    op.drop_index(
        "uq_invitations_organization_id",
        table_name="invitations",
        postgresql_where=sa.text("workspace_id IS NULL AND organization_id IS NOT NULL"),
        sqlite_where=sa.text("workspace_id IS NULL AND organization_id IS NOT NULL"),
    )
    op.drop_index("ix_invitations_user_id", table_name="invitations")
    op.drop_index("ix_invitations_organization_id", table_name="invitations")
    op.drop_index("ix_invitations_inviter_id", table_name="invitations")
    op.drop_index("ix_invitations_expires_at", table_name="invitations")
    op.drop_table("invitations")
