"""One-time links that show that somebody reads the mail of an address. Only a hash of each is stored."""

from datetime import datetime
from hashlib import sha256
from secrets import token_urlsafe
from typing import NamedTuple

from sqlalchemy import LargeBinary, bindparam, delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from base.errors import NotFound
from database import Database, Lookup, insert_into, table_of
from models import AccountLink, LinkKind, User

PREFIX = "vgl_"
"""Scanners for leaked secrets know the token of a link by it."""
LINKS = table_of(AccountLink).c
USERS = table_of(User).c


class LinkRow(NamedTuple):
    kind: int
    user_id: int | None
    email: str
    username: str | None
    name: str | None
    password_hash: str | None
    generation: int | None
    expires_at: datetime


_COLUMNS = tuple(LINKS[name] for name in LinkRow._fields)
_FOUND = Lookup(select(*_COLUMNS).where(LINKS.digest == bindparam("digest", type_=LargeBinary())), LinkRow)


def new_token() -> str:
    return PREFIX + token_urlsafe(32)


async def add_link(session: AsyncSession, token: str, row: LinkRow, now: datetime) -> None:
    """Replaces older links of the kind for the account. Those of sign-ups stay side by side: one that a
    stranger asks for must not take the place of that which the owner of the address waits for.
    """
    if row.kind != LinkKind.SIGN_UP:
        alike = (LINKS.kind == row.kind, LINKS.user_id == row.user_id)
        await session.execute(delete(AccountLink).where(*alike))
    values = {**row._asdict(), "digest": digest(token), "created_at": now}
    await session.execute(insert_into(session, AccountLink).values(values))


async def find_link(database: Database, token: str, now: datetime, *kinds: LinkKind) -> LinkRow:
    """It stays good. Raises NOT_FOUND."""
    for row in await database.fetch(_FOUND, digest=digest(token)):
        return _good(row, now, kinds)
    raise not_good()


async def take_link(session: AsyncSession, token: str, now: datetime, *kinds: LinkKind) -> LinkRow:
    """It is good no more. Raises NOT_FOUND, also if somebody else takes it at the same time."""
    account = await _locked_account(session, token)
    taken = delete(AccountLink).where(LINKS.digest == digest(token)).returning(*_COLUMNS)
    row = (await session.execute(taken)).first()
    if row is None:
        raise not_good()
    link = _good(LinkRow(*row), now, kinds)
    if link.user_id is not None and not _fits(link, account):
        raise not_good()
    return link


class _Account(NamedTuple):
    email: str
    generation: int


async def _locked_account(session: AsyncSession, token: str) -> _Account | None:
    """That of the link. It is locked before the link, as by everybody who ends links."""
    its = select(LINKS.user_id).where(LINKS.digest == digest(token)).scalar_subquery()
    account = select(USERS.email, func.coalesce(USERS.token_generation, 0))
    account = account.where(USERS.id == its, USERS.deleted_at.is_(None)).with_for_update(key_share=True)
    row = (await session.execute(account)).first()
    return None if row is None else _Account(*row)


def _fits(link: LinkRow, account: _Account | None) -> bool:
    """A link that is stored after the end of all links, because its mail had to wait, is not good either."""
    if account is None or link.generation != account.generation:
        return False
    return link.kind != LinkKind.RESET_PASSWORD or link.email == account.email


async def drop_links(session: AsyncSession, user_id: int) -> None:
    """Ends all links of an account."""
    await session.execute(delete(AccountLink).where(LINKS.user_id == user_id))


def digest(token: str) -> bytes:
    return sha256(token.encode()).digest()


def not_good() -> NotFound:
    return NotFound(
        "This link is not good: it was used before, has expired, or a newer one was sent. Ask for a new one."
    )


def _good(row: LinkRow, now: datetime, kinds: tuple[LinkKind, ...]) -> LinkRow:
    if row.expires_at <= now or row.kind not in kinds:
        raise not_good()
    return row
