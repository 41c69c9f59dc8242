"""Attendances as days are folded: who came, by a snapshot, and who of them is still known."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from datetime import date
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from base.attendance import together, users_in, without
from base.kinds import SUBJECTS, SubjectKind
from database import Bulk, Lookup, among
from ingest.attendance import add_attendances
from ingest.attendance_rows import Key, attendances_within
from ingest.columns import USERS
from ingest.deleted_subjects import are_there
from ingest.erased_users import ALL_ERASED
from ingest.tenants import TenantRow

_SUBJECTS: Final = 200
_ROWS: Final = 250
"""So many are worth a transaction."""
_KNOWN: Final = Lookup(select(USERS.id).where(among(USERS.id, "ids")), int)


async def attended(
    seen: AsyncConnection, tenant_id: int, first: date, stop: date, subjects: Sequence[int]
) -> AsyncIterator[Mapping[Key, bytes]]:
    """Of some subjects at a time. Nothing is said of subjects to which nobody came."""
    found: dict[Key, bytes] = {}
    for start in range(0, len(subjects), _SUBJECTS):
        some = subjects[start : start + _SUBJECTS]
        found |= await attendances_within(seen, tenant_id, first, stop, some)
        if len(found) > _ROWS:
            yield found
            found = {}
    if found:
        yield found


async def add_known(
    writer: Bulk, tenant: TenantRow, people: Mapping[Key, bytes], *, are_all_looked_up: bool
) -> None:
    """Adds people to the attendances of a tenant, which must be shared, but neither to subjects that were
    deleted meanwhile, nor people who were erased. `are_all_looked_up`: whether that may be so long ago that
    nothing remembers it.
    """
    acted = [(tenant.id, int(SUBJECTS[SubjectKind(kind)].actions[0]), id) for _, kind, id, _ in people]
    there = await are_there(writer, acted, {tenant.id: tenant}) or [True] * len(acted)
    known = {key: part for (key, part), is_there in zip(people.items(), there, strict=True) if is_there}
    if gone := await _gone(writer, tenant, known.values(), are_all_looked_up=are_all_looked_up):
        known = {key: left for key, part in known.items() if (left := without(part, gone))}
    await add_attendances(writer, known)


async def _gone(
    writer: Bulk, tenant: TenantRow, people: Collection[bytes], *, are_all_looked_up: bool
) -> set[int]:
    """Those who were erased."""
    erased: set[int] = set()
    if tenant.users_erased:
        erased.update(await writer.fetch(ALL_ERASED))
    if are_all_looked_up:
        users = users_in(together(people))
        known: list[int] = await writer.fetch(_KNOWN, ids=users)
        erased.update(set(users).difference(known))
    return erased
