"""Accounts at another issuer that stand for the viewer."""

from sqlalchemy import delete

from audit import Act, record
from auth import identities
from auth.identities import IDENTITIES, ForeignTokens
from auth.issuer import is_foreign
from base.errors import BadUserInput, Forbidden, NotFound, Unauthenticated
from base.ids import Kind, global_id
from models import ExternalIdentity
from resolvers.context import Context
from resolvers.passwords import own_account, require_person


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


async def unlink_identity(context: Context, subject: str) -> str:
    """Raises NOT_FOUND for one that is not linked to the viewer."""
    user_id = context.viewer.required_user_id()
    its = (
        IDENTITIES.issuer == _required(context).issuer.name,
        IDENTITIES.subject == subject.replace("\x00", ""),
        IDENTITIES.user_id == user_id,
    )
    user = global_id(Kind.USER, (await own_account(context)).public_id)
    async with context.writing() as session:
        gone = delete(ExternalIdentity).where(*its).returning(IDENTITIES.subject)
        if not (await session.execute(gone)).all():
            raise NotFound("You have no such account at the issuer.")
        await record(session, context.actor, Act.IDENTITY_UNLINKED, user, account=user_id)
    return subject


def _required(context: Context) -> ForeignTokens:
    foreign = context.services.accounts.foreign
    if foreign is None:
        raise Forbidden("This server trusts no other issuer of tokens.")
    return foreign
