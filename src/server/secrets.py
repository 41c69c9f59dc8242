"""The secret that signs tokens: from the settings, or made once and kept beside the database."""

import logging
import os
from pathlib import Path
from secrets import token_urlsafe
from time import sleep

from pydantic import SecretStr
from sqlalchemy import make_url

from server.failures import Failure
from server.settings import SHORTEST_SECRET, Settings

log = logging.getLogger("viewgraph")

_TRIES = 50
_PAUSE_SECONDS = 0.02


def secrets_of(settings: Settings) -> list[str]:
    """The one that signs, then those that only verify."""
    current = settings.secret.get_secret_value() if settings.secret else _kept_beside(settings)
    return [current, *settings.verifying_secrets()]


def new_secret() -> SecretStr:
    return SecretStr(token_urlsafe(48))


def with_kept_secret(settings: Settings, file: Path) -> Settings:
    """The settings with a secret: the given one, or the one in the file, which is made without a warning."""
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
    """Beside an SQLite file; for a server elsewhere, in the current folder."""
    url = make_url(database_url)
    if url.get_backend_name() == "sqlite" and url.database:
        return Path(f"{url.database}.secret")
    return Path("viewgraph.secret")


def _made(file: Path) -> str:
    """The first process makes it; the others read it."""
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
    """None where there is no file. A file that another process has just made may be empty for a moment."""
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
            f"{file} holds no secret of {SHORTEST_SECRET} characters. Remove it: a new one is then made, "
            "and everyone has to sign in again."
        )
    return secret
