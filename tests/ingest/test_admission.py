from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from base.calendar import month_start
from base.ids import uuid7, uuid7_instant
from database.partitions import months_from
from ingest.admission import Dropped, Reason, Sender, admitted
from ingest.events import NewEvent
from ingest.wire import WireAction, WireDevice, WireEvent, WireSubject
from loaders.subjects import Subject
from models import Action, Device, SubjectKind

NOW = datetime(2023, 6, 15, 12, 0, tzinfo=UTC)
ID = UUID("11111111-1111-4111-8111-111111111111")
"""Version 4: it says nothing of a time."""
VIEW_ID = UUID("22222222-2222-4222-8222-222222222222")
ASSET = Subject(SubjectKind.ASSET, 7, 3, 5)
SENDER = Sender(NOW)

SUBJECTS = {
    SubjectKind.PUBLICATION: {WireAction.VIEW, WireAction.SHARE},
    SubjectKind.ASSET: {
        WireAction.VIEW_3D,
        WireAction.AR_CLICK,
        WireAction.AR_SCAN,
        WireAction.INTERACTION,
    },
    SubjectKind.PROFILE: {WireAction.PROFILE_VIEW, WireAction.PROFILE_SEARCH},
    SubjectKind.WORK: {WireAction.PLAY},
}


def event(**given: object) -> WireEvent:
    values = {"id": str(ID), "action": WireAction.VIEW_3D, **given}
    return WireEvent(subject=WireSubject(asset_id="ast_x"), **values)  # type: ignore[arg-type]


def reason(event: WireEvent, subject: Subject | None = ASSET, sender: Sender = SENDER) -> Reason:
    with pytest.raises(Dropped) as dropped:
        admitted(event, subject, sender)
    return dropped.value.reason


def test_an_event_is_taken_in_as_it_is_told() -> None:
    told = event(
        occurred_at=NOW - timedelta(days=2),
        view_id=str(VIEW_ID),
        device_category=WireDevice.TABLET,
        domain="https://Example.com/",
    )

    assert admitted(told, ASSET, Sender(NOW, Device.MOBILE, 9, b"hash")) == NewEvent(
        tenant_id=3,
        id=ID,
        subject_id=7,
        action=Action.VIEW_3D,
        occurred_at=NOW - timedelta(days=2),
        device=Device.TABLET,
        domain="example.com",
        view_id=VIEW_ID,
        user_id=9,
        visitor=b"hash",
    )


def test_what_is_not_told_is_known_of_the_sender_or_not_at_all() -> None:
    assert admitted(event(), ASSET, Sender(NOW, Device.MOBILE)) == NewEvent(
        3, ID, 7, Action.VIEW_3D, NOW, Device.MOBILE
    )


@pytest.mark.parametrize("kind", SubjectKind)
@pytest.mark.parametrize("action", WireAction)
def test_each_subject_takes_its_own_actions(kind: SubjectKind, action: WireAction) -> None:
    told, subject = event(action=action), Subject(kind, 7, 3, 5)

    if action in SUBJECTS[kind]:
        assert admitted(told, subject, SENDER).action is Action[action.name]
    else:
        assert reason(told, subject) is Reason.WRONG_ACTION


def test_a_subject_that_is_not_there_is_unknown() -> None:
    assert reason(event(), None) is Reason.UNKNOWN_SUBJECT


@pytest.mark.parametrize("field", ["id", "view_id"])
@pytest.mark.parametrize("text", ["", "7", "11111111-1111-4111-8111-11111111111", "x" * 36])
def test_an_id_that_is_no_uuid_is_invalid(field: str, text: str) -> None:
    assert reason(event(**{field: text})) is Reason.INVALID_ID


@pytest.mark.parametrize("text", [str(ID).upper(), ID.hex, f"{{{ID}}}", f"urn:uuid:{ID}"])
def test_an_id_is_one_id_in_every_spelling(text: str) -> None:
    assert admitted(event(id=text), ASSET, SENDER).id == ID


def test_an_event_without_an_id_gets_one_of_now() -> None:
    first, second = (admitted(event(id=None), ASSET, SENDER).id for _ in range(2))

    assert uuid7_instant(first) == uuid7_instant(second) == NOW
    assert first != second


EARLIER = NOW - timedelta(hours=3)


@pytest.mark.parametrize(
    ("told", "id", "at"),
    [
        (EARLIER, uuid7(NOW), EARLIER),
        (None, uuid7(EARLIER), EARLIER),
        (None, ID, NOW),
        (None, None, NOW),
        (EARLIER, None, EARLIER),
    ],
)
def test_the_time_is_as_told_else_the_ids_else_now(
    told: datetime | None, id: UUID | None, at: datetime
) -> None:
    taken = admitted(event(id=str(id) if id else None, occurred_at=told), ASSET, SENDER)

    assert taken.occurred_at == at


@pytest.mark.parametrize("ahead", [timedelta(0), timedelta(microseconds=1), timedelta(minutes=5)])
def test_a_clock_that_is_a_little_ahead_means_now(ahead: timedelta) -> None:
    assert admitted(event(occurred_at=NOW + ahead), ASSET, SENDER).occurred_at == NOW
    assert admitted(event(id=str(uuid7(NOW + ahead))), ASSET, SENDER).occurred_at == NOW


@pytest.mark.parametrize(
    "given",
    [
        {"occurred_at": NOW + timedelta(minutes=5, microseconds=1)},
        {"occurred_at": datetime.max.replace(tzinfo=UTC)},
        {"id": str(uuid7(NOW + timedelta(minutes=5, milliseconds=1)))},
        {"id": "ffffffff-ffff-7fff-bfff-ffffffffffff"},
    ],
)
def test_further_ahead_nothing_can_have_happened(given: dict[str, object]) -> None:
    assert reason(event(**given)) is Reason.IN_THE_FUTURE


@pytest.mark.parametrize(
    "given",
    [
        {"occurred_at": datetime(1970, 1, 1, 23, 59, 59, 999_999, tzinfo=UTC)},
        {"occurred_at": datetime.min.replace(tzinfo=UTC)},
        {"id": "00000000-0000-7000-8000-000000000000"},
    ],
)
def test_before_there_were_clocks_nothing_can_have_happened(given: dict[str, object]) -> None:
    assert reason(event(**given)) is Reason.TOO_OLD


def test_a_sender_is_believed_as_far_back_as_is_said() -> None:
    sender = Sender(NOW, oldest=EARLIER)

    assert admitted(event(occurred_at=EARLIER), ASSET, sender).occurred_at == EARLIER
    assert reason(event(occurred_at=EARLIER - timedelta(microseconds=1)), sender=sender) is Reason.TOO_OLD


def test_what_was_pruned_is_not_taken_in_again() -> None:
    """Its id is gone too: it would count a second time."""
    pruned = ASSET._replace(oldest=EARLIER)

    assert admitted(event(occurred_at=EARLIER), pruned, SENDER).occurred_at == EARLIER
    assert reason(event(occurred_at=EARLIER - timedelta(microseconds=1)), pruned) is Reason.TOO_OLD


DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("made", "at", "is_taken"),
    [
        # Whoever tells of the past makes the ids now.
        (NOW, NOW - 900 * DAY, True),
        (NOW - 900 * DAY, NOW - 900 * DAY, True),
        (NOW - 901 * DAY, NOW - 900 * DAY, True),
        (NOW - 901 * DAY - timedelta(milliseconds=1), NOW - 900 * DAY, False),
        (NOW + timedelta(minutes=5), NOW, True),
        (NOW + timedelta(minutes=5, milliseconds=1), NOW, False),
    ],
)
def test_an_id_is_not_made_long_before_its_event_nor_ahead(
    made: datetime, at: datetime, is_taken: bool
) -> None:
    told = event(id=str(uuid7(made)), occurred_at=at)

    if is_taken:
        assert uuid7_instant(admitted(told, ASSET, SENDER).id) == made
    else:
        assert reason(told) is Reason.ID_OF_ANOTHER_TIME


@pytest.mark.parametrize(
    ("id", "is_taken"),
    [
        (uuid7(NOW - 2 * DAY), True),
        (uuid7(NOW - 2 * DAY - timedelta(milliseconds=1)), False),
        (uuid7(NOW + timedelta(minutes=5)), True),
        (uuid7(NOW + timedelta(minutes=6)), False),
        (ID, False),
    ],
)
def test_a_strangers_id_is_of_the_time_in_which_strangers_are_believed(id: UUID, is_taken: bool) -> None:
    sender = Sender(NOW, oldest=NOW - 2 * DAY, is_believed=False)
    told = event(id=str(id), occurred_at=NOW)

    if is_taken:
        assert admitted(told, ASSET, sender).id == id
    else:
        assert reason(told, sender=sender) is Reason.ID_OF_ANOTHER_TIME


def test_the_ids_of_the_fastest_clock_have_their_months_table() -> None:
    for days in range(366):
        now = NOW + days * DAY
        taken = event(id=str(uuid7(now + 31 * DAY)), sent_at=now + 31 * DAY)
        assert admitted(taken, ASSET, Sender(now)).occurred_at == now
        assert month_start((now + 31 * DAY).date()) in months_from(now)


def test_what_is_no_domain_is_invalid() -> None:
    assert reason(event(domain="two words")) is Reason.INVALID_DOMAIN


@pytest.mark.parametrize(
    "domain", ["shop.example", "https://SHOP.example:8080/chair", "xn--bcher-kva.example"]
)
def test_an_asset_with_a_list_of_domains_counts_on_those(domain: str) -> None:
    listed = ASSET._replace(domains=frozenset({"shop.example", "xn--bcher-kva.example"}))

    assert admitted(event(domain=domain), listed, SENDER).domain in listed.domains


@pytest.mark.parametrize("domain", [None, "", "www.shop.example", "example", "other.example"])
def test_an_asset_with_a_list_of_domains_counts_nowhere_else(domain: str | None) -> None:
    listed = ASSET._replace(domains=frozenset({"shop.example"}))

    assert reason(event(domain=domain), listed) is Reason.DOMAIN_NOT_ALLOWED
