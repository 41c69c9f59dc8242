from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from ingest.deltas import ActiveKey, Days, TotalKey, by_month, last_active, total_deltas
from ingest.events import NewEvent
from models import SUBJECT_OF, TAKES_BACK, Action, Device, SubjectKind

NOON = datetime(2023, 6, 15, 12, tzinfo=UTC)
ZONES = {
    1: ZoneInfo("UTC"),
    2: ZoneInfo("Pacific/Kiritimati"),
    3: ZoneInfo("Pacific/Pago_Pago"),
    4: ZoneInfo("America/New_York"),
    5: ZoneInfo("Asia/Kathmandu"),
    6: ZoneInfo("Africa/Cairo"),
    7: ZoneInfo("Pacific/Apia"),
}


class Changes(NamedTuple):
    days: Counter[TotalKey]
    months: Counter[TotalKey]
    active: dict[ActiveKey, datetime]


def deltas(events: Sequence[NewEvent], zones: Mapping[int, ZoneInfo]) -> Changes:
    days = total_deltas(events, Days(zones), {None: 0, "example.com": 7})
    return Changes(days, by_month(days), last_active(events))


def event(at: str | datetime = NOON, **given: Any) -> NewEvent:
    occurred_at = datetime.fromisoformat(at) if isinstance(at, str) else at
    return NewEvent(
        **{"tenant_id": 1, "id": uuid4(), "subject_id": 10, "action": Action.VIEW, **given},
        occurred_at=occurred_at,
    )


def total(first_day: str, **given: Any) -> TotalKey:
    key = {"tenant_id": 1, "subject_id": 10, "action": Action.VIEW, "device": Device.UNKNOWN, "domain_id": 0}
    return TotalKey(**{**key, **given}, first_day=date.fromisoformat(first_day))


def test_no_events_change_nothing() -> None:
    assert deltas([], {}) == ({}, {}, {})


def test_each_event_adds_one_to_its_day_and_its_month() -> None:
    changes = deltas([event("2023-06-15T12:00:00Z"), event("2023-06-15T23:59:59.999999Z")], ZONES)

    assert changes.days == {total("2023-06-15"): 2}
    assert changes.months == {total("2023-06-01"): 2}
    assert changes.active == {}


def test_days_of_one_month_add_up_and_the_next_month_is_another() -> None:
    days = ("2023-06-30", "2023-06-30", "2023-06-01", "2023-07-01", "2024-06-30")
    changes = deltas([event(f"{day}T00:00:00Z") for day in days], ZONES)

    assert changes.days == {
        total("2023-06-30"): 2,
        total("2023-06-01"): 1,
        total("2023-07-01"): 1,
        total("2024-06-30"): 1,
    }
    assert changes.months == {total("2023-06-01"): 3, total("2023-07-01"): 1, total("2024-06-01"): 1}


@pytest.mark.parametrize(
    ("given", "key"),
    [
        ({"tenant_id": 2}, {"tenant_id": 2}),
        ({"subject_id": 11}, {"subject_id": 11}),
        ({"action": Action.SHARE}, {"action": Action.SHARE}),
        ({"device": Device.MOBILE}, {"device": Device.MOBILE}),
        ({"domain": "example.com"}, {"domain_id": 7}),
    ],
)
def test_what_differs_in_a_part_of_the_key_is_counted_apart(
    given: dict[str, Any], key: dict[str, Any]
) -> None:
    changes = deltas([event(), event(**given), event(), event(**given), event(**given)], ZONES)

    day = "2023-06-16" if given.get("tenant_id") == 2 else "2023-06-15"
    assert changes.days == {total("2023-06-15"): 2, total(day, **key): 3}
    assert changes.months == {total("2023-06-01"): 2, total("2023-06-01", **key): 3}


@pytest.mark.parametrize(
    ("tenant_id", "at", "day", "month"),
    [
        (1, "2023-06-30T23:59:59.999999Z", "2023-06-30", "2023-06-01"),
        (1, "2023-07-01T01:00:00+02:00", "2023-06-30", "2023-06-01"),
        # 14 hours ahead, 11 behind, and a quarter of an hour off.
        (2, "2023-06-30T09:59:59.999999Z", "2023-06-30", "2023-06-01"),
        (2, "2023-06-30T10:00:00Z", "2023-07-01", "2023-07-01"),
        (3, "2023-07-01T10:59:59.999999Z", "2023-06-30", "2023-06-01"),
        (3, "2023-07-01T11:00:00Z", "2023-07-01", "2023-07-01"),
        (5, "2023-06-30T18:14:59.999999Z", "2023-06-30", "2023-06-01"),
        (5, "2023-06-30T18:15:00Z", "2023-07-01", "2023-07-01"),
        # Clocks are set forward on March 12th, and back on November 5th.
        (4, "2023-03-12T04:59:59Z", "2023-03-11", "2023-03-01"),
        (4, "2023-03-12T05:00:00Z", "2023-03-12", "2023-03-01"),
        (4, "2023-03-13T03:59:59Z", "2023-03-12", "2023-03-01"),
        (4, "2023-03-13T04:00:00Z", "2023-03-13", "2023-03-01"),
        (4, "2023-11-05T03:59:59Z", "2023-11-04", "2023-11-01"),
        (4, "2023-11-06T04:59:59Z", "2023-11-05", "2023-11-01"),
        (4, "2023-11-06T05:00:00Z", "2023-11-06", "2023-11-01"),
        # A midnight that the clocks skip, and one over which they are set back: it comes once.
        (6, "2023-04-27T21:59:59Z", "2023-04-27", "2023-04-01"),
        (6, "2023-04-27T22:00:00Z", "2023-04-28", "2023-04-01"),
        (6, "2023-10-26T20:59:59Z", "2023-10-26", "2023-10-01"),
        (6, "2023-10-26T21:30:00Z", "2023-10-26", "2023-10-01"),
        (6, "2023-10-26T22:00:00Z", "2023-10-27", "2023-10-01"),
        # The day that the island left out, at the end of a month.
        (7, "2011-12-30T09:59:59Z", "2011-12-29", "2011-12-01"),
        (7, "2011-12-30T10:00:00Z", "2011-12-31", "2011-12-01"),
        (7, "2011-12-31T10:00:00Z", "2012-01-01", "2012-01-01"),
    ],
)
def test_a_day_is_one_of_the_tenants_own_time_zone(tenant_id: int, at: str, day: str, month: str) -> None:
    changes = deltas([event(at, tenant_id=tenant_id)], ZONES)

    assert changes.days == {total(day, tenant_id=tenant_id): 1}
    assert changes.months == {total(month, tenant_id=tenant_id): 1}


def test_signed_in_people_are_active_from_their_latest_event_on() -> None:
    later = NOON + timedelta(hours=1)
    changes = deltas(
        [
            event(NOON, user_id=100),
            event(later, user_id=100, action=Action.SHARE),
            event(NOON - timedelta(days=1), user_id=100),
            event(NOON, user_id=200),
            event(NOON, user_id=100, subject_id=11),
            event(NOON, user_id=100, tenant_id=2),
            event(later),
        ],
        ZONES,
    )

    assert changes.active == {
        ActiveKey(1, SubjectKind.PUBLICATION, 10, 100): later,
        ActiveKey(1, SubjectKind.PUBLICATION, 10, 200): NOON,
        ActiveKey(1, SubjectKind.PUBLICATION, 11, 100): NOON,
        ActiveKey(2, SubjectKind.PUBLICATION, 10, 100): NOON,
    }


@pytest.mark.parametrize("action", Action)
def test_every_action_is_counted_and_is_activity_unless_it_takes_something_back(action: Action) -> None:
    changes = deltas([event(action=action, user_id=100)], ZONES)

    assert changes.days == {total("2023-06-15", action=action): 1}
    assert changes.months == {total("2023-06-01", action=action): 1}
    active = {ActiveKey(1, SUBJECT_OF[action], 10, 100): NOON}
    assert changes.active == ({} if action in TAKES_BACK else active)


def test_one_number_of_two_kinds_of_subjects_is_active_apart() -> None:
    changes = deltas([event(action=action, user_id=100) for action in (Action.VIEW, Action.VIEW_3D)], ZONES)

    assert set(changes.active) == {
        ActiveKey(1, SubjectKind.PUBLICATION, 10, 100),
        ActiveKey(1, SubjectKind.ASSET, 10, 100),
    }


def test_taking_back_leaves_the_totals_of_what_was_done() -> None:
    changes = deltas([event(action=Action.LIKE), event(action=Action.UNLIKE)], ZONES)

    assert changes.days == {
        total("2023-06-15", action=Action.LIKE): 1,
        total("2023-06-15", action=Action.UNLIKE): 1,
    }
