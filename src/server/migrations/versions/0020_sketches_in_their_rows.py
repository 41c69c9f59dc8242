"""PostgreSQL keeps sketches of visitors in their rows."""

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A sketch of many visitors has 2.1 KB. PostgreSQL moves what has more than 2 KB elsewhere, in parts, and
    each new visitor would write the parts and their index anew. Sketches that are written from now on stay.
    """
    _alter("SET (toast_tuple_target = 8160)")


def downgrade() -> None:
    _alter("RESET (toast_tuple_target)")


def _alter(change: str) -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"ALTER TABLE visitor_sketches {change}")
