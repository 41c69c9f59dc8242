"""The site that an event came from, in one spelling."""

import re
from functools import lru_cache
from ipaddress import IPv6Address
from urllib.parse import urlsplit

import idna

OTHER = "(other)"
"""Under which domains are counted that are not told apart any more. No host can be called so."""
_LONGEST = 253
_LONGEST_GIVEN = 2_000
_CACHED_NAMES = 10_000
_ADDRESS = re.compile(r"(?:[a-z][a-z0-9+.-]*:)?//", re.IGNORECASE)
_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")


class InvalidDomain(ValueError):
    pass


@lru_cache(_CACHED_NAMES)
def normal_domain(text: str | None) -> str | None:
    """Lower case, without scheme, port and path, IDNA-encoded; an IPv6 address in brackets; None for nothing.

    A name that it gave, it gives again.
    """
    given = (text or "").strip()
    if not given:
        return None
    if len(given) > _LONGEST_GIVEN:
        raise InvalidDomain(given[:_LONGEST])
    try:
        host = urlsplit(given if _ADDRESS.match(given) else f"//{given}").hostname or ""
        name = _address(host) if ":" in host else _name(host)
    except (ValueError, idna.IDNAError):
        raise InvalidDomain(given[:_LONGEST]) from None
    if len(name) > _LONGEST:
        raise InvalidDomain(given[:_LONGEST])
    return name


def _address(host: str) -> str:
    if "%" in host:
        raise ValueError("an interface of somebody's own machine")
    return f"[{IPv6Address(host).compressed}]"


def _name(host: str) -> str:
    name = host if host.isascii() else idna.encode(host, uts46=True).decode().lower()
    name = name.removesuffix(".")
    if not _NAME.fullmatch(name):
        raise ValueError("no host name")
    return name
