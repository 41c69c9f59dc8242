"""The ids that objects had in the systems that they came from."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_UNIQUE = {
    "users": ("legacy_id",),
    "user_insights": ("legacy_id",),
    "publications": ("legacy_id",),
    "organizations": ("legacy_id",),
    "workspaces": ("organization_id", "legacy_id"),
    "assets": ("organization_id", "legacy_id"),
}
"""For each table the columns of which no two rows have the same."""


def upgrade() -> None:
    for table, columns in _UNIQUE.items():
        op.add_column(table, sa.Column("legacy_id", sa.String(length=36), nullable=True))
        op.create_index(_name(table), table, columns, unique=True)


def downgrade() -> None:
    for table in reversed(_UNIQUE):
        op.drop_index(_name(table), table)
        op.drop_column(table, "legacy_id")


def _name(table: str) -> str:
    return f"ix_{table}_{'_'.join(_UNIQUE[table])}"
