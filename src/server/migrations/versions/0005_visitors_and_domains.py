"""Salts without a trace, visitors who signed in, and other names of sites."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_LONE = sa.text("user_id IS NULL AND length(visitor) = 16")


def upgrade() -> None:
    _forget_salts()
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE visitor_salts SET UNLOGGED")
        op.execute("ALTER TABLE visitor_salts ALTER COLUMN salt SET STATISTICS 0")
    op.create_table(
        "visitor_links",
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("visitor", sa.LargeBinary(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "visitor", name=op.f("pk_visitor_links")),
        info={"distribution": "tenant_id"},
        sqlite_with_rowid=False,
    )
    op.create_table(
        "domain_aliases",
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("pattern", sa.String(length=255), nullable=False),
        sa.Column("name", sa.String(length=253), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "pattern", name=op.f("pk_domain_aliases")),
        info={"distribution": "tenant_id"},
    )
    op.create_index(
        "ix_events_visitor",
        "events",
        ["tenant_id", "visitor", "subject_id", "occurred_at", "action", "user_id"],
        sqlite_where=_LONE,
        postgresql_where=_LONE,
    )


def downgrade() -> None:
    op.drop_index("ix_events_visitor", table_name="events")
    op.drop_table("domain_aliases")
    op.drop_table("visitor_links")
    _forget_salts()
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE visitor_salts ALTER COLUMN salt SET STATISTICS -1")
        op.execute("ALTER TABLE visitor_salts SET LOGGED")


def _forget_salts() -> None:
    """Visitors of the day are other ones from now on."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("TRUNCATE visitor_salts")
    else:
        op.execute("UPDATE visitor_salts SET salt = zeroblob(32)")
        op.execute("DELETE FROM visitor_salts")
