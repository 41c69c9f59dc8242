"""Backups of PostgreSQL: what pg_dump writes, in its own compressed format."""

import os
import shutil
import subprocess
from pathlib import Path

from sqlalchemy import URL

from database import AddressError, for_programs
from server.backups.refusals import Broken, require_tables
from server.failures import Failure

MAGIC = b"PGDMP"
_NO_RIGHTS = ("--no-owner", "--no-privileges")


def write(url: URL, file: Path) -> None:
    _run_at(url, "pg_dump", "--format=custom", *_NO_RIGHTS, f"--file={file}")


def read(file: Path, url: URL) -> None:
    require_tables(_run("pg_restore", "--list", file).split())
    # All of it or nothing: what is broken in the middle leaves the database empty.
    _run_at(url, "pg_restore", *_NO_RIGHTS, "--single-transaction", "--exit-on-error", file)


def _run_at(url: URL, program: str, *arguments: str | Path) -> None:
    try:
        address = for_programs(url)
    except AddressError as error:
        raise Broken(str(error)) from None
    # Everybody on the machine can read arguments, so the password goes another way.
    password = {"PGPASSWORD": str(url.password)} if url.password else {}
    _run(program, f"--dbname={address}", "--no-password", *arguments, **password)


def _run(program: str, *arguments: str | Path, **environment: str) -> str:
    """What it prints. Raises Broken with the program's own words."""
    found = shutil.which(program)
    if found is None:
        raise Failure(
            f"There is no {program} here. Install the client programs of PostgreSQL, of the server's version "
            "or newer."
        )
    done = subprocess.run(  # noqa: S603  # The program is PostgreSQL's own.
        [found, *map(str, arguments)],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )
    if done.returncode:
        raise Broken((done.stderr.strip().splitlines() or [f"{program} ended with {done.returncode}"])[0])
    return done.stdout
