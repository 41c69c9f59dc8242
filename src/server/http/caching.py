"""Headers for caches: how long an answer may be kept, and whether one that is kept is still valid."""

import re
from hashlib import blake2b

from starlette.datastructures import Headers

from resolvers.execution import Lifetime
from server.http.codings import IDENTITY

NOT_AT_ALL = "no-store"
_ASKED_ANEW = "private, no-cache"
_TAG = re.compile(r'(?:W/)?("[^"]*")')
_TAG_BYTES = 16


def cache_control(lifetime: Lifetime | None, *, is_read: bool, has_token: bool) -> str:
    """`lifetime` is None for what is never kept: errors, and whatever is not a query. The answer to a
    request with a token is private, even where everybody gets the same: if a field were declared public
    by mistake, nobody's figures would get into a shared cache. It is also asked for again each time, so
    that a user who has just changed something sees it.
    """
    if lifetime is None:
        return NOT_AT_ALL
    if lifetime.seconds and not (has_token and not lifetime.is_private):
        return f"max-age={lifetime.seconds}, {'private' if lifetime.is_private else 'public'}"
    # A body by POST cannot be asked for again with a condition.
    return _ASKED_ANEW if is_read else NOT_AT_ALL


def tag_of(content: bytes, coding: str) -> str:
    """A strong ETag, of the bytes as they are sent: they follow from the plain ones and the coding."""
    digest = blake2b(content, digest_size=_TAG_BYTES).hexdigest()
    return f'"{digest}"' if coding == IDENTITY else f'"{digest}-{coding}"'


def is_known(headers: Headers, tag: str) -> bool:
    """Whether If-None-Match has the tag. The comparison is weak, as a proxy that compresses weakens a tag."""
    wanted = ", ".join(headers.getlist("if-none-match")).strip()
    return wanted == "*" or tag in _TAG.findall(wanted)
