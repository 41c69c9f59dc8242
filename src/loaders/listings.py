"""The lists that connections page through."""

from dataclasses import replace

from sqlalchemy import SmallInteger, bindparam

from database import among, table_of
from loaders.assets import ASSET_COLUMNS, ASSETS, ASSETS_WITH_TENANT, AssetRow
from loaders.organizations import (
    MEMBERSHIPS,
    ORGANIZATION_COLUMNS,
    ORGANIZATIONS,
    ORGANIZATIONS_WITH_TENANT,
    WORKSPACE_COLUMNS,
    WORKSPACES,
    WORKSPACES_WITH_TENANT,
    OrganizationRow,
    WorkspaceRow,
)
from loaders.pages import KeptCounts, Listing
from loaders.publications import (
    EXPERIENCE_COLUMNS,
    EXPERIENCE_TOTALS,
    EXPERIENCES,
    PUBLICATION_COLUMNS,
    PUBLICATIONS,
    PUBLICATIONS_WITH_TENANT,
    ExperienceRow,
    PublicationRow,
)
from models import Experience, Membership

_TYPE = bindparam("filter", type_=SmallInteger())

ALL_PUBLICATIONS = Listing(
    columns=PUBLICATION_COLUMNS,
    source=PUBLICATIONS_WITH_TENANT,
    public_id=PUBLICATIONS.public_id,
    orders={"created_at": PUBLICATIONS.created_at, "name": PUBLICATIONS.name},
    row=PublicationRow,
)
PUBLICATIONS_OF_USER = replace(ALL_PUBLICATIONS, parent=PUBLICATIONS.owner_id)
EXPERIENCES_OF_PUBLICATION = Listing(
    columns=EXPERIENCE_COLUMNS,
    source=table_of(Experience),
    public_id=EXPERIENCES.public_id,
    orders={"created_at": EXPERIENCES.published_at},
    row=ExperienceRow,
    parent=EXPERIENCES.publication_id,
    filter=EXPERIENCES.type == _TYPE,
    kept_counts=KeptCounts(
        EXPERIENCE_TOTALS.publication_id, EXPERIENCE_TOTALS.count, EXPERIENCE_TOTALS.type == _TYPE
    ),
)
ORGANIZATIONS_OF_USER = Listing(
    columns=ORGANIZATION_COLUMNS,
    source=ORGANIZATIONS_WITH_TENANT.join(
        table_of(Membership), MEMBERSHIPS.organization_id == ORGANIZATIONS.id
    ),
    public_id=ORGANIZATIONS.public_id,
    orders={"created_at": ORGANIZATIONS.created_at},
    row=OrganizationRow,
    parent=MEMBERSHIPS.user_id,
    filter=among(ORGANIZATIONS.id, "filter"),
)
WORKSPACES_OF_ORGANIZATION = Listing(
    columns=WORKSPACE_COLUMNS,
    source=WORKSPACES_WITH_TENANT,
    public_id=WORKSPACES.public_id,
    orders={"created_at": WORKSPACES.created_at},
    row=WorkspaceRow,
    parent=WORKSPACES.organization_id,
    filter=among(WORKSPACES.id, "filter"),
)
ASSETS_OF_ORGANIZATION = Listing(
    columns=ASSET_COLUMNS,
    source=ASSETS_WITH_TENANT,
    public_id=ASSETS.public_id,
    orders={"created_at": ASSETS.created_at},
    row=AssetRow,
    parent=ASSETS.organization_id,
    filter=among(ASSETS.workspace_id, "filter"),
)
ASSETS_OF_WORKSPACE = replace(ASSETS_OF_ORGANIZATION, parent=ASSETS.workspace_id, filter=None)
