from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    SmallInteger,
    String,
    Uuid,
    bindparam,
    insert,
    literal,
    select,
)

from base.ids import uuid7
from database import Database, Statement, table_of
from models import Action, Day, Event, EventId, Instant
from tests.studio import START

EVENTS = table_of(Event)
BIG = 2**63 - 1


def as_it_is(*values: Any) -> tuple[Any, ...]:
    return values


VALUES: list[ColumnElement[Any]] = [
    bindparam("instant", type_=Instant()),
    bindparam("day", type_=Day()),
    bindparam("event_id", type_=EventId()),
    bindparam("uuid", type_=Uuid()),
    bindparam("is_it", type_=Boolean()),
    bindparam("big", type_=BigInteger()),
    bindparam("small", type_=SmallInteger()),
    bindparam("text", type_=String()),
    literal(True),
    literal("'; --"),
]
GIVEN = Statement(select(*VALUES), as_it_is)
texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))


@given(
    st.datetimes(timezones=st.just(UTC)).filter(lambda instant: 1 < instant.year < 9999),
    st.integers(-14, 14),
    st.dates(),
    st.uuids(),
    st.booleans(),
    st.integers(-BIG - 1, BIG),
    st.integers(-(2**15), 2**15 - 1),
    texts,
)
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
async def test_a_value_comes_back_as_it_was_given(
    database: Database,
    instant: datetime,
    offset: int,
    day: date,
    uuid: UUID,
    is_it: bool,
    big: int,
    small: int,
    text: str,
) -> None:
    given = {"day": day, "event_id": uuid, "uuid": uuid, "is_it": is_it, "big": big, "small": small}
    elsewhere = instant.astimezone(timezone(timedelta(hours=offset)))

    ((*found, constant, quoted),) = await database.fetch(GIVEN, instant=elsewhere, **given, text=text)

    assert found == [instant, *given.values(), text]
    assert found[0].tzinfo is UTC
    assert found[4] is is_it
    assert (constant, quoted) == (True, "'; --")


async def test_nothing_comes_back_as_nothing(database: Database) -> None:
    names = ("instant", "day", "event_id", "uuid", "is_it", "big", "small", "text")
    ((*found, _, _),) = await database.fetch(GIVEN, **dict.fromkeys(names))
    assert found == [None] * len(names)


async def test_an_instant_without_offset_is_refused(database: Database) -> None:
    statement = Statement(select(bindparam("instant", type_=Instant())), as_it_is)
    with pytest.raises(ValueError, match="an instant needs an offset"):
        await database.fetch(statement, instant=START.replace(tzinfo=None))


async def test_a_missing_parameter_is_a_bug(database: Database) -> None:
    with pytest.raises(KeyError, match="day"):
        await database.fetch(GIVEN, instant=START)


async def test_rows_come_back_as_models_wrote_them(database: Database) -> None:
    event = {
        "tenant_id": BIG,
        "id": uuid7(START),
        "subject_id": 2**53 + 1,
        "action": Action.VIEW,
        "device": 1,
        "domain_id": 0,
        "occurred_at": START + timedelta(microseconds=1),
        "view_id": None,
        "user_id": 7,
        "visitor": b"\0\xff",
        "import_id": 2**53 + 1,
        "segment": 2**53 + 1,
    }
    async with database.writing() as session:
        await session.execute(insert(EVENTS), [event])
    statement = Statement(
        select(*EVENTS.c).where(
            EVENTS.c.id == bindparam("id", type_=EventId()), EVENTS.c.tenant_id == bindparam("tenant")
        ),
        as_it_is,
    )

    (found,) = await database.fetch(statement, id=event["id"], tenant=BIG)

    assert dict(zip(EVENTS.c.keys(), found, strict=True)) == event
