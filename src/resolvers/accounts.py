"""Signing in: tokens, and the keys that programs sign in with."""

from datetime import timedelta
from typing import NamedTuple

from sqlalchemy import delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from audit import Act, record
from auth.authentication_keys import digest, new_key
from auth.sign_in import Attempt, user_by_key, user_by_password
from auth.tokens import AccessToken
from auth.viewer import Viewer
from base.errors import BadUserInput
from base.ids import Kind, global_id, uuid7
from loaders.credentials import AccountById, OwnKeyRow
from models import AuthenticationKey, User
from resolvers.claims import claims_of
from resolvers.context import Context
from resolvers.ids import no_such, public_id_of
from resolvers.organizations import find_organization, find_workspace
from resolvers.quotas import require_within_quota
from resolvers.signing_in import SignedIn, another_viewer, sign_in, signed_in
from resolvers.text_arguments import required_text

_LONGEST_NAME = 100
_MAX_DAYS = 730
_KEPT = timedelta(days=30)
"""How long a key is kept after it has ended, and counts towards the quota."""


async def login_by_password(context: Context, email: str, password: str, *, goes_on: bool) -> SignedIn:
    with another_viewer(context):
        services = context.services
        attempt = Attempt(email, password, context.address, context.now)
        account = await user_by_password(
            context.loaders, services.database, services.passwords, services.sign_in_limiter, attempt
        )
        return await sign_in(context, account.user_id, account.generation, goes_on=goes_on)


async def login_by_key(context: Context, key: str, *, goes_on: bool) -> SignedIn:
    """Raises BAD_USER_INPUT if it is to go on: such a sign-in would outlive the key."""
    with another_viewer(context):
        if goes_on:
            raise BadUserInput(
                "A key gives no refresh token. Leave `staySignedIn` out, and sign in by the key again when "
                "the token has expired.",
                argument="staySignedIn",
                reason="NO_REFRESH_TOKENS",
            )
        services = context.services
        known = await user_by_key(
            context.loaders, services.sign_in_limiter, services.key_uses, key, context.address, context.now
        )
        account = await context.loaders[AccountById].load(known.user_id)
        assert account is not None
        done = await sign_in(context, known.user_id, account.generation or 0, goes_on=False)
        context.key_made_at = known.created_at
        return done


async def organization_token(context: Context, organization_id: str) -> SignedIn:
    with another_viewer(context):
        user_id = context.viewer.required_user_id()
        claims = await claims_of(context)
        organization = await find_organization(context, organization_id)
        claims = claims._replace(organization=organization.public_id, workspace=None)
        return await signed_in(context, Viewer(user_id, organization.id), claims)


async def workspace_token(context: Context, organization_id: str, workspace_id: str) -> SignedIn:
    with another_viewer(context):
        user_id = context.viewer.required_user_id()
        claims = await claims_of(context)
        organization = await find_organization(context, organization_id)
        workspace = await find_workspace(context, workspace_id)
        if workspace.organization_id != organization.id:
            raise no_such(Kind.WORKSPACE)
        viewer = Viewer(user_id, organization.id, workspace.id)
        claims = claims._replace(organization=organization.public_id, workspace=workspace.public_id)
        return await signed_in(context, viewer, claims)


async def stream_ticket(context: Context) -> AccessToken:
    """For the viewer, as the rest of the request sees them."""
    until = None if context.new_token else await context.expiry()
    return context.services.signer.issue_ticket(await claims_of(context), context.now, until)


class NewKey(NamedTuple):
    row: OwnKeyRow
    secret: str


async def create_key(context: Context, *, name: str, days: int) -> NewKey:
    user_id = context.viewer.required_user_id()
    if not 1 <= days <= _MAX_DAYS:
        raise BadUserInput(
            f"`days` is a number from 1 to {_MAX_DAYS}.", argument="days", reason="INVALID_LIFETIME"
        )
    checked = required_text(name, "name", longest=_LONGEST_NAME)
    secret = new_key()
    row = OwnKeyRow(uuid7(context.now), checked, context.now, context.now + timedelta(days=days), None, None)
    async with context.writing() as session:
        await _require_room_for_key(context, session, user_id)
        session.add(AuthenticationKey(user_id=user_id, digest=digest(secret), **row._asdict()))
        key = global_id(Kind.AUTHENTICATION_KEY, row.public_id)
        await record(session, context.actor, Act.KEY_CREATED, key, account=user_id, days=days)
    return NewKey(row, secret)


async def _require_room_for_key(context: Context, session: AsyncSession, user_id: int) -> None:
    """Deletes keys that ended long ago. Raises CONFLICT if too many are left."""
    own = col(AuthenticationKey.user_id) == user_id
    long_ago = context.now - _KEPT
    is_over = or_(col(AuthenticationKey.expires_at) < long_ago, col(AuthenticationKey.revoked_at) < long_ago)
    await session.execute(delete(AuthenticationKey).where(own, is_over))
    kept = select(col(AuthenticationKey.id)).where(own)
    most = context.limits.quotas.keys
    words = "keys of yours, with those that ended in the last 30 days"
    await require_within_quota(session, User, user_id, kept, most, words)


async def revoke_key(context: Context, id: str) -> str:
    """Ends one of the viewer's own keys; any other is NOT_FOUND. A second time changes nothing. Returns the
    id."""
    user_id = context.viewer.required_user_id()
    public_id = public_id_of(Kind.AUTHENTICATION_KEY, id)
    own = (col(AuthenticationKey.public_id) == public_id, col(AuthenticationKey.user_id) == user_id)
    revoked_at = col(AuthenticationKey.revoked_at)
    async with context.writing() as session:
        standing = update(AuthenticationKey).where(*own, revoked_at.is_(None)).values(revoked_at=context.now)
        if (await session.execute(standing.returning(col(AuthenticationKey.id)))).all():
            await record(session, context.actor, Act.KEY_REVOKED, id, account=user_id)
        elif await session.scalar(select(col(AuthenticationKey.id)).where(*own)) is None:
            raise no_such(Kind.AUTHENTICATION_KEY)
    return id
