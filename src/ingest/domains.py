"""The domain of the site that an event came from, in one spelling."""

import re
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address
from urllib.parse import urlsplit

import idna

from base.aliases import BELOW

OTHER = "(other)"
"""Stands for all domains that are not counted apart. No host can have this name."""
_LONGEST = 253
_LONGEST_GIVEN = 2_000
_CACHED_NAMES = 10_000
_ADDRESS = re.compile(r"(?:[a-z][a-z0-9+.-]*:)?//", re.IGNORECASE)
_NO_HOSTS = frozenset(("null", "undefined", "none", "nan"))
"""What programs write if there is no host."""
_OPAQUE = frozenset(
    ("about", "blob", "data", "file", "filesystem", "javascript", "mailto", "sms", "tel", "urn")
)
"""Schemes of addresses that have no host."""
_SCHEMES = _OPAQUE | {"ftp", "http", "https", "ws", "wss"}
"""In front of a colon these are schemes, and not hosts with a port."""
_NUMBER = re.compile(r"\d+|0x[0-9a-f]*")
_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")


class InvalidDomain(ValueError):
    pass


@lru_cache(_CACHED_NAMES)
def normal_domain(text: str | None) -> str | None:
    """The domain in lower case, without scheme, port and path, and IDNA-encoded. An IPv6 address is in
    brackets. None if the text is empty. Raises InvalidDomain.

    If the result is normalized again, it stays the same.
    """
    given = (text or "").strip()
    if not given:
        return None
    if len(given) > _LONGEST_GIVEN:
        raise InvalidDomain(given[:_LONGEST])
    try:
        host = _host(given)
        name = _address(host) if ":" in host else _name(host)
    except (ValueError, idna.IDNAError):
        raise InvalidDomain(given[:_LONGEST]) from None
    if len(name) > _LONGEST:
        raise InvalidDomain(given[:_LONGEST])
    return name


def domain_pattern(text: str) -> str:
    """A host, or `*.` and a host for all hosts below it. Raises InvalidDomain, also for an empty text."""
    given = text.strip()
    name = normal_domain(given.removeprefix(BELOW))
    if name is None or (given.startswith(BELOW) and not _has_below(name)):
        raise InvalidDomain(given[:_LONGEST])
    pattern = BELOW + name if given.startswith(BELOW) else name
    if len(pattern) > _LONGEST:
        raise InvalidDomain(given[:_LONGEST])
    return pattern


def _has_below(name: str) -> bool:
    return name[0] != "[" and not _NUMBER.fullmatch(name.rpartition(".")[2])


def _host(given: str) -> str:
    """Raises ValueError."""
    has_scheme = _ADDRESS.match(given)
    scheme = given.partition(":")[0].lower()
    if scheme in (_OPAQUE if has_scheme else _SCHEMES) and ":" in given:
        raise ValueError("the address of something that is on no host")
    parts = urlsplit(given if has_scheme else f"//{given}")
    if not has_scheme and "@" in parts.netloc:
        raise ValueError("an e-mail address")
    # This raises ValueError beyond 65535, and for what is no number.
    _ = parts.port
    return parts.hostname or ""


def _address(host: str) -> str:
    if "%" in host:
        raise ValueError("an interface of somebody's own machine")
    return f"[{IPv6Address(host).compressed}]"


def _name(host: str) -> str:
    name = host if host.isascii() else idna.encode(host, uts46=True).decode().lower()
    name = name.removesuffix(".")
    if not _NAME.fullmatch(name) or name in _NO_HOSTS:
        raise ValueError("no host name")
    # As in browsers, a name that ends in a number is an IPv4 address, or invalid.
    return str(IPv4Address(name)) if _NUMBER.fullmatch(name.rpartition(".")[2]) else name
