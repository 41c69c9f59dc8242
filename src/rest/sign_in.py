"""Steps 1, 3 and 5 of signing in to asset analytics: tokens. And their end."""

from collections.abc import Callable
from typing import Annotated, Any

from msgspec import Meta, Struct, field

from base.errors import Unauthenticated
from rest.apis import ASSET_ANALYTICS
from rest.envelopes import Success, succeeded
from rest.route import Asked, NoBody, Route

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
_LOGOUT = """query LogOut {
  viewer { username }
}
"""


class PasswordLogin(Struct):
    email: str
    password: str


class KeyLogin(Struct):
    token: Annotated[str, Meta(description="The secret of an authentication key.")] = field(
        name="personal-access-token"
    )


class RefreshToken(Struct):
    """Without a body, the two ids may be headers of the same names."""

    organizationUuid: Annotated[str, Meta(min_length=1)]
    clientUuid: Annotated[str | None, Meta(description="The workspace; null for the organization.")] = None


class SignedIn(Struct):
    """The token is in the header `x-auth-token`."""

    username: str


class Nothing(Struct):
    """An empty object."""


class _Payload(Struct):
    viewer: SignedIn


class _LoginData(Struct):
    login: _Payload


class _RefreshData(Struct):
    organization: _Payload | None = None
    workspace: _Payload | None = None


class _LogoutData(Struct):
    viewer: SignedIn | None


def _password(asked: Asked[PasswordLogin]) -> dict[str, Any]:
    return {"input": {"password": {"email": asked.body.email, "password": asked.body.password}}}


def _key(asked: Asked[KeyLogin]) -> dict[str, Any]:
    return {"input": {"authenticationKey": asked.body.token}}


def _signed_in(_: Asked[Any], data: _LoginData) -> Success[SignedIn]:
    return succeeded(data.login.viewer)


def _named(asked: Asked[RefreshToken]) -> dict[str, Any]:
    workspace = asked.body.clientUuid
    return {
        "organization": asked.body.organizationUuid,
        "workspace": workspace or "",
        "isForWorkspace": bool(workspace),
    }


def _refreshed(_: Asked[RefreshToken], data: _RefreshData) -> Success[SignedIn]:
    payload = data.workspace or data.organization
    assert payload, "without an error, one of the two is there"
    return succeeded(payload.viewer)


def _nothing(_: Asked[NoBody]) -> dict[str, Any]:
    return {}


def _logged_out(_: Asked[NoBody], data: _LogoutData) -> Success[Nothing]:
    if data.viewer is None:
        raise Unauthenticated("Nobody is signed in.")
    return succeeded(Nothing())


def _login(
    path: str, name: str, means: str, body: Any, variables: Callable[[Any], dict[str, Any]]
) -> Route[Any, Any]:
    return Route(
        "POST",
        path,
        name,
        f"Step 1: sign in by {means}",
        ASSET_ANALYTICS,
        _LOGIN,
        body,
        variables,
        _LoginData,
        _signed_in,
        Success[SignedIn],
        needs_token=False,
        gives_token=True,
    )


ROUTES: tuple[Route[Any, Any], ...] = (
    _login("/v1/auth/login", "login", "email and password", PasswordLogin, _password),
    _login("/v1/auth/login/token", "login-by-key", "an authentication key", KeyLogin, _key),
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
        takes_headers=True,
        gives_token=True,
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
