"""The site that an event came from, in one spelling."""

from urllib.parse import urlsplit

import idna

_LONGEST = 253


class InvalidDomain(ValueError):
    pass


def normal_domain(text: str | None) -> str | None:
    """Lower case, without scheme, port and path, IDNA-encoded; None for nothing."""
    given = (text or "").strip()
    if not given:
        return None
    try:
        host = urlsplit(given if "//" in given else f"//{given}").hostname or ""
        name = idna.encode(host.rstrip("."), uts46=True).decode().lower() if not host.isascii() else host
    except (ValueError, idna.IDNAError):
        raise InvalidDomain(given[:_LONGEST]) from None
    name = name.rstrip(".")
    if not name or len(name) > _LONGEST or not _is_spelled(name):
        raise InvalidDomain(given[:_LONGEST])
    return name


def _is_spelled(name: str) -> bool:
    return all(character.isalnum() or character in ".-_:" for character in name)
