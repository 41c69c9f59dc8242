"""Events that browsers report: anybody may, so they are believed less."""

from asyncio import gather
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from base.calendar import time_zone
from base.errors import BadUserInput
from ingest.admission import Dropped, Reason, Sender, admitted
from ingest.devices import AgentKind
from ingest.events import NewEvent
from ingest.outcomes import EventOutcome, admit_and_store
from ingest.visitors import SaltsOfNow, passing_visitor
from ingest.wire import WireEvent
from loaders.subjects import Subject
from models import Device
from resolvers.context import Context
from resolvers.recording import is_made_by


class Origin(NamedTuple):
    """Where events come from, by the headers of their request."""

    agent: str | None
    is_ahead: bool = False
    """Whether a browser makes the page ready, which nobody may ever see."""
    opted_out: bool = False
    """Whether the browser asks not to be tracked; that counts where the settings say so."""


class Collected(NamedTuple):
    outcomes: list[EventOutcome]
    """One for each event, in order."""
    is_nameless_app: bool = False
    """Whether they were dropped since an app sent them that shows no key and no token."""


async def collect(context: Context, events: Sequence[WireEvent], origin: Origin) -> Collected:
    """What the events say of the visitor and the user is ignored.

    Raises THROTTLED where strangers send too much: then nothing is stored.
    """
    if len(events) > context.limits.events:
        raise BadUserInput(
            f"At most {context.limits.events:,} events at once.", argument="events", reason="TOO_MANY_EVENTS"
        )
    services = context.services
    is_stranger, now = context.viewer.user_id is None, context.now.timestamp()
    if is_stranger:
        services.collect_limiter.allow_address(context.address, max(len(events), 1), now)
    subjects = await services.subjects.find(context.loaders, {event.subject for event in events})
    if is_stranger:
        asked = (subjects.get(event.subject) for event in events)
        services.collect_limiter.allow_subjects((subject for subject in asked if subject), now)
    own = await _makers_own(context, set(subjects.values()))
    salts = await services.salts.at(context.now)
    kind, device = services.agents.find(origin.agent, context.address, now)
    is_nameless_app = kind is AgentKind.APP and is_stranger
    is_bot = kind is AgentKind.BOT or is_nameless_app
    sender = _sender(context, device)

    def admit(event: WireEvent) -> NewEvent:
        subject = subjects.get(event.subject)
        if origin.opted_out and context.limits.honours_signals:
            raise Dropped(Reason.OPTED_OUT)
        if is_bot:
            raise Dropped(Reason.BOT)
        if origin.is_ahead:
            raise Dropped(Reason.PRERENDERED)
        if subject is None:
            raise Dropped(Reason.UNKNOWN_SUBJECT)
        if subject in own:
            raise Dropped(Reason.OWN_VIEW)
        new = admitted(event, subject, sender)
        return new._replace(visitor=_visitor(context, salts, subject, new.occurred_at, origin.agent or ""))

    return Collected(await admit_and_store(services.buffer, events, admit), is_nameless_app)


def _sender(context: Context, device: Device) -> Sender:
    return Sender(
        context.now,
        device=device,
        user_id=context.viewer.user_id,
        oldest=context.now - timedelta(hours=context.limits.offline_hours),
        is_believed=False,
    )


def _visitor(
    context: Context, salts: SaltsOfNow, subject: Subject, occurred_at: datetime, agent: str
) -> bytes | None:
    """Of who is not signed in: the same for a day of the tenant's reporting time zone."""
    if context.viewer.user_id is not None:
        return None
    salt = salts.of(occurred_at, context.now, time_zone(subject.time_zone))
    return passing_visitor(salt, subject.tenant_id, context.address, agent)


async def _makers_own(context: Context, subjects: Iterable[Subject]) -> set[Subject]:
    """What makers do on their own publications and profiles tells nothing about their public."""
    user_id = context.viewer.user_id
    if user_id is None or context.limits.counts_own_views:
        return set()
    asked = list(subjects)
    own = await gather(*(is_made_by(context, user_id, subject) for subject in asked))
    return {subject for subject, is_own in zip(asked, own, strict=True) if is_own}
