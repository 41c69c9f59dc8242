"""Looks up the global ids that callers send."""

from collections.abc import Awaitable, Callable
from typing import TypeAlias, TypeVar
from uuid import UUID

from base.errors import NotFound
from base.ids import Kind, legacy_id_in, public_id_in, uuid_in
from loaders.people import UserByLegacyId, UserByPublicId, UserRow
from loaders.publications import PublicationByLegacyId, PublicationByPublicId, PublicationRow
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


Load: TypeAlias = Callable[[UUID], Awaitable[R | None]]
LoadLegacy: TypeAlias = Callable[[str], Awaitable[R | None]]


async def find(kind: Kind, id: str, load: Load[R], load_legacy: LoadLegacy[R] | None = None) -> R:
    row = await found(kind, id, load, load_legacy)
    if row is None:
        raise no_such(kind)
    return row


async def found(kind: Kind, id: str, load: Load[R], load_legacy: LoadLegacy[R] | None = None) -> R | None:
    """Finds an object by its global id. With `load_legacy`, also by the UUID in that, and then by the id of
    another system: so nobody hides an object by giving its UUID to another one.
    """
    public_id = public_id_in(id, kind)
    if public_id is None and load_legacy:
        public_id = uuid_in(id)
    row = None if public_id is None else await load(public_id)
    if row is None and load_legacy and (legacy_id := legacy_id_in(id)):
        row = await load_legacy(legacy_id)
    return row


async def find_publication(context: Context, id: str) -> PublicationRow:
    loaders = context.loaders
    return await find(
        Kind.PUBLICATION, id, loaders[PublicationByPublicId].load, loaders[PublicationByLegacyId].load
    )


async def find_user(context: Context, id: str) -> UserRow:
    loaders = context.loaders
    return await find(Kind.USER, id, loaders[UserByPublicId].load, loaders[UserByLegacyId].load)
