"""Under which domain each event is counted: so many of a subject's day are told apart, and no more.

What is told apart is what the totals of the day have, in whatever order events come; and a raw event stands
under the domain that it was counted under, so that counting anew gives the same.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from sqlalchemy import BigInteger, SmallInteger, select

from base.kinds import SUBJECTS
from database import Bulk, Statement, among, ordered_join, rows_of, table_of
from ingest.columns import DAYS, DOMAINS, TENANTS
from ingest.deltas import Days, DomainIds
from ingest.domains import OTHER
from ingest.events import NewEvent
from models import SUBJECT_OF, Action, Day, DayTotal, Domain, Event, SubjectKind


class DomainCaps(NamedTuple):
    """How many domains of one subject and day are told apart; those beyond are counted as one."""

    of_strangers: int = 100
    """Strangers add no more when there are so many, whoever named them."""
    of_all: int = 1_000
    """Nor does anybody else."""


USUAL_CAPS = DomainCaps()

_IDS = Statement(
    select(DOMAINS.name, DOMAINS.id).where(among(DOMAINS.name, "names"), DOMAINS.unused_since.is_(None)),
    lambda name, id: (name, id),
)
_ALONE = Statement(
    select(TENANTS.id).where(among(TENANTS.id, "ids")).order_by(TENANTS.id).with_for_update(key_share=True),
    lambda id: id,
)
"""Whoever adds domains waits for others who do: or two would each add the last one."""
_ASKED = rows_of(
    "days", tenant_id=BigInteger(), subject_id=BigInteger(), action=SmallInteger(), day=Day()
).table_valued("tenant_id", "subject_id", "action", "day", name="asked")
_TOLD_APART = Statement(
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
    """The events with the domains under which they are counted, and the keys of these.

    A domain that is told apart on its subject's day already costs one look; a new one more.
    """
    ids: dict[str | None, int] = {None: 0}
    names = {event.domain for event in events if event.domain}
    if not names:
        return list(events), ids
    ids.update(await bulk.fetch(_IDS, names=sorted(names)))
    fresh = await _fresh(bulk, events, days, ids)
    if not fresh:
        return list(events), ids
    allotted = list(events)
    for place, domain in (await _placed(bulk, events, fresh, days, caps, ids)).items():
        allotted[place] = events[place]._replace(domain=domain)
    await _add(bulk, {allotted[place].domain for place in fresh}, ids)
    return allotted, ids


async def _fresh(bulk: Bulk, events: Sequence[NewEvent], days: Days, ids: DomainIds) -> list[int]:
    """The places of those whose domain has no total yet that they would add to."""
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
    """Of those that are not counted under their own domains, by their places."""
    stored = await bulk.known(Event, sorted((events[place].tenant_id, events[place].id) for place in fresh))
    # What is stored will not be stored again: its domain is not needed.
    placed: dict[int, str | None] = dict.fromkeys(
        (place for place in fresh if (events[place].tenant_id, events[place].id) in stored), None
    )
    new = [place for place in fresh if place not in placed]
    if not new:
        return placed
    await bulk.fetch(_ALONE, ids=sorted({events[place].tenant_id for place in new}))
    missing = {events[place].domain for place in new} - ids.keys()
    ids.update(await bulk.fetch(_IDS, names=sorted(name for name in {*missing, OTHER} if name)))
    subject_days = {place: _subject_day(events[place], days) for place in new}
    told_apart = await _told_apart(bulk, set(subject_days.values()))
    for place, subject_day in subject_days.items():
        event = events[place]
        apart = told_apart[subject_day] - {ids.get(OTHER, OTHER)}
        # One that has no key yet is known by its name.
        key = ids.get(event.domain, event.domain)
        most = caps.of_all if event.is_believed else caps.of_strangers
        if key in apart or len(apart) < most:
            told_apart[subject_day].add(key)
        else:
            placed[place] = OTHER
    return placed


def _subject_day(event: NewEvent, days: Days) -> SubjectDay:
    day = days.of(event.tenant_id, event.occurred_at)
    return SubjectDay(event.tenant_id, SUBJECT_OF[event.action], event.subject_id, day)


async def _told_apart(bulk: Bulk, wanted: set[SubjectDay]) -> defaultdict[SubjectDay, set[int | str | None]]:
    """The domains of each, by their keys."""
    told_apart: defaultdict[SubjectDay, set[int | str | None]] = defaultdict(set)
    asked = [
        (tenant_id, subject_id, action, day)
        for tenant_id, kind, subject_id, day in sorted(wanted)
        for action in SUBJECTS[kind].actions
    ]
    tenants = sorted({subject_day.tenant_id for subject_day in wanted})
    for subject_day, domain_id in await bulk.fetch(_TOLD_APART, days=asked, tenants=tenants):
        told_apart[subject_day].add(domain_id)
    return told_apart


async def _add(bulk: Bulk, names: set[str | None], ids: dict[str | None, int]) -> None:
    if missing := sorted(name for name in names - ids.keys() if name):
        await bulk.add_missing(Domain, "name", missing, change="unused_since = NULL")
        ids.update(await bulk.fetch(_IDS, names=missing))
