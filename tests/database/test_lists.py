import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import (
    BigInteger,
    Uuid,
    bindparam,
    insert,
    select,
    true,
)
from sqlalchemy.types import TypeEngine

from base.ids import uuid7
from database import (
    Database,
    LastingRows,
    Statement,
    among,
    bucket_of,
    ordered_join,
    rows_of,
    spans,
    table_of,
)
from models import Action, Day, DayTotal, Domain, Event, Instant, Tenant, User
from tests.studio import START

DAYS = table_of(DayTotal)
DOMAINS = table_of(Domain)
EVENTS = table_of(Event)
USERS = table_of(User)

_AFTER = rows_of("after", bucket=BigInteger(), id=BigInteger()).table_valued("bucket", "id", name="after")

every_example_asks = settings(
    max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


async def insert_rows(database: Database, table: Any, rows: Sequence[dict[str, Any]]) -> None:
    async with database.writing() as session:
        await session.execute(insert(table), rows)


def as_it_is(*values: Any) -> tuple[Any, ...]:
    return values


NAMED = Statement(
    select(DOMAINS.c.name).where(among(DOMAINS.c.name, "names")).order_by(DOMAINS.c.id), lambda name: name
)


async def test_any_number_of_keys_is_one_parameter_of_one_text(database: Database) -> None:
    names = [f"Ä'\"\\{{}},{n}" for n in range(6_000)]
    await insert_rows(database, DOMAINS, [{"name": name} for name in names])
    seen: list[str] = []

    with database.observed(seen.append):
        for count in (0, 1, 2, 5_000):
            assert await database.fetch(NAMED, names=names[:count]) == names[:count]

    (text,) = set(seen)
    assert len(seen) == 4
    assert (text.count("?"), text.count("$")) in [(1, 0), (0, 1)]


async def test_keys_that_are_given_twice_or_unknown_change_nothing(database: Database) -> None:
    await insert_rows(database, DOMAINS, [{"name": "a"}, {"name": "b"}])
    assert await database.fetch(NAMED, names=["b", "b", "c", "A", "", "%"]) == ["b"]


async def test_no_text_of_the_database_is_equal_to_one_with_a_nul(database: Database) -> None:
    await insert_rows(database, DOMAINS, [{"name": "a"}, {"name": "b"}])
    of_one = Statement(select(DOMAINS.c.id).where(DOMAINS.c.name == bindparam("name")), int)

    assert await database.fetch(NAMED, names=["a\0", "\0", "b", "\0b", "b\0c"]) == ["b"]
    assert await database.fetch(of_one, name="a\0") == []
    assert await database.fetch(of_one, name="a") == [1]


KEYS: list[tuple[Any, TypeEngine[Any], list[Any]]] = [
    (USERS.c.public_id, Uuid(), [uuid7(START) for _ in range(3)]),
    (USERS.c.created_at, Instant(), [START + timedelta(microseconds=n) for n in range(3)]),
    (USERS.c.id, BigInteger(), [1, 2, 2**40]),
]


@pytest.mark.parametrize("number", range(len(KEYS)), ids=["uuid", "instant", "big"])
async def test_keys_are_of_the_type_of_their_column(database: Database, number: int) -> None:
    async with database.writing() as session:
        tenant = Tenant()
        session.add(tenant)
        await session.flush()
        for n in range(3):
            ids, times, keys = (values for _, _, values in KEYS)
            row = {"id": keys[n], "public_id": ids[n], "created_at": times[n], "tenant_id": tenant.id}
            session.add(User(email=f"{n}@example.com", username=str(n), **row))
    column, _, values = KEYS[number]
    statement = Statement(
        select(column, USERS.c.username).where(among(column, "keys")).order_by(column), as_it_is
    )

    found = await database.fetch(statement, keys=[values[2], values[0]])

    assert sorted(found) == sorted([(values[0], "0"), (values[2], "2")])


async def test_days_are_keys_too(database: Database) -> None:
    first = date(2023, 6, 4)
    await insert_rows(database, DAYS, [total(1, first + timedelta(days=n), 2**n) for n in range(5)])
    statement = Statement(
        select(DAYS.c.day, DAYS.c.count).where(among(DAYS.c.day, "days")).order_by(DAYS.c.day), as_it_is
    )
    wanted = [first + timedelta(days=n) for n in (3, 1, 7)]
    assert await database.fetch(statement, days=wanted) == [(wanted[1], 2), (wanted[0], 8)]


def total(subject_id: int, day: date, count: int, tenant_id: int = 1) -> dict[str, Any]:
    return {
        "tenant_id": tenant_id,
        "subject_id": subject_id,
        "action": Action.VIEW,
        "day": day,
        "device": 0,
        "domain_id": 0,
        "count": count,
    }


# Tables that are given

PAIRS = {"tenant_id": BigInteger(), "subject_id": BigInteger()}


async def test_pairs_that_are_given_are_found_as_pairs(database: Database) -> None:
    day = date(2023, 6, 4)
    await insert_rows(
        database, DAYS, [total(subject, day, 1, tenant) for tenant in (1, 2, 3) for subject in (1, 2, 3)]
    )
    given_pairs = rows_of("pairs", **PAIRS).table_valued(*PAIRS, name="given_pairs")
    is_one = (DAYS.c.tenant_id == given_pairs.c.tenant_id) & (DAYS.c.subject_id == given_pairs.c.subject_id)
    statement = Statement(
        select(DAYS.c.tenant_id, DAYS.c.subject_id).select_from(ordered_join(given_pairs, DAYS, is_one)),
        as_it_is,
    )

    assert sorted(await database.fetch(statement, pairs=[(3, 1), (1, 2), (4, 4)])) == [(1, 2), (3, 1)]
    assert await database.fetch(statement, pairs=[]) == []


def in_spans(table: Any, time: Any, type: TypeEngine[Any]) -> Statement[tuple[Any, ...]]:
    given_pairs = rows_of("pairs", **PAIRS).table_valued(*PAIRS, name="given_pairs")
    part = spans("parts", type).table_valued("bucket", "start", "stop", name="part")
    is_one = (table.c.tenant_id == given_pairs.c.tenant_id) & (table.c.subject_id == given_pairs.c.subject_id)
    is_within = (time >= part.c.start) & (time < part.c.stop)
    return Statement(
        select(table.c.subject_id, time, bucket_of(time, part.c.bucket)).select_from(
            ordered_join(ordered_join(given_pairs, part, true()), table, is_one & is_within)
        ),
        as_it_is,
    )


DAYS_IN_SPANS = in_spans(DAYS, DAYS.c.day, Day())
EVENTS_IN_SPANS = in_spans(EVENTS, EVENTS.c.occurred_at, Instant())


@given(st.sets(st.integers(0, 40), min_size=2, max_size=8), st.booleans())
@every_example_asks
async def test_a_value_is_in_the_span_that_holds_it_and_gaps_are_even(
    database: Database, bounds: set[int], with_gaps: bool
) -> None:
    """The n-th span has the number 2n + 1."""
    days = [date(2023, 6, 4) + timedelta(days=n) for n in range(42)]
    times = [START + timedelta(microseconds=n) for n in range(42)]
    if not await database.fetch(Statement(select(DAYS.c.day), as_it_is)):
        await insert_rows(database, DAYS, [total(subject, day, 1) for subject in (1, 2, 3) for day in days])
        await insert_rows(database, EVENTS, [event(subject, at) for subject in (1, 2, 3) for at in times])
    cuts = sorted(bounds)
    parts = [pair for n, pair in enumerate(pairwise(cuts)) if not (with_gaps and n % 2)]
    expected = sorted(
        (subject, n, 2 * number + 1)
        for subject in (1, 3)
        for number, (start, stop) in enumerate(parts)
        for n in range(start, stop)
    )

    for statement, values in ((DAYS_IN_SPANS, days), (EVENTS_IN_SPANS, times)):
        found = await database.fetch(
            statement, pairs=[(1, 1), (1, 3)], parts=[(values[start], values[stop]) for start, stop in parts]
        )
        within = sorted((subject, values.index(at), bucket) for subject, at, bucket in found if bucket % 2)
        assert within == expected
        assert all(cuts[0] <= values.index(at) < cuts[-1] for _, at, _ in found)


def event(subject_id: int, at: datetime) -> dict[str, Any]:
    return {
        "tenant_id": 1,
        "id": uuid7(at),
        "subject_id": subject_id,
        "action": Action.VIEW,
        "device": 0,
        "domain_id": 0,
        "occurred_at": at,
    }


LATER_THAN = Statement(
    select(_AFTER.c.bucket, DOMAINS.c.id).select_from(
        ordered_join(_AFTER, DOMAINS, DOMAINS.c.id > _AFTER.c.id)
    ),
    as_it_is,
)


@pytest.mark.parametrize("engine", ["sqlite"])
def test_sqlite_reads_given_rows_from_json_once(database: Database) -> None:
    with closing(sqlite3.connect(database.url.database or "")) as connection:
        plan = connection.execute(f"EXPLAIN QUERY PLAN {LATER_THAN.compiled('sqlite').text}", ["[]"])
        steps = [step for *_, step in plan]

    assert [step for step in steps if "json_each" in step or "CO-ROUTINE" in step] == [
        "CO-ROUTINE after",
        "SCAN json_each VIRTUAL TABLE INDEX 1:",
    ]


async def test_rows_that_are_given_again_say_the_same(database: Database) -> None:
    await insert_rows(database, DOMAINS, [{"name": name} for name in ("a.example", "b.example", "c.example")])
    ids = [id for _, id in await database.fetch(LATER_THAN, after=[(7, 0)])]
    rows = LastingRows([(1, ids[0]), (2, ids[1])])

    found = [await database.fetch(LATER_THAN, after=rows) for _ in range(2)]

    assert [sorted(one) for one in found] == [[(1, ids[1]), (1, ids[2]), (2, ids[2])]] * 2
