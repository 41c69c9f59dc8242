"""Sign-ins: how one goes on by refresh tokens, and how it ends.

A refresh token begins with what all of its sign-in have in common, so that one which comes a second time is
known although only the newest is stored.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from datetime import datetime, timedelta
from hashlib import sha256
from secrets import token_bytes
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from base.errors import Unauthenticated
from database import insert_into, table_of
from models import EndedSignIn, SignIn, User

PREFIX = "vgr_"
"""Scanners for leaked secrets know a refresh token by it."""
SIGN_INS = table_of(SignIn)
ENDED = table_of(EndedSignIn)
USERS = table_of(User)

_FAMILY_BYTES = 16
_BYTES = 48
"""The family and 256 random bits."""
_MOST = 100
"""How many sign-ins of one user go on. The ones that were used longest ago end."""
_ENDED_FOR = timedelta(days=31)
"""How long it is known at least that a sign-in has ended."""


class Account(NamedTuple):
    user_id: int
    generation: int
    """Of the tokens, when the password was checked. Those that are issued for it belong to this one."""


class Lasting(NamedTuple):
    """How long sign-ins go on."""

    unused: timedelta
    """Without being used."""
    longest: timedelta
    """However often it is used; 0 for ever."""

    def end(self, began: datetime, now: datetime) -> datetime:
        """Of a sign-in that is used now."""
        end = now + self.unused
        return min(end, began + self.longest) if self.longest else end


class Refreshed(NamedTuple):
    user_id: int
    sign_in: UUID
    generation: int
    refresh_token: str


async def begin(session: AsyncSession, who: Account, sign_in: UUID, now: datetime, lasting: Lasting) -> str:
    """Lets a sign-in go on. Returns its first refresh token. Raises UNAUTHENTICATED if all tokens of the user
    were ended since the password was checked.
    """
    user_id = who.user_id
    await _require_same_generation(session, who)
    family = token_bytes(_FAMILY_BYTES)
    token = _new_token(family)
    await session.execute(
        insert_into(session, SignIn).values(
            sign_in=sign_in,
            user_id=user_id,
            family=_digest(family),
            digest=_digest(token.encode()),
            created_at=now,
            used_at=now,
            expires_at=lasting.end(now, now),
        )
    )
    its = SIGN_INS.c.user_id == user_id
    newest = select(SIGN_INS.c.sign_in).where(its)
    newest = newest.order_by(SIGN_INS.c.used_at.desc(), SIGN_INS.c.created_at.desc()).limit(_MOST)
    await session.execute(delete(SIGN_INS).where(its, SIGN_INS.c.sign_in.not_in(newest)))
    return token


async def _require_same_generation(session: AsyncSession, who: Account) -> None:
    """Whoever ends all tokens of the user at the same time waits until the commit, and then ends this one,
    too.
    """
    its = (USERS.c.id == who.user_id, USERS.c.deleted_at.is_(None))
    same = func.coalesce(USERS.c.token_generation, 0) == who.generation
    locked = select(USERS.c.id).where(*its, same).with_for_update(key_share=True)
    if await session.scalar(locked) is None:
        raise Unauthenticated(
            "The account got another password, or was signed out everywhere, at the same time. Sign in again."
        )


async def refreshed(session: AsyncSession, token: str, now: datetime, lasting: Lasting) -> Refreshed | UUID:
    """Takes a refresh token, and gives the next. If it was taken before, the sign-in is returned, which the
    caller has to end. Raises UNAUTHENTICATED for a token that never was one, and for one whose sign-in has
    ended.
    """
    family = _family(token)
    next_token = _new_token(family)
    its = SIGN_INS.c.family == _digest(family)
    began = await session.scalar(select(SIGN_INS.c.created_at).where(its))
    if began is None or lasting.end(began, now) <= now:
        raise _not_valid()
    is_good = (SIGN_INS.c.digest == _digest(token.encode()), SIGN_INS.c.expires_at > now)
    given = {
        "digest": _digest(next_token.encode()),
        "used_at": now,
        "expires_at": lasting.end(began, now),
    }
    took = update(SIGN_INS).where(its, *is_good).values(given)
    taken = (await session.execute(took.returning(SIGN_INS.c.user_id, SIGN_INS.c.sign_in))).first()
    if taken is None:
        return await _used_again(session, family, now)
    generation = await session.scalar(select(USERS.c.token_generation).where(USERS.c.id == taken.user_id))
    return Refreshed(taken.user_id, taken.sign_in, generation or 0, next_token)


async def _used_again(session: AsyncSession, family: bytes, now: datetime) -> UUID:
    its = SIGN_INS.c.family == _digest(family)
    found = (await session.execute(select(SIGN_INS.c.sign_in, SIGN_INS.c.expires_at).where(its))).first()
    if found is None or found.expires_at <= now:
        raise _not_valid()
    sign_in: UUID = found.sign_in
    return sign_in


async def end(session: AsyncSession, sign_in: UUID, now: datetime, lifetime: timedelta) -> None:
    """From now on, all tokens of the sign-in are refused. `lifetime` is that of its access tokens."""
    await session.execute(delete(SIGN_INS).where(SIGN_INS.c.sign_in == sign_in))
    row = {"sign_in": sign_in, "expires_at": now + max(lifetime, _ENDED_FOR)}
    await session.execute(insert_into(session, EndedSignIn).values(row).on_conflict_do_nothing())


async def end_all(session: AsyncSession, user_id: int, now: datetime) -> int:
    """From now on, all tokens of the user are refused that were issued before. Returns the generation of
    those to come.
    """
    next_one = func.coalesce(USERS.c.token_generation, 0) + 1
    raised = update(USERS).where(USERS.c.id == user_id)
    raised = raised.values(token_generation=next_one, tokens_ended_at=now)
    generation: int = (await session.execute(raised.returning(USERS.c.token_generation))).scalar_one()
    await session.execute(delete(SIGN_INS).where(SIGN_INS.c.user_id == user_id))
    return generation


def _family(token: str) -> bytes:
    """Raises UNAUTHENTICATED."""
    try:
        content = urlsafe_b64decode(token.removeprefix(PREFIX).encode("ascii"))
    except (Base64Error, ValueError):
        raise _not_valid() from None
    if not token.startswith(PREFIX) or len(content) != _BYTES:
        raise _not_valid()
    return content[:_FAMILY_BYTES]


def _not_valid() -> Unauthenticated:
    return Unauthenticated("The refresh token is not valid, or its sign-in has ended. Sign in again.")


def used_again() -> Unauthenticated:
    return Unauthenticated(
        "This refresh token was used before. Somebody else may have it, so this sign-in was ended with all "
        "of its tokens. Sign in again."
    )


def _new_token(family: bytes) -> str:
    return PREFIX + urlsafe_b64encode(family + token_bytes(_BYTES - _FAMILY_BYTES)).decode()


def _digest(secret: bytes) -> bytes:
    return sha256(secret).digest()
