"""The rows of a catalog, as files have them. Their fields have the names that they have in GraphQL."""

from datetime import datetime
from typing import TYPE_CHECKING, TypeAlias

import msgspec

from base.instants import Instant
from models import AssetFormatType, ExperienceType, Role, SourceType

if TYPE_CHECKING:
    FileInstant = datetime
else:
    FileInstant = Instant

Id: TypeAlias = str | int
"""An id of another system. If it names another object, it may also be a global id, and more: see
`references`.
"""


class CatalogRow(msgspec.Struct, rename="camel", forbid_unknown_fields=True, kw_only=True):
    """What is None stays as it is."""


class UserRow(CatalogRow):
    legacy_id: Id | None = None
    email: str | None = None
    username: str | None = None
    name: str | None = None
    password_hash: str | None = None
    created_at: FileInstant | None = None


class PublicationRow(CatalogRow):
    legacy_id: Id | None = None
    owner: Id | None = None
    name: str | None = None
    custom_url: str | None = None
    allow_bookings: bool | None = None
    created_at: FileInstant | None = None


class CoCreatorRow(CatalogRow):
    publication: Id
    user: Id
    created_at: FileInstant | None = None


class ExperienceRow(CatalogRow):
    publication: Id
    type: ExperienceType
    title: str
    published_at: FileInstant
    legacy_id: Id | None = None


class MarkRow(CatalogRow):
    """A like or a bookmark. Its time says on which day it counts."""

    publication: Id
    user: Id
    created_at: FileInstant


class FollowRow(CatalogRow):
    follower: Id
    followed: Id
    created_at: FileInstant | None = None


class OrganizationRow(CatalogRow):
    legacy_id: Id
    name: str | None = None
    created_at: FileInstant | None = None


class MembershipRow(CatalogRow):
    organization: Id
    user: Id
    role: Role
    created_at: FileInstant | None = None


class WorkspaceRow(CatalogRow):
    legacy_id: Id
    organization: Id
    name: str | None = None
    members: list[Id] | None = None
    created_at: FileInstant | None = None


class WorkspaceMemberRow(CatalogRow):
    workspace: Id
    user: Id
    organization: Id | None = None
    created_at: FileInstant | None = None


class FormatItem(CatalogRow):
    type: AssetFormatType
    url: str
    size_bytes: int | None = None


class AssetRow(CatalogRow):
    legacy_id: Id
    workspace: Id
    organization: Id | None = None
    name: str | None = None
    formats: list[FormatItem] | None = None
    domains: list[str] | None = None
    created_at: FileInstant | None = None


class AssetFormatRow(FormatItem, kw_only=True):
    asset: Id
    organization: Id | None = None


class WorkItem(CatalogRow):
    source_type: SourceType
    item_id: str
    is_individual_work: bool | None = None
    in_app_plays: int | None = None
    non_app_plays: int | None = None


class InsightRow(CatalogRow):
    user: Id
    legacy_id: Id | None = None
    has_about: bool | None = None
    number_of_roles: int | None = None
    number_of_acts: int | None = None
    connects: int | None = None
    profile_views: int | None = None
    profile_searches: int | None = None
    facebook_page_id: int | None = None
    twitter_handle: str | None = None
    instagram_handle: str | None = None
    twitter_followers_count: int | None = None
    facebook_page_followers_count: int | None = None
    instagram_followers_count: int | None = None
    works: list[WorkItem] | None = None
    created_at: FileInstant | None = None


class WorkRow(WorkItem, kw_only=True):
    user: Id
