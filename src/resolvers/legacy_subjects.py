"""Events and totals of files that name subjects and users by the ids that these had in another system.

Only files may do so: what a server reports names its subjects by global ids, and needs no look for others.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Final, TypeAlias

import msgspec

from base.ids import global_id, legacy_id_in
from base.kinds import SUBJECTS
from database import Database
from ingest.wire import WireEvent, WireSubject, WireWork
from ingest.wire_columns import WireColumns
from ingest.wire_totals import WireTotal
from resolvers.catalog.references import Reference, Target, resolved
from resolvers.catalog.tables import found
from resolvers.catalog.verdicts import Refused

_TARGETS: Final = {target.kind: target for target in Target}
_FIELDS: Final = [(entry.field, _TARGETS[entry.id]) for entry in SUBJECTS.values()]


Named: TypeAlias = WireEvent | WireTotal


async def name_by_global_ids(database: Database, lines: Sequence[Named]) -> None:
    """Puts global ids in place of others. An id that nothing has, or that several assets have, stays."""
    asked = {one for line in lines for one in _references(line)}
    if not asked:
        return
    rows = await resolved(partial(found, database.fetch), asked)
    ids = {
        one: global_id(one.target.kind, row["public_id"])
        for one, row in rows.items()
        if not isinstance(row, Refused)
    }
    for line in lines:
        _replace(line, ids)


def are_global(columns: WireColumns) -> bool:
    """Whether all subjects and users have global ids."""
    subjects = (one for subject in set(columns.subjects) for one in _of_subject(subject))
    users = (one for id in set(columns.user_ids) for one in _reference(Target.USER, id))
    return not any(subjects) and not any(users)


def _references(line: Named) -> Iterator[Reference]:
    yield from _of_subject(line.subject)
    if isinstance(line, WireEvent):
        yield from _reference(Target.USER, line.user_id)


def _of_subject(subject: WireSubject) -> Iterator[Reference]:
    for field, target in _FIELDS:
        named = getattr(subject, field)
        yield from _reference(target, named.user_id if isinstance(named, WireWork) else named)


def _reference(target: Target, id: str | None) -> Iterable[Reference]:
    # A global id has a prefix, and is told apart in no time.
    if id is None or id[3:4] == "_" or legacy_id_in(id) is None:
        return ()
    return (Reference(target, id),)


def _replace(line: Named, ids: dict[Reference, str]) -> None:
    for field, target in _FIELDS:
        named = getattr(line.subject, field)
        if isinstance(named, WireWork):
            id = ids.get(Reference(target, named.user_id), named.user_id)
            line.subject = msgspec.structs.replace(
                line.subject, **{field: msgspec.structs.replace(named, user_id=id)}
            )
        elif named and (its := ids.get(Reference(target, named))):
            line.subject = msgspec.structs.replace(line.subject, **{field: its})
    if isinstance(line, WireEvent) and line.user_id:
        line.user_id = ids.get(Reference(Target.USER, line.user_id), line.user_id)
