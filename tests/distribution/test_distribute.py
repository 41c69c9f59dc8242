"""`viewgraph distribute`, on PostgreSQL without Citus and on one that has its functions."""

from collections.abc import Iterator
from uuid import uuid4

import pytest

from tests.commands import done, mistake
from tests.commands import run as command
from tests.distribution.cluster import add_extension, add_functions, run
from tests.postgres import PostgresServer

CALLS = [
    "reference domains",
    "events by tenant_id with none, 16",
    *(
        f"{table} by tenant_id with events, "
        for table in (
            "active_users", "attendances", "day_totals", "domain_aliases", "engaged_views", "folded_hours",
            "hour_totals", "imported_totals", "linked_visits", "month_totals", "subject_totals",
            "visitor_links", "visitor_sketches",
        )
    ),
]  # fmt: skip


@pytest.fixture
def url(postgres: PostgresServer, postgres_template: str) -> Iterator[str]:
    """A database of the test's own, with every table, in which anything may be planted."""
    name = f"viewgraph_{uuid4().hex}"
    postgres.create_database(name, postgres_template)
    yield postgres.url(name)
    postgres.drop_database(name)


def calls(url: str) -> list[str]:
    return run(url, "SELECT call FROM calls ORDER BY number")


@pytest.mark.usefixtures("superuser")
def test_what_is_missing_is_said_and_then_each_table_is_handed_over_once(url: str) -> None:
    options = ("--database-url", url, "--shards", "16")
    assert mistake("distribute", *options) == (
        "The database has no extension `citus`: run `CREATE EXTENSION citus`, here and on each worker.\n"
    )
    add_extension(url)
    add_functions(url)
    assert mistake("distribute", *options) == (
        "The database knows no worker: run `SELECT citus_add_node(HOST, PORT)` for each of them.\n"
    )
    run(url, "INSERT INTO workers VALUES ('worker', 5432); INSERT INTO refused VALUES ('engaged_views');")
    assert calls(url) == []

    # A worker goes away in the middle. What was done stays done, and the next run goes on from there.
    stopped = command("distribute", *options)
    assert stopped.exit_code == 1
    assert stopped.stderr.endswith(" cannot be used: a worker went away.\n"), stopped.stderr
    assert calls(url) == CALLS[:6]
    run(url, "DELETE FROM refused")
    assert done("distribute", *options).splitlines() == [
        *(f"The machines share {call.split()[0]} by tenant now." for call in CALLS[6:]),
        "The database is distributed.",
    ]
    assert calls(url) == CALLS

    assert done("distribute", "--database-url", url) == "The database is distributed.\n"
    assert mistake("distribute", "--database-url", url, "--shards", "8") == (
        "events has 16 shards already: run this without --shards.\n"
    )
    run(url, "UPDATE pg_dist_partition SET colocationid = 1 WHERE logicalrelid = 'day_totals'::regclass")
    assert mistake("distribute", *options) == (
        "day_totals is not beside events: run `SELECT undistribute_table('day_totals')`.\n"
    )
    run(url, "UPDATE pg_dist_partition SET partmethod = 'n' WHERE logicalrelid = 'events'::regclass")
    assert mistake("distribute", *options) == (
        "events should be shared by tenant: run `SELECT undistribute_table('events')`.\n"
    )
    run(url, "UPDATE alembic_version SET version_num = '0001'")
    assert mistake("distribute", *options) == (
        "The tables of the database are not up to date: run `viewgraph migrate` first.\n"
    )
    assert calls(url) == CALLS


def test_a_file_stays_on_its_machine(sqlite_template: str) -> None:
    assert mistake("distribute", "--database-url", f"sqlite:///{sqlite_template}") == (
        "A file of SQLite stays on its machine: use a PostgreSQL with the extension Citus.\n"
    )
