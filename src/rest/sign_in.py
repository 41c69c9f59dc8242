"""The five steps of signing in to asset analytics."""

from typing import Annotated, Any
from uuid import UUID

from msgspec import Meta, Struct, field

from base.errors import BadUserInput, Forbidden, Unauthenticated
from base.ids import Kind
from rest.apis import ASSET_ANALYTICS
from rest.envelopes import Success, succeeded
from rest.ids import id_of, uuid_of
from rest.route import Asked, NoBody, Parameter, Route

_LOGIN = """mutation LogIn($input: LoginInput!) {
  login(input: $input) { viewer { username } }
}
"""
_REFRESH = """mutation RefreshToken($organization: ID!, $workspace: ID!, $isForWorkspace: Boolean!) {
  organization: issueOrganizationToken(organizationId: $organization) @skip(if: $isForWorkspace) {
    viewer { username }
  }
  workspace: issueWorkspaceToken(organizationId: $organization, workspaceId: $workspace)
  @include(if: $isForWorkspace) {
    viewer { username }
  }
}
"""
_ORGANIZATIONS = """query Organizations($first: Int, $after: String) {
  organizations(first: $first, after: $after) {
    totalCount
    edges { node { id name } }
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
          edges { node { id name } }
          pageInfo { hasNextPage endCursor }
        }
      }
    }
    pageInfo { hasNextPage }
  }
}
"""
_LOGOUT = """query LogOut {
  viewer { username }
}
"""
AFTER = Parameter("after", "query", "The `endCursor` of the page before.")
_FOR_ONE = "Send a token for one organization: yours is for several. Ask `/v1/auth/refresh-token` for it."
_FOR_NONE = "You belong to no organization."


class PasswordLogin(Struct):
    email: str
    password: str


class KeyLogin(Struct):
    token: Annotated[str, Meta(description="The secret of an authentication key.")] = field(
        name="personal-access-token"
    )


class RefreshToken(Struct):
    """The two ids may also be headers of the same names."""

    organizationUuid: str | None = None
    clientUuid: str | None = None


class SignedIn(Struct):
    """The token is in the header `x-auth-token`."""

    username: str


class Named(Struct):
    uuid: UUID
    name: str


class NamedGrid(Struct):
    """A page of a list."""

    totalCount: Annotated[int, Meta(description="How many the whole list has.")]
    grid: list[Named]
    endCursor: Annotated[
        str | None, Meta(description="The value of `after` for the next page; null on the last page.")
    ]


class Nothing(Struct):
    """An empty object."""


class _Payload(Struct):
    viewer: SignedIn


class _LoginData(Struct):
    login: _Payload


class _RefreshData(Struct):
    organization: _Payload | None = None
    workspace: _Payload | None = None


class _Node(Struct):
    id: str
    name: str


class _Edge(Struct):
    node: _Node


class _PageInfo(Struct):
    hasNextPage: bool
    endCursor: str | None = None


class _Connection(Struct):
    totalCount: int
    edges: list[_Edge]
    pageInfo: _PageInfo


class _OrganizationsData(Struct):
    organizations: _Connection


class _Organization(Struct):
    workspaces: _Connection


class _OrganizationEdge(Struct):
    node: _Organization


class _OnlyOrganization(Struct):
    edges: list[_OrganizationEdge]
    pageInfo: _PageInfo


class _WorkspacesData(Struct):
    organizations: _OnlyOrganization


class _LogoutData(Struct):
    viewer: SignedIn | None


def _password(asked: Asked[PasswordLogin]) -> dict[str, Any]:
    return {"input": {"password": {"email": asked.body.email, "password": asked.body.password}}}


def _key(asked: Asked[KeyLogin]) -> dict[str, Any]:
    return {"input": {"authenticationKey": asked.body.token}}


def _signed_in(_: Asked[Any], data: _LoginData) -> Success[SignedIn]:
    return succeeded(data.login.viewer)


def _named(asked: Asked[RefreshToken]) -> dict[str, Any]:
    body, headers = asked.body, asked.headers
    organization = body.organizationUuid or headers.get("organizationuuid")
    workspace = body.clientUuid or headers.get("clientuuid")
    if not organization:
        raise BadUserInput(
            "Name the organization by `organizationUuid`.", argument="organizationUuid", reason="EMPTY"
        )
    return {
        "organization": id_of(Kind.ORGANIZATION, organization),
        "workspace": id_of(Kind.WORKSPACE, workspace or ""),
        "isForWorkspace": bool(workspace),
    }


def _refreshed(_: Asked[RefreshToken], data: _RefreshData) -> Success[SignedIn]:
    payload = data.workspace or data.organization
    assert payload, "without an error, one of the two is there"
    return succeeded(payload.viewer)


def _page(asked: Asked[NoBody]) -> dict[str, Any]:
    return {"first": asked.page_size, "after": asked.query.get("after")}


def _organizations(_: Asked[NoBody], data: _OrganizationsData) -> Success[NamedGrid]:
    return succeeded(_grid(data.organizations))


def _workspaces(_: Asked[NoBody], data: _WorkspacesData) -> Success[NamedGrid]:
    require_one(data.organizations.pageInfo.hasNextPage, data.organizations.edges)
    return succeeded(_grid(data.organizations.edges[0].node.workspaces))


def require_one(has_more: bool, found: list[Any]) -> None:
    """Raises FORBIDDEN unless the token leads to exactly one organization."""
    if has_more or not found:
        raise Forbidden(_FOR_ONE if has_more else _FOR_NONE)


def _grid(page: _Connection) -> NamedGrid:
    return NamedGrid(
        page.totalCount,
        [Named(uuid_of(edge.node.id), edge.node.name) for edge in page.edges],
        page.pageInfo.endCursor if page.pageInfo.hasNextPage else None,
    )


def _nothing(_: Asked[NoBody]) -> dict[str, Any]:
    return {}


def _logged_out(_: Asked[NoBody], data: _LogoutData) -> Success[Nothing]:
    if data.viewer is None:
        raise Unauthenticated("Nobody is signed in.")
    return succeeded(Nothing())


ROUTES = (
    Route(
        "POST",
        "/v1/auth/login",
        "login",
        "Step 1: sign in by email and password",
        ASSET_ANALYTICS,
        _LOGIN,
        PasswordLogin,
        _password,
        _LoginData,
        _signed_in,
        Success[SignedIn],
        needs_token=False,
        gives_token=True,
    ),
    Route(
        "POST",
        "/v1/auth/login/token",
        "login-by-key",
        "Step 1: sign in by an authentication key",
        ASSET_ANALYTICS,
        _LOGIN,
        KeyLogin,
        _key,
        _LoginData,
        _signed_in,
        Success[SignedIn],
        needs_token=False,
        gives_token=True,
    ),
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
        parameters=(AFTER,),
    ),
    Route(
        "POST",
        "/v1/auth/refresh-token",
        "refresh-token",
        "Steps 3 and 5: a token for an organization, or for one of its workspaces",
        ASSET_ANALYTICS,
        _REFRESH,
        RefreshToken,
        _named,
        _RefreshData,
        _refreshed,
        Success[SignedIn],
        parameters=(
            Parameter("organizationUuid", "header", "The organization, if the body does not name it."),
            Parameter("clientUuid", "header", "The workspace, if the body does not name it."),
        ),
        gives_token=True,
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
        parameters=(AFTER,),
    ),
    Route(
        "POST",
        "/v1/auth/logout",
        "logout",
        "Says whether the token was valid; the client then forgets it",
        ASSET_ANALYTICS,
        _LOGOUT,
        NoBody,
        _nothing,
        _LogoutData,
        _logged_out,
        Success[Nothing],
    ),
)
