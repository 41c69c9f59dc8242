"""What a sign-in is checked against."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import LargeBinary, String, and_, bindparam, select

from database import Lookup, among, table_of
from loaders.base import Loader, RowLoader
from loaders.people import USERS
from models import AuthenticationKey, SignInNetwork, User

KEYS = table_of(AuthenticationKey).c
NETWORKS = table_of(SignInNetwork).c


class AccountRow(NamedTuple):
    user_id: int
    email: str


class AccountByEmail(RowLoader[str, AccountRow]):
    statement = Lookup(select(USERS.id, USERS.email).where(among(USERS.email, "keys")), AccountRow)
    key = "email"


class PasswordRow(NamedTuple):
    user_id: int
    password_hash: str | None
    seen_at: datetime | None
    """When the account was last used from the network; None if it never was."""


class PasswordByEmail(Loader[tuple[str, bytes], PasswordRow | None]):
    """The key is an email and the network that the sign-in comes from. It is one statement, whether or not
    there is such an account.
    """

    _statement = Lookup(
        select(USERS.id, USERS.password_hash, NETWORKS.seen_at)
        .outerjoin_from(
            table_of(User),
            table_of(SignInNetwork),
            and_(NETWORKS.user_id == USERS.id, NETWORKS.network == bindparam("network", type_=LargeBinary())),
        )
        .where(USERS.email == bindparam("email", type_=String())),
        PasswordRow,
    )

    async def batch_load_fn(self, keys: Sequence[tuple[str, bytes]]) -> list[PasswordRow | None]:
        return [await self._fetched(email, network) for email, network in keys]

    async def _fetched(self, email: str, network: bytes) -> PasswordRow | None:
        if "\x00" in email:
            # No stored text has this character, and PostgreSQL refuses it.
            return None
        rows = await self.database.fetch(self._statement, email=email, network=network)
        return rows[0] if rows else None


class KeyRow(NamedTuple):
    user_id: int
    digest: bytes
    expires_at: datetime
    revoked_at: datetime | None


class OwnKeyRow(NamedTuple):
    """A key as its owner sees it."""

    public_id: UUID
    name: str
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    last_used_at: datetime | None
    """The start of the hour."""


OWN_KEY_COLUMNS = tuple(KEYS[name] for name in OwnKeyRow._fields)


class KeyByDigest(Loader[bytes, KeyRow | None]):
    """Reads each key by its own statement, because SQLite's JSON holds no bytes. A request carries only
    one key."""

    _statement = Lookup(
        select(KEYS.user_id, KEYS.digest, KEYS.expires_at, KEYS.revoked_at).where(
            KEYS.digest == bindparam("digest", type_=LargeBinary())
        ),
        KeyRow,
    )

    async def batch_load_fn(self, digests: Sequence[bytes]) -> list[KeyRow | None]:
        found = [await self.database.fetch(self._statement, digest=digest) for digest in digests]
        return [rows[0] if rows else None for rows in found]
