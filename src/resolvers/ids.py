"""Global ids that callers send, looked up."""

from collections.abc import Awaitable, Callable
from typing import TypeVar
from uuid import UUID

from base.errors import NotFound
from base.ids import InvalidId, Kind, parse_global_id
from loaders.people import UserByPublicId, UserRow
from loaders.publications import PublicationByPublicId, PublicationRow
from resolvers.context import Context

R = TypeVar("R")

_WORDS = {
    Kind.USER: "user",
    Kind.PUBLICATION: "publication",
    Kind.EXPERIENCE: "experience",
    Kind.COMMENT: "comment",
    Kind.APPOINTMENT: "appointment",
    Kind.ORGANIZATION: "organization",
    Kind.WORKSPACE: "workspace",
    Kind.ASSET: "asset",
    Kind.USER_INSIGHT: "insight",
    Kind.AUTHENTICATION_KEY: "authentication key",
}


def public_id_of(kind: Kind, id: str, **extensions: str) -> UUID:
    """Raises NOT_FOUND for an id of another kind, or of none, with what the error says besides."""
    try:
        found, public_id = parse_global_id(id)
    except InvalidId:
        raise no_such(kind, **extensions) from None
    if found is not kind:
        raise no_such(kind, **extensions)
    return public_id


def no_such(kind: Kind, **extensions: str) -> NotFound:
    return NotFound(f"There is no such {_WORDS[kind]}.", **extensions)


async def find(kind: Kind, id: str, load: Callable[[UUID], Awaitable[R | None]]) -> R:
    row = await load(public_id_of(kind, id))
    if row is None:
        raise no_such(kind)
    return row


async def find_publication(context: Context, id: str) -> PublicationRow:
    return await find(Kind.PUBLICATION, id, context.loaders[PublicationByPublicId].load)


async def find_user(context: Context, id: str) -> UserRow:
    return await find(Kind.USER, id, context.loaders[UserByPublicId].load)
