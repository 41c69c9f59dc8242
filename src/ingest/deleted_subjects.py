"""Events about what was deleted a short time ago. Whoever took them in may have remembered it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Table, select
from sqlmodel import SQLModel

from base.kinds import SUBJECTS
from database import Bulk, Lookup, among
from ingest.tenants import TenantRow
from models import SUBJECT_OF, Action, SubjectKind


def _there(table: Table) -> Lookup[int]:
    known = [table.c.deleted_at.is_(None)] if "deleted_at" in table.c else []
    return Lookup(select(table.c.id).where(among(table.c.id, "ids"), *known), int)


_THERE = {kind: _there(SQLModel.metadata.tables[entry.table]) for kind, entry in SUBJECTS.items()}


Acted = tuple[int, int, int]
"""A tenant, an action, and the id of its subject."""


async def are_there(
    bulk: Bulk, acted: Iterable[Acted], tenants: Mapping[int, TenantRow]
) -> Sequence[bool] | None:
    """Whether the subject of each action can still be counted; None if nothing speaks against any of them.

    The tenants are locked, so nothing of them is deleted meanwhile.
    """
    deleted = {tenant.id for tenant in tenants.values() if tenant.deleted_at}
    doubtful = {tenant.id for tenant in tenants.values() if tenant.subject_deleted_at} - deleted
    if not deleted and not doubtful:
        return None
    rows = list(acted)
    found = await _found(bulk, [row for row in rows if row[0] in doubtful])
    return [
        tenant_id not in deleted and (tenant_id not in doubtful or (_kind(action), subject_id) in found)
        for tenant_id, action, subject_id in rows
    ]


async def _found(bulk: Bulk, acted: Iterable[Acted]) -> set[tuple[SubjectKind, int]]:
    asked: defaultdict[SubjectKind, set[int]] = defaultdict(set)
    for _, action, subject_id in acted:
        asked[_kind(action)].add(subject_id)
    return {
        (kind, id)
        for kind, ids in sorted(asked.items())
        for id in await bulk.fetch(_THERE[kind], ids=sorted(ids))
    }


def _kind(action: int) -> SubjectKind:
    return SUBJECT_OF[Action(action)]
