"""The figures of publications that their owners show to everybody."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("publications", sa.Column("shared_figures", sa.String(length=200), nullable=True))


def downgrade() -> None:
    op.drop_column("publications", "shared_figures")
