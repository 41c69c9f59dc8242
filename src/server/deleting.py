"""Deletions by operators, who need nobody's leave."""

from asyncio import sleep
from collections.abc import Awaitable, Callable, Mapping
from enum import StrEnum
from typing import Any, Final, NamedTuple

from base.ids import Kind
from ingest.deletions.lease import REMEMBERED, DeletionRow, deletions_of
from ingest.deletions.work import delete_one
from loaders.assets import AssetByPublicId
from loaders.base import Loader
from loaders.credentials import AccountByEmail
from loaders.organizations import OrganizationByPublicId, WorkspaceByPublicId
from loaders.people import UserById, UserByPublicId, UserByUsername, UserRow
from loaders.publications import (
    ExperienceByPublicId,
    PublicationById,
    PublicationByPublicId,
    PublicationByUrl,
)
from models import DeletedKind
from resolvers.account_deletion import bury_account
from resolvers.context import Context, Services
from resolvers.deletions import bury as bury_row
from resolvers.deletions import drop_experience
from resolvers.ids import no_such, public_id_of
from server.failures import Failure

_PAUSE: Final = 1.0


class DeletedObject(StrEnum):
    PUBLICATION = "publication"
    EXPERIENCE = "experience"
    ASSET = "asset"
    WORKSPACE = "workspace"
    ORGANIZATION = "organization"
    ACCOUNT = "account"


class _Way(NamedTuple):
    kind: Kind
    loader: type[Loader[Any, Any]]
    bury: Callable[[Context, Any], Awaitable[Any]]


def _row(kind: DeletedKind) -> Callable[[Context, Any], Awaitable[Any]]:
    return lambda context, row: bury_row(context, kind, row)


async def _experience(context: Context, row: Any) -> None:
    publication = await context.loaders[PublicationById].load(row.publication_id)
    if publication is None:
        raise no_such(Kind.EXPERIENCE)
    await drop_experience(context, row, publication)


async def _account(context: Context, row: UserRow) -> None:
    await bury_account(context, row, deletes_publications=True)


_WAYS: Final[Mapping[DeletedObject, _Way]] = {
    DeletedObject.PUBLICATION: _Way(Kind.PUBLICATION, PublicationByPublicId, _row(DeletedKind.PUBLICATION)),
    DeletedObject.EXPERIENCE: _Way(Kind.EXPERIENCE, ExperienceByPublicId, _experience),
    DeletedObject.ASSET: _Way(Kind.ASSET, AssetByPublicId, _row(DeletedKind.ASSET)),
    DeletedObject.WORKSPACE: _Way(Kind.WORKSPACE, WorkspaceByPublicId, _row(DeletedKind.WORKSPACE)),
    DeletedObject.ORGANIZATION: _Way(
        Kind.ORGANIZATION, OrganizationByPublicId, _row(DeletedKind.ORGANIZATION)
    ),
    DeletedObject.ACCOUNT: _Way(Kind.USER, UserByPublicId, _account),
}


async def bury(services: Services, what: DeletedObject, id: str, *, command: str) -> None:
    """From then on nobody finds it. Raises NOT_FOUND and CONFLICT."""
    context = Context(services, services.clock(), command=command)
    way = _WAYS[what]
    if what is DeletedObject.ACCOUNT:
        row: Any = await find_person(context, id)
    elif what is DeletedObject.PUBLICATION and not id.startswith(f"{Kind.PUBLICATION}_"):
        row = await context.loaders[PublicationByUrl].load(id)
    else:
        row = await context.loaders[way.loader].load(public_id_of(way.kind, id))
    if row is None:
        raise no_such(way.kind)
    await way.bury(context, row)


async def find_person(context: Context, name: str) -> UserRow:
    """By an email, a username or a global id. Raises NOT_FOUND."""
    loaders = context.loaders
    if "@" in name and (account := await loaders[AccountByEmail].load(name.strip().lower())):
        row = await loaders[UserById].load(account.user_id)
    elif name.startswith(f"{Kind.USER}_"):
        row = await loaders[UserByPublicId].load(public_id_of(Kind.USER, name))
    else:
        row = await loaders[UserByUsername].load(name)
    if row is None:
        raise no_such(Kind.USER)
    return row


async def finish(services: Services) -> int:
    """Deletes all that is buried, and waits for what is not due yet. Returns how many rows went. Raises
    Failure if another process does it.
    """
    rows = 0
    while waiting := [one for one in await deletions_of(services.database) if one.finished_at is None]:
        for deletion in waiting:
            rows -= deletion.rows_deleted
            await _finish_one(services, deletion)
            rows += await _rows_of(services, deletion)
    return rows


async def _finish_one(services: Services, deletion: DeletionRow) -> None:
    if deletion.kind == DeletedKind.ACCOUNT:
        # Servers may still take the account for one that is there.
        due = deletion.requested_at + REMEMBERED
        await sleep(max(0.0, (due - services.clock()).total_seconds()))
    if not await delete_one(services.database, services.topics, services.clock, deletion):
        raise Failure(
            "Another process is deleting, and goes on by itself. `viewgraph deletions` says where it stands."
        )


async def _rows_of(services: Services, deletion: DeletionRow) -> int:
    rows = {one.id: one.rows_deleted for one in await deletions_of(services.database)}
    return rows.get(deletion.id, 0)
