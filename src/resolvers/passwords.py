"""Passwords: changed by their owners, or chosen anew by a link."""

from datetime import datetime

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from audit import Act, Actor, record
from auth.account_links import LinkRow, drop_links, find_link, take_link
from auth.identities import unlink_all
from auth.mail import Mail, MailKind
from auth.password_rules import require_good_password
from auth.sign_in import Attempt, user_by_password
from auth.sign_ins import end_all
from base.errors import BadUserInput, Conflict, Forbidden, NotFound, Unauthenticated
from base.ids import Kind, global_id
from database import Database, table_of
from loaders.credentials import AccountById, AccountRow, account_by_email
from loaders.people import UserById, UserRow
from models import LinkKind, User
from resolvers.account_mail import link_expiry, required_email, required_mail, send_later, send_link_later
from resolvers.context import Context
from resolvers.makers import as_written
from resolvers.signing_in import SignedIn, sign_in

USERS = table_of(User).c


async def change_password(context: Context, current: str, new: str, *, goes_on: bool) -> SignedIn:
    """Ends all tokens of before. Raises FORBIDDEN if the account has no password, BAD_USER_INPUT, THROTTLED,
    and CONFLICT if it was changed meanwhile."""
    account = await own_account(context)
    await require_password(context, account, current, argument="currentPassword")
    await require_good_password(new, _about(account), argument="newPassword")
    new_hash = await context.services.passwords.hash(new)
    async with context.writing() as session:
        # The hash may have been replaced by one of the same password when that was checked.
        its = (USERS.id == account.user_id, USERS.token_generation.is_not_distinct_from(account.generation))
        changed = update(User).where(*its).values(password_hash=new_hash)
        if not (await session.execute(changed.returning(USERS.id))).all():
            raise Conflict("The password was changed by somebody else at the same time. Sign in again.")
        generation = await _end_what_was(session, account, context.actor)
    send_later(context, Mail(MailKind.PASSWORD_CHANGED, account.email, account.username))
    return await sign_in(context, account.user_id, generation, goes_on=goes_on)


async def request_reset(context: Context, text: str) -> datetime:
    """Returns when the link will have expired. It takes as long, and says the same, whether or not there is
    such an account. Raises FORBIDDEN if this server sends no mail."""
    mail = required_mail(context, "Ask its operator for a link, by `viewgraph user reset-link`.")
    email, expires_at = required_email(text), link_expiry(context)
    limiter = context.services.sign_in_limiter
    limiter.allow_address(context.address)
    limiter.allow_mail(email)

    async def decide(database: Database) -> LinkRow | None:
        account = await account_by_email(database, email)
        return reset_link(account, expires_at) if account else None

    send_link_later(context, mail, decide)
    return expires_at


def reset_link(account: AccountRow, expires_at: datetime) -> LinkRow:
    generation = account.generation or 0
    return LinkRow(
        LinkKind.RESET_PASSWORD,
        account.user_id,
        account.email,
        account.username,
        None,
        None,
        generation,
        expires_at,
    )


async def reset_password(context: Context, token: str, password: str) -> UserRow:
    """Ends all tokens of before, all other links of the account, and what accounts at another issuer it is
    linked to: somebody else may have linked theirs. Raises NOT_FOUND for a link that is not good."""
    limiter, database = context.services.sign_in_limiter, context.services.database
    limiter.allow_address(context.address)
    link = await find_link(database, token, context.now, LinkKind.RESET_PASSWORD)
    limiter.succeeded_from(context.address)
    account = await context.loaders[AccountById].load(link.user_id or 0)
    if account is None:
        raise NotFound("The account is gone.")
    await require_good_password(password, _about(account), argument="password")
    new_hash = await context.services.passwords.hash(password)
    async with context.writing() as session:
        await take_link(session, token, context.now, LinkKind.RESET_PASSWORD)
        its = USERS.id == account.user_id
        await session.execute(update(User).where(its).values(password_hash=new_hash))
        actor = Actor(context.now, account.user_id)
        await unlink_all(session, account.user_id, actor)
        await _end_what_was(session, account, actor)
    send_later(context, Mail(MailKind.PASSWORD_CHANGED, account.email, account.username))
    return await as_written(context, UserById, account.user_id)


async def own_account(context: Context) -> AccountRow:
    """Of the viewer. Raises UNAUTHENTICATED."""
    account = await context.loaders[AccountById].load(context.viewer.required_user_id())
    assert account is not None
    return account


async def require_password(context: Context, account: AccountRow, password: str, *, argument: str) -> None:
    """Raises FORBIDDEN if the account has none, BAD_USER_INPUT if it is another one, and THROTTLED."""
    if account.password_hash is None:
        raise Forbidden(
            "This account has no password yet. Choose one by a link: see `requestPasswordReset`, or ask the "
            "operator of this server."
        )
    services = context.services
    attempt = Attempt(account.email, password, context.address, context.now)
    try:
        await user_by_password(
            context.loaders, services.database, services.passwords, services.sign_in_limiter, attempt
        )
    except Unauthenticated:
        raise BadUserInput(
            f"`{argument}` is not the password of this account.", argument=argument, reason="WRONG_PASSWORD"
        ) from None


async def require_person(context: Context, account: AccountRow, password: str | None) -> None:
    """Whoever finds a token must not be able to do everything with it. An account without a password has to
    sign in within the request. Raises BAD_USER_INPUT without a password, UNAUTHENTICATED for another one, and
    THROTTLED."""
    services = context.services
    if account.password_hash is None and context.has_shown_secret:
        return
    if password is None:
        raise BadUserInput(
            "Give the password. An account without one signs in by `login` in the same document.",
            argument="password",
            reason="PASSWORD_REQUIRED",
        )
    attempt = Attempt(account.email, password, context.address, context.now)
    await user_by_password(
        context.loaders, services.database, services.passwords, services.sign_in_limiter, attempt
    )


def _about(account: AccountRow) -> list[str | None]:
    return [account.email, account.username, account.name]


async def _end_what_was(session: AsyncSession, account: AccountRow, actor: Actor) -> int:
    """Ends tokens and links. Returns the generation of the tokens to come."""
    its, id = account.user_id, global_id(Kind.USER, account.public_id)
    await record(session, actor, Act.PASSWORD_CHANGED, id, account=its)
    await drop_links(session, its)
    return await end_all(session, its, actor.at)
