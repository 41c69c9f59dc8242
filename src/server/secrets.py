"""The secret that signs tokens: given, or made once and kept beside the database."""

import logging
import os
from pathlib import Path
from secrets import token_urlsafe

from sqlalchemy import make_url

from server.settings import Settings

log = logging.getLogger("viewgraph")


def secrets_of(settings: Settings) -> list[str]:
    """The one that signs, then those that only verify."""
    previous = [text.strip() for text in settings.previous_secrets.get_secret_value().split(",")]
    current = settings.secret.get_secret_value() if settings.secret else _kept(_file(settings))
    return [current, *filter(None, previous)]


def _file(settings: Settings) -> Path:
    url = make_url(settings.database_url)
    if url.get_backend_name() == "sqlite" and url.database:
        return Path(f"{url.database}.secret")
    return Path("viewgraph.secret")


def _kept(file: Path) -> str:
    """Made by whichever worker comes first; the others read it."""
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return file.read_text().strip()
    with os.fdopen(descriptor, "w") as stream:
        secret = token_urlsafe(48)
        stream.write(secret)
    log.warning(
        "VIEWGRAPH_SECRET is not set: made a secret and stored it in %s. Keep that file private.", file
    )
    return secret
