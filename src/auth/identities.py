"""Which user an account at another issuer stands for."""

import re
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from audit import Act, Actor, record
from auth.issuer import Identity, Issuer
from auth.new_accounts import NewAccount, make_account
from auth.viewer import Viewer
from base.errors import BadUserInput, Conflict, Unauthenticated
from base.ids import Kind, global_id
from base.names import LONGEST_USERNAME, stored_username, username_skeleton
from database import Database, insert_into, table_of
from loaders.base import Loaders
from loaders.credentials import UserByIdentity
from models import ExternalIdentity, User

USERS = table_of(User).c
IDENTITIES = table_of(ExternalIdentity).c

MOST_IDENTITIES = 20
"""How many accounts at issuers may stand for one user."""

_LONGEST_NAME = 200
_LONGEST_EMAIL = 254
_NAMES_TRIED = 100
_NO_EMAIL = "Its issuer says no email of yours, or does not say that it is yours."
_LINK = "Sign in here with your password, and link it by `linkIdentity`."


class FirstSight(NamedTuple):
    """What becomes of an account at an issuer that stands for nobody here yet."""

    links_by_email: bool = False
    """Whether it is linked to the user whose email the issuer has confirmed."""
    makes_accounts: bool = False


class ForeignTokens(NamedTuple):
    """The tokens of an issuer, as credentials."""

    issuer: Issuer
    database: Database
    at_first_sight: FirstSight

    async def viewer(self, identity: Identity, loaders: Loaders, now: datetime) -> Viewer:
        """Raises UNAUTHENTICATED."""
        return Viewer(await _user_of(identity, loaders, now, self))


async def _user_of(identity: Identity, loaders: Loaders, now: datetime, tokens: ForeignTokens) -> int:
    known = await loaders[UserByIdentity].load((identity.issuer, identity.subject))
    if known is None:
        return await _user_at_first_sight(identity, now, tokens.database, tokens.at_first_sight)
    _require_younger(identity, known.tokens_ended_at)
    return known.user_id


def _require_younger(identity: Identity, tokens_ended_at: datetime | None) -> None:
    """Raises UNAUTHENTICATED."""
    if tokens_ended_at and identity.issued_at <= tokens_ended_at:
        raise Unauthenticated(
            "The access token has ended: its user has signed out everywhere, or has another password. Get a "
            "new one from its issuer."
        )


async def link(session: AsyncSession, identity: Identity, user_id: int, actor: Actor) -> bool:
    """Whether it was not linked before. Raises CONFLICT if it stands for another user, or is one too many."""
    row = {
        "issuer": identity.issuer,
        "subject": identity.subject,
        "user_id": user_id,
        "linked_at": actor.at,
    }
    new = insert_into(session, ExternalIdentity).values(row).on_conflict_do_nothing()
    if (await session.execute(new.returning(IDENTITIES.user_id))).first():
        await _require_few(session, user_id)
        await record(session, actor, Act.IDENTITY_LINKED, await _id(session, user_id), account=user_id)
        return True
    its = (IDENTITIES.issuer == identity.issuer, IDENTITIES.subject == identity.subject)
    if await session.scalar(select(IDENTITIES.user_id).where(*its)) != user_id:
        raise Conflict("This account at the issuer is linked to another user.")
    return False


async def _require_few(session: AsyncSession, user_id: int) -> None:
    linked = await session.scalar(select(func.count()).where(IDENTITIES.user_id == user_id))
    if linked and linked > MOST_IDENTITIES:
        raise Conflict(
            f"At most {MOST_IDENTITIES} accounts at the issuer can be linked to a user. Unlink one of them "
            "first: see `linkedIdentities`.",
            reason="TOO_MANY",
        )


async def unlink_all(session: AsyncSession, user_id: int, actor: Actor) -> None:
    gone = delete(ExternalIdentity).where(IDENTITIES.user_id == user_id).returning(IDENTITIES.subject)
    for _ in (await session.execute(gone)).all():
        await record(session, actor, Act.IDENTITY_UNLINKED, await _id(session, user_id), account=user_id)


async def _user_at_first_sight(
    identity: Identity, now: datetime, database: Database, rules: FirstSight
) -> int:
    if not (rules.links_by_email or rules.makes_accounts):
        raise Unauthenticated(f"Your account at the issuer is linked to no user here. {_LINK}")
    if identity.email is None or len(identity.email) > _LONGEST_EMAIL:
        raise Unauthenticated(f"Your account at the issuer is linked to no user here. {_NO_EMAIL} {_LINK}")
    email = identity.email.lower()
    try:
        async with database.writing() as session:
            user_id = await _known(session, identity, email, rules)
            if user_id is None:
                user_id = await _made(session, identity, email, now, rules)
            await link(session, identity, user_id, Actor(now, user_id))
    except Conflict:
        # Two requests came at the same time.
        raise Unauthenticated("Your account at the issuer could not be linked. Try again.") from None
    return user_id


async def _known(session: AsyncSession, identity: Identity, email: str, rules: FirstSight) -> int | None:
    """The user who has the email. Raises UNAUTHENTICATED if the token may not act as that user."""
    its = select(USERS.id, USERS.tokens_ended_at).where(USERS.email == email)
    user = (await session.execute(its)).first()
    if user is None:
        return None
    if not rules.links_by_email:
        raise Unauthenticated(f"A user here has the email of your account at the issuer. {_LINK}")
    _require_younger(identity, user.tokens_ended_at)
    user_id: int = user.id
    return user_id


async def _made(
    session: AsyncSession, identity: Identity, email: str, now: datetime, rules: FirstSight
) -> int:
    if not rules.makes_accounts:
        raise Unauthenticated("No user here has the email of your account at the issuer.")
    name = identity.name if identity.name and len(identity.name) <= _LONGEST_NAME else None
    username = await _free_username(session, identity.username or email)
    user = await make_account(session, NewAccount(email, username, name), now)
    made = global_id(Kind.USER, user.public_id)
    await record(session, Actor(now, user.id), Act.ACCOUNT_CREATED, made, account=user.id)
    return user.id


async def _id(session: AsyncSession, user_id: int) -> str:
    """The user's global id."""
    public_id = await session.scalar(select(USERS.public_id).where(USERS.id == user_id))
    assert public_id, "the row of the link refers to it"
    return global_id(Kind.USER, public_id)


async def _free_username(session: AsyncSession, wanted: str) -> str:
    """The name, or the name with a number that nobody has. Raises CONFLICT."""
    base = _username_in(wanted.partition("@")[0])
    names = [base, *(f"{base}-{number}" for number in range(2, _NAMES_TRIED))]
    by_skeleton = {username_skeleton(name): name for name in names}
    taken = select(USERS.username_skeleton).where(USERS.username_skeleton.in_(by_skeleton))
    found = set(await session.scalars(taken))
    for skeleton, name in by_skeleton.items():
        if skeleton not in found:
            return name
    raise Conflict("All names like this are taken.")


def _username_in(text: str) -> str:
    """A name that is allowed, and as like to the text as it can be."""
    try:
        return stored_username(text[: LONGEST_USERNAME - 4])
    except BadUserInput:
        plain = re.sub(r"[^a-z0-9._-]+", "-", text.lower()).strip("-.")
        return plain[: LONGEST_USERNAME - 4] or "user"
