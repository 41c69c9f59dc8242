"""Signing in: who a caller is, by a password, a key or a token."""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from cachetools import TTLCache

from auth.authentication_keys import digest
from auth.known_networks import is_known, remember
from auth.passwords import is_password
from auth.sign_in_limiter import SignInLimiter
from auth.tokens import Claims, Signer
from auth.viewer import ANONYMOUS, Viewer
from base.errors import Unauthenticated
from database import Database
from loaders.base import Loaders
from loaders.credentials import KeyByDigest, KeyRow, PasswordByEmail
from loaders.organizations import OrganizationByPublicId, WorkspaceByPublicId
from loaders.people import UserByPublicId

_GONE = "The access token is for somebody or something that is gone."
_REMEMBERED = 10_000
_SECONDS = 5
_KEY_SCHEME = "token"
_TOKEN_SCHEMES = ("bearer", "")


class ViewerCache:
    """The viewers of access tokens, kept for a few seconds for requests that report events. Outlives
    requests.

    It keeps what the database said about exactly these claims. Keys and roles are looked up each time. So a
    user who was deleted may still report for those seconds, but reads nothing.
    """

    def __init__(self) -> None:
        self._known: TTLCache[Claims, Viewer] = TTLCache(_REMEMBERED, _SECONDS)

    async def find(self, claims: Claims, loaders: Loaders) -> Viewer:
        """Raises UNAUTHENTICATED."""
        viewer = self._known.get(claims)
        if viewer is None:
            viewer = self._known[claims] = await viewer_of_claims(claims, loaders)
        return viewer


class Attempt(NamedTuple):
    """An attempt to sign in with a password."""

    email: str
    password: str
    address: str
    at: datetime


async def user_by_password(
    loaders: Loaders, database: Database, limiter: SignInLimiter, attempt: Attempt
) -> int:
    """The user's id. A wrong password and an unknown account raise the same UNAUTHENTICATED, and the same
    THROTTLED.
    """
    account, address, now = attempt.email.strip().lower(), attempt.address, attempt.at
    limiter.allow(account, address)
    network = limiter.network(account, address)
    known = await loaders[PasswordByEmail].load((account, network))
    seen_at = known.seen_at if known else None
    is_stranger = not is_known(seen_at, now)
    if is_stranger:
        limiter.allow_stranger(account)
    if not await is_password(attempt.password, known.password_hash if known else None) or known is None:
        raise Unauthenticated("The email or the password is wrong.")
    limiter.succeeded(account, address, is_stranger=is_stranger)
    await remember(database, known.user_id, network, seen_at, now)
    return known.user_id


async def user_by_key(loaders: Loaders, limiter: SignInLimiter, key: str, address: str, now: datetime) -> int:
    limiter.allow_address(address)
    return await _owner_of(key, loaders, now)


async def viewer_of(
    headers: Mapping[str, str],
    loaders: Loaders,
    signer: Signer,
    now: datetime,
    viewer_cache: ViewerCache | None = None,
) -> Viewer:
    """The viewer of a request. Invalid credentials make it anonymous, and `refusal` says what is wrong with
    them.

    So a client whose token has expired can still sign in, and read what is public.
    """
    try:
        return await _viewer_of(headers, loaders, signer, now, viewer_cache)
    except Unauthenticated as refused:
        return ANONYMOUS._replace(refusal=refused.message)


async def expiry_of(
    headers: Mapping[str, str], loaders: Loaders, signer: Signer, now: datetime
) -> datetime | None:
    """Until when the credentials are valid; None if there are none. Raises UNAUTHENTICATED."""
    shown = _shown(headers)
    if shown is None:
        return None
    scheme, credentials = shown
    if scheme == _KEY_SCHEME:
        return (await _valid_key(credentials, loaders, now)).expires_at
    return signer.expiry(credentials)


async def _viewer_of(
    headers: Mapping[str, str],
    loaders: Loaders,
    signer: Signer,
    now: datetime,
    viewer_cache: ViewerCache | None,
) -> Viewer:
    shown = _shown(headers)
    if shown is None:
        return ANONYMOUS
    scheme, credentials = shown
    if scheme == _KEY_SCHEME:
        return Viewer(await _owner_of(credentials, loaders, now))
    claims = signer.read(credentials, now)
    return await (viewer_cache.find(claims, loaders) if viewer_cache else viewer_of_claims(claims, loaders))


def _shown(headers: Mapping[str, str]) -> tuple[str, str] | None:
    """The scheme, and the token or key. Raises UNAUTHENTICATED."""
    shown = headers.get("authorization") or headers.get("x-auth-token")
    if not shown:
        return None
    scheme, _, credentials = shown.strip().rpartition(" ")
    scheme = scheme.strip().lower()
    if scheme not in (_KEY_SCHEME, *_TOKEN_SCHEMES):
        raise Unauthenticated("Send `Authorization: Bearer <token>` or `Authorization: Token <key>`.")
    return scheme, credentials


async def _owner_of(key: str, loaders: Loaders, now: datetime) -> int:
    return (await _valid_key(key, loaders, now)).user_id


async def _valid_key(key: str, loaders: Loaders, now: datetime) -> KeyRow:
    known = await loaders[KeyByDigest].load(digest(key))
    if known is None or known.revoked_at is not None:
        raise Unauthenticated("The authentication key is not valid.")
    if known.expires_at <= now:
        raise Unauthenticated("The authentication key has expired.")
    return known


async def viewer_of_claims(claims: Claims, loaders: Loaders) -> Viewer:
    """Raises UNAUTHENTICATED if the user, the organization or the workspace is gone."""
    user = await loaders[UserByPublicId].load(claims.user)
    if user is None:
        raise Unauthenticated(_GONE)
    viewer = Viewer(user.id)
    if claims.organization:
        organization = await loaders[OrganizationByPublicId].load(claims.organization)
        if organization is None:
            raise Unauthenticated(_GONE)
        viewer = viewer._replace(organization_id=organization.id)
    if claims.workspace:
        workspace = await loaders[WorkspaceByPublicId].load(claims.workspace)
        if workspace is None:
            raise Unauthenticated(_GONE)
        viewer = viewer._replace(workspace_id=workspace.id)
    return viewer
