"""Accounts that operators make and change on the command line."""

from datetime import datetime
from typing import NamedTuple

from audit import Act, operator, record
from auth import identities
from auth.account_links import add_link, drop_links, new_token
from auth.issuer import Identity
from auth.mail import MailKind, link_of
from auth.new_accounts import NewAccount, make_account
from auth.password_rules import require_good_password
from auth.passwords import Passwords
from auth.sign_ins import end_all
from auth.viewer import Viewer
from base.errors import NotFound
from base.ids import Kind, global_id
from base.names import stored_username
from database import Database, channel_of
from ingest.topics import announce_everything
from loaders.credentials import AccountByEmail, AccountRow, account_by_email
from models import User
from resolvers.context import Context, Services
from resolvers.passwords import reset_link
from resolvers.people import account_acts, change_account
from resolvers.text_arguments import email_in, required_text
from server.failures import Failure

_LONGEST_NAME = 200


async def create_user(
    database: Database, now: datetime, *, email: str, username: str, password: str | None, name: str | None
) -> User:
    """Makes an account. Without a password it can only sign in with authentication keys."""
    account = _checked(email, username, name)
    if password is not None:
        await require_good_password(password, [account.email, username, name], argument="password")
        account = account._replace(password_hash=await Passwords().hash(password))
    return await _add(database, now, account)


async def add_user(
    database: Database,
    now: datetime,
    *,
    email: str,
    username: str,
    name: str | None,
    password_hash: str | None,
) -> User:
    """Adds a user and the user's own tenant."""
    account = _checked(email, username, name)._replace(password_hash=password_hash)
    return await _add(database, now, account)


async def _add(database: Database, now: datetime, account: NewAccount) -> User:
    async with database.writing() as session:
        user = await make_account(session, account, now)
        made = global_id(Kind.USER, user.public_id)
        await record(session, operator("user create", now), Act.ACCOUNT_CREATED, made, account=user.id)
    return user


def _checked(email: str, username: str, name: str | None) -> NewAccount:
    """Raises Failure and BAD_USER_INPUT."""
    return NewAccount(_email(email), stored_username(username), _name(name))


class Changes(NamedTuple):
    """What is None stays as it is."""

    email: str | None = None
    username: str | None = None
    name: str | None = None


async def update_user(database: Database, email: str, changes: Changes, now: datetime) -> None:
    """Raises NOT_FOUND, and CONFLICT for an email or a username that is taken."""
    account = await _account(database, email)
    checked = {
        "email": _email(changes.email) if changes.email is not None else None,
        "username": stored_username(changes.username) if changes.username is not None else None,
        "name": _name(changes.name),
    }
    columns = {name: value for name, value in checked.items() if value is not None}
    if columns.get("username") == account.username:
        del columns["username"]
    async with database.writing() as session:
        await change_account(session, account.user_id, columns)
        for act in account_acts(columns):
            await record(session, operator("user update", now), act, _id(account), account=account.user_id)
        if "email" in columns:
            # Links to the older address are no longer the owner's.
            await drop_links(session, account.user_id)
    await announce_everything(channel_of(database.url))


class ResetLink(NamedTuple):
    token: str
    link: str | None
    """None if the settings name no page."""
    expires_at: datetime


async def make_reset_link(services: Services, email: str) -> ResetLink:
    """Raises NOT_FOUND."""
    now, rules = services.clock(), services.accounts.rules
    account = await _account(services.database, email)
    token, expires_at = new_token(), (now + rules.link_lifetime).replace(microsecond=0)
    async with services.database.writing() as session:
        await add_link(session, token, reset_link(account, expires_at), now)
        by, its = operator("user reset-link", now), account.user_id
        await record(session, by, Act.RESET_LINK_MADE, _id(account), account=its)
    return ResetLink(token, link_of(rules.page, MailKind.RESET_PASSWORD, token), expires_at)


async def sign_out(database: Database, email: str, now: datetime) -> None:
    """Ends all tokens of an account. Its keys stay. Raises NOT_FOUND."""
    account = await _account(database, email)
    async with database.writing() as session:
        await end_all(session, account.user_id, now)
        by, its = operator("user sign-out", now), account.user_id
        await record(session, by, Act.SIGN_INS_ENDED, _id(account), account=its)
    await announce_everything(channel_of(database.url))


async def link_identity(services: Services, email: str, subject: str) -> str:
    """Returns the issuer. Raises NOT_FOUND, CONFLICT, and Failure if no issuer is trusted."""
    foreign, now = services.accounts.foreign, services.clock()
    if foreign is None:
        raise Failure("No issuer is trusted: name it by VIEWGRAPH_OIDC_ISSUER and VIEWGRAPH_OIDC_AUDIENCE.")
    account = await _account(services.database, email)
    identity = Identity(foreign.issuer.name, required_text(subject, "subject", longest=255), now, now)
    async with services.database.writing() as session:
        await identities.link(session, identity, account.user_id, operator("user link", now))
    await announce_everything(channel_of(services.database.url))
    return foreign.issuer.name


async def user_id_of(context: Context, email: str) -> int:
    """Raises NOT_FOUND."""
    account = await context.loaders[AccountByEmail].load(email.strip().lower())
    if account is None:
        raise _no_such()
    return account.user_id


async def viewer_with(services: Services, email: str | None) -> Viewer | None:
    """None without an email. Raises NOT_FOUND."""
    return Viewer(await user_id_of(Context(services, services.clock()), email)) if email else None


async def _account(database: Database, email: str) -> AccountRow:
    """Raises NOT_FOUND."""
    account = await account_by_email(database, email.strip().lower())
    if account is None:
        raise _no_such()
    return account


def _id(account: AccountRow) -> str:
    return global_id(Kind.USER, account.public_id)


def _no_such() -> NotFound:
    return NotFound("There is no account with this email.")


def _email(text: str) -> str:
    """Raises Failure."""
    email = email_in(text)
    if email is None:
        raise Failure(f"`{text}` is no email address.")
    return email


def _name(name: str | None) -> str | None:
    return required_text(name, "name", longest=_LONGEST_NAME) if name is not None else None
