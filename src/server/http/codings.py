"""Content codings: how an answer is compressed, if the client accepts that and it saves enough."""

import sys
import zlib
from asyncio import to_thread
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import NamedTuple

import brotli

from server.http.quality_values import quality_values

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

IDENTITY = "identity"
_GZIP_WRAPPER = 31
"""Tells zlib to write the format of gzip."""
_WORTH_IT = 1024
"""Bytes. Fewer fit into one packet even without compression."""
_FOR_A_THREAD = 256 * 1024
"""Bytes. Compressing fewer takes half a millisecond at most, and may hold the event loop for that time."""
_REMEMBERED = 128


def _gzip(content: bytes, level: int) -> bytes:
    gzip = zlib.compressobj(level, zlib.DEFLATED, _GZIP_WRAPPER)
    return gzip.compress(content) + gzip.flush()


def _br(content: bytes, level: int) -> bytes:
    compressed: bytes = brotli.compress(content, quality=level)
    return compressed


def _zstd(content: bytes, level: int) -> bytes:
    return zstd.compress(content, level)


class _Coding(NamedTuple):
    compress: Callable[[bytes, int], bytes]
    quick: int
    """The level above which more time saves few bytes: docs/reference/endpoint.md has the numbers."""
    dense: int


_CODINGS = {"gzip": _Coding(_gzip, 3, 9), "br": _Coding(_br, 3, 11), "zstd": _Coding(_zstd, 1, 19)}
# If weights are equal, zstd comes last: Node.js 20 announces it, and cannot read it.
QUICKEST = ("br", "gzip", "zstd")
DENSEST = ("br", "gzip", "zstd")


class Choice(NamedTuple):
    """The codings for large and for small content. Both are None if the client accepts nothing."""

    large: str | None
    small: str | None
    """Small content is not compressed, unless the client refuses that."""

    def of(self, content: bytes) -> str:
        return (self.large if len(content) > _WORTH_IT else self.small) or IDENTITY


@lru_cache(maxsize=_REMEMBERED)
def chosen(accept: str | None, offered: Sequence[str] = QUICKEST) -> Choice:
    """Chooses by an Accept-Encoding header, or None if there is none, as RFC 9110 says: the coding with the
    greatest weight. If weights are equal, the first offered coding wins, and any coding wins over none.
    Without the header every coding would be acceptable, but the client may not know them.
    """
    if accept is None:
        return Choice(IDENTITY, IDENTITY)
    weights = {coding.removeprefix("x-"): weight for coding, _, weight in quality_values(accept)}
    rest = weights.get("*")
    acceptable = {coding: weights.get(coding, rest or 0.0) for coding in offered}
    best = max(offered, key=lambda coding: acceptable[coding])
    # If the header does not name identity, it is acceptable, but with the least weight.
    plain = weights.get(IDENTITY, 0.0001 if rest is None else rest)
    large = best if acceptable[best] and acceptable[best] >= plain else IDENTITY if plain else None
    return Choice(large, IDENTITY if plain else large)


def compressed(content: bytes, coding: str) -> bytes:
    return content if coding == IDENTITY else _CODINGS[coding].compress(content, _CODINGS[coding].quick)


def compressed_once(content: bytes, coding: str) -> bytes:
    """Content that is sent many times, made as small as possible. This takes a hundred times as long."""
    return content if coding == IDENTITY else _CODINGS[coding].compress(content, _CODINGS[coding].dense)


async def compressed_aside(content: bytes, coding: str) -> bytes:
    """Compresses large content in a thread, so that other requests need not wait."""
    if coding == IDENTITY or len(content) < _FOR_A_THREAD:
        return compressed(content, coding)
    return await to_thread(compressed, content, coding)
