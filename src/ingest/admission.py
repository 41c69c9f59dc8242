"""The rules by which reported events are admitted or dropped. They hold at every door."""

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

import msgspec

from base.aliases import is_among
from base.ids import uuid7, uuid7_instant
from ingest.domains import InvalidDomain, normal_domain
from ingest.events import NewEvent
from ingest.wire import ACTIONS, DEVICES, WireEvent
from loaders.subjects import Subject
from models import SUBJECT_OF, Device

AHEAD = timedelta(minutes=5)
_OLDEST = datetime(1970, 1, 2, tzinfo=UTC)
MADE_BEFORE = timedelta(days=1)
ON_THE_WAY = timedelta(minutes=1)
"""How long a request may be on its way: a smaller difference says nothing about a clock."""
_FARTHEST = timedelta(days=31)
"""If a clock is wrong by more, most browsers open no page by https. Partitions exist for so many days ahead.
"""
_NONE = timedelta(0)


class Reason(StrEnum):
    """Why an event is dropped."""

    UNKNOWN_SUBJECT = "UNKNOWN_SUBJECT"
    UNKNOWN_USER = "UNKNOWN_USER"
    WRONG_ACTION = "WRONG_ACTION"
    INVALID_ID = "INVALID_ID"
    ID_OF_ANOTHER_TIME = "ID_OF_ANOTHER_TIME"
    INVALID_DOMAIN = "INVALID_DOMAIN"
    DOMAIN_NOT_ALLOWED = "DOMAIN_NOT_ALLOWED"
    IN_THE_FUTURE = "IN_THE_FUTURE"
    TOO_OLD = "TOO_OLD"
    WRONG_CLOCK = "WRONG_CLOCK"
    BOT = "BOT"
    OWN_VIEW = "OWN_VIEW"
    OPTED_OUT = "OPTED_OUT"
    PRERENDERED = "PRERENDERED"
    REFUSED_BY_DATABASE = "REFUSED_BY_DATABASE"


class Dropped(Exception):
    def __init__(self, reason: Reason) -> None:
        self.reason = reason


class Sender(NamedTuple):
    """What is known about an event from the request that brought it."""

    now: datetime
    device: Device = Device.UNKNOWN
    user_id: int | None = None
    visitor: bytes | None = None
    oldest: datetime = _OLDEST
    """An earlier time is not believed."""
    is_believed: bool = True
    """Whether the subject belongs to the sender."""


def admitted(event: WireEvent, subject: Subject | None, sender: Sender) -> NewEvent:
    """Raises Dropped."""
    if subject is None:
        raise Dropped(Reason.UNKNOWN_SUBJECT)
    action = ACTIONS[event.action]
    if SUBJECT_OF[action] is not subject.kind:
        raise Dropped(Reason.WRONG_ACTION)
    id = _uuid(event.id)
    stated = event.occurred_at or (uuid7_instant(id) if id else None)
    behind = _behind(event, sender.now) if stated else _NONE
    occurred_at = _occurred_at(stated, behind, sender, subject.oldest)
    if id:
        _check_time(id, occurred_at, behind, sender)
    return NewEvent(
        subject.tenant_id,
        id or uuid7(sender.now),
        subject.id,
        action,
        occurred_at,
        DEVICES[event.device_category] if event.device_category else sender.device,
        counted_domain(event.domain, subject),
        _uuid(event.view_id),
        sender.user_id,
        sender.visitor,
        sender.is_believed,
        round(behind.total_seconds()),
    )


def _uuid(text: str | None) -> UUID | None:
    if text is None:
        return None
    try:
        # This takes a fifth of the time of UUID, which also reads the odder spellings.
        return msgspec.convert(text, UUID)
    except msgspec.ValidationError:
        pass
    try:
        return UUID(text)
    except ValueError:
        raise Dropped(Reason.INVALID_ID) from None


def _behind(event: WireEvent, now: datetime) -> timedelta:
    """By how much the sender's clock is behind ours; negative if it is ahead."""
    if event.sent_at is None:
        return _NONE
    behind = now - event.sent_at
    if abs(behind) > _FARTHEST:
        raise Dropped(Reason.WRONG_CLOCK)
    return behind if abs(behind) > ON_THE_WAY else _NONE


def _occurred_at(
    stated: datetime | None, behind: timedelta, sender: Sender, oldest: datetime | None
) -> datetime:
    """The stated time, after the sender's clock is put right. If none is stated, or if it is a little ahead,
    it is now.
    """
    if stated is None:
        return sender.now
    # Nothing is added to `stated` here, because the sum could leave the calendar.
    if stated < sender.oldest - behind or (oldest and stated < oldest - behind):
        raise Dropped(Reason.TOO_OLD)
    if stated > sender.now + AHEAD - behind:
        raise Dropped(Reason.IN_THE_FUTURE)
    return min(stated + behind, sender.now)


def _check_time(id: UUID, occurred_at: datetime, behind: timedelta, sender: Sender) -> None:
    """Raises Dropped if the id is of another time than the event. The id says in which partition the event
    is, and with which events it is pruned: see `database.partitions`.

    An id is made when something happens, or later if somebody reports the past, but never long before. The
    sender's clock makes it. It is not changed, however wrong that clock is, because a retry is known by its
    id.
    """
    made = uuid7_instant(id)
    if made is None:
        if sender.is_believed:
            return
        raise Dropped(Reason.ID_OF_ANOTHER_TIME)
    oldest = occurred_at - MADE_BEFORE if sender.is_believed else sender.oldest
    if not oldest - behind <= made <= sender.now + AHEAD - behind:
        raise Dropped(Reason.ID_OF_ANOTHER_TIME)


def counted_domain(text: str | None, subject: Subject) -> str | None:
    """In its one spelling. Raises Dropped."""
    try:
        name = normal_domain(text)
    except InvalidDomain:
        raise Dropped(Reason.INVALID_DOMAIN) from None
    if subject.domains and (name is None or not is_among(name, subject.domains, subject.aliases)):
        raise Dropped(Reason.DOMAIN_NOT_ALLOWED)
    return name
