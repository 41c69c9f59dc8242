"""Sign-ins that go on, links that were sent, accounts at other issuers, and names that look alike."""

import sqlalchemy as sa
from alembic import op

from base.names import username_skeleton
from models import types

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_BATCH = 1_000


def upgrade() -> None:
    op.create_table(
        "ended_sign_ins",
        sa.Column("sign_in", sa.Uuid(), nullable=False),
        sa.Column("expires_at", types.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("sign_in", name=op.f("pk_ended_sign_ins")),
        info={"distribution": "local"},
    )
    op.create_index(op.f("ix_ended_sign_ins_expires_at"), "ended_sign_ins", ["expires_at"], unique=False)
    op.create_table(
        "account_links",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("kind", sa.SmallInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("username", sa.String(length=40), nullable=True),
        sa.Column("name", sa.String(length=200), nullable=True),
        sa.Column("password_hash", sa.String(length=255), nullable=True),
        sa.Column("generation", sa.BigInteger(), nullable=True),
        sa.Column("created_at", types.Instant(), nullable=False),
        sa.Column("expires_at", types.Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_account_links_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_account_links")),
        info={"distribution": "local"},
    )
    op.create_index(op.f("ix_account_links_expires_at"), "account_links", ["expires_at"], unique=False)
    op.create_index(op.f("ix_account_links_user_id"), "account_links", ["user_id"], unique=False)
    op.create_table(
        "external_identities",
        sa.Column("issuer", sa.String(length=255), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("linked_at", types.Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_external_identities_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("issuer", "subject", name=op.f("pk_external_identities")),
        info={"distribution": "local"},
    )
    op.create_index(op.f("ix_external_identities_user_id"), "external_identities", ["user_id"], unique=False)
    op.create_table(
        "sign_ins",
        sa.Column("sign_in", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("family", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", types.Instant(), nullable=False),
        sa.Column("used_at", types.Instant(), nullable=False),
        sa.Column("expires_at", types.Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_sign_ins_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("sign_in", name=op.f("pk_sign_ins")),
        sa.UniqueConstraint("family", name=op.f("uq_sign_ins_family")),
        info={"distribution": "local"},
    )
    op.create_index(op.f("ix_sign_ins_user_id"), "sign_ins", ["user_id"], unique=False)
    op.add_column("users", sa.Column("username_skeleton", sa.String(length=200), nullable=True))
    op.add_column("users", sa.Column("token_generation", sa.BigInteger(), nullable=True))
    op.add_column("users", sa.Column("tokens_ended_at", types.Instant(), nullable=True))
    _give_skeletons()
    op.create_index("ix_users_username_skeleton", "users", ["username_skeleton"], unique=True)


def _give_skeletons() -> None:
    """Of names that look alike, the oldest account has the skeleton as it is. Those of the others end with a
    sign that no skeleton has, and with the account's id: so each account keeps its name.
    """
    database = op.get_bind()
    users = sa.table(
        "users",
        sa.column("id", sa.BigInteger()),
        sa.column("username", sa.String()),
        sa.column("username_skeleton", sa.String()),
    )
    change = (
        users.update()
        .where(users.c.id == sa.bindparam("user"))
        .values(username_skeleton=sa.bindparam("skeleton"))
    )
    taken: set[str] = set()
    after = 0
    batch = sa.select(users.c.id, users.c.username).order_by(users.c.id).limit(_BATCH)
    while rows := database.execute(batch.where(users.c.id > after)).all():
        given = []
        for id, username in rows:
            skeleton = username_skeleton(username)
            given.append({"user": id, "skeleton": f"{skeleton}\x1f{id}" if skeleton in taken else skeleton})
            taken.add(skeleton)
        database.execute(change, given)
        after = rows[-1].id


def downgrade() -> None:
    op.drop_index("ix_users_username_skeleton", table_name="users")
    op.drop_column("users", "tokens_ended_at")
    op.drop_column("users", "token_generation")
    op.drop_column("users", "username_skeleton")
    op.drop_index(op.f("ix_sign_ins_user_id"), table_name="sign_ins")
    op.drop_table("sign_ins")
    op.drop_index(op.f("ix_external_identities_user_id"), table_name="external_identities")
    op.drop_table("external_identities")
    op.drop_index(op.f("ix_account_links_user_id"), table_name="account_links")
    op.drop_index(op.f("ix_account_links_expires_at"), table_name="account_links")
    op.drop_table("account_links")
    op.drop_index(op.f("ix_ended_sign_ins_expires_at"), table_name="ended_sign_ins")
    op.drop_table("ended_sign_ins")
