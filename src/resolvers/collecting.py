"""Events that browsers report. Anybody may report them, so they are believed less."""

from asyncio import gather
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from itertools import chain
from typing import NamedTuple
from zoneinfo import ZoneInfo

from base.calendar import day_of, time_zone
from base.packed import day_in
from ingest.admission import Dropped, Reason, Sender, admitted
from ingest.column_admission import Odd, admitted_columns
from ingest.deltas import Days
from ingest.devices import AgentKind, classifying
from ingest.event_columns import EventColumns
from ingest.events import NewEvent
from ingest.outcomes import Outcomes, admit_and_store
from ingest.visitors import SaltsOfNow, passing_visitor
from ingest.wire import WireEvent, WireSubject
from ingest.wire_columns import NotPlain, PlainEvent, WireColumns, columns_of_plain
from loaders.subjects import Subject
from models import Device
from resolvers.context import Context, Services
from resolvers.recording import is_made_by, require_few_events


class Origin(NamedTuple):
    """What the headers of the request say about its events."""

    agent: str | None
    is_ahead: bool = False
    """Whether the browser loads the page in advance, so that nobody may ever see it."""
    opted_out: bool = False
    """Whether the browser asks not to be tracked. This only counts if the settings say so."""


class Collected(NamedTuple):
    outcomes: Outcomes
    is_nameless_app: bool = False
    """Whether they were dropped because an app sent them without a key or a token."""


async def collect(context: Context, events: WireColumns, origin: Origin) -> Collected:
    """Stores the events of a browser. What they say about the visitor and the user is ignored.

    Raises THROTTLED if callers who are not signed in send too much. Then nothing is stored.
    """
    require_few_events(context, events)
    services = context.services
    subjects = await _allowed_subjects(context, events)
    own = await _makers_own(context, set(subjects.values()))
    salts = await services.salts.at(context.now)
    await classifying.ready()
    kind, device = services.agents.find(origin.agent, context.address, context.now.timestamp())
    is_nameless_app = kind is AgentKind.APP and context.viewer.user_id is None
    reason = _reason_to_drop(context, origin, is_bot=kind is AgentKind.BOT or is_nameless_app)
    sender = _sender(context, device)
    zones = {subject.tenant_id: time_zone(subject.time_zone) for subject in subjects.values()}

    def visitor_of(tenant_id: int, day: date) -> bytes | None:
        """The hash of a person who is not signed in. It is the same for one day of the tenant's zone."""
        if context.viewer.user_id is not None:
            return None
        salt = salts.of_day(day, context.now, zones[tenant_id])
        return passing_visitor(salt, tenant_id, context.address, origin.agent or "")

    def admit(event: WireEvent) -> NewEvent:
        subject = subjects.get(event.subject)
        if reason:
            raise Dropped(reason)
        if subject is None:
            raise Dropped(Reason.UNKNOWN_SUBJECT)
        if subject in own:
            raise Dropped(Reason.OWN_VIEW)
        new = admitted(event, subject, sender)
        return new._replace(visitor=visitor_of(new.tenant_id, day_of(new.occurred_at, zones[new.tenant_id])))

    def by_columns(wire: WireColumns) -> EventColumns:
        if reason or own:
            raise Odd
        return _with_visitors(admitted_columns(wire, subjects, sender), Days(zones), visitor_of)

    # What the buffer has is stored even if nobody waits for it. A sender who is not told that sends it again.
    context.execution.lift_deadline()
    stored = admit_and_store(services.buffer, events, by_columns, admit)
    return Collected(await services.buffer.fates.noted("collect", events.size, stored), is_nameless_app)


class Report(NamedTuple):
    """What a stranger's request reports."""

    events: list[PlainEvent]
    agent: str | None
    address: str
    device: Device


class Admitted(NamedTuple):
    """Events of several reports, one after the other."""

    events: EventColumns
    subjects: Mapping[WireSubject, Subject]


def device_at_once(services: Services, origin: Origin, address: str, now: datetime) -> Device | None:
    """What a stranger's browser runs on. None if it is no browser, or if what it sends is dropped."""
    if origin.is_ahead or (origin.opted_out and services.limits.honours_signals) or not classifying.is_loaded:
        return None
    kind, device = services.agents.find(origin.agent, address, now.timestamp())
    return device if kind is AgentKind.BROWSER else None


def admitted_together(services: Services, reports: Sequence[Report], now: datetime) -> Admitted | None:
    """The events of reports, if all are admitted and nothing has to be read for that. Nothing is counted
    against a limit.
    """
    salts = services.salts.known(now)
    oldest = now - timedelta(hours=services.limits.offline_hours)
    try:
        wire = columns_of_plain(list(chain.from_iterable(report.events for report in reports)))
        subjects = services.subjects.known(wire.subjects)
        if not subjects or not salts:
            return None
        columns = admitted_columns(wire, subjects, Sender(now, oldest=oldest, is_believed=False))
    except (NotPlain, Odd):
        return None
    reporters = [report for report in reports for _ in report.events]
    zones = {subject.tenant_id: time_zone(subject.time_zone) for subject in subjects.values()}
    return Admitted(_of_reporters(columns, wire, reporters, zones, salts, now), subjects)


def _of_reporters(
    events: EventColumns,
    wire: WireColumns,
    reporters: Sequence[Report],
    zones: Mapping[int, ZoneInfo],
    salts: SaltsOfNow,
    now: datetime,
) -> EventColumns:
    """With the visitors and the devices that each event's own report has."""
    days = list(zip(events.tenant_ids, Days(zones).column(events.tenant_ids, events.instants), strict=True))
    salt_of = {
        (tenant_id, day): salts.of_day(day_in(day), now, zones[tenant_id]) for tenant_id, day in set(days)
    }
    return events._replace(
        visitors=[
            passing_visitor(salt_of[day], day[0], report.address, report.agent or "")
            for day, report in zip(days, reporters, strict=True)
        ],
        devices=[
            int(report.device) if stated is None else device
            for stated, device, report in zip(wire.devices, events.devices, reporters, strict=True)
        ],
    )


async def _allowed_subjects(context: Context, events: WireColumns) -> Mapping[WireSubject, Subject]:
    """The subjects that exist. Raises THROTTLED if callers who are not signed in send too much from an
    address or about a subject."""
    limiter, is_stranger = context.services.collect_limiter, context.viewer.user_id is None
    now = context.now.timestamp()
    if is_stranger:
        limiter.allow_address(context.address, max(events.size, 1), now)
    subjects = await context.services.subjects.find(context.loaders, events.subjects)
    if is_stranger:
        asked = map(subjects.get, events.subjects)
        limiter.allow_subjects((subject for subject in asked if subject), now)
    return subjects


def _reason_to_drop(context: Context, origin: Origin, *, is_bot: bool) -> Reason | None:
    """Why all events of a request are dropped; None if they are not."""
    if origin.opted_out and context.limits.honours_signals:
        return Reason.OPTED_OUT
    if is_bot:
        return Reason.BOT
    return Reason.PRERENDERED if origin.is_ahead else None


def _sender(context: Context, device: Device) -> Sender:
    return Sender(
        context.now,
        device=device,
        user_id=context.viewer.user_id,
        oldest=context.now - timedelta(hours=context.limits.offline_hours),
        is_believed=False,
    )


def _with_visitors(
    events: EventColumns, days: Days, visitor_of: Callable[[int, date], bytes | None]
) -> EventColumns:
    keys = list(zip(events.tenant_ids, days.column(events.tenant_ids, events.instants), strict=True))
    visitors = {key: visitor_of(key[0], day_in(key[1])) for key in set(keys)}
    return events._replace(visitors=[visitors[key] for key in keys])


async def _makers_own(context: Context, subjects: Iterable[Subject]) -> set[Subject]:
    """The subjects that the viewer makes. What makers do with their own pages says nothing about their
    public."""
    user_id = context.viewer.user_id
    if user_id is None or context.limits.counts_own_views:
        return set()
    asked = list(subjects)
    own = await gather(*(is_made_by(context, user_id, subject) for subject in asked))
    return {subject for subject, is_own in zip(asked, own, strict=True) if is_own}
