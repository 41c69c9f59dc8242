"""Headers for caches: how long a cache may keep an answer, and whether a kept answer is still valid."""

import re
from collections.abc import Sequence
from hashlib import blake2b

from starlette.datastructures import Headers

from resolvers.execution import Lifetime
from server.http.codings import IDENTITY

NOT_AT_ALL = "no-store"
_ASKED_ANEW = "private, no-cache"
_TAG = re.compile(r'(?:W/)?("[^"]*")')
_TAG_BYTES = 16


def cache_control(lifetime: Lifetime | None, *, is_read: bool, has_token: bool) -> str:
    """`lifetime` is None for answers that no cache may keep: errors, and answers to anything but a query.

    The answer to a request with a token is private, even if everybody gets the same. So if a field is
    declared public by mistake, nobody's figures get into a shared cache. The browser also asks for it again
    each time, so a user who has just changed something sees the change.
    """
    if lifetime is None:
        return NOT_AT_ALL
    if lifetime.seconds and not (has_token and not lifetime.is_private):
        return f"max-age={lifetime.seconds}, {'private' if lifetime.is_private else 'public'}"
    # A browser cannot ask for the answer to a POST again with a condition.
    return _ASKED_ANEW if is_read else NOT_AT_ALL


def tag_of(content: bytes, coding: str) -> str:
    """A strong ETag of the bytes on the wire. The plain bytes and the coding determine them."""
    digest = blake2b(content, digest_size=_TAG_BYTES).hexdigest()
    return f'"{digest}"' if coding == IDENTITY else f'"{digest}-{coding}"'


def is_known(headers: Headers, tag: str) -> bool:
    """Whether If-None-Match has the tag. The comparison is weak, because a proxy that compresses makes a tag
    weak.
    """
    return is_known_to(headers.getlist("if-none-match"), tag)


def is_known_to(given: Sequence[str], tag: str) -> bool:
    """The same for the values of If-None-Match."""
    wanted = ", ".join(given).strip()
    return wanted in ("*", tag) or tag in _TAG.findall(wanted)
