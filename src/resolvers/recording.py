"""Events that a tenant's own servers report: who may report them, and what becomes of each."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from enum import Enum
from hashlib import blake2b
from typing import NamedTuple
from uuid import UUID

from base.errors import BadUserInput
from base.ids import InvalidId, Kind, parse_global_id, uuid7, uuid7_instant
from ingest.events import NewEvent
from ingest.store import store
from loaders.publications import PublicationRow
from models import Action, Device
from resolvers.context import Context
from resolvers.writes import made_by_viewer, refresh_for_makers

_AHEAD = timedelta(minutes=5)
_OLDEST = datetime(1970, 1, 2, tzinfo=UTC)
_LONGEST_DOMAIN = 253


class Report(NamedTuple):
    """An event as its sender tells it."""

    publication_id: str
    action: Action
    id: str | None
    occurred_at: datetime | None
    view_id: str | None
    device: Device
    domain: str | None
    visitor: str | None
    user_id: str | None


class EventStatus(Enum):
    STORED = "STORED"
    DUPLICATE = "DUPLICATE"
    DROPPED = "DROPPED"


class Outcome(NamedTuple):
    id: UUID | str
    status: EventStatus
    reason: str | None = None


class _Dropped(Exception):
    def __init__(self, reason: str) -> None:
        self.reason = reason


async def record(context: Context, reports: Sequence[Report]) -> list[Outcome]:
    """One outcome for each report, in order."""
    context.viewer.required_user_id()
    if len(reports) > context.limits.events:
        raise BadUserInput(
            f"At most {context.limits.events:,} events at once.", argument="events", reason="TOO_MANY_EVENTS"
        )
    publications = await _publications(context, {report.publication_id for report in reports})
    users = await _users(context, {report.user_id for report in reports if report.user_id})
    read = [_read(context, report, publications, users) for report in reports]
    new = [event for event in read if isinstance(event, NewEvent)]
    async with context.writing() as session:
        touched = {event.subject_id for event in new}
        await refresh_for_makers(
            context, session, *(row for row in publications.values() if row and row.id in touched)
        )
        stored = await store(session, new)
    context.forget_loaded()
    return [_outcome(report, event, stored) for report, event in zip(reports, read, strict=True)]


def _outcome(report: Report, event: NewEvent | _Dropped, stored: set[tuple[int, UUID]]) -> Outcome:
    if isinstance(event, _Dropped):
        return Outcome(report.id or "", EventStatus.DROPPED, event.reason)
    key = (event.tenant_id, event.id)
    if key in stored:
        stored.discard(key)
        return Outcome(event.id, EventStatus.STORED)
    return Outcome(event.id, EventStatus.DUPLICATE)


async def _publications(context: Context, ids: set[str]) -> dict[str, PublicationRow | None]:
    """Those of which the viewer is a maker: others are as good as absent."""
    public_ids = {id: _public_id(Kind.PUBLICATION, id) for id in ids}
    rows = await context.loaders.publication_by_public_id.load_many(
        public_id for public_id in public_ids.values() if public_id
    )
    made = {row.public_id: row for row in await made_by_viewer(context, [row for row in rows if row])}
    return {id: made.get(public_id) if public_id else None for id, public_id in public_ids.items()}


async def _users(context: Context, ids: set[str]) -> dict[str, int]:
    public_ids = {id: public_id for id in ids if (public_id := _public_id(Kind.USER, id))}
    rows = await context.loaders.user_by_public_id.load_many(public_ids.values())
    return {id: row.id for id, row in zip(public_ids, rows, strict=True) if row}


def _public_id(kind: Kind, id: str) -> UUID | None:
    try:
        found, public_id = parse_global_id(id)
    except InvalidId:
        return None
    return public_id if found is kind else None


def _read(
    context: Context,
    report: Report,
    publications: dict[str, PublicationRow | None],
    users: dict[str, int],
) -> NewEvent | _Dropped:
    try:
        publication = publications[report.publication_id]
        if publication is None:
            raise _Dropped("UNKNOWN_SUBJECT")
        id = _uuid(report.id) or uuid7(context.now)
        return NewEvent(
            publication.tenant_id,
            id,
            publication.id,
            report.action,
            _occurred_at(context.now, report, id),
            report.device,
            _domain(report.domain),
            _uuid(report.view_id),
            _user(report.user_id, users),
            _visitor(context, publication.tenant_id, report.visitor),
        )
    except _Dropped as dropped:
        return dropped


def _uuid(text: str | None) -> UUID | None:
    try:
        return UUID(text) if text is not None else None
    except ValueError:
        raise _Dropped("INVALID_ID") from None


def _occurred_at(now: datetime, report: Report, id: UUID) -> datetime:
    """As told, else the time inside the id, else now. Clocks run a little ahead: that much is now."""
    told = report.occurred_at or (uuid7_instant(id) if report.id else None) or now
    if told < _OLDEST:
        raise _Dropped("TOO_OLD")
    if told > now + _AHEAD:
        raise _Dropped("IN_THE_FUTURE")
    return min(told, now)


def _domain(name: str | None) -> str | None:
    lowered = (name or "").strip().lower()
    if len(lowered) > _LONGEST_DOMAIN or "\x00" in lowered:
        raise _Dropped("INVALID_DOMAIN")
    return lowered or None


def _user(id: str | None, users: dict[str, int]) -> int | None:
    if id is None:
        return None
    if id not in users:
        raise _Dropped("UNKNOWN_USER")
    return users[id]


def _visitor(context: Context, tenant_id: int, name: str | None) -> bytes | None:
    if name is None:
        return None
    key = blake2b(context.services.visitor_salt, digest_size=32).digest()
    return blake2b(f"{tenant_id}:{name}".encode(), digest_size=16, key=key).digest()
