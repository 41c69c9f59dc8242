"""Hashes of other systems are replaced by our own when their users sign in."""

from contextlib import suppress

from sqlalchemy import update

from base.errors import Unavailable
from database import Database, table_of
from models import User

USERS = table_of(User)


async def replace_hash(database: Database, user_id: int, old: str, new: str) -> None:
    """Changes nothing if the user has another hash by now.

    Signing in does not need it: if the database cannot be written, the old hash stays until the next time.
    """
    its = (USERS.c.id == user_id, USERS.c.password_hash == old)
    with suppress(Unavailable):
        async with database.writing() as session:
            await session.execute(update(USERS).where(*its).values(password_hash=new))
