"""Backups of PostgreSQL: what pg_dump writes, in its own compressed format."""

import os
import shutil
import subprocess
from pathlib import Path

from sqlalchemy import URL

from database import AddressError, for_programs
from server.backups.refusals import Broken
from server.failures import Failure

MAGIC = b"PGDMP"


def write(url: URL, file: Path) -> None:
    _run("pg_dump", url, "--format=custom", "--no-owner", "--no-privileges", f"--file={file}")


def read(file: Path, url: URL) -> None:
    # All of it or nothing: what is broken in the middle leaves the database empty.
    _run("pg_restore", url, "--no-owner", "--no-privileges", "--single-transaction", "--exit-on-error", file)


def _run(program: str, url: URL, *arguments: str | Path) -> None:
    """Raises Broken with the program's own words."""
    found = shutil.which(program)
    if found is None:
        raise Failure(
            f"There is no {program} here. Install the client programs of PostgreSQL, of the server's version "
            "or newer."
        )
    # Everybody on the machine can read arguments, so the password goes another way.
    try:
        address = for_programs(url)
    except AddressError as error:
        raise Broken(str(error)) from None
    environment = os.environ | ({"PGPASSWORD": str(url.password)} if url.password else {})
    done = subprocess.run(  # noqa: S603  # The program is PostgreSQL's own.
        [found, f"--dbname={address}", "--no-password", *map(str, arguments)],
        env=environment,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )
    if done.returncode:
        raise Broken((done.stderr.strip().splitlines() or [f"{program} ended with {done.returncode}"])[0])
