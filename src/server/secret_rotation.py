"""Secrets as operators list them, and replace those in the file on the command line."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from base.key_ids import key_id
from server.failures import Failure
from server.secret_file import Purpose, Ring, read_rings, replace_rings
from server.secrets import Secrets, combined, secret_file
from server.settings import Settings, variable

_SETTINGS = {
    Purpose.TOKENS: "secret",
    Purpose.LINKS: "link_secret",
    Purpose.VISITORS: "visitor_secret",
}
_IDS = {Purpose.TOKENS: "key", Purpose.LINKS: "link secret", Purpose.VISITORS: "visitor key"}


def change_file(settings: Settings, purpose: Purpose, step: Callable[[Ring], Ring]) -> None:
    """Changes the file of secrets by one step. Raises Failure."""
    file = _file_for(settings, purpose)
    rings = read_rings(file)
    if rings is None:
        raise Failure(f"There is no file {file} yet: `viewgraph serve` makes it.")
    replace_rings(file, {**rings, purpose: step(rings[purpose])})


def _file_for(settings: Settings, purpose: Purpose) -> Path:
    for given in ("secret", _SETTINGS[purpose]):
        if getattr(settings, given):
            raise Failure(
                f"{variable(given)} is set, so the file is not used. Change the variables instead: see "
                "docs/how-to/secrets.md."
            )
    return secret_file(settings)


class KnownSecret(NamedTuple):
    purpose: Purpose
    id: str
    """It tells nothing of the secret. That of a secret of tokens is the `kid` of the tokens."""
    is_used: bool


def known_secrets(settings: Settings) -> list[KnownSecret]:
    """All that are accepted. Raises Failure."""
    known = []
    for purpose, secrets in zip(Purpose, _read_only(settings), strict=True):
        known += [
            KnownSecret(purpose, key_id(_IDS[purpose], secret.encode()), number == 0)
            for number, secret in enumerate(secrets)
        ]
    return known


def _read_only(settings: Settings) -> Secrets:
    file = secret_file(settings)
    rings = None if settings.secret else read_rings(file)
    if rings is None and not settings.secret:
        raise Failure(f"There is no file {file} yet: `viewgraph serve` makes it.")
    return combined(settings, rings)
