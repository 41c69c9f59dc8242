"""`viewgraph audit`, and what other commands write into the audit trail."""

import asyncio
import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import insert, update

from database import Database, table_of
from models import AuditEntry
from tests.commands import done, mistake
from tests.postgres import installed
from tests.studio import PASSWORD

CATALOG = [
    {"kind": "user", "legacyId": 7, "email": "bob@example.com", "username": "bob"},
    {"kind": "user", "legacyId": 8, "email": "cleo@example.com", "username": "cleo"},
    {"kind": "publication", "legacyId": 9, "owner": 7, "name": "Bob's", "customUrl": "bobs"},
]


@pytest.fixture(autouse=True)
def folder(bare_folder: Path) -> Path:
    return bare_folder


@pytest.fixture
def url(database_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("VIEWGRAPH_DATABASE_URL", database_url)
    monkeypatch.setenv("PATH", os.pathsep.join([str(installed()), os.environ["PATH"]]))
    return database_url


def trail(*arguments: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in done("audit", "--json", *arguments).splitlines()]


def acts(*arguments: str) -> list[str]:
    return [entry["act"] for entry in trail(*arguments)]


def execute(url: str, statement: Any, rows: list[dict[str, Any]] | None = None) -> None:
    async def executed() -> None:
        database = Database(url)
        async with database.writing() as session:
            await session.execute(statement, rows)
        await database.close()

    asyncio.run(executed())


@pytest.mark.usefixtures("url")
def test_what_operators_do_is_told_newest_first(tmp_path: Path, empty_url: str) -> None:
    catalog = tmp_path / "catalog.ndjson"
    catalog.write_text("\n".join(map(json.dumps, CATALOG)))
    done("user", "create", "ada@example.com", "ada", "--password", PASSWORD)
    secret = done("key", "create", "ada@example.com", "--days", "7").split()[0]
    done("key", "create", "ada@example.com")
    done("key", "revoke", "ada@example.com")
    done("key", "revoke", "ada@example.com")
    done("tenant", "time-zone", "ada", "Europe/Paris")
    for batch in ("1", "1000"):
        done("import-catalog", "catalog.ndjson", "--batch", batch)
    done("prune", "--keep", "30")
    done("backup", "all.backup")
    done("restore", "all.backup", "--database-url", empty_url)

    told = trail()

    assert [(entry["act"], entry["command"], entry["changes"]) for entry in told] == [
        ("BACKED_UP", "backup", []),
        ("EVENTS_PRUNED", "prune", [change("keptDays", 30)]),
        (
            "CATALOG_IMPORTED",
            "import-catalog",
            [change("publication made", 1), change("user made", 2)],
        ),
        ("TIME_ZONE_CHANGED", "tenant time-zone", [change("timeZone", "Europe/Paris", before="UTC")]),
        ("KEY_REVOKED", "key revoke", []),
        ("KEY_REVOKED", "key revoke", []),
        ("KEY_CREATED", "key create", [change("days", 90)]),
        ("KEY_CREATED", "key create", [change("days", 7)]),
        ("ACCOUNT_CREATED", "user create", []),
    ]
    assert {entry["by"] for entry in told} == {"OPERATOR"}
    assert told[3]["object"] == told[-1]["object"]
    assert {told[4]["object"], told[5]["object"]} == {told[6]["object"], told[7]["object"]}
    for private in (secret, PASSWORD, "example.com"):
        assert private not in json.dumps(told)
    # The backup has the trail of before.
    assert acts("--database-url", empty_url)[:2] == ["RESTORED", "EVENTS_PRUNED"]

    lines = done("audit", "--act", "TIME_ZONE_CHANGED").splitlines()
    at, *rest = lines[0].split("\t")
    assert rest == [
        *("TIME_ZONE_CHANGED", "operator: tenant time-zone", told[-1]["object"], "-"),
        "timeZone=UTC->Europe/Paris",
    ]
    assert len(lines) == 1
    assert datetime.now(UTC) - datetime.fromisoformat(at) < timedelta(minutes=5)


def change(name: str, after: Any, *, before: Any = None) -> dict[str, Any]:
    return {"name": name, "before": before, "after": after}


def test_a_trail_is_cut_by_time_and_act_and_pruned_after_its_days(url: str) -> None:
    done("user", "create", "ada@example.com", "ada", "--password", PASSWORD)
    done("key", "create", "ada@example.com")
    entries, before = table_of(AuditEntry), datetime.now(UTC) - timedelta(days=40)
    execute(url, update(entries).where(entries.c.act == "ACCOUNT_CREATED").values(created_at=before))
    month = f"{datetime.now(UTC) - timedelta(days=30):%Y-%m-%d}"

    assert acts() == ["KEY_CREATED", "ACCOUNT_CREATED"]
    assert acts("--since", month) == ["KEY_CREATED"]
    assert acts("--act", "ACCOUNT_CREATED") == ["ACCOUNT_CREATED"]
    assert acts("--since", month, "--act", "ACCOUNT_CREATED") == []
    refused = mistake("audit", "--act", "account_created")
    assert refused.startswith("--act: account_created is no act. The acts are ACCOUNT_CREATED, KEY_CREATED, ")

    assert "trail" not in done("prune", "--keep", "30")
    said = done("prune", "--keep", "30", VIEWGRAPH_AUDIT_DAYS="39")
    assert said == "Events deleted: 0.\nEntries of the audit trail deleted: 1.\n"
    assert acts() == ["EVENTS_PRUNED", "EVENTS_PRUNED", "KEY_CREATED"]
    # Of an act that only a newer version knows, and more than are read at once.
    newer = {"created_at": before, "act": "NEWER", "actor": 3, "command": "newer"}
    execute(url, insert(entries), [{"public_id": uuid4(), **newer} for _ in range(2_001)])
    assert acts()[3:] == ["NEWER"] * 2_001
