"""Signing in: who a caller is, by a password, a key or a token."""

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import NamedTuple

from auth.authentication_keys import digest
from auth.identities import ForeignTokens
from auth.issuer import LEEWAY, Identity, is_foreign
from auth.key_uses import KeyUses
from auth.known_networks import is_known, remember
from auth.passwords import Passwords
from auth.replaced_hashes import replace_hash
from auth.sign_in_limiter import SignInLimiter
from auth.sign_ins import Account
from auth.tokens import Claims, Signer
from auth.viewer import ANONYMOUS, Viewer
from auth.viewer_cache import Shown, ViewerCache
from base.errors import Unauthenticated
from database import Database
from loaders.base import Loaders
from loaders.credentials import KeyByDigest, KeyRow, PasswordByEmail, StandingByToken
from loaders.organizations import OrganizationByPublicId, WorkspaceByPublicId

_GONE = "The access token is for somebody or something that is gone."
_ENDED = "The access token has ended: its user has signed out, or has another password. Sign in again."
_KEY_SCHEME = "token"
_TOKEN_SCHEMES = ("bearer", "")


class Verifiers(NamedTuple):
    """Who says whether a token is good."""

    signer: Signer
    foreign: ForeignTokens | None = None
    """For tokens of another issuer; None if there is none."""

    async def read(self, text: str, now: datetime) -> Shown:
        """Raises UNAUTHENTICATED."""
        if self.foreign and is_foreign(text):
            return await self.foreign.issuer.read(text, now)
        return self.signer.read(text, now)

    async def expiry(self, text: str, now: datetime) -> datetime:
        """Raises UNAUTHENTICATED."""
        if self.foreign and is_foreign(text):
            return (await self.foreign.issuer.read(text, now)).expires_at + LEEWAY
        return self.signer.expiry(text)

    async def viewer(self, shown: Shown, loaders: Loaders, now: datetime) -> Viewer:
        """Asks the database. Raises UNAUTHENTICATED."""
        if isinstance(shown, Claims):
            return await viewer_of_claims(shown, loaders)
        assert self.foreign, "it has read the identity"
        return await self.foreign.viewer(shown, loaders, now)


class Attempt(NamedTuple):
    """An attempt to sign in with a password."""

    email: str
    password: str
    address: str
    at: datetime


async def user_by_password(
    loaders: Loaders, database: Database, passwords: Passwords, limiter: SignInLimiter, attempt: Attempt
) -> Account:
    """A wrong password and an unknown account raise the same UNAUTHENTICATED, and the same THROTTLED."""
    account, address, now = attempt.email.strip().lower(), attempt.address, attempt.at
    limiter.allow(account, address)
    network = limiter.network(account, address)
    known = await loaders[PasswordByEmail].load((account, network))
    seen_at = known.seen_at if known else None
    is_stranger = not is_known(seen_at, now)
    if is_stranger:
        limiter.allow_stranger(account)
    verdict = await passwords.verdict_on(attempt.password, known.password_hash if known else None)
    if known is None or not verdict.is_right:
        raise Unauthenticated("The email or the password is wrong.")
    limiter.succeeded(account, address, is_stranger=is_stranger)
    if known.password_hash and verdict.new_hash:
        await replace_hash(database, known.user_id, known.password_hash, verdict.new_hash)
    await remember(database, known.user_id, network, seen_at, now)
    return Account(known.user_id, known.generation or 0)


async def user_by_key(
    loaders: Loaders, limiter: SignInLimiter, uses: KeyUses, key: str, address: str, now: datetime
) -> KeyRow:
    limiter.allow_address(address)
    known = await _valid_key(key, loaders, now)
    uses.note(known.digest, now)
    return known


async def viewer_of(
    headers: Mapping[str, str],
    loaders: Loaders,
    verifiers: Verifiers,
    uses: KeyUses,
    now: datetime,
    viewer_cache: ViewerCache | None = None,
    *,
    is_reporting: bool = False,
) -> Viewer:
    """The viewer of a request. Without `viewer_cache`, the database is asked each time.

    Invalid credentials make the viewer anonymous, and `refusal` says what is wrong with them. So a client
    whose token has expired can still sign in, and read what is public.
    """
    try:
        return await _viewer_of(
            headers, loaders, verifiers, uses, now, viewer_cache, is_reporting=is_reporting
        )
    except Unauthenticated as refused:
        return ANONYMOUS._replace(refusal=refused.message)


def remembered_viewer(
    headers: Mapping[str, str], signer: Signer, uses: KeyUses, now: datetime, viewer_cache: ViewerCache
) -> Viewer | None:
    """The viewer of a request that does nothing but report events, if nothing has to be read for that. None
    also if the credentials are not valid.
    """
    try:
        shown = _shown(headers)
        if shown is None:
            return None
        scheme, credentials = shown
        if scheme == _KEY_SCHEME:
            if (key := viewer_cache.remembered_key(credentials)) is None:
                return None
            known = _required_key(key, now)
            uses.note(known.digest, now)
            return Viewer(known.user_id)
        return viewer_cache.remembered(signer.read(credentials, now))
    except Unauthenticated:
        return None


def shown_credentials(headers: Mapping[str, str]) -> str:
    """What the headers show of who asks, as it was sent; empty for nobody."""
    return headers.get("authorization") or headers.get("x-auth-token") or ""


async def expiry_of(
    headers: Mapping[str, str],
    loaders: Loaders,
    verifiers: Verifiers,
    now: datetime,
    viewer_cache: ViewerCache | None = None,
) -> datetime | None:
    """Until when the credentials are valid; None if there are none. Raises UNAUTHENTICATED."""
    shown = _shown(headers)
    if shown is None:
        return None
    scheme, credentials = shown
    if scheme == _KEY_SCHEME:
        return (await _valid_key(credentials, loaders, now, viewer_cache)).expires_at
    return await verifiers.expiry(credentials, now)


async def shown_identity(
    headers: Mapping[str, str], foreign: ForeignTokens | None, now: datetime
) -> Identity | None:
    """What a token of another issuer says; None for other credentials."""
    try:
        shown = _shown(headers)
        if foreign is None or shown is None or shown[0] == _KEY_SCHEME or not is_foreign(shown[1]):
            return None
        return await foreign.issuer.read(shown[1], now)
    except Unauthenticated:
        return None


def own_claims(headers: Mapping[str, str], signer: Signer, now: datetime) -> Claims | None:
    """What an access token of ours says; None for other credentials."""
    try:
        shown = _shown(headers)
        return signer.read(shown[1], now) if shown and shown[0] != _KEY_SCHEME else None
    except Unauthenticated:
        return None


async def _viewer_of(
    headers: Mapping[str, str],
    loaders: Loaders,
    verifiers: Verifiers,
    uses: KeyUses,
    now: datetime,
    viewer_cache: ViewerCache | None,
    *,
    is_reporting: bool,
) -> Viewer:
    shown = _shown(headers)
    if shown is None:
        return ANONYMOUS
    scheme, credentials = shown
    if scheme == _KEY_SCHEME:
        known = await _valid_key(credentials, loaders, now, viewer_cache)
        uses.note(known.digest, now)
        return Viewer(known.user_id)
    read = await verifiers.read(credentials, now)
    asked = partial(verifiers.viewer, read, loaders, now)
    return await (viewer_cache.viewer(read, asked, is_reporting=is_reporting) if viewer_cache else asked())


def _shown(headers: Mapping[str, str]) -> tuple[str, str] | None:
    """The scheme, and the token or key. Raises UNAUTHENTICATED."""
    shown = shown_credentials(headers)
    if not shown:
        return None
    scheme, _, credentials = shown.strip().rpartition(" ")
    scheme = scheme.strip().lower()
    if scheme not in (_KEY_SCHEME, *_TOKEN_SCHEMES):
        raise Unauthenticated("Send `Authorization: Bearer <token>` or `Authorization: Token <key>`.")
    return scheme, credentials


def shown_key_digest(headers: Mapping[str, str]) -> bytes | None:
    """The hash of the authentication key that the headers show; None if they show none. The key need not be
    valid.
    """
    scheme, _, credentials = shown_credentials(headers).strip().rpartition(" ")
    return digest(credentials) if scheme.strip().lower() == _KEY_SCHEME else None


async def _valid_key(
    key: str, loaders: Loaders, now: datetime, viewer_cache: ViewerCache | None = None
) -> KeyRow:
    known = await (viewer_cache.key(key, loaders) if viewer_cache else loaders[KeyByDigest].load(digest(key)))
    return _required_key(known, now)


def _required_key(known: KeyRow | None, now: datetime) -> KeyRow:
    """Raises UNAUTHENTICATED."""
    if known is None or known.revoked_at is not None:
        raise Unauthenticated("The authentication key is not valid.")
    if known.expires_at <= now:
        raise Unauthenticated("The authentication key has expired.")
    return known


async def viewer_of_claims(claims: Claims, loaders: Loaders) -> Viewer:
    """Raises UNAUTHENTICATED if the user, the organization or the workspace is gone, or if the sign-in has
    ended."""
    standing = await loaders[StandingByToken].load((claims.user, claims.sign_in))
    if standing is None:
        raise Unauthenticated(_GONE)
    if standing.has_ended or (standing.generation or 0) != claims.generation:
        raise Unauthenticated(_ENDED)
    viewer = Viewer(standing.user_id)
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
