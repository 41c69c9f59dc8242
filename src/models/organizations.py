from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Index, SmallInteger
from sqlmodel import Field, SQLModel

from models.columns import (
    COUNTS_UP,
    LOCAL,
    identity,
    instant,
    legacy_id,
    optional_instant,
    public_id,
    reference,
)
from models.personal import OnErasing, of_person


class Organization(SQLModel, table=True):
    __tablename__ = "organizations"
    __table_args__ = (
        Index("ix_organizations_legacy_id", "legacy_id", unique=True),
        {"info": LOCAL, **COUNTS_UP},
    )

    id: int = identity()
    public_id: UUID = public_id()
    legacy_id: str | None = legacy_id()
    tenant_id: int = reference("tenants", cascade=False)
    name: str = Field(max_length=200)
    created_at: datetime = instant()
    deleted_at: datetime | None = optional_instant()
    """As of a publication."""


class Membership(SQLModel, table=True):
    __tablename__ = "memberships"
    __table_args__ = (
        Index("ix_memberships_user_id", "user_id"),
        {"info": {**LOCAL, **of_person(user_id=OnErasing.ROW)}},
    )

    organization_id: int = reference("organizations", primary_key=True)
    user_id: int = reference("users", primary_key=True)
    role: int = Field(sa_type=SmallInteger)
    created_at: datetime = instant()


class Workspace(SQLModel, table=True):
    __tablename__ = "workspaces"
    __table_args__ = (
        Index("ix_workspaces_organization_id_legacy_id", "organization_id", "legacy_id", unique=True),
        Index("ix_workspaces_organization_id", "organization_id", "created_at", "public_id"),
        {"info": LOCAL, **COUNTS_UP},
    )

    id: int = identity()
    public_id: UUID = public_id()
    legacy_id: str | None = legacy_id()
    organization_id: int = reference("organizations")
    name: str = Field(max_length=200)
    created_at: datetime = instant()
    deleted_at: datetime | None = optional_instant()
    """As of a publication."""


class WorkspaceMembership(SQLModel, table=True):
    """For members alone: owners and admins of the organization see every workspace without it."""

    __tablename__ = "workspace_memberships"
    __table_args__ = (
        Index("ix_workspace_memberships_user_id", "user_id"),
        {"info": {**LOCAL, **of_person(user_id=OnErasing.ROW)}},
    )

    workspace_id: int = reference("workspaces", primary_key=True)
    user_id: int = reference("users", primary_key=True)
    created_at: datetime = instant()


class Asset(SQLModel, table=True):
    __tablename__ = "assets"
    __table_args__ = (
        Index("ix_assets_organization_id_legacy_id", "organization_id", "legacy_id", unique=True),
        Index("ix_assets_workspace_id", "workspace_id", "created_at", "public_id"),
        Index("ix_assets_organization_id", "organization_id", "created_at", "public_id"),
        {"info": LOCAL, **COUNTS_UP},
    )

    id: int = identity()
    public_id: UUID = public_id()
    legacy_id: str | None = legacy_id()
    organization_id: int = reference("organizations")
    workspace_id: int = reference("workspaces")
    name: str = Field(max_length=200)
    created_at: datetime = instant()
    deleted_at: datetime | None = optional_instant()
    """As of a publication."""


class AssetFormat(SQLModel, table=True):
    __tablename__ = "asset_formats"
    __table_args__ = {"info": LOCAL, **COUNTS_UP}

    id: int = identity()
    asset_id: int = reference("assets", index=True)
    type: int = Field(sa_type=SmallInteger)
    url: str = Field(max_length=2000)
    size_bytes: int | None = Field(default=None, sa_type=BigInteger)


class AssetDomain(SQLModel, table=True):
    """A site that may show the asset. An asset without such rows may be shown everywhere."""

    __tablename__ = "asset_domains"
    __table_args__ = {"info": LOCAL}

    asset_id: int = reference("assets", primary_key=True)
    name: str = Field(max_length=253, primary_key=True)
