"""The file of secrets. Each purpose has a secret that is used, perhaps the next one, and older ones."""

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from secrets import token_urlsafe
from time import sleep
from typing import NamedTuple, Self

import msgspec

from server.failures import Failure

SHORTEST_SECRET = 32
_TRIES = 50
_PAUSE_SECONDS = 0.02
_ONLY_FOR_ITS_OWNER = 0o600


class Purpose(StrEnum):
    TOKENS = "tokens"
    LINKS = "links"
    VISITORS = "visitors"


class Ring(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """All of them are accepted."""

    used: str
    """It signs or hashes."""
    next: str | None = None
    """It is used after the next step."""
    older: tuple[str, ...] = ()

    def all(self) -> list[str]:
        """The one that is used comes first."""
        return [self.used, *([self.next] if self.next else []), *self.older]

    def with_next(self) -> Self:
        """Raises Failure if there is one."""
        if self.next:
            raise Failure("There is a next secret already. Take the step `use`.")
        return msgspec.structs.replace(self, next=new_secret())

    def with_next_used(self) -> Self:
        """Raises Failure if there is none."""
        if not self.next:
            raise Failure("There is no next secret. Take the step `add` first.")
        return type(self)(self.next, None, (self.used, *self.older))

    def without_older(self) -> Self:
        """Raises Failure if there are none."""
        if not self.older:
            raise Failure("There is no older secret.")
        return msgspec.structs.replace(self, older=())


Rings = Mapping[Purpose, Ring]


class Stamp(NamedTuple):
    """Another one once the file was changed."""

    inode: int
    changed_at: int
    size: int


def new_secret() -> str:
    return token_urlsafe(48)


def stamp_of(file: Path) -> Stamp | None:
    """None if there is no file."""
    try:
        found = file.stat()
    except OSError:
        return None
    return Stamp(found.st_ino, found.st_mtime_ns, found.st_size)


def read_rings(file: Path) -> Rings | None:
    """None if there is no file. One that another process has just made may be empty for a moment. Raises
    Failure.
    """
    try:
        for _ in range(_TRIES):
            if text := file.read_text("utf-8", "replace").strip():
                break
            sleep(_PAUSE_SECONDS)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Failure(f"The secrets in {file} cannot be read ({error.strerror}).") from error
    rings = _rings_in(text)
    if rings is None or min(len(one) for ring in rings.values() for one in ring.all()) < SHORTEST_SECRET:
        raise Failure(
            f"{file} has no secrets of {SHORTEST_SECRET} characters or more. Remove the file. The next start "
            "makes new secrets: everyone has to sign in again, and visitors get new hashes."
        )
    return rings


def _rings_in(text: str) -> Rings | None:
    if not text.startswith("{"):
        # Older versions kept one secret for everything.
        return dict.fromkeys(Purpose, Ring(text))
    try:
        found = msgspec.json.decode(text, type=dict[Purpose, Ring])
    except msgspec.MsgspecError:
        return None
    return found if found.keys() == set(Purpose) else None


def make_rings(file: Path) -> Rings | None:
    """Makes the secrets in the first process that comes; None for the others. Raises Failure."""
    rings = {purpose: Ring(new_secret()) for purpose in Purpose}
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _ONLY_FOR_ITS_OWNER)
    except FileExistsError:
        return None
    except OSError as error:
        raise Failure(
            f"No secrets can be stored in {file} ({error.strerror}). Set VIEWGRAPH_SECRET."
        ) from error
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(_text_of(rings))
    return rings


def replace_rings(file: Path, rings: Rings) -> None:
    """At once: who reads it meanwhile gets all of the old ones or all of the new ones. Raises Failure."""
    part = file.with_name(f"{file.name}.part")
    try:
        part.unlink(missing_ok=True)
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _ONLY_FOR_ITS_OWNER)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(_text_of(rings))
            stream.flush()
            os.fsync(stream.fileno())
            _give_to_owner_of(file, stream.fileno())
        part.replace(file)
    except OSError as error:
        raise Failure(f"No secrets can be stored in {file} ({error.strerror}).") from error


def _give_to_owner_of(file: Path, descriptor: int) -> None:
    """The operator may be root, and the server not."""
    owner = file.stat()
    with suppress(PermissionError):
        os.fchown(descriptor, owner.st_uid, owner.st_gid)


def _text_of(rings: Rings) -> bytes:
    plain = {purpose.value: msgspec.to_builtins(ring) for purpose, ring in rings.items()}
    return json.dumps(plain, indent=1).encode() + b"\n"
