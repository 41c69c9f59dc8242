"""Caps on the number of domains that are counted apart on one day of a subject.

The domains that the totals of the day have count, in whatever order events come. A raw event is stored with
the domain under which it was counted, so that a recount gives the same.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from typing import NamedTuple

from sqlalchemy import BigInteger, SmallInteger, select

from base.kinds import SUBJECTS
from database import Bulk, Statement, among, ordered_join, rows_of, table_of
from ingest.columns import DAYS, TENANTS
from ingest.deltas import Days, DomainIds
from ingest.domain_ids import DOMAIN_IDS, add_domains
from ingest.domains import OTHER
from ingest.events import NewEvent
from models import SUBJECT_OF, Action, Day, DayTotal, Event, SubjectKind


class DomainCaps(NamedTuple):
    """How many domains of one subject and day are counted apart. All others are counted as one."""

    of_strangers: int = 100
    """When there are so many, from all senders together, events of strangers add no more."""
    of_all: int = 1_000
    """When there are so many, nobody adds any more."""


USUAL_CAPS = DomainCaps()

_LOCKED = Statement(
    select(TENANTS.id).where(among(TENANTS.id, "ids")).order_by(TENANTS.id).with_for_update(key_share=True),
    lambda id: id,
)
"""Locks the tenants. Those who add domains wait for each other: otherwise two could each add the last one."""
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


async def cap_domains(
    bulk: Bulk, events: Sequence[NewEvent], days: Days, caps: DomainCaps
) -> tuple[list[NewEvent], DomainIds]:
    """The events with the domains under which they are counted, and the ids of these domains.

    A domain that its subject's day already has costs one look-up; a new one costs more.
    """
    ids: dict[str | None, int] = {None: 0}
    names = {event.domain for event in events if event.domain}
    if not names:
        return list(events), ids
    ids.update(await bulk.fetch(DOMAIN_IDS, names=sorted(names)))
    fresh = await _fresh(bulk, events, days, ids)
    if not fresh:
        return list(events), ids
    capped = list(events)
    for place, domain in (await _placed(bulk, events, fresh, days, caps, ids)).items():
        capped[place] = events[place]._replace(domain=domain)
    await add_domains(bulk, {capped[place].domain for place in fresh}, ids)
    return capped, ids


async def _fresh(bulk: Bulk, events: Sequence[NewEvent], days: Days, ids: DomainIds) -> list[int]:
    """The places of the events whose domain has no total yet to which they would add."""
    cells = {
        place: (tenant_id, subject_id, action, days.of(tenant_id, at), device, ids[domain])
        for place, (tenant_id, _, subject_id, action, at, device, domain, *_) in enumerate(events)
        if domain and domain in ids
    }
    known = await bulk.known(DayTotal, sorted(set(cells.values())))
    return [place for place, event in enumerate(events) if event.domain and cells.get(place) not in known]


async def _placed(
    bulk: Bulk,
    events: Sequence[NewEvent],
    fresh: list[int],
    days: Days,
    caps: DomainCaps,
    ids: dict[str | None, int],
) -> dict[int, str | None]:
    """The domains of the events that are not counted under their own, by the places of the events."""
    keys = {place: (events[place].tenant_id, events[place].id) for place in fresh}
    stored = await bulk.known(Event, sorted(keys.values()))
    # An event that is stored will not be stored again: its domain is not needed.
    placed: dict[int, str | None] = {place: None for place in fresh if keys[place] in stored}
    new = {place: events[place] for place in fresh if place not in placed}
    if new:
        placed.update(dict.fromkeys(await _beyond_caps(bulk, new, days, caps, ids), OTHER))
    return placed


async def _beyond_caps(
    bulk: Bulk, events: Mapping[int, NewEvent], days: Days, caps: DomainCaps, ids: dict[str | None, int]
) -> list[int]:
    """The places of the events whose domains are too many."""
    await bulk.fetch(_LOCKED, ids=sorted({event.tenant_id for event in events.values()}))
    missing = {event.domain for event in events.values()} - ids.keys()
    ids.update(await bulk.fetch(DOMAIN_IDS, names=sorted(name for name in {*missing, OTHER} if name)))
    subject_days = {place: _subject_day(event, days) for place, event in events.items()}
    domains = await _domains_of(bulk, set(subject_days.values()))
    return [
        place
        for place, subject_day in subject_days.items()
        if not _has_room(events[place], domains[subject_day], caps, ids)
    ]


def _has_room(event: NewEvent, domains: set[int | str | None], caps: DomainCaps, ids: DomainIds) -> bool:
    """Whether the event's domain is counted apart. If so, it joins the domains of its subject's day."""
    apart = domains - {ids.get(OTHER, OTHER)}
    # A domain that has no id yet is known by its name.
    key = ids.get(event.domain, event.domain)
    if key not in apart and len(apart) >= (caps.of_all if event.is_believed else caps.of_strangers):
        return False
    domains.add(key)
    return True


def _subject_day(event: NewEvent, days: Days) -> SubjectDay:
    day = days.of(event.tenant_id, event.occurred_at)
    return SubjectDay(event.tenant_id, SUBJECT_OF[event.action], event.subject_id, day)


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
