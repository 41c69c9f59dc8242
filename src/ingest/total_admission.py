"""The rules by which totals of days are taken in, or rejected."""

from datetime import date
from enum import StrEnum
from typing import Final, NamedTuple

from base.numbers import LARGEST_SELF_REPORTED
from ingest.admission import Dropped, Reason, counted_domain
from ingest.domains import OTHER
from ingest.wire import DEVICES
from ingest.wire_totals import TOTAL_ACTIONS, WireTotal
from loaders.subjects import Subject
from models import SUBJECT_OF, TAKES_BACK, Action, Device, SubjectKind

_OLDEST: Final = date(1970, 1, 2)


class TotalReason(StrEnum):
    """Why a line of totals is rejected. For domains, the reasons are those of events."""

    INVALID_TOTAL = "INVALID_TOTAL"
    UNKNOWN_SUBJECT = "UNKNOWN_SUBJECT"
    WRONG_ACTION = "WRONG_ACTION"
    TAKES_BACK = "TAKES_BACK"
    TOO_OLD = "TOO_OLD"
    IN_THE_FUTURE = "IN_THE_FUTURE"
    TOO_MANY_DOMAINS = "TOO_MANY_DOMAINS"


class Rejected(Exception):
    def __init__(self, reason: str, detail: str = "") -> None:
        self.reason = reason
        self.detail = detail


class CellKey(NamedTuple):
    """What a source says one number of."""

    tenant_id: int
    subject_id: int
    action: Action
    day: date
    device: Device
    domain: str | None

    @property
    def kind(self) -> SubjectKind:
        return SUBJECT_OF[self.action]


def admitted_total(
    total: WireTotal, subject: Subject | None, today: date, first: date | None = None
) -> CellKey:
    """`today` is that of the subject's tenant. `first`: the day before which its totals have lost detail.
    Raises Rejected.
    """
    if subject is None:
        raise Rejected(TotalReason.UNKNOWN_SUBJECT)
    return CellKey(
        subject.tenant_id,
        subject.id,
        _action(total, subject),
        _day(total, today, first or _OLDEST),
        DEVICES[total.device_category] if total.device_category else Device.UNKNOWN,
        _domain(total.domain, subject),
    )


def _action(total: WireTotal, subject: Subject) -> Action:
    action = TOTAL_ACTIONS[total.action]
    if SUBJECT_OF[action] is not subject.kind:
        raise Rejected(TotalReason.WRONG_ACTION)
    if action in TAKES_BACK:
        taken_back = TAKES_BACK[action].name
        raise Rejected(
            TotalReason.TAKES_BACK,
            f"{action.name} takes a {taken_back} back: give only the number of {taken_back} that still stand",
        )
    if not 0 <= total.count <= LARGEST_SELF_REPORTED:
        raise Rejected(TotalReason.INVALID_TOTAL, f"a count is from 0 to {LARGEST_SELF_REPORTED:,}")
    return action


def _day(total: WireTotal, today: date, first: date) -> date:
    if total.day < _OLDEST:
        raise Rejected(TotalReason.TOO_OLD, f"the first day is {_OLDEST}")
    if total.day < first:
        raise Rejected(TotalReason.TOO_OLD, thinned(first))
    if total.day > today:
        raise Rejected(TotalReason.IN_THE_FUTURE, f"in the reporting time zone, today is {today}")
    return total.day


def thinned(first: date) -> str:
    return f"totals before {first} have lost detail, so that nobody knows what was imported into them"


def _domain(text: str | None, subject: Subject) -> str | None:
    if text == OTHER:
        if subject.domains:
            raise Rejected(Reason.DOMAIN_NOT_ALLOWED)
        return OTHER
    try:
        return counted_domain(text, subject)
    except Dropped as dropped:
        raise Rejected(dropped.reason) from None
