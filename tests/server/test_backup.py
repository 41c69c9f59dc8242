"""`viewgraph backup` and `viewgraph restore`, as they are typed."""

import asyncio
import os
import shutil
from contextlib import closing
from pathlib import Path
from sqlite3 import connect
from stat import S_IMODE

import pytest
from sqlalchemy import select
from sqlmodel import col

from base.ids import uuid7
from database import Database, for_programs, url_of
from models import Event
from tests.commands import done, mistake, run
from tests.events import RECORD, view
from tests.postgres import installed
from tests.studio import Studio


@pytest.fixture(autouse=True)
def programs(monkeypatch: pytest.MonkeyPatch) -> None:
    """pg_dump of the server's own version."""
    monkeypatch.setenv("PATH", os.pathsep.join([str(installed()), os.environ["PATH"]]))


class Sender:
    """Sends events without a pause, until it is stopped."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self.acknowledged: set[str] = set()
        self.has_begun = asyncio.Event()
        self.is_over = False

    async def send(self) -> None:
        subject = {"publicationId": self._studio.publication}
        while not self.is_over:
            ids = [str(uuid7(self._studio.clock.now)) for _ in range(20)]
            events = [{"subject": subject, "id": id, **view("2023-06-15T11:00:00")} for id in ids]
            answer = await self._studio.ask(RECORD, "owner", events=events)
            assert answer.data == {"recordEvents": {"stored": 20}}
            self.acknowledged.update(ids)
            if len(self.acknowledged) >= 200:
                self.has_begun.set()


async def test_a_backup_under_load_has_every_event_that_was_acknowledged_before(
    studio: Studio, database_url: str, empty_url: str, tmp_path: Path
) -> None:
    file, sender = tmp_path / "kept.backup", Sender(studio)
    sending = [asyncio.create_task(sender.send()) for _ in range(3)]
    await sender.has_begun.wait()
    before = set(sender.acknowledged)
    said = await asyncio.to_thread(done, "backup", str(file), "--database-url", database_url)
    during = len(sender.acknowledged) - len(before)
    sender.is_over = True
    await asyncio.gather(*sending)

    assert during > 0
    assert said.startswith(f"Wrote {file}, {file.stat().st_size:,} bytes.")
    assert S_IMODE(file.stat().st_mode) == 0o600
    restored = await asyncio.to_thread(run, "restore", str(file), "--database-url", empty_url)
    assert (restored.exit_code, restored.stdout) == (0, f"The database has what {file} has.\n")
    assert "No total differs.\n" in restored.stderr
    found = await ids_in(empty_url)
    assert before <= found <= sender.acknowledged

    refused = await asyncio.to_thread(mistake, "restore", str(file), "--database-url", empty_url)
    assert refused.endswith(" is not empty. Restore into a new one.\n")
    assert await ids_in(empty_url) == found
    again = await asyncio.to_thread(mistake, "backup", str(file), "--database-url", empty_url)
    assert again == f"There is a file {file} already. Name another one.\n"


async def ids_in(url: str) -> set[str]:
    database = Database(url)
    async with database.engine.connect() as connection:
        rows = list((await connection.execute(select(col(Event.id)))).scalars())
    await database.close()
    return {str(id) for id in rows}


def test_what_is_no_backup_of_the_engine_is_refused(tmp_path: Path, sqlite_template: Path) -> None:
    url, file = f"sqlite:///{tmp_path / 'new.sqlite3'}", tmp_path / "file"
    file.write_bytes(b"nothing")
    assert mistake("restore", str(file), "--database-url", url) == f"{file} is no backup of Viewgraph.\n"

    file.write_bytes(b"PGDMP and more")
    words = f"{file} is a backup of PostgreSQL, and the database is SQLite.\n"
    assert mistake("restore", str(file), "--database-url", url) == words

    file.write_bytes(sqlite_template.read_bytes()[:20_000])
    words = f"The backup {file} cannot be restored: database disk image is malformed.\n"
    assert mistake("restore", str(file), "--database-url", url) == words

    nowhere = tmp_path / "none" / "file"
    words = f"The file {nowhere} cannot be used: No such file or directory.\n"
    assert mistake("restore", str(nowhere), "--database-url", url) == words
    assert mistake("backup", str(nowhere), "--database-url", f"sqlite:///{sqlite_template}") == words

    file.unlink()
    with closing(connect(file)) as foreign:
        foreign.executescript("CREATE TABLE others (id INTEGER)")
    words = f"The backup {file} cannot be restored: it has no tables of Viewgraph.\n"
    assert mistake("restore", str(file), "--database-url", url) == words

    missing = mistake("backup", str(tmp_path / "none"), "--database-url", url)
    assert missing.startswith("There is nothing to back up: ")
    assert sorted(one.name for one in tmp_path.iterdir()) == ["file"]


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
async def test_a_backup_of_other_tables_is_refused(empty_url: str, tmp_path: Path) -> None:
    file = tmp_path / "kept"
    dumped = ["pg_dump", f"--dbname={for_programs(url_of(empty_url))}", "--format=custom", f"--file={file}"]
    await (await asyncio.create_subprocess_exec(*dumped)).wait()

    said = await asyncio.to_thread(mistake, "restore", str(file), "--database-url", empty_url)
    assert said == f"The backup {file} cannot be restored: it has no tables of Viewgraph.\n"


def test_an_older_backup_asks_for_the_migration(tmp_path: Path, sqlite_template: Path) -> None:
    old, url = tmp_path / "old.sqlite3", f"sqlite:///{tmp_path / 'new.sqlite3'}"
    shutil.copy(sqlite_template, old)
    done("migrate", "--down-to", "0007", "--database-url", f"sqlite:///{old}")
    done("backup", str(tmp_path / "kept"), "--database-url", f"sqlite:///{old}")
    restored = run("restore", str(tmp_path / "kept"), "--database-url", url)

    assert restored.exit_code == 0
    assert "(revision 0007). Run `viewgraph migrate`, then `viewgraph verify`.\n" in restored.stderr
    done("migrate", "--database-url", url)
    assert run("verify", "--database-url", url).exit_code == 0


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_a_missing_program_is_told(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "kept"
    monkeypatch.setenv("PATH", str(tmp_path))
    words = mistake("backup", str(file), "--database-url", database_url)
    assert words.startswith("There is no pg_dump here. Install the client programs of PostgreSQL")
    assert list(tmp_path.iterdir()) == []
