"""Caps on the number of domains that are counted apart on one day of a subject.

The domains that the totals of the day have count, in whatever order events come. A raw event is stored with
the domain under which it was counted, so that a recount gives the same.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from itertools import compress
from typing import NamedTuple

from sqlalchemy import BigInteger, SmallInteger, bindparam, select

from base.kinds import SUBJECTS
from base.packed import day_in
from database import Bulk, Statement, among, ordered_join, rows_of, table_of
from ingest.columns import DAYS, DOMAINS
from ingest.deltas import DomainIds, day_keys
from ingest.domain_ids import DOMAIN_IDS, IDS_AMONG_SOME, add_domains
from ingest.domains import OTHER
from ingest.event_columns import EventColumns
from ingest.tenants import LOCKED
from models import SUBJECT_OF, Action, Day, DayTotal, Event, SubjectKind


class DomainCaps(NamedTuple):
    """How many domains of one subject and day are counted apart. All others are counted as one."""

    of_strangers: int = 100
    """When there are so many, from all senders together, events of strangers add no more."""
    of_all: int = 1_000
    """When there are so many, nobody adds any more."""


USUAL_CAPS = DomainCaps()
_SOME_DOMAINS = Statement(
    select(DOMAINS.id).where(DOMAINS.unused_since.is_(None)).limit(bindparam("most", type_=BigInteger())), int
)
_ASKED = rows_of(
    "days", tenant_id=BigInteger(), subject_id=BigInteger(), action=SmallInteger(), day=Day()
).table_valued("tenant_id", "subject_id", "action", "day", name="asked")
_DOMAINS_OF_DAYS = Statement(
    select(DAYS.tenant_id, DAYS.subject_id, DAYS.action, DAYS.day, DAYS.domain_id)
    .select_from(
        ordered_join(
            _ASKED,
            table_of(DayTotal),
            (DAYS.tenant_id == _ASKED.c.tenant_id)
            & (DAYS.subject_id == _ASKED.c.subject_id)
            & (DAYS.action == _ASKED.c.action)
            & (DAYS.day == _ASKED.c.day)
            & among(DAYS.tenant_id, "tenants"),
        )
    )
    .where(DAYS.domain_id > 0)
    .distinct(),
    lambda tenant_id, subject_id, action, day, domain_id: (
        SubjectDay(tenant_id, SUBJECT_OF[Action(action)], subject_id, day),
        domain_id,
    ),
)


class SubjectDay(NamedTuple):
    tenant_id: int
    kind: SubjectKind
    subject_id: int
    day: date


async def capped_domain_ids(
    bulk: Bulk, events: EventColumns, days: Sequence[int], caps: DomainCaps
) -> list[int]:
    """The ids of the domains under which the events are counted. `days` is a column, too.

    As long as there are few domains, one look-up says all. Later, a domain that its subject's day already has
    costs one more, and a new one costs more than that.
    """
    ids: dict[str | None, int] = {None: 0}
    names = {name for name in set(events.domains) if name}
    if not names:
        return [0] * events.size
    few = min(caps) // 2
    found = await bulk.fetch(IDS_AMONG_SOME, names=sorted(names), most=max(few, 0) + 1)
    ids.update((name, id) for name, id, _ in found)
    if len(found) == len(names) and found[0][-1] <= few:
        # No day can have too many, nor have others who write now added so many.
        return list(map(ids.__getitem__, events.domains))
    fresh = await _fresh(bulk, events, days, ids)
    domains: Sequence[str | None] = events.domains
    if fresh:
        domains = list(domains)
        for place, domain in (await _placed(bulk, events, fresh, days, caps, ids)).items():
            domains[place] = domain
        await add_domains(bulk, {domains[place] for place in fresh}, ids)
    return list(map(ids.__getitem__, domains))


async def _are_few(bulk: Bulk, most: int) -> bool:
    """Whether there are at most so many domains in all."""
    return most > 0 and len(await bulk.fetch(_SOME_DOMAINS, most=most + 1)) <= most


async def _fresh(bulk: Bulk, events: EventColumns, days: Sequence[int], ids: DomainIds) -> list[int]:
    """The places of the events whose domain has no total yet to which they would add."""
    domain_ids = [ids.get(name) for name in events.domains]
    cells = list(day_keys(events, days, domain_ids))
    asked = {cell for cell in set(cells) if cell[-1]}
    known = await bulk.packed.known(DayTotal, sorted(asked))
    if len(known) == len(asked) and None not in domain_ids:
        return []
    return [
        place
        for place, (cell, name) in enumerate(zip(cells, events.domains, strict=True))
        if name and cell not in known
    ]


async def _placed(
    bulk: Bulk,
    events: EventColumns,
    fresh: list[int],
    days: Sequence[int],
    caps: DomainCaps,
    ids: dict[str | None, int],
) -> dict[int, str | None]:
    """The domains of the events that are not counted under their own, by the places of the events."""
    # Those who add domains wait for each other: otherwise two could each add the last one.
    await bulk.fetch(LOCKED, ids=sorted({events.tenant_ids[place] for place in fresh}))
    missing = {events.domains[place] for place in fresh} - ids.keys()
    have_room = await _are_few(bulk, min(caps) - len(missing))
    if have_room:
        # No day can have too many, so only new names matter.
        fresh = [place for place in fresh if events.domains[place] in missing]
    keys = {place: (events.tenant_ids[place], events.ids[place]) for place in fresh}
    stored = await bulk.packed.known(Event, sorted(keys.values()))
    # An event that is stored will not be stored again: its domain is not needed.
    placed: dict[int, str | None] = {place: None for place in fresh if keys[place] in stored}
    new = [place for place in fresh if place not in placed]
    if new and not have_room:
        told = [_told(events, days, place) for place in new]
        are_beyond = await _are_beyond_caps(bulk, told, caps, ids)
        placed.update(dict.fromkeys(compress(new, are_beyond), OTHER))
    return placed


class _Told(NamedTuple):
    """That an event of a subject's day came from a domain."""

    subject_day: SubjectDay
    domain: str
    is_believed: bool


def _told(events: EventColumns, days: Sequence[int], place: int) -> _Told:
    kind = SUBJECT_OF[Action(events.actions[place])]
    day = SubjectDay(events.tenant_ids[place], kind, events.subject_ids[place], day_in(days[place]))
    return _Told(day, events.domains[place] or "", events.are_believed[place])


async def _are_beyond_caps(
    bulk: Bulk, told: Sequence[_Told], caps: DomainCaps, ids: dict[str | None, int]
) -> list[bool]:
    """Of each event, whether its domain is one too many."""
    asked = dict.fromkeys(told)
    days = {one.subject_day for one in asked}
    missing = {one.domain for one in asked} - ids.keys()
    ids.update(await bulk.fetch(DOMAIN_IDS, names=sorted({*missing, OTHER})))
    domains = await _domains_of(bulk, days)
    # A domain that a stranger may not add may be added for somebody else. Then the next event of a stranger
    # has it, too. So each event is looked at.
    each = told if len({one.is_believed for one in asked}) > 1 else asked
    has_room = [_has_room(one, domains[one.subject_day], caps, ids) for one in each]
    if each is told:
        return [not room for room in has_room]
    rooms = dict(zip(asked, has_room, strict=True))
    return [not rooms[one] for one in told]


def _has_room(told: _Told, domains: set[int | str | None], caps: DomainCaps, ids: DomainIds) -> bool:
    """Whether the domain is counted apart. If so, it joins the domains of its subject's day."""
    # A domain that has no id yet is known by its name.
    key = ids.get(told.domain, told.domain)
    if key in domains and told.domain != OTHER:
        return True
    apart = domains - {ids.get(OTHER, OTHER)}
    if key not in apart and len(apart) >= (caps.of_all if told.is_believed else caps.of_strangers):
        return False
    domains.add(key)
    return True


async def _domains_of(bulk: Bulk, wanted: set[SubjectDay]) -> defaultdict[SubjectDay, set[int | str | None]]:
    """The ids of the domains that each subject's day has in its totals."""
    domains: defaultdict[SubjectDay, set[int | str | None]] = defaultdict(set)
    asked = [
        (tenant_id, subject_id, action, day)
        for tenant_id, kind, subject_id, day in sorted(wanted)
        for action in SUBJECTS[kind].actions
    ]
    tenants = sorted({subject_day.tenant_id for subject_day in wanted})
    for subject_day, domain_id in await bulk.fetch(_DOMAINS_OF_DAYS, days=asked, tenants=tenants):
        domains[subject_day].add(domain_id)
    return domains
