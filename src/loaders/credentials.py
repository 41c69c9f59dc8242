"""What a sign-in is checked against."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import LargeBinary, bindparam, select

from database import Statement, among, table_of
from loaders.base import Loader, RowLoader
from loaders.people import USERS
from models import AuthenticationKey

KEYS = table_of(AuthenticationKey).c


class PasswordRow(NamedTuple):
    user_id: int
    email: str
    password_hash: str | None


class PasswordByEmail(RowLoader[str, PasswordRow]):
    statement = Statement(
        select(USERS.id, USERS.email, USERS.password_hash).where(among(USERS.email, "keys")), PasswordRow
    )
    key = "email"


class KeyRow(NamedTuple):
    user_id: int
    digest: bytes
    expires_at: datetime
    revoked_at: datetime | None


class KeyByDigest(Loader[bytes, KeyRow | None]):
    """One request carries one key, so this asks for one: SQLite's JSON has no place for bytes."""

    _statement = Statement(
        select(KEYS.user_id, KEYS.digest, KEYS.expires_at, KEYS.revoked_at).where(
            KEYS.digest == bindparam("digest", type_=LargeBinary())
        ),
        KeyRow,
    )

    async def batch_load_fn(self, digests: Sequence[bytes]) -> list[KeyRow | None]:
        found = [await self.database.fetch(self._statement, digest=digest) for digest in digests]
        return [rows[0] if rows else None for rows in found]
