"""A server whose database is a cluster."""

from typing import Any

import pytest
from sqlalchemy import func, select

from base.ids import uuid7
from base.time_units import DAY, HOUR
from bench.peers.questions import DASHBOARD, LIST
from database import Database, Statement, change_one_by_one
from ingest.batch_writer import StoreResult
from ingest.events import NewEvent
from ingest.store import store
from models import Action
from resolvers.context import Services
from tests.distribution.cluster import EXTENSION, ran
from tests.distribution.rules import broken_rules
from tests.execution.test_plans import new
from tests.studio import START, Studio

SERIES = """{ publication(url: "ai-research-studio") {
  views(range: {start: "2023-06-01", end: "2023-06-15"}, interval: DAY) { points { count } }
} }"""
QUERIES = (new(DASHBOARD.documents["viewgraph"]), new(LIST.documents["viewgraph"]), new(SERIES))


ONLY = pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
SETTINGS = select(
    func.current_setting("citus.override_table_visibility", True),
    func.current_setting("citus.multi_shard_modify_mode", True),
)


async def settings_of(database: Database) -> tuple[list[Any], list[Any], list[Any]]:
    """As readers have them, as writers do, and as those who change tables do."""
    reader = await database.fetch(Statement(SETTINGS, lambda *values: list(values)))
    async with database.engine.begin() as connection:
        writer = list((await connection.execute(SETTINGS)).one())
        await change_one_by_one(connection)
        changer = list((await connection.execute(SETTINGS)).one())
    return reader[0], writer, changer


@ONLY
@pytest.mark.usefixtures("superuser")
async def test_connections_are_set_up_for_citus_only_where_it_is(
    services: Services, database_url: str
) -> None:
    alone = services.database
    assert await settings_of(alone) == ([None, None], [None, None], [None, None])
    assert not alone.is_cluster

    await ran(database_url, EXTENSION)
    cluster = Database(database_url)
    assert await settings_of(cluster) == (["off", None], ["off", None], ["off", "sequential"])
    assert cluster.is_cluster
    await cluster.close()


@ONLY
@pytest.mark.usefixtures("superuser")
async def test_a_cluster_plans_for_the_values_because_they_say_where_rows_are(
    services: Services, database_url: str
) -> None:
    mode = Statement(select(func.current_setting("plan_cache_mode")), str)
    alone = services.database
    assert await alone.in_bulk(lambda bulk: bulk.fetch(mode)) == ["force_generic_plan"]

    await ran(database_url, EXTENSION)
    cluster = Database(database_url)
    await cluster.look()
    assert await cluster.in_bulk(lambda bulk: bulk.fetch(mode)) == ["auto"]
    await cluster.close()


@ONLY
@pytest.mark.usefixtures("superuser")
async def test_each_statement_is_about_tenants_in_one_place(studio: Studio, database_url: str) -> None:
    """Here, nothing is excepted from the rules."""
    await ran(database_url, EXTENSION)
    database = studio.services.database
    await database.look()
    assert database.is_cluster
    tenants = [studio.people[name].row.tenant_id for name in ("owner", "stranger")]
    events = [
        NewEvent(tenant_id, uuid7(START), 1, Action.VIEW, at, domain="example.com", user_id=1)
        for at in (START, START - HOUR, START - DAY)
        for tenant_id in tenants
    ]
    with studio.statements() as statements:
        stored = await studio.services.buffer.add(events)
        again = await studio.services.buffer.add([events[0], events[3], events[1]])
        async with database.writing() as session:
            both = await store(session, [event._replace(id=uuid7(START)) for event in events[:2]])
        variables = {"url": "ai-research-studio", "first": 10}
        answers = [
            (await studio.ask(query, "owner", **variables)).data for query in QUERIES for _ in range(3)
        ]

    assert (stored, again, len(both)) == ([StoreResult.NEW] * 6, [StoreResult.KNOWN] * 3, 2)
    assert statements.count("COMMIT") == 4
    assert {text: broken_rules(text) for text in statements} == {text: set() for text in statements}
    dashboard, listed, series = answers[2], answers[5], answers[8]
    assert answers == [*[answers[0]] * 3, *[answers[3]] * 3, *[answers[6]] * 3]
    assert dashboard["publication"]["metrics"]["totalViews"] == 4
    assert [edge["node"] for edge in listed["publications"]["edges"]] == [dashboard["publication"]]
    assert series["publication"]["views"]["points"] == [{"count": 1}, {"count": 3}]
