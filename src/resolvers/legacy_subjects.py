"""Events of a file that name subjects and users by the ids that these had in another system.

Only files may do so: what a server reports names its subjects by global ids, and needs no look for others.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Final

import msgspec

from base.ids import global_id, legacy_id_in
from base.kinds import SUBJECTS
from database import Database
from ingest.wire import WireEvent, WireWork
from resolvers.catalog.references import Reference, Target, resolved
from resolvers.catalog.tables import found
from resolvers.catalog.verdicts import Refused

_TARGETS: Final = {target.kind: target for target in Target}
_FIELDS: Final = [(entry.field, _TARGETS[entry.id]) for entry in SUBJECTS.values()]


async def name_by_global_ids(database: Database, events: Sequence[WireEvent]) -> None:
    """Puts global ids in place of others. An id that nothing has, or that several assets have, stays."""
    asked = {one for event in events for one in _references(event)}
    if not asked:
        return
    rows = await resolved(partial(found, database.fetch), asked)
    ids = {
        one: global_id(one.target.kind, row["public_id"])
        for one, row in rows.items()
        if not isinstance(row, Refused)
    }
    for event in events:
        _replace(event, ids)


def _references(event: WireEvent) -> Iterator[Reference]:
    for field, target in _FIELDS:
        named = getattr(event.subject, field)
        yield from _reference(target, named.user_id if isinstance(named, WireWork) else named)
    yield from _reference(Target.USER, event.user_id)


def _reference(target: Target, id: str | None) -> Iterable[Reference]:
    # A global id has a prefix, and is told apart in no time.
    if id is None or id[3:4] == "_" or legacy_id_in(id) is None:
        return ()
    return (Reference(target, id),)


def _replace(event: WireEvent, ids: dict[Reference, str]) -> None:
    for field, target in _FIELDS:
        named = getattr(event.subject, field)
        if isinstance(named, WireWork):
            id = ids.get(Reference(target, named.user_id), named.user_id)
            event.subject = msgspec.structs.replace(
                event.subject, **{field: msgspec.structs.replace(named, user_id=id)}
            )
        elif named and (its := ids.get(Reference(target, named))):
            event.subject = msgspec.structs.replace(event.subject, **{field: its})
    if event.user_id:
        event.user_id = ids.get(Reference(Target.USER, event.user_id), event.user_id)
