"""What caches are told of an answer, and how they ask whether theirs still holds."""

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
    """`lifetime` is None for what is never kept: errors, and whatever is not a query.

    Whoever shows a token is answered for themselves, even where everybody is answered alike: if a field
    were declared to be public by mistake, no one's figures would stand in a cache that others share. And
    they ask anew each time, so that who has just changed something sees it.
    """
    if lifetime is None:
        return NOT_AT_ALL
    if lifetime.seconds and not (has_token and not lifetime.is_private):
        return f"max-age={lifetime.seconds}, {'private' if lifetime.is_private else 'public'}"
    # A body by POST cannot be asked for again with a condition.
    return _ASKED_ANEW if is_read else NOT_AT_ALL


def tag_of(content: bytes, coding: str) -> str:
    """Strong: it names the very bytes. Compressed, these follow from the plain ones and the coding."""
    digest = blake2b(content, digest_size=_TAG_BYTES).hexdigest()
    return f'"{digest}"' if coding == IDENTITY else f'"{digest}-{coding}"'


def is_known(headers: Headers, tag: str) -> bool:
    """By If-None-Match, which compares weakly: a proxy that compresses by itself weakens a tag."""
    wanted = ", ".join(headers.getlist("if-none-match")).strip()
    return wanted == "*" or tag in _TAG.findall(wanted)
