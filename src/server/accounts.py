"""Accounts that operators make on the command line."""

from datetime import datetime

from sqlalchemy.exc import IntegrityError

from audit import Act, operator, record
from auth.passwords import Passwords
from auth.viewer import Viewer
from base.errors import Conflict, NotFound
from base.ids import Kind, global_id, uuid7
from database import Database
from loaders.credentials import AccountByEmail
from models import Tenant, User
from resolvers.context import Context, Services
from resolvers.text_arguments import email_in, required_text
from server.failures import Failure

_SHORTEST_PASSWORD = 8


async def create_user(
    database: Database, now: datetime, *, email: str, username: str, password: str | None, name: str | None
) -> User:
    """Makes an account. Without a password it can only sign in with authentication keys."""
    password_hash = await Passwords().hash(_long_enough(password)) if password is not None else None
    return await add_user(
        database, now, email=email, username=username, name=name, password_hash=password_hash
    )


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
    known = email_in(email)
    if known is None:
        raise Failure(f"`{email}` is no email address.")
    username = required_text(username, "username", longest=40)
    async with database.writing() as session:
        tenant = Tenant()
        session.add(tenant)
        await session.flush()
        user = User(
            public_id=uuid7(now),
            tenant_id=tenant.id,
            email=known,
            username=username,
            name=required_text(name, "name", longest=200) if name is not None else None,
            password_hash=password_hash,
            created_at=now,
        )
        session.add(user)
        try:
            await session.flush()
        except IntegrityError:
            raise Conflict("The email or the username is taken.") from None
        made = global_id(Kind.USER, user.public_id)
        await record(session, operator("user create", now), Act.ACCOUNT_CREATED, made, account=user.id)
    return user


async def user_id_of(context: Context, email: str) -> int:
    """Raises NOT_FOUND."""
    account = await context.loaders[AccountByEmail].load(email.strip().lower())
    if account is None:
        raise NotFound("There is no account with this email.")
    return account.user_id


async def viewer_with(services: Services, email: str | None) -> Viewer | None:
    """None without an email. Raises NOT_FOUND."""
    return Viewer(await user_id_of(Context(services, services.clock()), email)) if email else None


def _long_enough(password: str) -> str:
    if len(password) < _SHORTEST_PASSWORD:
        raise Failure(f"A password has {_SHORTEST_PASSWORD} characters or more.")
    return password
