"""People who make an account for themselves, and addresses that are confirmed.

An account is made only when the link was used that went to its address. So nobody takes an address that is
another's, and nothing has to be removed that was never confirmed.
"""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from audit import Act, Actor, record
from auth.account_links import LinkRow, drop_links, find_link, take_link
from auth.mail import Mail, MailKind
from auth.new_accounts import NewAccount, make_account
from auth.password_rules import require_good_password
from base.errors import BadUserInput, Conflict, Forbidden
from base.ids import Kind, global_id
from base.names import stored_username, username_skeleton
from database import Database, table_of
from loaders.credentials import account_by_email
from loaders.people import UserById, UserBySkeleton, UserRow
from models import LinkKind, User
from resolvers.account_mail import link_expiry, required_email, required_mail, send_later, send_link_later
from resolvers.context import Context
from resolvers.makers import as_written
from resolvers.passwords import own_account, require_password
from resolvers.people import change_account
from resolvers.text_arguments import required_text

USERS = table_of(User).c
_LONGEST_NAME = 200


class GivenSignUp(NamedTuple):
    email: str
    username: str
    password: str
    name: str | None


async def sign_up(context: Context, given: GivenSignUp) -> datetime:
    """Returns when the link will have expired. Whether the email has an account shows only in the mail.
    Raises FORBIDDEN if people may not sign up, and CONFLICT for a taken username, which everybody may look
    up."""
    if not context.services.accounts.rules.allows_sign_up:
        raise Forbidden("Nobody can sign up here. Ask the operator of this server for an account.")
    mail = required_mail(context, "Ask its operator for an account.")
    email, username = required_email(given.email), stored_username(given.username)
    name = None if given.name is None else required_text(given.name, "name", longest=_LONGEST_NAME)
    limiter = context.services.sign_in_limiter
    limiter.allow_address(context.address)
    await require_good_password(given.password, [email, username, name], argument="password")
    if await context.loaders[UserBySkeleton].load(username_skeleton(username)):
        raise Conflict("The username is taken, or looks like that of another account. Choose another one.")
    limiter.allow_mail(email)
    # This takes as long for an email that has an account.
    password_hash = await context.services.passwords.hash(given.password)
    expires_at = link_expiry(context)

    async def decide(database: Database) -> LinkRow | Mail:
        if known := await account_by_email(database, email):
            return Mail(MailKind.ACCOUNT_EXISTS, email, known.username)
        return LinkRow(LinkKind.SIGN_UP, None, email, username, name, password_hash, None, expires_at)

    send_link_later(context, mail, decide)
    return expires_at


async def change_email(context: Context, text: str, password: str) -> datetime:
    """The address counts when the link was used that is sent there. Returns when the link will have expired.
    Raises FORBIDDEN if this server sends no mail."""
    account = await own_account(context)
    mail = required_mail(context, "Ask its operator for the change, by `viewgraph user update`.")
    email, expires_at = required_email(text), link_expiry(context)
    await require_password(context, account, password, argument="password")
    context.services.sign_in_limiter.allow_mail(email)

    async def decide(database: Database) -> LinkRow | Mail:
        if known := await account_by_email(database, email):
            return Mail(MailKind.ACCOUNT_EXISTS, email, known.username)
        generation = account.generation or 0
        return LinkRow(
            LinkKind.CONFIRM_EMAIL,
            account.user_id,
            email,
            account.username,
            None,
            None,
            generation,
            expires_at,
        )

    send_link_later(context, mail, decide)
    return expires_at


async def confirm_email(context: Context, token: str, password: str | None) -> UserRow:
    """Makes the account of a sign-up, or changes the email of an account. Raises NOT_FOUND for a link that is
    not good, BAD_USER_INPUT unless `password` is that of the sign-up, and CONFLICT if the email or the
    username was taken meanwhile."""
    limiter = context.services.sign_in_limiter
    limiter.allow_address(context.address)
    found = await find_link(
        context.services.database, token, context.now, LinkKind.SIGN_UP, LinkKind.CONFIRM_EMAIL
    )
    if found.user_id is None:
        await _require_password_of(context, found, password)
    async with context.writing() as session:
        link = await take_link(session, token, context.now, LinkKind.SIGN_UP, LinkKind.CONFIRM_EMAIL)
        if link.user_id is None:
            user_id, older = await _made(session, link, context.now), None
        else:
            user_id, older = link.user_id, await _changed(session, link, context.now)
    limiter.succeeded_from(context.address)
    if older:
        send_later(context, Mail(MailKind.EMAIL_CHANGED, older, link.username))
    return await as_written(context, UserById, user_id)


async def _require_password_of(context: Context, link: LinkRow, password: str | None) -> None:
    """Somebody else may have asked for the link, with the address of whoever opens it. Then the account would
    have a password of that other person."""
    if password is None:
        raise BadUserInput(
            "Give the password of the sign-up. If you did not sign up, leave the link alone.",
            argument="password",
            reason="PASSWORD_REQUIRED",
        )
    verdict = await context.services.passwords.verdict_on(password, link.password_hash)
    if not verdict.is_right:
        raise BadUserInput(
            "`password` is not the one that this sign-up chose. If you signed up several times, use the link "
            "of the newest mail, or sign up again.",
            argument="password",
            reason="WRONG_PASSWORD",
        )


async def _made(session: AsyncSession, link: LinkRow, now: datetime) -> int:
    assert link.username, "a sign-up has a username"
    account = NewAccount(link.email, link.username, link.name, link.password_hash)
    user = await make_account(session, account, now)
    made = global_id(Kind.USER, user.public_id)
    await record(session, Actor(now, user.id), Act.ACCOUNT_CREATED, made, account=user.id)
    return user.id


async def _changed(session: AsyncSession, link: LinkRow, now: datetime) -> str:
    """The email of before."""
    its = USERS.id == link.user_id
    public_id, older = (await session.execute(select(USERS.public_id, USERS.email).where(its))).one()
    await change_account(session, link.user_id or 0, {"email": link.email})
    # Those to the older address, too.
    await drop_links(session, link.user_id or 0)
    id = global_id(Kind.USER, public_id)
    await record(session, Actor(now, link.user_id), Act.EMAIL_CHANGED, id, account=link.user_id)
    return str(older)
