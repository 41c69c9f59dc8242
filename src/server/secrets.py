"""The secret that signs tokens. It comes from the settings, or is made once and kept beside the database."""

import logging
import os
from pathlib import Path
from secrets import token_urlsafe
from time import sleep

from pydantic import SecretStr

from database import url_of
from server.failures import Failure
from server.settings import SHORTEST_SECRET, Settings

log = logging.getLogger("viewgraph")

_TRIES = 50
_PAUSE_SECONDS = 0.02


def secrets_of(settings: Settings) -> list[str]:
    """First the secret that signs, then the older ones that only verify."""
    current = settings.secret.get_secret_value() if settings.secret else _kept_beside(settings)
    return [current, *settings.verifying_secrets()]


def new_secret() -> SecretStr:
    return SecretStr(token_urlsafe(48))


def with_kept_secret(settings: Settings, file: Path) -> Settings:
    """The settings with a secret: their own, or the one in the file. If there is none yet, it makes one, and
    does not warn.
    """
    if settings.secret:
        return settings
    return settings.model_copy(update={"secret": SecretStr(_read(file) or _made(file))})


def _kept_beside(settings: Settings) -> str:
    file = secret_file(settings.database_url)
    if kept := _read(file):
        return kept
    secret = _made(file)
    log.warning(
        "VIEWGRAPH_SECRET is not set: made a secret and stored it in %s. Keep that file private.", file
    )
    return secret


def secret_file(database_url: str) -> Path:
    """The file of the secret: beside an SQLite file, or for PostgreSQL in the current folder."""
    url = url_of(database_url)
    if url.get_backend_name() == "sqlite" and url.database:
        return Path(f"{url.database}.secret")
    return Path("viewgraph.secret")


def _made(file: Path) -> str:
    """Makes the secret in the first process that comes; the others read it."""
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return _read(file) or _made(file)
    except OSError as error:
        raise Failure(
            f"No secret can be stored in {file} ({error.strerror}). Set VIEWGRAPH_SECRET."
        ) from error
    with os.fdopen(descriptor, "w") as stream:
        stream.write(secret := new_secret().get_secret_value())
    return secret


def _read(file: Path) -> str | None:
    """None if there is no file. A file that another process has just made may be empty for a moment."""
    try:
        for _ in range(_TRIES):
            if secret := file.read_text("utf-8", "replace").strip():
                break
            sleep(_PAUSE_SECONDS)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Failure(f"The secret in {file} cannot be read ({error.strerror}).") from error
    if len(secret) < SHORTEST_SECRET:
        raise Failure(
            f"{file} has no secret of {SHORTEST_SECRET} characters or more. Remove the file. The next start "
            "makes a new secret, and everyone has to sign in again."
        )
    return secret
