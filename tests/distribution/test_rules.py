"""Each rule fails on statements that break it, and lets pass what keeps it."""

from collections.abc import Iterator
from importlib import import_module
from pkgutil import walk_packages
from typing import Any

import pytest

from database import Statement
from tests.distribution.rules import Rule, broken_rules

BROKEN = {
    Rule.READ: (
        "SELECT count(*) FROM events",
        "SELECT 1 FROM events WHERE tenant_id > 1",
        "SELECT 1 FROM events WHERE tenant_id = 1 OR subject_id = 2",
        "SELECT 1 FROM events_2026_11 WHERE id = $1",
        "SELECT 1 FROM events_default",
        "SELECT 1 FROM day_totals AS t JOIN month_totals AS m ON m.action = t.action WHERE t.tenant_id = 1",
        "SELECT 1 FROM unnest($1::bigint[]) AS k (tenant_id) JOIN events AS t ON t.tenant_id = k.tenant_id",
        "SELECT count(*) FROM (SELECT 1 FROM events) AS e WHERE e.tenant_id = 1",
        "SELECT (SELECT count(*) FROM events) FROM day_totals WHERE tenant_id = 1",
        "SELECT 1 FROM day_totals WHERE tenant_id = 1 UNION ALL SELECT 1 FROM events",
        "WITH e AS (SELECT 1 FROM events) SELECT 1 FROM e",
        "SELECT 1 FROM domains WHERE EXISTS (SELECT 1 FROM events WHERE events.domain_id = domains.id)",
        "SELECT 1 FROM events AS e WHERE e.tenant_id = e.subject_id",
        "INSERT INTO day_totals SELECT * FROM day_totals",
        "DELETE FROM events WHERE tenant_id = 1 AND id IN (SELECT event_id FROM engaged_views)",
    ),
    Rule.WRITE: (
        "DELETE FROM events WHERE subject_id = 1",
        "UPDATE day_totals SET count = 0",
        "WITH m AS (DELETE FROM events WHERE id < $1 RETURNING 1) SELECT 1 FROM m",
        "UPDATE day_totals AS t SET count = k.c FROM unnest($1::bigint[], $2::bigint[]) AS k (tenant_id, c) "
        "WHERE t.tenant_id = k.tenant_id",
    ),
    Rule.LOCK: (
        "SELECT 1 FROM day_totals WHERE tenant_id = ANY ($1) FOR UPDATE",
        "SELECT 1 FROM day_totals WHERE tenant_id IN (1, 2) FOR SHARE",
        "SELECT 1 FROM unnest($1::bigint[]) AS k (id) JOIN day_totals AS t ON t.tenant_id = k.id "
        "AND t.tenant_id = ANY ($1) FOR UPDATE OF t",
    ),
    Rule.TABLEOID: (
        "SELECT tableoid FROM events WHERE tenant_id = 1",
        "SELECT e.tableoid::regclass, count(*) FROM events AS e WHERE e.tenant_id = 1 GROUP BY 1",
    ),
    Rule.EMPTY: ("SELECT FROM events WHERE tenant_id = 1", "SELECT EXISTS (SELECT FROM users)"),
    Rule.LOCAL: (
        "SELECT 1 FROM users AS u JOIN day_totals AS t ON t.tenant_id = u.tenant_id AND t.tenant_id = 1",
        "SELECT id FROM users WHERE id IN (SELECT user_id FROM active_users WHERE tenant_id = 1)",
        "UPDATE tenants SET time_zone = $1 WHERE NOT EXISTS (SELECT 1 FROM events WHERE tenant_id = $2)",
        "INSERT INTO subject_totals SELECT id, 1, 1, 1 FROM tenants",
    ),
    Rule.CONFLICT: (
        "INSERT INTO day_totals VALUES (1) ON CONFLICT (subject_id, tenant_id) DO NOTHING",
        "INSERT INTO events VALUES ($1) ON CONFLICT (id) DO UPDATE SET action = 1",
        "INSERT INTO events VALUES ($1) ON CONFLICT ON CONSTRAINT pk_events DO NOTHING",
    ),
}
KEPT = (
    "SELECT 1 FROM events WHERE tenant_id = $1 AND id = $2",
    "SELECT 1 FROM events WHERE $1 = tenant_id FOR UPDATE",
    "SELECT 1 FROM events WHERE tenant_id = ANY ($1::bigint[])",
    "SELECT 1 FROM events WHERE tenant_id IN (1, 2)",
    "SELECT 1 FROM day_totals AS t JOIN month_totals AS m ON m.tenant_id = t.tenant_id WHERE m.tenant_id = 1",
    "SELECT 1 FROM day_totals AS t LEFT JOIN domains ON domains.id = t.domain_id WHERE t.tenant_id = 1",
    "SELECT 1 FROM unnest($1::uuid[]) AS k (id) JOIN events AS e ON e.id = k.id AND tenant_id = 1 FOR UPDATE",
    "SELECT 1 FROM events AS e WHERE e.tenant_id = 1 AND NOT EXISTS "
    "(SELECT 1 FROM engaged_views AS v WHERE v.tenant_id = e.tenant_id)",
    "WITH days AS (SELECT 1 FROM day_totals WHERE tenant_id = 1) SELECT 1 FROM days",
    "DELETE FROM events WHERE tenant_id = $1 AND id IN ($2, $3)",
    "INSERT INTO events VALUES ($1) ON CONFLICT DO NOTHING",
    "INSERT INTO day_totals VALUES ($1) ON CONFLICT (tenant_id, subject_id) DO UPDATE SET count = 1",
    "INSERT INTO domains (name) VALUES ($1) ON CONFLICT (name) DO NOTHING",
    "SELECT id FROM users WHERE id = 1 FOR UPDATE",
    "SELECT tableoid FROM pg_class",
    "LOCK TABLE events IN SHARE MODE",
)


@pytest.mark.parametrize("rule", Rule)
def test_a_statement_that_breaks_a_rule_is_found(rule: Rule) -> None:
    assert {text: broken_rules(text) >= {rule} for text in BROKEN[rule]} == dict.fromkeys(BROKEN[rule], True)


def test_a_statement_that_keeps_the_rules_is_let_pass() -> None:
    assert {text: broken_rules(text) for text in KEPT} == {text: set() for text in KEPT}


PACKAGES = ("auth", "ingest", "loaders", "resolvers", "social")


def test_every_statement_of_a_module_keeps_the_rules() -> None:
    """Whether or not a test sends it. What is sent is held to the rules at the end of each worker."""
    statements = set(_statements())

    assert len(statements) > 60
    for statement in statements:
        text = statement.compiled("postgresql").text
        assert broken_rules(text) == set(), text


def _statements() -> Iterator[Statement[Any]]:
    for package in map(import_module, PACKAGES):
        for found in walk_packages(package.__path__, f"{package.__name__}."):
            names = vars(import_module(found.name))
            classes = [value for value in names.values() if isinstance(value, type)]
            for value in [*names.values(), *(each for one in classes for each in vars(one).values())]:
                if isinstance(value, Statement):
                    yield value
