"""Steps 2 and 4 of signing in to asset analytics: the organizations and workspaces of the caller."""

from typing import Annotated, Any
from uuid import UUID

from msgspec import Meta, Struct

from base.errors import Forbidden
from rest.apis import ASSET_ANALYTICS
from rest.envelopes import Success, succeeded
from rest.route import Asked, Connection, NoBody, PageInfo, Route

_ORGANIZATIONS = """query Organizations($first: Int, $after: String) {
  organizations(first: $first, after: $after) {
    totalCount
    edges { node { id legacyId name } }
    pageInfo { hasNextPage endCursor }
  }
}
"""
_WORKSPACES = """query Workspaces($first: Int, $after: String) {
  organizations(first: 1) {
    edges {
      node {
        workspaces(first: $first, after: $after) {
          totalCount
          edges { node { id legacyId name } }
          pageInfo { hasNextPage endCursor }
        }
      }
    }
    pageInfo { hasNextPage }
  }
}
"""
_FOR_ONE = "Send a token for one organization: yours is for several. Ask `/v1/auth/refresh-token` for it."
_FOR_NONE = "You belong to no organization."


class Named(Struct):
    uuid: UUID
    name: str


class NamedGrid(Struct):
    """A whole list."""

    totalCount: Annotated[int, Meta(description="How many there are.")]
    grid: list[Named]


class _OrganizationsData(Struct):
    organizations: Connection


class _Organization(Struct):
    workspaces: Connection


class _OrganizationEdge(Struct):
    node: _Organization


class _OnlyOrganization(Struct):
    edges: list[_OrganizationEdge]
    pageInfo: PageInfo


class _WorkspacesData(Struct):
    organizations: _OnlyOrganization


def _page(asked: Asked[NoBody]) -> dict[str, Any]:
    return {"first": asked.page_size}


def _organizations(_: Asked[NoBody], data: _OrganizationsData) -> Success[NamedGrid]:
    return succeeded(_grid(data.organizations))


def _workspaces(_: Asked[NoBody], data: _WorkspacesData) -> Success[NamedGrid]:
    return succeeded(_grid(_only_organization(data)))


def _only_organization(data: _WorkspacesData) -> Connection:
    require_one(data.organizations.pageInfo, data.organizations.edges)
    return data.organizations.edges[0].node.workspaces


def require_one(page: PageInfo, found: list[Any]) -> None:
    """Raises FORBIDDEN unless the token leads to exactly one organization."""
    if page.hasNextPage or not found:
        raise Forbidden(_FOR_ONE if page.hasNextPage else _FOR_NONE)


def _grid(page: Connection) -> NamedGrid:
    return NamedGrid(page.totalCount, [Named(edge.node.uuid(), edge.node.name) for edge in page.edges])


ROUTES = (
    Route(
        "GET",
        "/v1/organizations",
        "organizations",
        "Step 2: the organizations that the caller belongs to",
        ASSET_ANALYTICS,
        _ORGANIZATIONS,
        NoBody,
        _page,
        _OrganizationsData,
        _organizations,
        Success[NamedGrid],
        pages=lambda data: data.organizations,
    ),
    Route(
        "GET",
        "/v1/clients/client-organizations",
        "client-organizations",
        "Step 4: the workspaces of the token's organization that the caller may enter",
        ASSET_ANALYTICS,
        _WORKSPACES,
        NoBody,
        _page,
        _WorkspacesData,
        _workspaces,
        Success[NamedGrid],
        pages=_only_organization,
    ),
)
