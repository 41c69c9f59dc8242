"""Addresses as hosts hand them out reach the server, or are refused in words without their password."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from sqlalchemy import URL, literal, select, text

from database import (
    NAME_SESSIONS,
    NEEDS_SESSIONS,
    AddressError,
    Database,
    Statement,
    for_programs,
    shown,
    url_of,
)
from database.addresses import connect_arguments
from server.failures import Failure
from server.revisions import require_sessions
from tests.ports import held_port, wait_until_open
from tests.postgres import PostgresServer

SPECIAL = "In a user, a password and a name, write `@` as %40, `/` as %2F and `?` as %3F"

CONFIGURATION = """[databases]
sessions = {server} pool_mode=session
transactions = {server} pool_mode=transaction
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
auth_type = any
unix_socket_dir =
"""


@pytest.mark.parametrize(
    ("given", "written", "dsn"),
    [
        ("postgres://u:pw@h/db", "postgresql://u:***@h/db", "postgresql://u:pw@h/db"),
        ("postgresql+asyncpg://u:p%40%2F@h:1/a%20b", "postgresql://u:***@h:1/a%20b", None),
        # People forget to escape these; nothing else can be meant.
        ("postgresql://u:p@w#:%zz@h/db", "postgresql://u:***@h/db", "postgresql://u:p%40w%23%3A%25zz@h/db"),
        ("postgresql://h/db?user=u&password=pw", "postgresql://u:***@h/db", "postgresql://u:pw@h/db"),
        ("postgresql://u@[::1]:5432/db", "postgresql://u@[::1]:5432/db", None),
        ("postgresql:///db?host=/run/pg&port=6", "postgresql://%2Frun%2Fpg:6/db", None),
        ("postgresql://h/db?ssl=true", "postgresql://h/db?sslmode=require", None),
        ("postgresql://h/db?sslmode=require&connect_timeout=9&keepalives=1&gssencmode=prefer", None, None),
        ("postgresql://h/db?sslkey=k&sslpassword=pw", "postgresql://h/db?sslkey=k&sslpassword=***", None),
        (
            "postgresql://u:pw@a,b:5433/db",
            "postgresql://u:***@a:5432,b:5433/db",
            "postgresql://u:pw@a:5432,b:5433/db?target_session_attrs=read-write",
        ),
        (
            "postgresql:///db?host=a&host=b&port=1,2&target_session_attrs=any",
            "postgresql://a:1,b:2/db?target_session_attrs=any",
            "postgresql://a:1,b:2/db?target_session_attrs=any",
        ),
        ("sqlite:///here.sqlite3", "sqlite:///here.sqlite3", None),
    ],
)
def test_an_address_is_read_as_hosts_write_it(given: str, written: str | None, dsn: str | None) -> None:
    url = url_of(given)

    if written:
        assert shown(url) == written
    if dsn:
        assert connect_arguments(url) == {"dsn": dsn}
    assert url_of(url.render_as_string(hide_password=False)) == url


@pytest.mark.parametrize(
    "query", ["sslmode=require&channel_binding=require", "sslmode=verify-full&sslrootcert=system"]
)
def test_what_binds_a_channel_or_trusts_the_system_verifies_the_certificate(query: str) -> None:
    arguments = connect_arguments(url_of(f"postgresql://u:pw@db.example.com/db?{query}"))

    assert arguments == {"dsn": "postgresql://u:pw@db.example.com/db?sslmode=verify-full", "ssl": True}
    own = connect_arguments(url_of("postgresql://h/db?channel_binding=require&sslrootcert=own.pem"))
    assert own == {"dsn": "postgresql://h/db?sslrootcert=own.pem&sslmode=verify-full"}


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("postgresql://u:hunter2@h:54a/db", f"A host of the address, or its port, cannot be read. {SPECIAL}"),
        ("postgresql://u:hunter2/w@h/db", SPECIAL),
        ("postgresql://u:2/hunter2@h/db", SPECIAL),
        ("postgresql://u:hunter2?w@h/db", f"A host of the address, or its port, cannot be read. {SPECIAL}"),
        ("postgresql://u:hunter2@h:70000/db", "A port is a number from 1 to 65535"),
        ("postgresql://u:hunter2@/db?host=a,b,c&port=1,2", "Give as many ports as hosts, or one"),
        ("postgresql://u:hunter2@h/db?sslmode=no", "`sslmode` is one of disable, allow, prefer, require, "),
        ("postgresql://u:hunter2@h/db?channel_binding=x", "`channel_binding` is disable, prefer or require"),
        (
            "postgresql://u:hunter2@h/db?target_session_attrs=standby",
            "`target_session_attrs` is one of any, ",
        ),
        ("postgresql://u:hunter2@h/db?pgbouncer=true", "`pgbouncer` in the address means a pool for "),
        ("postgresql://u:4711?hunter2@h/db", "A parameter of the address has no name, or a wrong one."),
        ("postgresql://u:hunter2@h/db?schema=x", "Viewgraph cannot do what `schema` in the address says."),
        ("postgresql//u:hunter2@h/db", "Give `sqlite:///FILE` or `postgresql://USER:PASSWORD@HOST/DATABASE`"),
    ],
)
def test_an_address_that_cannot_be_meant_is_refused_without_its_password(address: str, words: str) -> None:
    with pytest.raises(AddressError) as refused:
        url_of(address)

    assert str(refused.value).startswith(words)
    assert "hunter2" not in str(refused.value)


def test_programs_get_no_secret() -> None:
    address = "postgresql://u:hunter2@h:5433/db?sslmode=require"
    assert for_programs(url_of(address)) == "postgresql://u@h:5433/db?sslmode=require"

    with pytest.raises(AddressError) as refused:
        for_programs(url_of(f"{address}&sslpassword=hunter3"))
    assert str(refused.value).startswith("Everybody on this machine could read `sslpassword` meanwhile.")
    assert "hunter" not in str(refused.value)


async def test_of_several_hosts_one_that_takes_changes_is_found(postgres: PostgresServer) -> None:
    url = url_of(postgres.url("postgres"))
    # Nothing listens on the first, and TLS is taken if the server has it.
    hosts = f"127.0.0.1:1,{url.host}:{url.port}"
    address = (
        f"postgres://{url.username}:{url.password or ''}@{hosts}/postgres?sslmode=prefer&connect_timeout=2"
    )
    database = Database(address, write_seconds=8)
    try:
        read = await database.fetch(Statement(select(literal(1)), int))
        async with database.engine.connect() as connection:
            waits = await connection.scalar(text("SHOW lock_timeout"))
    finally:
        await database.close()
    assert (read, waits) == ([1], "6s")


async def test_a_pool_for_sessions_will_do_and_one_for_transactions_is_refused(
    postgres: PostgresServer,
) -> None:
    with pgbouncer_before(url_of(postgres.url("postgres"))) as address:
        await require_sessions(f"{address}/sessions")
        assert await used(f"{address}/sessions") == ([1], "6s")
        with pytest.raises(Failure) as refused:
            await require_sessions(f"{address}/transactions")

    name = f"{shown(url_of(address))}/transactions"
    assert str(refused.value) == f"The database {name} cannot be used: {NEEDS_SESSIONS}. {NAME_SESSIONS}."


async def used(address: str) -> tuple[list[int], str | None]:
    """What a reader reads, and how long a writer waits for a lock."""
    database = Database(address, read_seconds=8, write_seconds=8)
    try:
        read = await database.fetch(Statement(select(literal(1)), int))
        async with database.engine.connect() as connection:
            return read, await connection.scalar(text("SHOW lock_timeout"))
    finally:
        await database.close()


@contextmanager
def pgbouncer_before(url: URL) -> Iterator[str]:
    """Before this server: `sessions` and `transactions` are the same database, lent in two ways."""
    program = shutil.which("pgbouncer", path="/usr/sbin:/usr/bin")
    if program is None:
        pytest.skip("PgBouncer is not installed: apt-get install pgbouncer")
    server = f"host={url.host} port={url.port} user={url.username} dbname=postgres"
    server += f" password='{url.password}'" if url.password else ""
    with held_port() as port, TemporaryDirectory() as folder:
        # As root it does not run, and pytest's own folder is closed to others.
        Path(folder).chmod(0o755)
        file = Path(folder, "pgbouncer.ini")
        file.write_text(CONFIGURATION.format(server=server, port=port))
        command = [program, "-q", *(["-u", "nobody"] if os.geteuid() == 0 else []), str(file)]
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        try:
            wait_until_open(port, process)
            yield f"postgresql://somebody@127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait()
