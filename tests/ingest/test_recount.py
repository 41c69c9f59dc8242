from collections import Counter
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from datasketches import hll_sketch, tgt_hll_type

from base.packed import packed_instant
from base.sketches import EMPTY, added, content, estimate
from ingest.deltas import TotalKey
from ingest.recount import Recount, RecountScope, stored_event
from ingest.sorted_stream import Row, SortedStream, merged_keys
from ingest.tenants import TenantRow
from models import Action, Device
from tests.ingest.brute import counted, drawn

TENANT = TenantRow(7, ZoneInfo("America/New_York"))
NOW = datetime(2023, 6, 15, 12, tzinfo=UTC)


def test_stored_events_are_counted_as_they_were_when_they_came_in() -> None:
    events = drawn(Random(1), TENANT.id, NOW, count=2_000)  # noqa: S311
    domain_ids = {None: 0, "example.com": 5, "news.example.org": 6}
    names = {0: "", 5: "example.com", 6: "news.example.org"}
    recount = Recount(TENANT)

    for start in range(0, len(events), 300):
        recount.add(
            stored_event(
                TENANT.id,
                event.subject_id,
                event.action,
                event.occurred_at,
                event.device,
                domain_ids[event.domain],
                event.user_id,
                event.visitor,
            )
            for event in events[start : start + 300]
        )

    expected = counted(events, "America/New_York")
    for key in [key for key in expected.days if key[1] == Action.ENGAGED_VIEW]:
        del expected.days[key]
    assert {
        (key.subject_id, key.action, key.first_day, key.device, names[key.domain_id]): n
        for key, n in recount.totals.items()
    } == expected.days
    sketches = {**recount.sketches, **recount.of_all_subjects}
    assert {key[1:]: content(sketch) for key, sketch in sketches.items()} == expected.sketches


def test_the_next_subject_begins_from_nothing_and_the_tenant_goes_on() -> None:
    recount = Recount(TENANT)
    recount.add([stored_event(7, 1, Action.VIEW, NOW, Device.DESKTOP, 0, user_id=1)])

    recount.next_subject()
    recount.add([stored_event(7, 2, Action.VIEW, NOW, Device.DESKTOP, 0, user_id=2)])

    day = date(2023, 6, 15)
    assert recount.totals == {TotalKey(7, 2, Action.VIEW, day, Device.DESKTOP, 0): 1}
    assert {key[1:]: estimate([sketch])[0] for key, sketch in recount.sketches.items()} == {(1, 2, day): 1}
    assert {key[1:]: estimate([sketch])[0] for key, sketch in recount.of_all_subjects.items()} == {
        (0, 0, day): 2
    }


@pytest.mark.parametrize(
    ("pruned_before", "days", "whole", "touched"),
    [
        (None, ("2023-02-01", "2023-04-01"), ("2023-02-01", "2023-04-01"), ("2023-02-01", "2023-04-01")),
        (None, ("2023-02-02", "2023-03-31"), ("2023-03-01", "2023-03-01"), ("2023-02-01", "2023-04-01")),
        (None, ("2023-12-01", "2024-01-02"), ("2023-12-01", "2024-01-01"), ("2023-12-01", "2024-02-01")),
        (
            "2023-03-15",
            ("2023-01-01", "2023-06-01"),
            ("2023-04-01", "2023-06-01"),
            ("2023-03-01", "2023-06-01"),
        ),
        (
            "2023-03-01",
            ("2023-01-01", "2023-06-01"),
            ("2023-03-01", "2023-06-01"),
            ("2023-03-01", "2023-06-01"),
        ),
    ],
)
def test_a_scope_has_the_kept_days_and_their_months(
    pruned_before: str | None, days: tuple[str, str], whole: tuple[str, str], touched: tuple[str, str]
) -> None:
    first, stop = map(date.fromisoformat, days)
    tenant = TENANT.pruned(date.fromisoformat(pruned_before)) if pruned_before else TENANT
    kept = max(days[0], pruned_before or "")

    for scope, months in (
        (RecountScope.whole_months(tenant, first, stop), whole),
        (RecountScope.touched_months(tenant, first, stop), touched),
    ):
        assert [str(day) for day in scope[1:]] == [kept, days[1], *months]
        assert scope.pruned_before(first) == (scope.first if pruned_before else None)


def test_a_scope_starts_and_ends_by_the_tenants_clock() -> None:
    scope = RecountScope.whole_months(TENANT, date(2023, 3, 12), date(2023, 3, 13))

    assert scope.start == datetime(2023, 3, 12, 5, tzinfo=UTC)
    assert scope.end == datetime(2023, 3, 13, 4, tzinfo=UTC)
    assert [scope.has(scope.start), scope.has(scope.end)] == [True, False]


def test_a_month_takes_the_days_beyond_the_scope_as_they_are_stored() -> None:
    def key(day: date) -> TotalKey:
        return TotalKey(7, 1, Action.VIEW, day, Device.DESKTOP, 0)

    scope = RecountScope.touched_months(TENANT, date(2023, 2, 10), date(2023, 2, 20))
    stored = {key(date(2023, 2, 9)): 1, key(date(2023, 2, 10)): 20, key(date(2023, 2, 20)): 300}

    months = scope.months(Counter({key(date(2023, 2, 19)): 4_000}), stored)

    assert months == {key(date(2023, 2, 1)): 4_301}


def test_a_sketch_is_the_same_in_whatever_order_its_visitors_came() -> None:
    random = Random(2)  # noqa: S311
    for number in (0, 1, 7, 8, 9, 300, 400, 2_000):
        names = [f"visitor {place}" for place in range(number)]
        sketch, sketch_in_parts = added(EMPTY, names), EMPTY
        random.shuffle(names)
        for start in range(0, number, 40):
            sketch_in_parts = added(sketch_in_parts, names[start : start + 40])

        assert content(sketch) == content(sketch_in_parts)
        assert content(sketch) != content(added(sketch, ["another one", "and another"]))


async def _parts(*parts: Sequence[Row]) -> AsyncIterator[Sequence[Row]]:
    for part in parts:
        yield part


async def test_sorted_rows_are_walked_through_side_by_side() -> None:
    one: SortedStream[int] = SortedStream(_parts([(1, "a"), (1, "b"), (2, "c")], [], [(2, "d"), (4, "e")]))
    other: SortedStream[int] = SortedStream(_parts([(2, "x")], [(3, "y"), (4, "z")]))
    walked: dict[int, Any] = {}

    async for key in merged_keys([one, other]):
        walked[key] = [value for stream in (one, other) for _, value in await stream.rows(key)]

    assert walked == {1: ["a", "b"], 2: ["c", "d", "x"], 3: ["y"], 4: ["e", "z"]}


async def test_rows_of_a_key_come_in_parts_as_they_were_read() -> None:
    rows: SortedStream[int] = SortedStream(_parts([(1, "a"), (2, "b")], [(2, "c"), (2, "d")], [(3, "e")]))

    assert await rows.rows(1) == [(1, "a")]
    assert [part async for part in rows.parts(2)] == [[(2, "b")], [(2, "c"), (2, "d")]]
    assert [await rows.key(), await rows.rows(2), await rows.rows(3), await rows.key()] == [
        3, [], [(3, "e")], None,
    ]  # fmt: skip


def test_a_tenant_takes_no_event_of_pruned_days_but_what_takes_back_an_earlier_one() -> None:
    tenant = TENANT.pruned(date(2023, 6, 1))
    start = datetime(2023, 6, 1, 4, tzinfo=UTC)

    def taken(action: Action, at: datetime) -> bool:
        return tenant.takes_at(packed_instant(at), action)

    before = start - timedelta(microseconds=1)
    assert [taken(Action.VIEW, start), taken(Action.VIEW, before), taken(Action.UNLIKE, before)] == [
        True, False, True,
    ]  # fmt: skip


def test_the_sketch_that_saw_nobody_is_as_the_library_writes_it() -> None:
    assert bytes(hll_sketch(12, tgt_hll_type.HLL_4).serialize_compact()) == EMPTY
