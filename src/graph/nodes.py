"""Finds objects by their global ids. Each kind is found by the function that its own fields use, so that the
same rules of access hold.
"""

from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias
from uuid import UUID

from base.errors import ExpectedError, NotFound
from base.ids import InvalidId, Kind, parse_global_id
from graph.faces import face_of
from graph.types.node import Node
from loaders.base import RowLoader
from loaders.insights import InsightByPublicId
from loaders.publications import CommentByPublicId, ExperienceByPublicId
from resolvers.appointments import find_appointment
from resolvers.context import Context
from resolvers.ids import find, find_publication, find_user
from resolvers.invitation_answers import find_invitation
from resolvers.organizations import find_asset, find_organization, find_workspace

Finder: TypeAlias = Callable[[Context, str], Awaitable[Any]]
"""Gives the row of a global id. Raises NOT_FOUND."""


def _public(kind: Kind, loader: type[RowLoader[UUID, Any]]) -> Finder:
    """Finds what everybody may see."""

    async def finder(context: Context, id: str) -> Any:
        return await find(kind, id, context.loaders[loader].load)

    return finder


_FINDERS: dict[Kind, Finder] = {
    Kind.USER: find_user,
    Kind.PUBLICATION: find_publication,
    Kind.EXPERIENCE: _public(Kind.EXPERIENCE, ExperienceByPublicId),
    Kind.COMMENT: _public(Kind.COMMENT, CommentByPublicId),
    Kind.APPOINTMENT: find_appointment,
    Kind.ORGANIZATION: find_organization,
    Kind.WORKSPACE: find_workspace,
    Kind.ASSET: find_asset,
    Kind.INVITATION: find_invitation,
    Kind.USER_INSIGHT: _public(Kind.USER_INSIGHT, InsightByPublicId),
}


async def node(context: Context, id: str) -> Node:
    try:
        kind, _ = parse_global_id(id)
    except InvalidId:
        raise NotFound("There is no object with this id.") from None
    finder = _FINDERS.get(kind)
    if finder is None:
        raise NotFound("There is no object with this id.")
    shown: Node = face_of(await finder(context, id))
    return shown


async def node_or_error(context: Context, id: str) -> Node | ExpectedError:
    """For lists: an error takes the place of its object, and leaves the others alone."""
    try:
        return await node(context, id)
    except ExpectedError as error:
        return error
