"""Sign-ins and links that have expired are forgotten."""

from datetime import datetime

from sqlalchemy import delete

from database import Database, table_of
from models import AccountLink, EndedSignIn, SignIn

_EXPIRING = [table_of(model) for model in (SignIn, EndedSignIn, AccountLink)]


async def forget_expired_sign_ins(database: Database, now: datetime) -> None:
    """No answer depends on them any more."""
    for table in _EXPIRING:
        async with database.writing(is_change=False) as session:
            await session.execute(delete(table).where(table.c.expires_at <= now))
