"""Deletes the rows of an object that was buried, and then the object itself."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import BigInteger, bindparam, delete, select
from sqlmodel import SQLModel, col

from database import Statement, among, table_of
from ingest.deletions.lease import DeletionRow
from ingest.deletions.ranges import Ranges
from ingest.deletions.rows import Rows
from ingest.deletions.subjects import delete_subjects
from ingest.deletions.tenants import delete_owned
from ingest.deletions.traces import delete_traces
from ingest.tenants import lock_tenant
from models import (
    Appointment,
    Asset,
    AssetDomain,
    AssetFormat,
    Bookmark,
    CoCreator,
    Comment,
    DeletedKind,
    Experience,
    ExperienceTotal,
    Like,
    Organization,
    Publication,
    SubjectKind,
    Tenant,
    User,
    Workspace,
)


def _within(name: str, model: type[SQLModel]) -> Ranges:
    """Rows that have one of the `ids` in a column."""
    order = [column.name for column in table_of(model).primary_key.columns]
    return Ranges(model, among(table_of(model).c[name], "ids"), order=order)


def _of_publication(model: type[SQLModel]) -> Ranges:
    """Rows of the publication `id`: there may be very many of one."""
    key = [column.name for column in table_of(model).primary_key.columns]
    its = table_of(model).c.publication_id == bindparam("id", type_=BigInteger())
    return Ranges(model, its, order=[name for name in key if name != "publication_id"])


_OF_PUBLICATION: Final = tuple(
    _of_publication(model)
    for model in (Like, Bookmark, Comment, Appointment, Experience, ExperienceTotal, CoCreator)
)
_PUBLICATIONS: Final = _within("id", Publication)
_OF_ASSETS: Final = tuple(_within("asset_id", model) for model in (AssetFormat, AssetDomain))
_ASSETS: Final = _within("id", Asset)
_WORKSPACES: Final = _within("id", Workspace)
_WORKSPACES_OF: Final = _within("organization_id", Workspace)
_AT_A_TIME: Final = 100


async def delete_object(rows: Rows, deletion: DeletionRow) -> None:
    """Can be stopped at any point, and begun again."""
    await _BY_KIND[DeletedKind(deletion.kind)](rows, deletion)


async def _publication(rows: Rows, deletion: DeletionRow) -> None:
    ids = [deletion.object_id]
    await delete_subjects(rows, deletion.owner_tenant_id, SubjectKind.PUBLICATION, ids)
    await _publications(rows, ids)


async def _publications(rows: Rows, ids: Sequence[int]) -> None:
    for id in ids:
        for ranges in _OF_PUBLICATION:
            await rows.delete(ranges, id=id)
        await rows.delete(_PUBLICATIONS, ids=[id])


async def _asset(rows: Rows, deletion: DeletionRow) -> None:
    await _assets(rows, deletion.owner_tenant_id, [deletion.object_id])


async def _workspace(rows: Rows, deletion: DeletionRow) -> None:
    ids = await _ids(rows, Asset, Asset.workspace_id, deletion.object_id)
    await _assets(rows, deletion.owner_tenant_id, ids)
    await rows.delete(_WORKSPACES, ids=[deletion.object_id])


async def _assets(rows: Rows, tenant_id: int, ids: Sequence[int]) -> None:
    await delete_subjects(rows, tenant_id, SubjectKind.ASSET, ids)
    await _asset_rows(rows, ids)


async def _asset_rows(rows: Rows, ids: Sequence[int]) -> None:
    for start in range(0, len(ids), _AT_A_TIME):
        for ranges in (*_OF_ASSETS, _ASSETS):
            await rows.delete(ranges, ids=ids[start : start + _AT_A_TIME])


async def _organization(rows: Rows, deletion: DeletionRow) -> None:
    """All that was counted for its tenant is of its assets."""
    await delete_owned(rows, deletion.owner_tenant_id)
    await _asset_rows(rows, await _ids(rows, Asset, Asset.organization_id, deletion.object_id))
    await rows.delete(_WORKSPACES_OF, ids=[deletion.object_id])
    await _owner(rows, Organization, deletion)


async def _account(rows: Rows, deletion: DeletionRow) -> None:
    await delete_traces(rows, deletion)
    await delete_owned(rows, deletion.owner_tenant_id)
    await _publications(rows, await _ids(rows, Publication, Publication.owner_id, deletion.object_id))
    await _owner(rows, User, deletion)


async def _owner(rows: Rows, model: type[SQLModel], deletion: DeletionRow) -> None:
    """Deletes what owns a tenant, together with the tenant. Nobody counts anything for it meanwhile."""
    table = table_of(model)
    if not await _ids(rows, model, table.c.id, deletion.object_id):
        return
    async with rows.database.writing(is_change=False) as session:
        await lock_tenant(session, deletion.owner_tenant_id)
        await session.execute(delete(table).where(table.c.id == deletion.object_id))
        await session.execute(delete(Tenant).where(col(Tenant.id) == deletion.owner_tenant_id))


async def _ids(rows: Rows, model: type[SQLModel], within: Any, id: int) -> list[int]:
    key = table_of(model).c.id
    return await rows.database.fetch(Statement(select(key).where(col(within) == id).order_by(key), int))


_BY_KIND: Final[Mapping[DeletedKind, Callable[[Rows, DeletionRow], Awaitable[None]]]] = {
    DeletedKind.PUBLICATION: _publication,
    DeletedKind.ASSET: _asset,
    DeletedKind.WORKSPACE: _workspace,
    DeletedKind.ORGANIZATION: _organization,
    DeletedKind.ACCOUNT: _account,
}
