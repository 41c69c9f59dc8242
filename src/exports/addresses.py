"""The addresses of pages."""

from functools import lru_cache
from typing import Final, NamedTuple
from urllib.parse import unquote, urlsplit

_REMEMBERED: Final = 10_000


class Page(NamedTuple):
    host: str | None
    path: str


@lru_cache(_REMEMBERED)
def page_of(address: str) -> Page:
    """The path is as people read it, and has no query. An address that nobody can read is a path itself."""
    try:
        parts = urlsplit(address)
        return Page(parts.hostname, unquote(parts.path) or ("/" if parts.netloc else ""))
    except ValueError:
        return Page(None, address)
