"""Looks up the global ids that callers send."""

from collections.abc import Awaitable, Callable
from typing import TypeVar
from uuid import UUID

from base.errors import NotFound
from base.ids import Kind, public_id_in
from loaders.people import UserByPublicId, UserRow
from loaders.publications import PublicationByPublicId, PublicationRow
from resolvers.context import Context

R = TypeVar("R")


def public_id_of(kind: Kind, id: str, **extensions: str) -> UUID:
    """Raises NOT_FOUND for an id of another kind, and for a text that is no id. `extensions` go into the
    error."""
    public_id = public_id_in(id, kind)
    if public_id is None:
        raise no_such(kind, **extensions)
    return public_id


def no_such(kind: Kind, **extensions: str) -> NotFound:
    return NotFound(f"There is no such {kind.word}.", **extensions)


async def find(kind: Kind, id: str, load: Callable[[UUID], Awaitable[R | None]]) -> R:
    row = await load(public_id_of(kind, id))
    if row is None:
        raise no_such(kind)
    return row


async def find_publication(context: Context, id: str) -> PublicationRow:
    return await find(Kind.PUBLICATION, id, context.loaders[PublicationByPublicId].load)


async def find_user(context: Context, id: str) -> UserRow:
    return await find(Kind.USER, id, context.loaders[UserByPublicId].load)
