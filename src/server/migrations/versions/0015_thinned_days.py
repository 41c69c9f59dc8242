"""The day before which totals of a tenant have lost detail."""

import sqlalchemy as sa
from alembic import op

from models import types

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("tenants", sa.Column("thinned_before", types.Day(), nullable=True))


def downgrade() -> None:
    op.drop_column("tenants", "thinned_before")
