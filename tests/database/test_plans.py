"""PostgreSQL plans a statement for the values of each run; but what looks up rows by keys it plans once."""

from asyncio import sleep
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import BigInteger, Column, MetaData, String, Table, insert, literal_column, select, text

from base.calendar import Span
from database import Database, Lookup, Statement, among, metered, table_of
from loaders.counts import read_counts
from loaders.measures import Dimension, Measure
from loaders.people import USER_COLUMNS, USERS, UserRow
from models import Action, DayTotal
from tests.studio import Studio

pytestmark = pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
RUNS = 10
FIRST = date(2022, 1, 2)
DAYS = 363
DEVICES = 3
TENANT, ASSETS, ASSET = 7, 200, 5
YEAR = Measure(
    (Action.VIEW_3D,),
    (Span(datetime(2022, 1, 2, tzinfo=UTC), datetime(2022, 12, 31, tzinfo=UTC)),),
    frozenset({Dimension.DEVICE}),
)
OF_SERIES = 303
"""Days of whole months, so that totals of the same range read no days."""
OF_DAYS = 60
"""Rows of the days before and after the whole months, of each device."""
ROWS_READ = Statement(
    select(literal_column("sum(seq_tup_read) + sum(coalesce(idx_tup_fetch, 0))", BigInteger()))
    .select_from(text("pg_stat_xact_user_tables"))
    .where(text("relname = 'day_totals'")),
    int,
)
"""Of the daily totals, since the snapshot began."""
PREPARED = Table(
    "pg_prepared_statements",
    MetaData(),
    Column("statement", String),
    Column("generic_plans", BigInteger),
    Column("custom_plans", BigInteger),
)
PLANS = (
    select(PREPARED.c.generic_plans, PREPARED.c.custom_plans)
    .where(PREPARED.c.statement.like("SELECT users.id%"))
    .order_by(PREPARED.c.statement)
)


SERIES = """query($id: ID!) { asset(id: $id) { metrics(range: {start: "2022-02-01", end: "2022-11-30"}) {
  views(viewType: VIEW_3D, interval: DAY, groupBy: [DEVICE]) { count points { count } }
} } }"""
KEPT_STATISTICS = text(
    "SELECT seq_tup_read + coalesce(idx_tup_fetch, 0) FROM pg_stat_user_tables WHERE relname = 'day_totals'"
)


async def fill(database: Database, tenant: int = TENANT) -> None:
    """One tenant has nearly all rows, and they came after PostgreSQL had looked at the table."""
    async with database.writing() as session:
        few = [(tenant + 1, 1, int(Action.VIEW_3D), FIRST + timedelta(days=n), 1, 0, 1) for n in range(50)]
        names = table_of(DayTotal).c.keys()
        await session.execute(insert(table_of(DayTotal)), [dict(zip(names, row, strict=True)) for row in few])
        await session.execute(text("ANALYZE day_totals"))
        await session.execute(
            text(
                "INSERT INTO day_totals"
                " SELECT :tenant, asset, :action, CAST(:first AS date) + day, device, 0, 1"
                " FROM generate_series(0, :last) AS day, generate_series(1, :assets) AS asset,"
                " generate_series(1, :devices) AS device"
            ),
            {
                "tenant": tenant,
                "action": int(Action.VIEW_3D),
                "first": FIRST,
                "last": DAYS - 1,
                "assets": ASSETS,
                "devices": DEVICES,
            },
        )


async def test_a_year_of_one_asset_reads_its_own_rows_alone_however_often_it_is_asked_for(
    database: Database,
) -> None:
    await fill(database)
    read = []
    with metered():
        database.begin_snapshot()
        try:
            for _ in range(RUNS):
                counts = await read_counts(database, "UTC", YEAR, {(TENANT, ASSET)}, date(2024, 1, 1))
                assert sum(counts[TENANT, ASSET].values()) == OF_DAYS * DEVICES
                read += await database.fetch(ROWS_READ)
        finally:
            database.end_snapshot()
    assert read == [OF_DAYS * DEVICES * (number + 1) for number in range(RUNS)]


async def test_a_statement_is_planned_for_each_run_and_a_lookup_once(database_url: str) -> None:
    """PostgreSQL itself tries the plan for all values from the sixth run on."""
    database = Database(database_url, readers=1)
    users = select(*USER_COLUMNS).where(among(USERS.id, "keys"))
    for statement in (Lookup(users, UserRow), Statement(users, UserRow)):
        for _ in range(RUNS):
            assert await database.fetch(statement, keys=[1]) == []
    by_key = await database.fetch(Lookup(PLANS, lambda *plans: plans))
    by_values = await database.fetch(Statement(PLANS, lambda *plans: plans))
    await database.close()
    assert by_key == [(RUNS - 5, 5)]
    assert by_values == [(0, RUNS)]


async def test_a_series_of_ten_months_reads_its_own_rows_alone_however_often_it_is_asked_for(
    studio: Studio,
) -> None:
    ids = [await studio.add_asset(f"Asset {number}") for number in range(ASSET)]
    database = studio.services.database
    async with database.engine.connect() as connection:
        tenant = (await connection.execute(text("SELECT tenant_id FROM organizations"))).scalar_one()
        known = {id for (id,) in await connection.execute(text("SELECT id FROM assets"))}
    assert known <= set(range(1, ASSETS + 1))
    await fill(database, tenant)
    before = await rows_read(database)

    for _ in range(RUNS):
        views = (await studio.ask(SERIES, "admin", id=ids[-1])).data["asset"]["metrics"]["views"]
        assert (views["count"], len(views["points"])) == (OF_SERIES * DEVICES, OF_SERIES * DEVICES)

    # A connection tells how much it has read when it ends.
    await database._readers.close()
    expected = RUNS * OF_SERIES * DEVICES
    for _ in range(500):
        if await rows_read(database) - before >= expected:
            break
        await sleep(0.02)
    assert await rows_read(database) - before == expected


async def rows_read(database: Database) -> int:
    """Of the daily totals, by connections that have ended."""
    async with database.engine.connect() as connection:
        found: int = (await connection.execute(KEPT_STATISTICS)).scalar_one()
        await connection.rollback()
    return found
