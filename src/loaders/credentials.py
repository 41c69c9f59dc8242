"""What a sign-in is checked against."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import LargeBinary, String, Uuid, and_, bindparam, select

from database import Database, Lookup, among, table_of
from loaders.base import GroupLoader, Loader, RowLoader, after_key
from loaders.people import USERS
from models import AuthenticationKey, EndedSignIn, ExternalIdentity, SignInNetwork, User

KEYS = table_of(AuthenticationKey).c
ENDED = table_of(EndedSignIn).c
IDENTITIES = table_of(ExternalIdentity).c
NETWORKS = table_of(SignInNetwork).c


class AccountRow(NamedTuple):
    """What an account has that nobody else sees."""

    user_id: int
    public_id: UUID
    email: str
    username: str
    name: str | None
    password_hash: str | None
    generation: int | None
    """Of its tokens. None is 0."""


_ACCOUNT = (
    USERS.id,
    USERS.public_id,
    USERS.email,
    USERS.username,
    USERS.name,
    USERS.password_hash,
    USERS.token_generation,
)


class AccountByEmail(RowLoader[str, AccountRow]):
    statement = Lookup(select(*_ACCOUNT).where(among(USERS.email, "keys")), AccountRow)
    key = "email"


async def account_by_email(database: Database, email: str) -> AccountRow | None:
    """For work that is part of no request."""
    found = await database.fetch(AccountByEmail.statement, keys=[email])
    return found[0] if found else None


class AccountById(RowLoader[int, AccountRow]):
    statement = Lookup(select(*_ACCOUNT).where(among(USERS.id, "keys")), AccountRow)
    key = "user_id"


class TokenStanding(NamedTuple):
    """What the database says about the user and the sign-in of an access token."""

    user_id: int
    generation: int | None
    has_ended: bool


class StandingByToken(Loader[tuple[UUID, UUID | None], TokenStanding | None]):
    """The key is the user's public id and the sign-in."""

    _statement = Lookup(
        select(USERS.id, USERS.token_generation, ENDED.sign_in.is_not(None))
        .outerjoin_from(
            table_of(User), table_of(EndedSignIn), ENDED.sign_in == bindparam("sign_in", type_=Uuid[UUID]())
        )
        .where(USERS.public_id == bindparam("user", type_=Uuid[UUID]())),
        lambda id, generation, has_ended: TokenStanding(id, generation, bool(has_ended)),
    )

    async def batch_load_fn(self, keys: Sequence[tuple[UUID, UUID | None]]) -> list[TokenStanding | None]:
        found = [
            await self.database.fetch(self._statement, user=user, sign_in=sign_in) for user, sign_in in keys
        ]
        return [rows[0] if rows else None for rows in found]


class IdentityRow(NamedTuple):
    user_id: int
    tokens_ended_at: datetime | None


class UserByIdentity(Loader[tuple[str, str], IdentityRow | None]):
    """The key is an issuer and its subject."""

    _statement = Lookup(
        select(IDENTITIES.user_id, USERS.tokens_ended_at)
        .join_from(table_of(ExternalIdentity), table_of(User), USERS.id == IDENTITIES.user_id)
        .where(
            IDENTITIES.issuer == bindparam("issuer", type_=String()),
            IDENTITIES.subject == bindparam("subject", type_=String()),
        ),
        IdentityRow,
    )

    async def batch_load_fn(self, keys: Sequence[tuple[str, str]]) -> list[IdentityRow | None]:
        found = [
            await self.database.fetch(self._statement, issuer=issuer, subject=subject)
            for issuer, subject in keys
        ]
        return [rows[0] if rows else None for rows in found]


class OwnIdentityRow(NamedTuple):
    """An account at an issuer, as the user sees it whom it stands for."""

    issuer: str
    subject: str
    linked_at: datetime


class IdentitiesOfUser(GroupLoader[int, OwnIdentityRow]):
    """The oldest first."""

    statement = Lookup(
        select(IDENTITIES.user_id, *(IDENTITIES[name] for name in OwnIdentityRow._fields))
        .where(among(IDENTITIES.user_id, "keys"))
        .order_by(IDENTITIES.linked_at, IDENTITIES.issuer, IDENTITIES.subject),
        after_key(OwnIdentityRow),
    )


class PasswordRow(NamedTuple):
    user_id: int
    generation: int | None
    """Of the tokens, when the password was this. None is 0."""
    password_hash: str | None
    seen_at: datetime | None
    """When the account was last used from the network; None if it never was."""


class PasswordByEmail(Loader[tuple[str, bytes], PasswordRow | None]):
    """The key is an email and the network that the sign-in comes from. It is one statement, whether or not
    there is such an account.
    """

    _statement = Lookup(
        select(USERS.id, USERS.token_generation, USERS.password_hash, NETWORKS.seen_at)
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
    created_at: datetime
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
        select(KEYS.user_id, KEYS.digest, KEYS.created_at, KEYS.expires_at, KEYS.revoked_at)
        .join_from(table_of(AuthenticationKey), table_of(User), USERS.id == KEYS.user_id)
        .where(KEYS.digest == bindparam("digest", type_=LargeBinary()), USERS.deleted_at.is_(None)),
        KeyRow,
    )

    async def batch_load_fn(self, digests: Sequence[bytes]) -> list[KeyRow | None]:
        found = [await self.database.fetch(self._statement, digest=digest) for digest in digests]
        return [rows[0] if rows else None for rows in found]
