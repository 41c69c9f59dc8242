"""The end of sign-ins, and tokens that are replaced by the next."""

from uuid import UUID

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from audit import Act, record
from auth import sign_ins
from auth.tokens import Claims
from auth.viewer import Viewer
from base.errors import Forbidden
from base.ids import Kind, global_id
from loaders.people import UserById, UserRow
from models import AuthenticationKey
from resolvers.claims import shown_claims
from resolvers.context import Context
from resolvers.signing_in import SignedIn, another_viewer, lasting_of, leave, signed_in

_SIGNED_OUT = "You have signed out. Sign in again."


async def refresh(context: Context, token: str) -> SignedIn:
    """Gives an access token, and the next refresh token. Raises UNAUTHENTICATED, and THROTTLED after many
    that were not good."""
    limiter = context.services.sign_in_limiter
    with another_viewer(context):
        limiter.allow_address(context.address)
        # No answer depends on which refresh token is good.
        async with context.services.database.writing(is_change=False) as session:
            done = await sign_ins.refreshed(session, token, context.now, lasting_of(context))
        if isinstance(done, UUID):
            await _end(context, done)
            raise sign_ins.used_again()
        limiter.succeeded_from(context.address)
        user = await context.loaders[UserById].load(done.user_id)
        assert user is not None
        claims = Claims(user.public_id, generation=done.generation, sign_in=done.sign_in)
        issued = await signed_in(context, Viewer(done.user_id), claims)
        return issued._replace(refresh_token=done.refresh_token)


async def sign_out(context: Context) -> UserRow:
    """Ends the sign-in of the request's token, with all tokens that come from it. Raises FORBIDDEN if there
    is no such sign-in."""
    user = await context.loaders[UserById].load(context.viewer.required_user_id())
    claims = shown_claims(context)
    if claims is None or claims.sign_in is None:
        raise Forbidden(
            "Nobody signed in here to get these credentials. End a key by `revokeAuthenticationKey`, and a "
            "token of another issuer there."
        )
    assert user is not None
    await _end(context, claims.sign_in)
    leave(context, _SIGNED_OUT)
    return user


async def sign_out_everywhere(context: Context, *, with_keys: bool) -> UserRow:
    """Ends all tokens of the viewer, and all keys if asked to."""
    user_id = context.viewer.required_user_id()
    user = await context.loaders[UserById].load(user_id)
    assert user is not None
    async with context.writing() as session:
        await sign_ins.end_all(session, user_id, context.now)
        id = global_id(Kind.USER, user.public_id)
        await record(session, context.actor, Act.SIGN_INS_ENDED, id, account=user_id)
        if with_keys:
            await _revoke_keys(context, session, user_id)
    leave(context, _SIGNED_OUT)
    return user


async def _revoke_keys(context: Context, session: AsyncSession, user_id: int) -> None:
    standing = (col(AuthenticationKey.user_id) == user_id, col(AuthenticationKey.revoked_at).is_(None))
    ended = update(AuthenticationKey).where(*standing).values(revoked_at=context.now)
    ended_ids = await session.scalars(ended.returning(col(AuthenticationKey.public_id)))
    for id in sorted(ended_ids.all()):
        key = global_id(Kind.AUTHENTICATION_KEY, id)
        await record(session, context.actor, Act.KEY_REVOKED, key, account=user_id)


async def _end(context: Context, sign_in: UUID) -> None:
    async with context.writing() as session:
        await sign_ins.end(session, sign_in, context.now, context.services.signer.lifetime)
