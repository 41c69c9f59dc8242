"""`viewgraph doctor`: each planted fault is found, and its cure named."""

import os
import resource
import stat
from asyncio import to_thread
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from sqlite3 import connect

import pytest
from sqlalchemy import text

from database import Database
from server.checkup.files import check_database_file
from server.settings import Settings
from tests.commands import done, run
from tests.ports import held_port
from tests.studio import SECRET

FILE = "viewgraph.sqlite3"
OPEN = {"VIEWGRAPH_HOST": "0.0.0.0"}  # noqa: S104
SECRETS = {"VIEWGRAPH_SECRET": SECRET, "VIEWGRAPH_LINK_SECRET": SECRET, "VIEWGRAPH_VISITOR_SECRET": SECRET}
NAMED = {"VIEWGRAPH_PUBLIC_ORIGIN": "https://figures.example.com"}


@pytest.fixture(autouse=True)
def folder(bare_folder: Path) -> Path:
    return bare_folder


def found(*options: str, **variables: str) -> dict[str, tuple[str, str]]:
    """Words and cure of everything that is not well, by what it is about."""
    result = run("doctor", *options, **variables)
    lines = result.stdout.splitlines()
    faults = {}
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        level, _, rest = line.partition(" ")
        if level in ("problem", "warning"):
            about, _, words = rest.strip().partition("  ")
            faults[about] = words.strip(), following.removeprefix(" " * 23 + "-> ")
    assert result.exit_code == any(line.startswith("problem") for line in lines), result.output
    return faults


def test_a_new_database_has_no_fault() -> None:
    done("migrate")
    # As many workers as any machine has cores.
    result = run("doctor", "--workers", "1", **SECRETS)

    assert (result.exit_code, result.stderr) == (0, "0 problems, 0 warnings.\n")
    assert [line.split()[0] for line in result.stdout.splitlines()] == ["ok"] * 9
    assert SECRET not in result.output


def test_only_its_owner_can_read_a_new_database(folder: Path) -> None:
    done("migrate")
    with connect(FILE) as connection:
        connection.execute("CREATE TABLE another (id)")
        modes = {file.name: stat.filemode(file.stat().st_mode) for file in folder.glob(f"{FILE}*")}
    connection.close()

    assert modes == dict.fromkeys((FILE, f"{FILE}-wal", f"{FILE}-shm"), "-rw-------")


def _misspelt(_: Path) -> dict[str, str]:
    return {"VIEWGRAPH_WORKRES": "2"}


def _unreadable(_: Path) -> dict[str, str]:
    return {"VIEWGRAPH_PORT": "eighty"}


def _shown_demo(_: Path) -> dict[str, str]:
    return {"VIEWGRAPH_DEMO": "true", **OPEN, **NAMED}


def _any_proxy(_: Path) -> dict[str, str]:
    return {"VIEWGRAPH_FORWARDED_ALLOW_IPS": "*", **OPEN, **NAMED}


def _any_host(_: Path) -> dict[str, str]:
    return OPEN


def _named_host(_: Path) -> dict[str, str]:
    return {"VIEWGRAPH_PUBLIC_ORIGIN": "request", **OPEN}


def _open_file(file: Path) -> dict[str, str]:
    file.chmod(0o644)
    return {}


def _open_secret(file: Path) -> dict[str, str]:
    secret = file.with_name(f"{file.name}.secret")
    secret.write_text("s" * 32)
    secret.chmod(0o640)
    return {"VIEWGRAPH_SECRET": ""}


def _one_secret(_: Path) -> dict[str, str]:
    return {"VIEWGRAPH_LINK_SECRET": ""}


def _too_many_workers(_: Path) -> dict[str, str]:
    return {"VIEWGRAPH_WORKERS": "1000"}


def _old_tables(_: Path) -> dict[str, str]:
    done("migrate", "--down-to", "0001")
    return {}


def _no_database(file: Path) -> dict[str, str]:
    file.unlink()
    return {}


def _clock_that_went_back(file: Path) -> dict[str, str]:
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).timestamp()
    os.utime(file, (tomorrow, tomorrow))
    return {}


def _unknown_zone(file: Path) -> dict[str, str]:
    with connect(file) as connection:
        connection.execute("INSERT INTO tenants (time_zone) VALUES ('Mars/Olympus')")
    connection.close()
    return {}


@pytest.mark.parametrize(
    ("plant", "about", "words", "cure"),
    [
        (_misspelt, "settings", "VIEWGRAPH_WORKRES is no setting", "Do you mean VIEWGRAPH_WORKERS?"),
        (_unreadable, "settings", "VIEWGRAPH_PORT is 'eighty'", "Change the variable"),
        (_shown_demo, "demo", "The passwords of the demo are shown", "Unset VIEWGRAPH_DEMO."),
        (_any_proxy, "proxies", "Every client may say which address", "VIEWGRAPH_FORWARDED_ALLOW_IPS."),
        (
            _any_host,
            "links",
            "Links to reports lead to http://127.0.0.1:8000, ",
            "Set VIEWGRAPH_PUBLIC_ORIGIN to",
        ),
        (_named_host, "links", "lead to whatever host a request names", "Set VIEWGRAPH_PUBLIC_ORIGIN to"),
        (_open_file, "files", f"{FILE} (-rw-r--r--)", "chmod 600"),
        (_open_secret, "files", f"{FILE}.secret (-rw-r-----)", "chmod 600"),
        (_one_secret, "secret", "The secret of tokens is for other things", "Set VIEWGRAPH_LINK_SECRET, at"),
        (_too_many_workers, "workers", "1000 workers on ", "Set VIEWGRAPH_WORKERS to "),
        (_old_tables, "database", "are not up to date: run `viewgraph migrate` first", "Nothing of it"),
        (_no_database, "database", f"There is no database {FILE} yet: run `viewgraph migrate`", "Nothing"),
        (_clock_that_went_back, "clock", "so the clock went back", "time server"),
        (_unknown_zone, "time zones", "unknown here: Mars/Olympus", "viewgraph tenant time-zone"),
    ],
)
def test_a_fault_is_found_and_its_cure_named(
    folder: Path, plant: Callable[[Path], dict[str, str]], about: str, words: str, cure: str
) -> None:
    done("migrate")
    variables = {**SECRETS, "VIEWGRAPH_WORKERS": "1"} | plant(folder / FILE)

    faults = found(**variables)

    assert list(faults) == [about]
    assert words in faults[about][0]
    assert cure in faults[about][1]


def test_a_full_disk_is_found(folder: Path) -> None:
    settings = Settings(database_url=f"sqlite:///{folder}/{FILE}")
    (full,) = check_database_file(settings, least_free=10**18)

    assert (full.level, full.about) == ("problem", "disk")
    assert full.words.endswith(f"GB are free in {folder}, and 1,000,000,000.0 GB should be.")


def test_too_few_open_files_are_found() -> None:
    done("migrate")
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    # More than any process may have.
    faults = found("--workers", "1", **SECRETS, VIEWGRAPH_MAX_CONNECTIONS="2000000000")

    resource.setrlimit(resource.RLIMIT_NOFILE, before)
    assert list(faults) == ["open files"]
    assert "lower VIEWGRAPH_MAX_CONNECTIONS" in faults["open files"][1]


def test_a_database_that_nobody_serves_is_found_and_its_password_is_not_shown() -> None:
    with held_port() as port:
        result = run(
            "doctor",
            *("--database-url", f"postgresql://viewgraph:hush@127.0.0.1:{port}/viewgraph"),
            VIEWGRAPH_WORKERS="1",
        )

    assert result.exit_code == 1
    assert "nothing answers at this address" in result.stdout
    assert "hush" not in result.output


@pytest.mark.parametrize("engine", ["postgresql"])
async def test_faults_of_postgresql_are_found(database_url: str) -> None:
    """The server of these tests is set to be quick, not to be durable."""
    database = Database(database_url)
    async with database.engine.connect() as connection:
        most = int((await connection.execute(text("SHOW max_connections"))).scalar_one())
    await database.close()

    # A command runs a loop of its own.
    faults = await to_thread(found, "--database-url", database_url, "--workers", "1000")

    assert faults["durability"][1].startswith("Run `ALTER SYSTEM SET ")
    assert faults["connections"][0].startswith("The workers of this machine may need 37,000 connections")
    assert int(faults["connections"][0].split()[-1].rstrip(".").replace(",", "")) <= most
    assert faults["secret"][1] == "Set VIEWGRAPH_SECRET to the same value everywhere."
    assert "clock" not in faults


def test_the_version_is_shown() -> None:
    assert done("--version").startswith("viewgraph 0.")
