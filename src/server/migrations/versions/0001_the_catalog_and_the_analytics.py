"""The catalog and the analytics: events, their totals, active users."""

import sqlalchemy as sa
from alembic import op

from models import types

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "active_users",
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("subject_kind", sa.SmallInteger(), nullable=False),
        sa.Column("subject_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("last_active_at", types.Instant(), nullable=False),
        sa.PrimaryKeyConstraint(
            "tenant_id", "subject_kind", "subject_id", "user_id", name=op.f("pk_active_users")
        ),
        info={"distribution": "tenant_id"},
        sqlite_with_rowid=False,
    )
    op.create_table(
        "day_totals",
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("subject_id", sa.BigInteger(), nullable=False),
        sa.Column("action", sa.SmallInteger(), nullable=False),
        sa.Column("day", types.Day(), nullable=False),
        sa.Column("device", sa.SmallInteger(), nullable=False),
        sa.Column("domain_id", sa.BigInteger(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "tenant_id", "subject_id", "action", "day", "device", "domain_id", name=op.f("pk_day_totals")
        ),
        info={"distribution": "tenant_id"},
        sqlite_with_rowid=False,
    )
    op.create_index("ix_day_totals_day", "day_totals", ["tenant_id", "day"], unique=False)
    op.create_table(
        "domains",
        sa.Column("id", types.Id(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.String(length=253), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_domains")),
        sa.UniqueConstraint("name", name=op.f("uq_domains_name")),
        info={"distribution": "reference"},
    )
    op.create_table(
        "engaged_views",
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("view_id", types.EventId(), nullable=False),
        sa.Column("subject_id", sa.BigInteger(), nullable=False),
        sa.Column("event_id", types.EventId(), nullable=False),
        sa.Column("occurred_at", types.Instant(), nullable=False),
        sa.Column("device", sa.SmallInteger(), nullable=False),
        sa.Column("domain_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "view_id", name=op.f("pk_engaged_views")),
        info={"distribution": "tenant_id"},
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_engaged_views_subject_id_occurred_at",
        "engaged_views",
        ["tenant_id", "subject_id", "occurred_at"],
        unique=False,
    )
    op.create_table(
        "events",
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("id", types.EventId(), nullable=False),
        sa.Column("subject_id", sa.BigInteger(), nullable=False),
        sa.Column("action", sa.SmallInteger(), nullable=False),
        sa.Column("device", sa.SmallInteger(), nullable=False),
        sa.Column("domain_id", sa.BigInteger(), nullable=False),
        sa.Column("occurred_at", types.Instant(), nullable=False),
        sa.Column("view_id", types.EventId(), nullable=True),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("visitor", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_events")),
        info={"distribution": "tenant_id"},
        postgresql_partition_by="RANGE (id)",
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_events_subject_id_occurred_at", "events", ["tenant_id", "subject_id", "occurred_at"], unique=False
    )
    op.create_index(
        "ix_events_user_id",
        "events",
        ["tenant_id", "subject_id", "occurred_at", "action", "user_id"],
        unique=False,
        sqlite_where=sa.text("user_id IS NOT NULL"),
        postgresql_where=sa.text("user_id IS NOT NULL"),
    )
    op.create_table(
        "month_totals",
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("subject_id", sa.BigInteger(), nullable=False),
        sa.Column("action", sa.SmallInteger(), nullable=False),
        sa.Column("month", types.Day(), nullable=False),
        sa.Column("device", sa.SmallInteger(), nullable=False),
        sa.Column("domain_id", sa.BigInteger(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "tenant_id", "subject_id", "action", "month", "device", "domain_id", name=op.f("pk_month_totals")
        ),
        info={"distribution": "tenant_id"},
        sqlite_with_rowid=False,
    )
    op.create_index("ix_month_totals_month", "month_totals", ["tenant_id", "month"], unique=False)
    op.create_table(
        "network_leases",
        sa.Column("network", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("owner", sa.Uuid(), nullable=False),
        sa.Column("expires_at", types.Instant(), nullable=False),
        sa.Column("calls", sa.BigInteger(), nullable=False),
        sa.Column("window_started_at", types.Instant(), nullable=False),
        sa.Column("resumes_at", types.Instant(), nullable=True),
        sa.PrimaryKeyConstraint("network", name=op.f("pk_network_leases")),
        info={"distribution": "reference"},
    )
    op.create_table(
        "tenants",
        sa.Column("id", types.Id(), sa.Identity(always=False), nullable=False),
        sa.Column("time_zone", sa.String(length=64), nullable=False),
        sa.Column("pruned_before", types.Day(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tenants")),
        info={"distribution": "reference"},
    )
    op.create_table(
        "visitor_salts",
        sa.Column("day", types.Day(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_visitor_salts")),
        info={"distribution": "reference"},
    )
    op.create_table(
        "visitor_sketches",
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("subject_kind", sa.SmallInteger(), nullable=False),
        sa.Column("subject_id", sa.BigInteger(), nullable=False),
        sa.Column("day", types.Day(), nullable=False),
        sa.Column("version", sa.SmallInteger(), nullable=False),
        sa.Column("sketch", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint(
            "tenant_id", "subject_kind", "subject_id", "day", name=op.f("pk_visitor_sketches")
        ),
        info={"distribution": "tenant_id"},
    )
    op.create_index("ix_visitor_sketches_day", "visitor_sketches", ["tenant_id", "day"], unique=False)
    op.create_table(
        "organizations",
        sa.Column("id", types.Id(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("created_at", types.Instant(), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_organizations_tenant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organizations")),
        sa.UniqueConstraint("public_id", name=op.f("uq_organizations_public_id")),
        info={"distribution": "reference"},
    )
    op.create_table(
        "users",
        sa.Column("id", types.Id(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.Column("tenant_id", sa.BigInteger(), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("username", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=True),
        sa.Column("password_hash", sa.String(length=255), nullable=True),
        sa.Column("created_at", types.Instant(), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=op.f("fk_users_tenant_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("email", name=op.f("uq_users_email")),
        sa.UniqueConstraint("public_id", name=op.f("uq_users_public_id")),
        sa.UniqueConstraint("username", name=op.f("uq_users_username")),
        info={"distribution": "reference"},
    )
    op.create_table(
        "authentication_keys",
        sa.Column("id", types.Id(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", types.Instant(), nullable=False),
        sa.Column("expires_at", types.Instant(), nullable=False),
        sa.Column("revoked_at", types.Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_authentication_keys_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_authentication_keys")),
        sa.UniqueConstraint("digest", name=op.f("uq_authentication_keys_digest")),
        sa.UniqueConstraint("public_id", name=op.f("uq_authentication_keys_public_id")),
        info={"distribution": "reference"},
    )
    op.create_index(op.f("ix_authentication_keys_user_id"), "authentication_keys", ["user_id"], unique=False)
    op.create_table(
        "follows",
        sa.Column("follower_id", sa.BigInteger(), nullable=False),
        sa.Column("followed_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", types.Instant(), nullable=False),
        sa.CheckConstraint("follower_id <> followed_id", name=op.f("ck_follows_not_oneself")),
        sa.ForeignKeyConstraint(
            ["followed_id"], ["users.id"], name=op.f("fk_follows_followed_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["follower_id"], ["users.id"], name=op.f("fk_follows_follower_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("follower_id", "followed_id", name=op.f("pk_follows")),
        info={"distribution": "reference"},
    )
    op.create_index("ix_follows_followed_id", "follows", ["followed_id"], unique=False)
    op.create_table(
        "memberships",
        sa.Column("organization_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("role", sa.SmallInteger(), nullable=False),
        sa.Column("created_at", types.Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_memberships_organization_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_memberships_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("organization_id", "user_id", name=op.f("pk_memberships")),
        info={"distribution": "reference"},
    )
    op.create_index("ix_memberships_user_id", "memberships", ["user_id"], unique=False)
    op.create_table(
        "publications",
        sa.Column("id", types.Id(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=False),
        sa.Column("name", types.SortedText(), nullable=False),
        sa.Column("custom_url", sa.String(length=100), nullable=False),
        sa.Column("allow_bookings", sa.Boolean(), nullable=False),
        sa.Column("created_at", types.Instant(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["users.id"], name=op.f("fk_publications_owner_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_publications")),
        sa.UniqueConstraint("custom_url", name=op.f("uq_publications_custom_url")),
        sa.UniqueConstraint("public_id", name=op.f("uq_publications_public_id")),
        info={"distribution": "reference"},
    )
    op.create_index("ix_publications_created_at", "publications", ["created_at", "public_id"], unique=False)
    op.create_index("ix_publications_name", "publications", ["name", "public_id"], unique=False)
    op.create_index(
        "ix_publications_owner_id_created_at",
        "publications",
        ["owner_id", "created_at", "public_id"],
        unique=False,
    )
    op.create_table(
        "user_insights",
        sa.Column("id", types.Id(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("has_about", sa.Boolean(), nullable=False),
        sa.Column("number_of_roles", sa.Integer(), nullable=False),
        sa.Column("number_of_acts", sa.Integer(), nullable=False),
        sa.Column("connects", sa.BigInteger(), nullable=False),
        sa.Column("profile_views", sa.BigInteger(), nullable=False),
        sa.Column("profile_searches", sa.BigInteger(), nullable=False),
        sa.Column("facebook_page_id", sa.BigInteger(), nullable=True),
        sa.Column("twitter_handle", sa.String(length=15), nullable=True),
        sa.Column("instagram_handle", sa.String(length=30), nullable=True),
        sa.Column("twitter_followers_count", sa.BigInteger(), nullable=True),
        sa.Column("facebook_page_followers_count", sa.BigInteger(), nullable=True),
        sa.Column("instagram_followers_count", sa.BigInteger(), nullable=True),
        sa.Column("created_at", types.Instant(), nullable=False),
        sa.Column("twitter_refreshed_at", types.Instant(), nullable=True),
        sa.Column("facebook_page_refreshed_at", types.Instant(), nullable=True),
        sa.Column("instagram_refreshed_at", types.Instant(), nullable=True),
        sa.Column("twitter_asked_at", types.Instant(), nullable=False),
        sa.Column("facebook_page_asked_at", types.Instant(), nullable=False),
        sa.Column("instagram_asked_at", types.Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_user_insights_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_insights")),
        sa.UniqueConstraint("public_id", name=op.f("uq_user_insights_public_id")),
        sa.UniqueConstraint("user_id", name=op.f("uq_user_insights_user_id")),
        info={"distribution": "reference"},
    )
    op.create_index(
        "ix_user_insights_facebook_page_asked_at",
        "user_insights",
        ["facebook_page_asked_at", "id"],
        unique=False,
        postgresql_where=sa.text("facebook_page_id IS NOT NULL"),
        sqlite_where=sa.text("facebook_page_id IS NOT NULL"),
    )
    op.create_index(
        "ix_user_insights_instagram_asked_at",
        "user_insights",
        ["instagram_asked_at", "id"],
        unique=False,
        postgresql_where=sa.text("instagram_handle IS NOT NULL"),
        sqlite_where=sa.text("instagram_handle IS NOT NULL"),
    )
    op.create_index(
        "ix_user_insights_twitter_asked_at",
        "user_insights",
        ["twitter_asked_at", "id"],
        unique=False,
        postgresql_where=sa.text("twitter_handle IS NOT NULL"),
        sqlite_where=sa.text("twitter_handle IS NOT NULL"),
    )
    op.create_table(
        "workspaces",
        sa.Column("id", types.Id(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("created_at", types.Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_workspaces_organization_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workspaces")),
        sa.UniqueConstraint("public_id", name=op.f("uq_workspaces_public_id")),
        info={"distribution": "reference"},
    )
    op.create_index(
        "ix_workspaces_organization_id",
        "workspaces",
        ["organization_id", "created_at", "public_id"],
        unique=False,
    )
    op.create_table(
        "appointments",
        sa.Column("id", types.Id(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.Column("publication_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("starts_at", types.Instant(), nullable=False),
        sa.Column("ends_at", types.Instant(), nullable=False),
        sa.Column("created_at", types.Instant(), nullable=False),
        sa.Column("cancelled_at", types.Instant(), nullable=True),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("ck_appointments_starts_before_it_ends")),
        sa.ForeignKeyConstraint(
            ["publication_id"],
            ["publications.id"],
            name=op.f("fk_appointments_publication_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_appointments_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_appointments")),
        sa.UniqueConstraint("public_id", name=op.f("uq_appointments_public_id")),
        info={"distribution": "reference"},
    )
    op.create_index(
        "ix_appointments_publication_id_starts_at",
        "appointments",
        ["publication_id", "starts_at"],
        unique=False,
    )
    op.create_index(op.f("ix_appointments_user_id"), "appointments", ["user_id"], unique=False)
    op.create_table(
        "assets",
        sa.Column("id", types.Id(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.Column("organization_id", sa.BigInteger(), nullable=False),
        sa.Column("workspace_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("created_at", types.Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_assets_organization_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_assets_workspace_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assets")),
        sa.UniqueConstraint("public_id", name=op.f("uq_assets_public_id")),
        info={"distribution": "reference"},
    )
    op.create_index(
        "ix_assets_organization_id", "assets", ["organization_id", "created_at", "public_id"], unique=False
    )
    op.create_index(
        "ix_assets_workspace_id", "assets", ["workspace_id", "created_at", "public_id"], unique=False
    )
    op.create_table(
        "bookmarks",
        sa.Column("publication_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", types.Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["publication_id"],
            ["publications.id"],
            name=op.f("fk_bookmarks_publication_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_bookmarks_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("publication_id", "user_id", name=op.f("pk_bookmarks")),
        info={"distribution": "reference"},
    )
    op.create_table(
        "co_creators",
        sa.Column("publication_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", types.Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["publication_id"],
            ["publications.id"],
            name=op.f("fk_co_creators_publication_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_co_creators_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("publication_id", "user_id", name=op.f("pk_co_creators")),
        info={"distribution": "reference"},
    )
    op.create_index("ix_co_creators_user_id", "co_creators", ["user_id"], unique=False)
    op.create_table(
        "comments",
        sa.Column("id", types.Id(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.Column("publication_id", sa.BigInteger(), nullable=False),
        sa.Column("author_id", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.String(length=5000), nullable=False),
        sa.Column("created_at", types.Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["author_id"], ["users.id"], name=op.f("fk_comments_author_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["publication_id"],
            ["publications.id"],
            name=op.f("fk_comments_publication_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_comments")),
        sa.UniqueConstraint("public_id", name=op.f("uq_comments_public_id")),
        info={"distribution": "reference"},
    )
    op.create_index(op.f("ix_comments_author_id"), "comments", ["author_id"], unique=False)
    op.create_index(op.f("ix_comments_publication_id"), "comments", ["publication_id"], unique=False)
    op.create_table(
        "experiences",
        sa.Column("id", types.Id(), sa.Identity(always=False), nullable=False),
        sa.Column("public_id", sa.Uuid(), nullable=False),
        sa.Column("publication_id", sa.BigInteger(), nullable=False),
        sa.Column("type", sa.SmallInteger(), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("published_at", types.Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["publication_id"],
            ["publications.id"],
            name=op.f("fk_experiences_publication_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_experiences")),
        sa.UniqueConstraint("public_id", name=op.f("uq_experiences_public_id")),
        info={"distribution": "reference"},
    )
    op.create_index(
        "ix_experiences_publication_id",
        "experiences",
        ["publication_id", "published_at", "public_id"],
        unique=False,
    )
    op.create_table(
        "likes",
        sa.Column("publication_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", types.Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["publication_id"], ["publications.id"], name=op.f("fk_likes_publication_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_likes_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("publication_id", "user_id", name=op.f("pk_likes")),
        info={"distribution": "reference"},
    )
    op.create_table(
        "works",
        sa.Column("id", types.Id(), sa.Identity(always=False), nullable=False),
        sa.Column("insight_id", sa.BigInteger(), nullable=False),
        sa.Column("source_type", sa.SmallInteger(), nullable=False),
        sa.Column("item_id", sa.String(length=200), nullable=False),
        sa.Column("is_individual_work", sa.Boolean(), nullable=False),
        sa.Column("in_app_plays", sa.BigInteger(), nullable=False),
        sa.Column("non_app_plays", sa.BigInteger(), nullable=True),
        sa.Column("refreshed_at", types.Instant(), nullable=True),
        sa.Column("asked_at", types.Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["insight_id"], ["user_insights.id"], name=op.f("fk_works_insight_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_works")),
        info={"distribution": "reference"},
    )
    op.create_index("ix_works_asked_at", "works", ["source_type", "asked_at", "id"], unique=False)
    op.create_index("uq_works_item", "works", ["insight_id", "source_type", "item_id"], unique=True)
    op.create_table(
        "workspace_memberships",
        sa.Column("workspace_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", types.Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_workspace_memberships_user_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id"],
            ["workspaces.id"],
            name=op.f("fk_workspace_memberships_workspace_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("workspace_id", "user_id", name=op.f("pk_workspace_memberships")),
        info={"distribution": "reference"},
    )
    op.create_index("ix_workspace_memberships_user_id", "workspace_memberships", ["user_id"], unique=False)
    op.create_table(
        "asset_domains",
        sa.Column("asset_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=253), nullable=False),
        sa.ForeignKeyConstraint(
            ["asset_id"], ["assets.id"], name=op.f("fk_asset_domains_asset_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("asset_id", "name", name=op.f("pk_asset_domains")),
        info={"distribution": "reference"},
    )
    op.create_table(
        "asset_formats",
        sa.Column("id", types.Id(), sa.Identity(always=False), nullable=False),
        sa.Column("asset_id", sa.BigInteger(), nullable=False),
        sa.Column("type", sa.SmallInteger(), nullable=False),
        sa.Column("url", sa.String(length=2000), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["asset_id"], ["assets.id"], name=op.f("fk_asset_formats_asset_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_asset_formats")),
        info={"distribution": "reference"},
    )
    op.create_index(op.f("ix_asset_formats_asset_id"), "asset_formats", ["asset_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_asset_formats_asset_id"), table_name="asset_formats")
    op.drop_table("asset_formats")
    op.drop_table("asset_domains")
    op.drop_index("ix_workspace_memberships_user_id", table_name="workspace_memberships")
    op.drop_table("workspace_memberships")
    op.drop_index("uq_works_item", table_name="works")
    op.drop_index("ix_works_asked_at", table_name="works")
    op.drop_table("works")
    op.drop_table("likes")
    op.drop_index("ix_experiences_publication_id", table_name="experiences")
    op.drop_table("experiences")
    op.drop_index(op.f("ix_comments_publication_id"), table_name="comments")
    op.drop_index(op.f("ix_comments_author_id"), table_name="comments")
    op.drop_table("comments")
    op.drop_index("ix_co_creators_user_id", table_name="co_creators")
    op.drop_table("co_creators")
    op.drop_table("bookmarks")
    op.drop_index("ix_assets_workspace_id", table_name="assets")
    op.drop_index("ix_assets_organization_id", table_name="assets")
    op.drop_table("assets")
    op.drop_index(op.f("ix_appointments_user_id"), table_name="appointments")
    op.drop_index("ix_appointments_publication_id_starts_at", table_name="appointments")
    op.drop_table("appointments")
    op.drop_index("ix_workspaces_organization_id", table_name="workspaces")
    op.drop_table("workspaces")
    op.drop_index(
        "ix_user_insights_twitter_asked_at",
        table_name="user_insights",
        postgresql_where=sa.text("twitter_handle IS NOT NULL"),
        sqlite_where=sa.text("twitter_handle IS NOT NULL"),
    )
    op.drop_index(
        "ix_user_insights_instagram_asked_at",
        table_name="user_insights",
        postgresql_where=sa.text("instagram_handle IS NOT NULL"),
        sqlite_where=sa.text("instagram_handle IS NOT NULL"),
    )
    op.drop_index(
        "ix_user_insights_facebook_page_asked_at",
        table_name="user_insights",
        postgresql_where=sa.text("facebook_page_id IS NOT NULL"),
        sqlite_where=sa.text("facebook_page_id IS NOT NULL"),
    )
    op.drop_table("user_insights")
    op.drop_index("ix_publications_owner_id_created_at", table_name="publications")
    op.drop_index("ix_publications_name", table_name="publications")
    op.drop_index("ix_publications_created_at", table_name="publications")
    op.drop_table("publications")
    op.drop_index("ix_memberships_user_id", table_name="memberships")
    op.drop_table("memberships")
    op.drop_index("ix_follows_followed_id", table_name="follows")
    op.drop_table("follows")
    op.drop_index(op.f("ix_authentication_keys_user_id"), table_name="authentication_keys")
    op.drop_table("authentication_keys")
    op.drop_table("users")
    op.drop_table("organizations")
    op.drop_index("ix_visitor_sketches_day", table_name="visitor_sketches")
    op.drop_table("visitor_sketches")
    op.drop_table("visitor_salts")
    op.drop_table("tenants")
    op.drop_table("network_leases")
    op.drop_index("ix_month_totals_month", table_name="month_totals")
    op.drop_table("month_totals")
    op.drop_index(
        "ix_events_user_id",
        table_name="events",
        sqlite_where=sa.text("user_id IS NOT NULL"),
        postgresql_where=sa.text("user_id IS NOT NULL"),
    )
    op.drop_index("ix_events_subject_id_occurred_at", table_name="events")
    op.drop_table("events")
    op.drop_index("ix_engaged_views_subject_id_occurred_at", table_name="engaged_views")
    op.drop_table("engaged_views")
    op.drop_table("domains")
    op.drop_index("ix_day_totals_day", table_name="day_totals")
    op.drop_table("day_totals")
    op.drop_table("active_users")
