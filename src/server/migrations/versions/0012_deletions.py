"""Deletions, former URLs, and ids of SQLite that are never given twice."""

import re

import sqlalchemy as sa
from alembic import op
from alembic.util.exc import CommandError

from models import types

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


_COUNTING_UP = (
    "domains",
    "tenants",
    "users",
    "authentication_keys",
    "user_insights",
    "works",
    "publications",
    "experiences",
    "comments",
    "appointments",
    "organizations",
    "workspaces",
    "assets",
    "asset_formats",
    "audit_entries",
)
_ID = re.compile(r"\bid INTEGER NOT NULL,")


def upgrade() -> None:
    op.create_table(
        "deletions",
        sa.Column("id", types.Id(), sa.Identity(always=False), nullable=False),
        sa.Column("kind", sa.SmallInteger(), nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.Column("object_id", sa.BigInteger(), nullable=False),
        sa.Column("owner_tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("requested_at", types.Instant(), nullable=False),
        sa.Column("rows_deleted", sa.BigInteger(), nullable=False),
        sa.Column("finished_at", types.Instant(), nullable=True),
        sa.Column("seed", sa.LargeBinary(), nullable=True),
        sa.Column("worker", sa.Uuid(), nullable=True),
        sa.Column("leased_until", types.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deletions")),
        sa.UniqueConstraint("public_id", name=op.f("uq_deletions_public_id")),
        info={"distribution": "local"},
        sqlite_autoincrement=True,
    )
    op.create_table(
        "former_urls",
        sa.Column("url", sa.String(length=100), nullable=False),
        sa.Column("publication_id", sa.BigInteger(), nullable=True),
        sa.Column("free_from", types.Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["publication_id"],
            ["publications.id"],
            name=op.f("fk_former_urls_publication_id"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("url", name=op.f("pk_former_urls")),
        info={"distribution": "local"},
    )
    op.create_index(op.f("ix_former_urls_publication_id"), "former_urls", ["publication_id"], unique=False)
    op.add_column("assets", sa.Column("deleted_at", types.Instant(), nullable=True))
    op.create_index(op.f("ix_bookmarks_user_id"), "bookmarks", ["user_id"], unique=False)
    op.create_index(op.f("ix_likes_user_id"), "likes", ["user_id"], unique=False)
    op.add_column("organizations", sa.Column("deleted_at", types.Instant(), nullable=True))
    op.add_column("publications", sa.Column("deleted_at", types.Instant(), nullable=True))
    op.add_column("tenants", sa.Column("deleted_at", types.Instant(), nullable=True))
    op.add_column("tenants", sa.Column("subject_deleted_at", types.Instant(), nullable=True))
    op.add_column("users", sa.Column("deleted_at", types.Instant(), nullable=True))
    op.add_column("workspaces", sa.Column("deleted_at", types.Instant(), nullable=True))
    if op.get_bind().dialect.name == "sqlite":
        for table in _COUNTING_UP:
            _count_up(table)


def _count_up(table: str) -> None:
    """Makes a table of SQLite anew, as SQLite's manual says: no other statement adds AUTOINCREMENT."""
    made = op.get_bind().execute(
        sa.text("SELECT type, sql FROM sqlite_master WHERE tbl_name = :table AND sql IS NOT NULL"),
        {"table": table},
    )
    texts = made.all()
    ((_, text),) = [one for one in texts if one[0] == "table"]
    if "AUTOINCREMENT" in text:
        return
    key = f"CONSTRAINT pk_{table} PRIMARY KEY"
    text, found = _ID.subn(f"id INTEGER NOT NULL {key} AUTOINCREMENT,", text, count=1)
    without, dropped = re.subn(rf",\s*{key} \(id\)", "", text)
    assert found == dropped == 1, table
    op.execute(re.sub(rf"CREATE TABLE \"?{table}\"?", f"CREATE TABLE {table}_anew", without, count=1))
    op.execute(f"INSERT INTO {table}_anew SELECT * FROM {table}")  # noqa: S608  # names of our own
    op.execute(f"DROP TABLE {table}")
    op.execute(f"ALTER TABLE {table}_anew RENAME TO {table}")
    for kind, index in texts:
        if kind != "table":
            op.execute(index)


def downgrade() -> None:
    waiting = op.get_bind().scalar(sa.text("SELECT count(*) FROM deletions WHERE finished_at IS NULL"))
    if waiting:
        # Without `deleted_at`, everybody would find what is buried.
        raise CommandError(
            f"{waiting} deletions are not finished, and revision 0011 would bring back what they delete. Run "
            "`viewgraph deletions --finish` first"
        )
    op.drop_column("workspaces", "deleted_at")
    op.drop_column("users", "deleted_at")
    op.drop_column("tenants", "subject_deleted_at")
    op.drop_column("tenants", "deleted_at")
    op.drop_column("publications", "deleted_at")
    op.drop_column("organizations", "deleted_at")
    op.drop_index(op.f("ix_likes_user_id"), table_name="likes")
    op.drop_index(op.f("ix_bookmarks_user_id"), table_name="bookmarks")
    op.drop_column("assets", "deleted_at")
    op.drop_index(op.f("ix_former_urls_publication_id"), table_name="former_urls")
    op.drop_table("former_urls")
    op.drop_table("deletions")
