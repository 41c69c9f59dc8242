"""All kinds of rows of a catalog. Each comes after those that its rows name."""

from collections.abc import Mapping
from typing import Final

from resolvers.catalog.assets import ASSET_FORMAT, AssetKind
from resolvers.catalog.insights import WORK, InsightKind
from resolvers.catalog.kind import CatalogKind
from resolvers.catalog.marks import BookmarkKind, LikeKind
from resolvers.catalog.organizations import (
    WORKSPACE_MEMBER,
    MembershipKind,
    OrganizationKind,
    WorkspaceKind,
)
from resolvers.catalog.people import FollowKind, UserKind
from resolvers.catalog.publications import CoCreatorKind, ExperienceKind, PublicationKind

KINDS: Final[Mapping[str, CatalogKind]] = {
    kind.name: kind
    for kind in (
        UserKind(),
        PublicationKind(),
        CoCreatorKind(),
        ExperienceKind(),
        LikeKind(),
        BookmarkKind(),
        FollowKind(),
        OrganizationKind(),
        MembershipKind(),
        WorkspaceKind(),
        WORKSPACE_MEMBER,
        AssetKind(),
        ASSET_FORMAT,
        InsightKind(),
        WORK,
    )
}
