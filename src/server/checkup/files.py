"""Checks of files: who may read them, and whether there is room."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from stat import S_IRWXG, S_IRWXO, filemode

from database import url_of
from server.checkup.finding import Finding, ok, problem, warning
from server.secrets import secret_file
from server.settings import Settings, variable

LEAST_FREE_BYTES = 1_000_000_000
_MOUNTS = Path("/proc/mounts")
_OVER_NETWORK = frozenset(("nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "fuse.sshfs", "glusterfs", "ceph"))


def check_secret(settings: Settings) -> Iterator[Finding]:
    file = secret_file(settings)
    if settings.secret:
        yield ok("secret", f"{variable('secret')} is set.")
        yield from _shared_secret(settings)
    elif file.exists():
        yield ok("secret", f"The secrets are in {file}.")
        yield from _rights(file)
    if not settings.secret and url_of(settings.database_url).get_backend_name() != "sqlite":
        yield warning(
            "secret",
            "Each machine that serves has secrets of its own, so one does not accept the tokens of another.",
            f"Set {variable('secret')} to the same value everywhere.",
        )


def _shared_secret(settings: Settings) -> Iterator[Finding]:
    shared = [variable(name) for name in ("link_secret", "visitor_secret") if not getattr(settings, name)]
    if shared:
        yield warning(
            "secret",
            "The secret of tokens is for other things, too, and a change of it changes those.",
            f"Set {' and '.join(shared)}, at first to the same value as {variable('secret')}.",
        )


def check_database_file(settings: Settings, *, least_free: int = LEAST_FREE_BYTES) -> Iterator[Finding]:
    """For SQLite alone. It needs as much room as the database has for `VACUUM`, and for a backup."""
    url = url_of(settings.database_url)
    if url.get_backend_name() != "sqlite":
        return
    file = Path(url.database or "").absolute()
    folder = next(parent for parent in file.parents if parent.is_dir())
    for one in (file, *(file.with_name(file.name + suffix) for suffix in ("-wal", "-shm"))):
        if one.exists():
            yield from _rights(one)
    free, least = shutil.disk_usage(folder).free, max(least_free, file.stat().st_size if file.exists() else 0)
    said = f"{free / 1e9:,.1f} GB are free in {folder}"
    if free < least:
        yield problem("disk", f"{said}, and {least / 1e9:,.1f} GB should be.", "Make room, or move the file.")
    else:
        yield ok("disk", f"{said}.")
    if (system := _file_system_of(folder)) in _OVER_NETWORK:
        yield problem(
            "disk",
            f"{folder} is on another machine ({system}), where SQLite's log does not work.",
            "Move the file to a local disk, or use PostgreSQL.",
        )


def _rights(file: Path) -> Iterator[Finding]:
    mode = file.stat().st_mode
    if mode & (S_IRWXG | S_IRWXO):
        yield problem(
            "files",
            f"Other users of this machine may use {file} ({filemode(mode)}).",
            f"Run `chmod 600 {file}`.",
        )


def _file_system_of(folder: Path) -> str:
    """By the longest mount point. Empty where the system does not say it."""
    try:
        mounts = [line.split() for line in _MOUNTS.read_text().splitlines()]
    except OSError:
        return ""
    found = [(point, system) for _, point, system, *_ in mounts if folder.is_relative_to(point)]
    return max(found, key=lambda one: len(one[0]), default=("", ""))[1]
