"""Admits batches by columns, if nothing in them is out of the ordinary.

The rules are those of `ingest.admission`. They are checked for whole columns. If an event might break one, or
has what the columns do not decide, then the whole batch is Odd, and is admitted event by event.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from operator import sub
from typing import Final, cast

from base.ids import uuid7
from base.packed import packed_instant
from base.time_units import MICROSECOND
from ingest.admission import AHEAD, MADE_BEFORE, ON_THE_WAY, Dropped, Sender, counted_domain
from ingest.event_columns import EventColumns, have_none
from ingest.id_columns import optional_ids, times_of
from ingest.wire import ACTIONS, DEVICES, WireSubject
from ingest.wire_columns import WireColumns
from loaders.subjects import Subject
from models import SUBJECT_OF

_ACTIONS: Final[dict[str, int]] = {name.name: int(action) for name, action in ACTIONS.items()}
_KINDS: Final[dict[str, int]] = {name.name: int(SUBJECT_OF[action]) for name, action in ACTIONS.items()}
_DEVICES: Final[dict[str, int]] = {name.name: int(device) for name, device in DEVICES.items()}
_AHEAD: Final = AHEAD // MICROSECOND
_MADE_BEFORE: Final = MADE_BEFORE // MICROSECOND
_ON_THE_WAY: Final = ON_THE_WAY // MICROSECOND


class Odd(Exception):
    """The columns do not decide this batch."""


def admitted_columns(
    wire: WireColumns, subjects: Mapping[WireSubject, Subject], sender: Sender
) -> EventColumns:
    """The events, all of them. They have the user and the visitor of the sender. Raises Odd."""
    if not wire.size:
        return EventColumns.none()
    now = packed_instant(sender.now)
    _require_right_clocks(wire.sent_at, now)
    found = _found(wire, subjects)
    ids = _ids(wire.ids, sender.now)
    made = _made(ids, now, sender)
    stated = _stated(wire, made, now)
    instants = _until_now(stated, now, sender)
    if sender.is_believed:
        _require_made_in_time(instants, made)
    if any(subject.oldest for subject in subjects.values()):
        _require_unpruned(stated, found)
    are_limited = any(subject.domains for subject in subjects.values())
    return EventColumns(
        [subject.tenant_id for subject in found],
        ids,
        [subject.id for subject in found],
        list(map(_ACTIONS.__getitem__, wire.actions)),
        instants,
        _devices(wire.devices, int(sender.device)),
        _domains(wire.domains, found) if are_limited else _domains_of_all(wire.domains, found[0]),
        _view_ids(wire.view_ids),
        [sender.user_id] * wire.size,
        [sender.visitor] * wire.size,
        [sender.is_believed] * wire.size,
    )


def _require_right_clocks(sent_at: Sequence[int | None], now: int) -> None:
    if any(abs(now - at) > _ON_THE_WAY for at in set(sent_at) if at is not None):
        raise Odd


def _found(wire: WireColumns, subjects: Mapping[WireSubject, Subject]) -> list[Subject]:
    try:
        found = list(map(subjects.__getitem__, wire.subjects))
    except KeyError:
        raise Odd from None
    if list(map(_KINDS.__getitem__, wire.actions)) != [subject.kind for subject in found]:
        raise Odd
    return found


def _ids(texts: Sequence[str | None], now: datetime) -> Sequence[bytes]:
    ids = optional_ids(texts)
    if ids is None:
        raise Odd
    return cast(Sequence[bytes], ids) if all(ids) else [uuid7(now).bytes if id is None else id for id in ids]


def _made(ids: Sequence[bytes], now: int, sender: Sender) -> Sequence[int | None]:
    """When the ids of version 7 were made."""
    made = times_of(ids)
    known = cast(Sequence[int], made) if all(made) else [at for at in made if at is not None]
    if known and max(known) > now + _AHEAD:
        raise Odd
    if not sender.is_believed and (len(known) < len(made) or min(known) < packed_instant(sender.oldest)):
        raise Odd
    return made


def _stated(wire: WireColumns, made: Sequence[int | None], now: int) -> Sequence[int]:
    """The times that are stated, or are in the ids."""
    if not have_none(wire.instants):
        return cast(Sequence[int], wire.instants)
    return [
        (now if id is None or in_id is None else in_id) if at is None else at
        for at, id, in_id in zip(wire.instants, wire.ids, made, strict=True)
    ]


def _until_now(stated: Sequence[int], now: int, sender: Sender) -> Sequence[int]:
    """The stated times. What is a little ahead is now."""
    latest = max(stated)
    if min(stated) < packed_instant(sender.oldest) or latest > now + _AHEAD:
        raise Odd
    return stated if latest <= now else [min(at, now) for at in stated]


def _require_made_in_time(instants: Sequence[int], made: Sequence[int | None]) -> None:
    if have_none(made):
        late: Iterable[int] = (
            at - in_id for at, in_id in zip(instants, made, strict=True) if in_id is not None
        )
    else:
        known = cast(Sequence[int], made)
        if max(instants) - min(known) <= _MADE_BEFORE:
            return
        late = map(sub, instants, known)
    if max(late, default=0) > _MADE_BEFORE:
        raise Odd


def _require_unpruned(instants: Sequence[int], found: Sequence[Subject]) -> None:
    oldest = {id(subject): subject.oldest for subject in found}
    kept = {subject: at and packed_instant(at) for subject, at in oldest.items()}
    if any(at < (kept[id(subject)] or at) for at, subject in zip(instants, found, strict=True)):
        raise Odd


def _devices(names: Sequence[str | None], other: int) -> list[int]:
    return [other if name is None else _DEVICES[name] for name in names]


def _domains_of_all(texts: Sequence[str | None], subject: Subject) -> list[str | None]:
    """For subjects of which all sites count, whatever the subject is."""
    names = {text: _domain(text, subject) for text in set(texts)}
    return [names[text] for text in texts]


def _domains(texts: Sequence[str | None], found: Sequence[Subject]) -> list[str | None]:
    by_id = {id(subject): subject for subject in found}
    pairs = list(zip(texts, map(id, found), strict=True))
    domains = {pair: _domain(pair[0], by_id[pair[1]]) for pair in set(pairs)}
    return [domains[pair] for pair in pairs]


def _domain(text: str | None, subject: Subject) -> str | None:
    try:
        return counted_domain(text, subject)
    except Dropped:
        raise Odd from None


def _view_ids(texts: Sequence[str | None]) -> Sequence[bytes | None]:
    ids = optional_ids(texts)
    if ids is None:
        raise Odd
    return ids
