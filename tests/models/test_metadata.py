"""The rules by which one set of tables runs on SQLite, PostgreSQL and Citus, held on the metadata.

Citus copies a reference table to every node, cuts a distributed one by its tenant, and leaves a local one on
the coordinator.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import (
    BigInteger,
    Column,
    Date,
    DateTime,
    SmallInteger,
    UniqueConstraint,
    inspect,
    text,
)
from sqlalchemy.dialects import registry
from sqlalchemy.schema import CreateTable
from sqlmodel import SQLModel

from models import Day, Id, Instant
from resolvers.context import Services

TABLES = SQLModel.metadata.tables
BY_TENANT = {
    "active_users", "attendances", "day_totals", "domain_aliases", "engaged_views", "events", "folded_hours",
    "hour_totals", "imported_totals", "linked_visits", "month_totals",
    "subject_totals", "visitor_links", "visitor_sketches",
}  # fmt: skip
BY_KEY = {
    "active_users", "attendances", "day_totals", "engaged_views", "events", "experience_totals",
    "follow_totals", "hour_totals", "import_tenants", "imported_totals", "linked_visits", "month_totals",
    "subject_totals",
    "visitor_links",
}  # fmt: skip
REFERENCE = {"domains"}
LOCAL = {
    "account_links", "ended_sign_ins", "external_identities", "sign_ins",
    "appointments", "asset_domains", "asset_formats", "assets", "audit_entries", "authentication_keys",
    "bookmarks",
    "co_creators", "comments", "deletions", "event_imports", "experience_totals", "experiences",
    "follow_totals", "follows",
    "former_urls", "import_tenants", "invitations", "invited_workspaces", "likes", "memberships",
    "network_leases",
    "organizations", "publications", "rate_buckets", "sign_in_networks", "tenants", "user_insights", "users",
    "visitor_salts", "works", "workspace_memberships", "workspaces", "zone_rules",
}  # fmt: skip
SMALL = {
    ("account_links", "kind"),
    ("active_users", "subject_kind"),
    ("asset_formats", "type"),
    ("attendances", "subject_kind"),
    ("audit_entries", "actor"),
    ("day_totals", "action"),
    ("deletions", "kind"),
    ("day_totals", "device"),
    ("engaged_views", "device"),
    ("events", "action"),
    ("events", "device"),
    ("experience_totals", "type"),
    ("experiences", "type"),
    ("hour_totals", "action"),
    ("hour_totals", "device"),
    ("invitations", "role"),
    ("linked_visits", "subject_kind"),
    ("memberships", "role"),
    ("imported_totals", "action"),
    ("imported_totals", "device"),
    ("month_totals", "action"),
    ("month_totals", "device"),
    ("network_leases", "network"),
    ("subject_totals", "action"),
    ("visitor_sketches", "subject_kind"),
    ("visitor_sketches", "version"),
    ("works", "source_type"),
}

SQLITE = registry.load("sqlite")()
POSTGRES = registry.load("postgresql.asyncpg")()


def columns() -> Iterator[Column[object]]:
    return (column for table in TABLES.values() for column in table.columns)


def test_every_table_says_how_it_is_distributed() -> None:
    said = {name: table.info["distribution"] for name, table in TABLES.items()}

    assert said == {
        **dict.fromkeys(REFERENCE, "reference"),
        **dict.fromkeys(LOCAL, "local"),
        **dict.fromkeys(BY_TENANT, "tenant_id"),
    }


def test_an_index_by_which_sqlite_seeks_begins_with_tenant_and_subject() -> None:
    """Of attendances, the kind of the subject stands before it."""
    named = {
        table: table.info["sqlite_seeks_by"] for table in TABLES.values() if "sqlite_seeks_by" in table.info
    }

    assert sorted(table.name for table in named) == ["attendances", "engaged_views", "events", "hour_totals"]
    for table, name in named.items():
        indexes: dict[Any, Any] = {index.name: index for index in table.indexes}
        # So SQLite calls the index of a primary key.
        indexes[f"sqlite_autoindex_{table.name}_1"] = table.primary_key
        columns = [column.name for column in indexes[name].columns if column.name != "subject_kind"]
        assert columns[:2] == ["tenant_id", "subject_id"]


@pytest.mark.parametrize("name", sorted(BY_TENANT))
def test_the_tenant_leads_every_key_of_a_distributed_table(name: str) -> None:
    table = TABLES[name]
    keys = [list(table.primary_key.columns)]
    keys += [list(key.columns) for key in table.constraints if isinstance(key, UniqueConstraint)]
    keys += [list(index.columns) for index in table.indexes]

    assert {key[0].name for key in keys} == {"tenant_id"}


def test_only_distributed_tables_and_what_belongs_to_a_tenant_name_one() -> None:
    assert {column.table.name for column in columns() if column.name == "tenant_id"} == {
        *BY_TENANT,
        "import_tenants",
        "organizations",
        "users",
    }


def test_no_foreign_key_leaves_or_enters_a_table_that_a_cluster_has_elsewhere() -> None:
    keys = [key for table in TABLES.values() for key in table.foreign_keys]

    assert {key.parent.table.name for key in keys} == LOCAL - {
        "audit_entries", "deletions", "ended_sign_ins", "event_imports", "import_tenants", "network_leases",
        "rate_buckets", "tenants", "visitor_salts", "zone_rules",
    }  # fmt: skip
    assert {key.column.table.name for key in keys} == {
        "assets", "invitations", "organizations", "publications", "tenants", "user_insights", "users",
        "workspaces",
    }  # fmt: skip


def test_every_id_of_the_catalog_is_a_big_identity_and_in_sqlite_an_integer() -> None:
    ids = [column for column in columns() if column.name == "id" and column.table.name != "events"]

    assert {column.table.name for column in ids} == {
        "appointments", "asset_formats", "assets", "audit_entries", "authentication_keys", "comments",
        "deletions", "domains", "event_imports", "experiences", "invitations", "organizations",
        "publications", "tenants",
        "user_insights", "users", "works", "workspaces",
    }  # fmt: skip
    for column in ids:
        assert isinstance(column.type, Id), column
        assert column.identity is not None, column
        assert [key.name for key in column.table.primary_key] == ["id"], column
        assert column.type.compile(POSTGRES) == "BIGINT", column
        assert column.type.compile(SQLITE) == "INTEGER", column
        # Otherwise SQLite gives the highest id again after its row was deleted.
        assert column.table.dialect_options["sqlite"]["autoincrement"], column


def test_every_number_that_refers_to_a_row_is_big() -> None:
    referring = [
        column
        for column in columns()
        if column.name.endswith("_id") and column.name not in ("public_id", "legacy_id")
    ]

    assert {
        f"{column.table.name}.{column.name}"
        for column in referring
        if not isinstance(column.type, BigInteger)
    } == {
        "engaged_views.event_id",
        "engaged_views.view_id",
        "events.view_id",
        "visitor_links.event_id",
        "works.item_id",
    }


def test_what_leaves_the_house_has_a_public_id_that_nobody_else_has() -> None:
    tables = {column.table.name for column in columns() if column.name == "public_id" and column.unique}

    assert tables == {
        "appointments", "assets", "audit_entries", "authentication_keys", "comments", "deletions",
        "experiences", "invitations",
        "organizations", "publications", "user_insights", "users", "workspaces",
    }  # fmt: skip


def test_what_is_one_of_a_few_is_a_small_number() -> None:
    small = {
        (column.table.name, column.name) for column in columns() if isinstance(column.type, SmallInteger)
    }

    assert small == SMALL


def test_every_count_is_big() -> None:
    counts = {
        f"{column.table.name}.{column.name}": type(column.type)
        for column in columns()
        if column.name.split("_")[-1] in ("count", "plays", "bytes", "calls", "connects")
    }

    assert counts == {
        "asset_formats.size_bytes": BigInteger,
        "day_totals.count": BigInteger,
        "experience_totals.count": BigInteger,
        "follow_totals.followers_count": BigInteger,
        "follow_totals.following_count": BigInteger,
        "imported_totals.count": BigInteger,
        "month_totals.count": BigInteger,
        "network_leases.calls": BigInteger,
        "subject_totals.count": BigInteger,
        "user_insights.connects": BigInteger,
        "user_insights.facebook_page_followers_count": BigInteger,
        "user_insights.instagram_followers_count": BigInteger,
        "user_insights.twitter_followers_count": BigInteger,
        "works.in_app_plays": BigInteger,
        "works.non_app_plays": BigInteger,
    }


def test_every_time_goes_through_a_type_that_means_the_same_on_every_engine() -> None:
    for column in columns():
        if column.name.endswith("_at"):
            assert isinstance(column.type, Instant), column
        if column.name in ("day", "month"):
            assert isinstance(column.type, Day), column
        assert not isinstance(column.type, DateTime | Date), column


def test_totals_are_stored_in_sqlite_by_their_keys_alone() -> None:
    without = {
        name
        for name, table in TABLES.items()
        if str(CreateTable(table).compile(dialect=SQLITE)).rstrip().endswith("WITHOUT ROWID")
    }

    assert without == BY_KEY


def test_the_database_makes_no_value_but_identities() -> None:
    """Values come from Python: an upsert that asks for `now()` cannot be distributed."""
    for column in columns():
        assert column.server_default is None or column.identity, column
        assert column.server_onupdate is None, column
        assert column.onupdate is None, column
        assert column.computed is None, column


async def test_the_database_has_no_trigger_and_no_default(services: Services, engine: str) -> None:
    triggers, defaults = {
        "sqlite": (
            "SELECT name FROM sqlite_master WHERE type = 'trigger'",
            "SELECT m.name || '.' || c.name FROM sqlite_master AS m, pragma_table_info(m.name) AS c "
            "WHERE m.type = 'table' AND c.dflt_value IS NOT NULL",
        ),
        "postgresql": (
            "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal",
            "SELECT table_name || '.' || column_name FROM information_schema.columns "
            "WHERE table_schema = 'public' AND column_default IS NOT NULL",
        ),
    }[engine]
    async with services.database.engine.connect() as connection:
        assert (await connection.execute(text(triggers))).all() == []
        assert (await connection.execute(text(defaults))).all() == []


async def test_the_database_has_the_types_of_the_rules(services: Services, engine: str) -> None:
    expected = {
        "sqlite": {"id": "INTEGER", "tenant_id": "BIGINT", "action": "SMALLINT", "occurred_at": "BIGINT"},
        "postgresql": {
            "id": "BIGINT",
            "tenant_id": "BIGINT",
            "action": "SMALLINT",
            "occurred_at": "TIMESTAMP WITH TIME ZONE",
        },
    }[engine]
    dialect = services.database.engine.dialect
    async with services.database.engine.connect() as connection:
        users, events = await connection.run_sync(
            lambda sync: (inspect(sync).get_columns("users"), inspect(sync).get_columns("events"))
        )

    types = {column["name"]: column["type"].compile(dialect) for column in (*events, *users)}
    assert {name: types[name] for name in expected} == expected


async def test_the_database_finds_a_day_and_a_subject_by_an_index(services: Services, engine: str) -> None:
    async with services.database.engine.connect() as connection:
        found = await connection.run_sync(
            lambda sync: {
                table: {tuple(index["column_names"]) for index in inspect(sync).get_indexes(table)}
                for table in sorted(BY_TENANT)
            }
        )

    assert found == {
        "active_users": set(),
        "attendances": {("tenant_id", "day")},
        "day_totals": {("tenant_id", "day")},
        "domain_aliases": set(),
        "engaged_views": {("tenant_id", "subject_id", "occurred_at")},
        "events": {
            ("tenant_id", "subject_id", "occurred_at"),
            ("tenant_id", "subject_id", "occurred_at", "action", "user_id"),
            ("tenant_id", "visitor") if engine == "postgresql" else ("tenant_id", "segment", "visitor"),
        },
        "folded_hours": set(),
        "hour_totals": {("tenant_id", "day")},
        "imported_totals": {
            ("tenant_id", "source", "subject_id", "action", "day", "device", "domain_id"),
        },
        "linked_visits": {("tenant_id", "visitor")},
        "month_totals": {("tenant_id", "month")},
        "subject_totals": set(),
        "visitor_links": set(),
        "visitor_sketches": {("tenant_id", "day")},
    }
