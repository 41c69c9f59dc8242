"""Accounts that operators make at the command line."""

from datetime import datetime

from sqlalchemy.exc import IntegrityError

from auth.passwords import hash_password
from base.errors import Conflict
from base.ids import uuid7
from database import Database
from models import Tenant, User


async def create_user(
    database: Database, now: datetime, *, email: str, username: str, password: str | None, name: str | None
) -> User:
    """With a tenant of its own. Without a password it signs in by authentication keys alone."""
    password_hash = await hash_password(password) if password is not None else None
    async with database.writing() as session:
        tenant = Tenant()
        session.add(tenant)
        await session.flush()
        user = User(
            public_id=uuid7(now),
            tenant_id=tenant.id,
            email=email.strip().lower(),
            username=username.strip(),
            name=name,
            password_hash=password_hash,
            created_at=now,
        )
        session.add(user)
        try:
            await session.flush()
        except IntegrityError:
            raise Conflict("The email or the username is taken.") from None
    return user
