"""The networks from which an account was used before. They stay open to it when others fail to sign in
elsewhere.
"""

from contextlib import suppress
from datetime import datetime, timedelta

from sqlalchemy import delete, select

from base.errors import Unavailable
from database import Database, insert_into, table_of
from models import SignInNetwork

NETWORKS = table_of(SignInNetwork)
_KEPT = timedelta(days=90)
_SEEN_AGAIN = timedelta(days=1)
_MOST = 20


def is_known(seen_at: datetime | None, now: datetime) -> bool:
    return seen_at is not None and seen_at > now - _KEPT


async def remember(
    database: Database, user_id: int, network: bytes, seen_at: datetime | None, now: datetime
) -> None:
    """Call it after a successful sign-in. It writes nothing if the last one from there is less than a day
    ago.

    Signing in does not need it: if the database cannot be written, nothing is remembered.
    """
    if seen_at is not None and seen_at > now - _SEEN_AGAIN:
        return
    its = NETWORKS.c.user_id == user_id
    newest = select(NETWORKS.c.network).where(its).order_by(NETWORKS.c.seen_at.desc()).limit(_MOST)
    is_old = (NETWORKS.c.seen_at <= now - _KEPT) | NETWORKS.c.network.not_in(newest)
    with suppress(Unavailable):
        async with database.writing() as session:
            row = {"user_id": user_id, "network": network, "seen_at": now}
            await session.execute(
                insert_into(session, SignInNetwork)
                .values(row)
                .on_conflict_do_update(index_elements=["user_id", "network"], set_={"seen_at": now})
            )
            await session.execute(delete(NETWORKS).where(its, is_old))
