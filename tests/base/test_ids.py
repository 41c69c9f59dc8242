"""What ids say about when they were made."""

from datetime import UTC, datetime, timedelta

from base.ids import are_of_one_month, uuid7


def test_ids_of_one_month_are_told_by_how_they_begin() -> None:
    first, last = datetime(2023, 6, 1, tzinfo=UTC), datetime(2023, 6, 30, 23, 59, 59, 999_000, UTC)
    june = [uuid7(last).bytes, uuid7(first).bytes]
    july, june_before = last + timedelta(milliseconds=1), datetime(2022, 6, 9, tzinfo=UTC)

    assert are_of_one_month(june)
    assert not are_of_one_month([*june, uuid7(july).bytes])
    assert not are_of_one_month([*june, uuid7(june_before).bytes])
    assert not are_of_one_month([*june, b"\xff" * 16])
    assert are_of_one_month([bytes(16)])
