"""The secrets of the server: one for tokens, one for links and one for visitors. They come from the settings,
or are made once and kept beside the database.
"""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from pydantic import SecretStr

from database import url_of
from resolvers.context import Services
from server.secret_file import (
    Purpose,
    Rings,
    make_rings,
    new_secret,
    read_rings,
    stamp_of,
)
from server.settings import Settings

log = logging.getLogger("viewgraph")


class Secrets(NamedTuple):
    """Of each purpose, the first is used, and the others are accepted."""

    tokens: Sequence[str]
    links: Sequence[str]
    visitors: Sequence[str]

    @property
    def visitor_keys(self) -> list[bytes]:
        return [secret.encode() for secret in self.visitors]


def secrets_of(settings: Settings) -> Secrets:
    """Makes the file if it is needed and not there. Raises Failure."""
    return combined(settings, None if settings.secret else _kept(secret_file(settings)))


def combined(settings: Settings, rings: Rings | None) -> Secrets:
    """A secret of the settings goes before that of the file. `rings`: None if VIEWGRAPH_SECRET is set, which
    is for everything that has no secret of its own.
    """
    of_all = settings.secrets_for(Purpose.TOKENS)
    found = {}
    for purpose in Purpose:
        used, others = settings.secrets_for(purpose)
        if used:
            found[purpose.value] = [used, *others]
        elif rings:
            found[purpose.value] = [*rings[purpose].all(), *others]
        else:
            found[purpose.value] = [of_all[0] or "", *of_all[1], *others]
    return Secrets(**found)


def with_kept_secrets(settings: Settings, file: Path) -> Settings:
    """The settings with this file, in which there are secrets. It does not warn."""
    if not settings.secret and read_rings(file) is None:
        make_rings(file)
    return settings.model_copy(update={"secret_file": str(file)})


def with_passing_secret(settings: Settings) -> Settings:
    """For what signs nothing and stores no visitors."""
    return settings.model_copy(update={"secret": SecretStr(new_secret())})


def secret_file(settings: Settings) -> Path:
    """Unless the settings name one, it is beside an SQLite file, or for PostgreSQL in the current folder."""
    if settings.secret_file:
        return Path(settings.secret_file)
    url = url_of(settings.database_url)
    if url.get_backend_name() == "sqlite" and url.database:
        return Path(f"{url.database}.secret")
    return Path("viewgraph.secret")


def _kept(file: Path) -> Rings:
    if rings := read_rings(file):
        return rings
    if made := make_rings(file):
        log.warning(
            "VIEWGRAPH_SECRET is not set: made secrets and stored them in %s. Keep that file private.", file
        )
        return made
    return _kept(file)


class SecretReader:
    """Reads the file of secrets again when it was changed, so that no server has to be started anew.

    Make it before the secrets are read for the first time.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._file = secret_file(settings)
        self._stamp = stamp_of(self._file)

    async def read_changed(self, services: Services) -> None:
        """Does nothing if VIEWGRAPH_SECRET is set. If the file is gone, the secrets stay as they are. Raises
        Failure once for a file that cannot be read.
        """
        stamp, before = stamp_of(self._file), self._stamp
        if self._settings.secret or stamp in (None, before):
            return
        self._stamp = stamp
        if rings := read_rings(self._file):
            secrets = combined(self._settings, rings)
            # Answers that are kept for tokens of a secret that is gone.
            services.database.commits.note(is_change=True)
            services.signer.use(secrets.tokens)
            services.links.use(secrets.links)
            services.visitor_keys.use(secrets.visitor_keys)
            if before:
                log.info("Read the secrets in %s again, because they were changed", self._file)
