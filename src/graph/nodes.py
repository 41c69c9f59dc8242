"""Objects by their global ids: each kind by the door that its own fields use, so no rule is passed by."""

from collections.abc import Awaitable, Callable

from base.errors import ExpectedError, NotFound
from base.ids import InvalidId, Kind, parse_global_id
from graph.types.assets import Asset, Organization, Workspace
from graph.types.insight import UserInsight
from graph.types.interaction import Appointment, Comment
from graph.types.node import Node
from graph.types.publication import Experience, Publication, User
from loaders.insights import InsightByPublicId
from loaders.publications import CommentByPublicId, ExperienceByPublicId
from resolvers.appointments import find_appointment
from resolvers.context import Context
from resolvers.ids import find, find_publication, find_user
from resolvers.organizations import find_asset, find_organization, find_workspace


async def _user(context: Context, id: str) -> Node:
    return User.of(await find_user(context, id))


async def _publication(context: Context, id: str) -> Node:
    return Publication.of(await find_publication(context, id))


async def _experience(context: Context, id: str) -> Node:
    return Experience.of(await find(Kind.EXPERIENCE, id, context.loaders[ExperienceByPublicId].load))


async def _comment(context: Context, id: str) -> Node:
    return Comment.of(await find(Kind.COMMENT, id, context.loaders[CommentByPublicId].load))


async def _appointment(context: Context, id: str) -> Node:
    return Appointment.of(await find_appointment(context, id))


async def _organization(context: Context, id: str) -> Node:
    return Organization.of(await find_organization(context, id))


async def _workspace(context: Context, id: str) -> Node:
    return Workspace.of(await find_workspace(context, id))


async def _asset(context: Context, id: str) -> Node:
    return Asset.of(await find_asset(context, id))


async def _insight(context: Context, id: str) -> Node:
    return UserInsight.of(await find(Kind.USER_INSIGHT, id, context.loaders[InsightByPublicId].load))


_DOORS: dict[Kind, Callable[[Context, str], Awaitable[Node]]] = {
    Kind.USER: _user,
    Kind.PUBLICATION: _publication,
    Kind.EXPERIENCE: _experience,
    Kind.COMMENT: _comment,
    Kind.APPOINTMENT: _appointment,
    Kind.ORGANIZATION: _organization,
    Kind.WORKSPACE: _workspace,
    Kind.ASSET: _asset,
    Kind.USER_INSIGHT: _insight,
}


async def node(context: Context, id: str) -> Node:
    try:
        kind, _ = parse_global_id(id)
    except InvalidId:
        raise NotFound("There is no object with this id.") from None
    door = _DOORS.get(kind)
    if door is None:
        raise NotFound("There is no object with this id.")
    return await door(context, id)


async def node_or_error(context: Context, id: str) -> Node | ExpectedError:
    """In a list an error stands in its object's place, and leaves the others alone."""
    try:
        return await node(context, id)
    except ExpectedError as error:
        return error
