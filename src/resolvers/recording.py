"""Events that a tenant's own servers report: who may report them, and what the outcome of each is."""

from asyncio import gather
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import assert_never

from auth.access import may_enter
from auth.viewer import Viewer
from base.errors import BadUserInput
from base.ids import public_id_in
from base.kinds import SUBJECTS, Kind, Reporters
from ingest.admission import Dropped, Reason, Sender, admitted
from ingest.column_admission import Odd, admitted_columns
from ingest.event_columns import EventColumns
from ingest.events import NewEvent
from ingest.outcomes import JUDGED_AT_ONCE, Outcomes, admit_and_store
from ingest.visitors import visitor_named, visitors_named
from ingest.wire import WireEvent, WireSubject
from ingest.wire_columns import NotPlain, PlainEvent, WireColumns, columns_of_plain
from loaders.organizations import WorkspaceById
from loaders.people import UserByPublicId
from loaders.publications import CoCreators
from loaders.subjects import Subject
from models import SubjectKind
from resolvers.context import Context, Services


async def record(context: Context, events: WireColumns) -> Outcomes:
    context.viewer.required_user_id()
    require_few_events(context, events)
    subjects = await own_subjects(context, set(events.subjects))
    size, stored = events.size, store_believed(context, events, subjects)
    # See `admit_and_store`.
    del events
    outcomes = await context.services.buffer.fates.noted("recordEvents", size, stored)
    context.reset_loaders()
    return outcomes


def require_few_events(context: Context, events: WireColumns) -> None:
    """Raises BAD_USER_INPUT."""
    if events.size > context.limits.events:
        raise BadUserInput(
            f"At most {context.limits.events:,} events at once.", argument="events", reason="TOO_MANY_EVENTS"
        )


def subjects_at_once(
    services: Services, viewer: Viewer, events: Sequence[PlainEvent]
) -> Mapping[WireSubject, Subject] | None:
    """The subjects of the events, if the viewer was just allowed to report on all of them, and on so many
    events at once. None if something has to be read for that.
    """
    subjects = services.subjects.known({event.subject for event in events})
    if not subjects or viewer.user_id is None or len(events) > services.limits.events:
        return None
    are_known = all(services.reporters.are_known(viewer, subject) for subject in subjects.values())
    return subjects if are_known else None


def admitted_at_once(
    services: Services, events: list[PlainEvent], subjects: Mapping[WireSubject, Subject], now: datetime
) -> EventColumns | None:
    """The events of senders who may report on these subjects, if all are admitted and nothing has to be read
    for that.
    """
    try:
        wire = columns_of_plain(events)
        if wire.user_ids.count(None) < wire.size:
            return None
        columns = admitted_columns(wire, subjects, Sender(now))
        return _with_people(columns, wire, {}, services.visitor_keys.current)
    except (NotPlain, Odd):
        return None


def publications(subjects: Mapping[WireSubject, Subject]) -> frozenset[int]:
    """The ids of publications whose makers have to see their events at once."""
    return frozenset(one.id for one in subjects.values() if one.kind is SubjectKind.PUBLICATION)


async def store_believed(
    context: Context,
    events: WireColumns,
    subjects: Mapping[WireSubject, Subject],
    *,
    at_once: int = JUDGED_AT_ONCE,
) -> Outcomes:
    """Stores the events of a sender who is believed. Events about subjects that are not in `subjects` are
    dropped. `at_once` is as in `admit_and_store`.
    """
    users = await _users(context, {id for id in set(events.user_ids) if id})

    def admit(event: WireEvent) -> NewEvent:
        subject = subjects.get(event.subject)
        visitor = _visitor(context, subject, event.visitor)
        return admitted(event, subject, Sender(context.now, user_id=_user(event, users), visitor=visitor))

    def by_columns(wire: WireColumns) -> EventColumns:
        columns = admitted_columns(wire, subjects, Sender(context.now))
        return _with_people(columns, wire, users, context.services.visitor_keys.current)

    stored = admit_and_store(
        context.services.buffer,
        events,
        by_columns,
        admit,
        refreshed=publications(subjects),
        at_once=at_once,
    )
    del events
    return await stored


def _with_people(
    columns: EventColumns, wire: WireColumns, users: Mapping[str, int], key: bytes
) -> EventColumns:
    """With the users and the visitors whom the sender names. Raises Odd."""
    user_ids: Sequence[int | None] = columns.user_ids
    if wire.user_ids.count(None) < wire.size:
        if not users.keys() >= set(wire.user_ids) - {None}:
            raise Odd
        user_ids = [None if id is None else users[id] for id in wire.user_ids]
    return columns._replace(
        user_ids=user_ids, visitors=visitors_named(key, columns.tenant_ids, wire.visitors)
    )


async def own_subjects(context: Context, asked: set[WireSubject]) -> dict[WireSubject, Subject]:
    """The subjects whose events the viewer may report. All others count as unknown."""
    found = await context.services.subjects.find(context.loaders, asked)
    reporters, viewer = context.services.reporters, context.viewer
    unknown = [subject for subject in found.values() if not reporters.are_known(viewer, subject)]
    if not unknown:
        return dict(found)
    by_right = {_right(subject): subject for subject in unknown}
    own = dict(zip(by_right, await gather(*(is_own(context, one) for one in by_right.values())), strict=True))
    others = {subject for subject in unknown if not own[_right(subject)]}
    for subject in unknown:
        if subject not in others:
            reporters.allow(viewer, subject)
    return {asked: subject for asked, subject in found.items() if subject not in others}


def _right(subject: Subject) -> tuple[SubjectKind, int]:
    """Who may report on one subject may report on every other with the same."""
    is_shared = SUBJECTS[subject.kind].reporters is not Reporters.CO_CREATORS
    return subject.kind, subject.owner_id if is_shared else subject.id


async def is_own(context: Context, subject: Subject) -> bool:
    """Whether the viewer may report on it."""
    if SUBJECTS[subject.kind].reporters is Reporters.WORKSPACE:
        workspace = await context.loaders[WorkspaceById].load(subject.owner_id)
        return workspace is not None and await may_enter(context.loaders, context.viewer, workspace)
    person_id = context.viewer.person_id
    return person_id is not None and await is_made_by(context, person_id, subject)


async def is_made_by(context: Context, user_id: int, subject: Subject) -> bool:
    """Whether the user is one of its makers."""
    match SUBJECTS[subject.kind].reporters:
        case Reporters.OWNER:
            return user_id == subject.owner_id
        case Reporters.CO_CREATORS:
            return user_id == subject.owner_id or user_id in {
                user.id for user in await context.loaders[CoCreators].load(subject.id)
            }
        case Reporters.WORKSPACE:
            return False
        case unknown:
            assert_never(unknown)


async def _users(context: Context, ids: set[str]) -> dict[str, int]:
    public_ids = {id: public_id for id in ids if (public_id := public_id_in(id, Kind.USER))}
    if not public_ids:
        return {}
    rows = await context.loaders[UserByPublicId].load_many(public_ids.values())
    return {id: row.id for id, row in zip(public_ids, rows, strict=True) if row}


def _user(event: WireEvent, users: dict[str, int]) -> int | None:
    if event.user_id is None:
        return None
    if event.user_id not in users:
        raise Dropped(Reason.UNKNOWN_USER)
    return users[event.user_id]


def _visitor(context: Context, subject: Subject | None, text: str | None) -> bytes | None:
    if text is None or subject is None:
        return None
    return visitor_named(context.services.visitor_keys.current, subject.tenant_id, text)
