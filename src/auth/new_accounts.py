"""Accounts that are made, by whoever may: an operator, a person who signs up, or an issuer that is
trusted."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from base.errors import Conflict
from base.ids import uuid7
from models import Tenant, User

TAKEN = "The email or the username is taken, or the username looks like another one. Choose another one."


class NewAccount(NamedTuple):
    """All of it has been checked."""

    email: str
    username: str
    name: str | None = None
    password_hash: str | None = None


async def make_account(session: AsyncSession, account: NewAccount, now: datetime) -> User:
    """With a tenant of its own. Raises CONFLICT if another account has the email, or a name that looks alike.
    The unit of work is then to be given up."""
    tenant = Tenant()
    session.add(tenant)
    await session.flush()
    user = User(public_id=uuid7(now), tenant_id=tenant.id, created_at=now, **account._asdict())
    session.add(user)
    try:
        await session.flush()
    except IntegrityError:
        raise Conflict(TAKEN) from None
    return user
