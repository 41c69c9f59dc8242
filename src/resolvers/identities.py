"""Accounts at another issuer that stand for the viewer."""

from datetime import datetime

from sqlalchemy import delete, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from audit import Act, record
from auth import identities
from auth.identities import IDENTITIES, USERS, ForeignTokens
from auth.issuer import is_foreign
from base.errors import BadUserInput, Conflict, Forbidden, NotFound, Unauthenticated
from base.ids import Kind, global_id
from loaders.credentials import KEYS, AccountRow
from models import ExternalIdentity
from resolvers.context import Context
from resolvers.passwords import own_account, require_person
from resolvers.settled_sign_ins import SETTLED


async def link_identity(context: Context, token: str, password: str | None) -> str:
    """Returns the subject. A second time changes nothing. It needs the password, as its tokens act as the
    viewer for as long as the link stands. Raises FORBIDDEN if no issuer is trusted, BAD_USER_INPUT for a
    token that is not good, and CONFLICT if it stands for another user."""
    account = await own_account(context)
    foreign = _required(context)
    await require_person(context, account, password)
    try:
        if not is_foreign(token):
            raise Unauthenticated("It is no token of the issuer.")
        identity = await foreign.issuer.read(token, context.now)
    except Unauthenticated as refused:
        raise BadUserInput(
            f"`token` is not good. {refused.message}", argument="token", reason="INVALID_TOKEN"
        ) from None
    async with context.writing() as session:
        await identities.link(session, identity, account.user_id, context.actor)
    return identity.subject


async def unlink_identity(context: Context, subject: str, issuer: str | None) -> str:
    """Of the issuer that this server trusts, unless another one is named. Raises NOT_FOUND for one that is
    not linked to the viewer, and CONFLICT if the viewer could not sign in any more."""
    account = await own_account(context)
    trusted = context.services.accounts.foreign
    its = (
        IDENTITIES.issuer == _stored(_required(context).issuer.name if issuer is None else issuer),
        IDENTITIES.subject == _stored(subject),
        IDENTITIES.user_id == account.user_id,
    )
    async with context.writing() as session:
        await _lock(session, account)
        gone = delete(ExternalIdentity).where(*its).returning(IDENTITIES.subject)
        if not (await session.execute(gone)).all():
            raise NotFound("You have no such account at the issuer.")
        await _require_way_in(session, account, trusted.issuer.name if trusted else None, context.now)
        user = global_id(Kind.USER, account.public_id)
        await record(session, context.actor, Act.IDENTITY_UNLINKED, user, account=account.user_id)
    return subject


def _stored(text: str) -> str:
    """No stored text has this character, and PostgreSQL refuses it."""
    return text.replace("\x00", "")


async def _lock(session: AsyncSession, account: AccountRow) -> None:
    """Of two that are unlinked at once, the second waits here."""
    its = USERS.id == account.user_id
    await session.execute(select(USERS.id).where(its).with_for_update(key_share=True))


async def _require_way_in(
    session: AsyncSession, account: AccountRow, trusted: str | None, now: datetime
) -> None:
    """Raises CONFLICT unless the account has a password, a key of a day ago, or another account at the
    issuer.
    """
    password = select(USERS.id).where(USERS.id == account.user_id, USERS.password_hash.is_not(None))
    # Whoever steals an access token can make a key with it.
    key = select(KEYS.user_id).where(
        KEYS.user_id == account.user_id,
        KEYS.revoked_at.is_(None),
        KEYS.expires_at > now,
        KEYS.created_at <= now - SETTLED,
    )
    other = select(IDENTITIES.user_id).where(
        IDENTITIES.user_id == account.user_id, IDENTITIES.issuer == trusted
    )
    ways = await session.execute(union_all(password, key, other).limit(1))
    if not ways.all():
        raise Conflict(
            "This is the last way to sign in to the account. Link another account at the issuer first, "
            "choose a password by a link (see `requestPasswordReset`), or have an authentication key for a "
            "day.",
            reason="LAST_SIGN_IN",
        )


def _required(context: Context) -> ForeignTokens:
    foreign = context.services.accounts.foreign
    if foreign is None:
        raise Forbidden("This server trusts no other issuer of tokens.")
    return foreign
