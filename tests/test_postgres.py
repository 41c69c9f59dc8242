import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from shutil import rmtree
from time import monotonic, sleep
from uuid import uuid4

import pytest

from tests.postgres import DISK, DSN_VARIABLE, PostgresServer

HELD_SERVER = """
import sys
from tests.postgres import PostgresServer

with PostgresServer() as server:
    print(server.execute("SHOW data_directory"), flush=True)
    sys.stdin.read()
"""


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with PostgresServer() as server:
        yield server


@pytest.fixture
def template(server: PostgresServer) -> Iterator[str]:
    """A database with two views, 1 and 2."""
    name = f"template {uuid4()}"
    server.create_database(name)
    server.execute("CREATE TABLE view AS SELECT id FROM generate_series(1, 2) AS id", name)
    yield name
    server.drop_database(name)


def test_databases_from_one_template_go_their_own_ways(server: PostgresServer, template: str) -> None:
    first, second = f"{template} first", f"{template} second"
    server.create_database(first, template)
    server.create_database(second, template)
    server.execute("DELETE FROM view WHERE id = 1", first)

    assert server.execute("SELECT array_agg(id) FROM view", first) == [2]
    assert server.execute("SELECT array_agg(id) FROM view", second) == [1, 2]

    server.drop_database(first)
    server.drop_database(second)
    remaining = "SELECT array_agg(datname::text) FROM pg_database WHERE starts_with(datname, '{}')"
    assert server.execute(remaining.format(template)) == [template]


def test_a_server_named_in_the_environment_takes_its_place_and_stays(
    server: PostgresServer, template: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(DSN_VARIABLE, server.url(template).replace("postgresql+asyncpg", "postgresql"))

    with PostgresServer() as named:
        assert named.url(template) == server.url(template)
        assert named.execute("SELECT count(*) FROM view") == 2

    assert server.execute("SELECT count(*) FROM view", template) == 2


def test_what_is_in_a_folder_is_there_for_the_next_server() -> None:
    folder = DISK / f"viewgraph-kept-{uuid4()}"
    try:
        with PostgresServer(durable=True, folder=folder) as first:
            first.create_database("kept")
            first.execute("CREATE TABLE view AS SELECT 5 AS id", "kept")
        with PostgresServer(durable=True, folder=folder) as second:
            assert second.execute("SELECT id FROM view", "kept") == 5
            assert second.execute("SHOW data_directory") == str(folder)
    finally:
        rmtree(folder)


def test_a_server_does_not_outlive_a_killed_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(DSN_VARIABLE, raising=False)
    command = [sys.executable, "-c", HELD_SERVER]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        data = Path(process.stdout.readline().strip())
        assert (data / "PG_VERSION").exists()
        process.kill()

    deadline = monotonic() + 30
    while data.exists() and monotonic() < deadline:
        sleep(0.05)
    assert not data.exists()
