from datetime import datetime
from typing import NamedTuple, TypeAlias
from uuid import UUID

import msgspec
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from audit.actors import Actor
from audit.acts import Act
from base.ids import Kind, global_id, uuid7, uuid7_instant
from models import AuditEntry, AuthenticationKey

Value: TypeAlias = str | int | None


class Change(NamedTuple):
    """What a value was, and what it is from now on."""

    before: Value
    after: Value


class _Ids:
    """Ids whose order is that in which they are made, also within a millisecond (RFC 9562, 6.2)."""

    def __init__(self) -> None:
        self._last = UUID(int=0)

    def next(self, at: datetime) -> UUID:
        made = uuid7(at)
        if uuid7_instant(made) == uuid7_instant(self._last):
            made = max(made, UUID(int=self._last.int + 1))
        self._last = made
        return made


_ids = _Ids()


async def record(
    session: AsyncSession,
    actor: Actor,
    act: Act,
    object: str | None,
    *,
    organization: int | None = None,
    publication: int | None = None,
    account: int | None = None,
    **changes: Change | Value,
) -> AuditEntry:
    """Writes down what the transaction of this session does. `object` is the global id of what it is done
    to.

    `organization`, `publication` and `account` are ids of rows: whose admins, whose owner and which user may
    see it; without any of them, operators alone. `changes` are values of before and after, or of after alone.
    They must never be a secret, or a name or an address of a person.
    """
    key = None if actor.key_digest is None else await _key_with(session, actor.key_digest)
    entry = AuditEntry(
        public_id=_ids.next(actor.at),
        created_at=actor.at,
        act=act.name,
        actor=actor.kind,
        user_id=actor.user_id if actor.command is None else None,
        key=key,
        command=actor.command,
        object=object,
        organization_id=organization,
        publication_id=publication,
        account_id=account,
        changes=_written(changes),
    )
    session.add(entry)
    return entry


async def amend(session: AsyncSession, public_id: UUID, **changes: Change | Value) -> None:
    """Tells other changes in an entry of before: for work that takes many transactions."""
    statement = update(AuditEntry).where(col(AuditEntry.public_id) == public_id)
    await session.execute(statement.values(changes=_written(changes)))


async def _key_with(session: AsyncSession, digest: bytes) -> str | None:
    """The global id of the key; None if it is gone."""
    statement = select(col(AuthenticationKey.public_id)).where(col(AuthenticationKey.digest) == digest)
    public_id = await session.scalar(statement)
    return None if public_id is None else global_id(Kind.AUTHENTICATION_KEY, public_id)


def _written(changes: dict[str, Change | Value]) -> str | None:
    rows = [(name, *_change(value)) for name, value in changes.items()]
    return msgspec.json.encode(rows).decode() if rows else None


def _change(value: Change | Value) -> Change:
    return value if isinstance(value, Change) else Change(None, value)


class NamedChange(NamedTuple):
    """A change as it is read again."""

    name: str
    before: Value
    after: Value


def changes_in(text: str | None) -> list[NamedChange]:
    return msgspec.json.decode(text, type=list[NamedChange]) if text else []
