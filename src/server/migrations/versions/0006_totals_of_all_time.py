"""Totals of all time, of follows and of experiences, filled from what is there."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _add_subject_totals()
    _add_follow_totals()
    _add_experience_totals()


def downgrade() -> None:
    op.drop_table("experience_totals")
    op.drop_table("follow_totals")
    op.drop_table("subject_totals")


def _add_subject_totals() -> None:
    op.create_table(
        "subject_totals",
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("subject_id", sa.BigInteger(), nullable=False),
        sa.Column("action", sa.SmallInteger(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "subject_id", "action", name=op.f("pk_subject_totals")),
        info={"distribution": "tenant_id"},
        sqlite_with_rowid=False,
    )
    op.execute(
        "INSERT INTO subject_totals (tenant_id, subject_id, action, count) "
        "SELECT tenant_id, subject_id, action, "
        # A total holds 2^53 - 1 at most.
        "CASE WHEN sum(count) > 9007199254740991 THEN 9007199254740991 ELSE sum(count) END "
        "FROM month_totals GROUP BY tenant_id, subject_id, action HAVING sum(count) <> 0"
    )


def _add_follow_totals() -> None:
    op.create_table(
        "follow_totals",
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("followers_count", sa.BigInteger(), nullable=False),
        sa.Column("following_count", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_follow_totals_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_follow_totals")),
        info={"distribution": "reference"},
        sqlite_with_rowid=False,
    )
    op.execute(
        "INSERT INTO follow_totals (user_id, followers_count, following_count) "
        "SELECT user_id, sum(follower), sum(followed) FROM ("
        "SELECT followed_id AS user_id, 1 AS follower, 0 AS followed FROM follows UNION ALL "
        "SELECT follower_id, 0, 1 FROM follows) AS named GROUP BY user_id"
    )


def _add_experience_totals() -> None:
    op.create_table(
        "experience_totals",
        sa.Column("publication_id", sa.BigInteger(), nullable=False),
        sa.Column("type", sa.SmallInteger(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["publication_id"],
            ["publications.id"],
            name=op.f("fk_experience_totals_publication_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("publication_id", "type", name=op.f("pk_experience_totals")),
        info={"distribution": "reference"},
        sqlite_with_rowid=False,
    )
    op.execute(
        "INSERT INTO experience_totals (publication_id, type, count) "
        "SELECT publication_id, type, count(*) FROM experiences GROUP BY publication_id, type"
    )
