"""Authentication keys, as operators see and revoke them on the command line."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, func, select, update
from sqlmodel import col

from audit import Act, operator, record
from base.errors import NotFound
from base.ids import Kind, global_id, public_id_in
from database import Database, Statement, channel_of, table_of
from ingest.topics import announce_everything
from loaders.credentials import KEYS
from loaders.people import USERS
from models import AuthenticationKey, User


class KeyOfAccount(NamedTuple):
    public_id: UUID
    email: str
    name: str
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None

    @property
    def id(self) -> str:
        """The global id."""
        return global_id(Kind.AUTHENTICATION_KEY, self.public_id)

    def state(self, now: datetime) -> str:
        if self.revoked_at is not None:
            return f"revoked {self.revoked_at:%Y-%m-%d}"
        if self.expires_at <= now:
            return f"expired {self.expires_at:%Y-%m-%d}"
        return f"good until {self.expires_at:%Y-%m-%d}"


async def keys_of(database: Database, email: str | None) -> list[KeyOfAccount]:
    """The keys of one account, oldest first; without an email those of all accounts, in the order of their
    emails. Raises NOT_FOUND for an unknown email.
    """
    statement = (
        select(USERS.email, *(KEYS[name] for name in KeyOfAccount._fields if name != "email"))
        .join_from(table_of(AuthenticationKey), table_of(User), USERS.id == KEYS.user_id)
        .order_by(USERS.email, KEYS.created_at, KEYS.id)
    )
    if email is not None:
        statement = statement.where(KEYS.user_id == await _account(database, email))
    return await database.fetch(
        Statement(statement, lambda email, public_id, *rest: KeyOfAccount(public_id, email, *rest))
    )


async def revoke(database: Database, named: str, now: datetime) -> int:
    """Revokes the key with this id, or all keys of the account with this email, unless they were revoked
    before. Returns how many. Raises NOT_FOUND.
    """
    those = await _named(database, named)
    standing = col(AuthenticationKey.revoked_at).is_(None)
    async with database.writing() as session:
        statement = update(AuthenticationKey).where(those, standing).values(revoked_at=now)
        columns = (col(AuthenticationKey.public_id), col(AuthenticationKey.user_id))
        revoked = (await session.execute(statement.returning(*columns))).all()
        for public_id, user_id in revoked:
            key = global_id(Kind.AUTHENTICATION_KEY, public_id)
            await record(session, operator("key revoke", now), Act.KEY_REVOKED, key, account=user_id)
    await announce_everything(channel_of(database.url))
    return len(revoked)


async def _named(database: Database, named: str) -> ColumnElement[bool]:
    if "@" in named:
        return KEYS.user_id == await _account(database, named)
    public_id = public_id_in(named, Kind.AUTHENTICATION_KEY)
    found = public_id and await database.fetch(
        Statement(select(func.count()).where(KEYS.public_id == public_id), int)
    )
    if not found or not found[0]:
        raise NotFound("There is no key with this id.")
    return KEYS.public_id == public_id


async def _account(database: Database, email: str) -> int:
    """The user's id."""
    statement = select(USERS.id).where(USERS.email == email.strip().lower())
    for id in await database.fetch(Statement(statement, int)):
        return id
    raise NotFound("There is no account with this email.")
