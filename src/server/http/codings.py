"""Content codings: by what an answer is compressed, as its caller accepts it and where that pays."""

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
"""How zlib is told to write what gzip does."""
_WORTH_IT = 1024
"""Fewer bytes fit into one packet anyway."""
_FOR_A_THREAD = 256 * 1024
"""So much takes half a millisecond, for which the event loop may stand still."""
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
    """The level at which more time would save few bytes: docs/reference/endpoint.md has the figures."""
    dense: int


_CODINGS = {"gzip": _Coding(_gzip, 3, 9), "br": _Coding(_br, 3, 11), "zstd": _Coding(_zstd, 1, 19)}
# Where it is all the same to a client, zstd comes last: Node.js 20 announces it, and cannot read it.
QUICKEST = ("br", "gzip", "zstd")
DENSEST = ("br", "gzip", "zstd")


class Choice(NamedTuple):
    """Each is None where nothing is acceptable."""

    large: str | None
    small: str | None
    """Of what is not worth compressing: as it is, unless just that is refused."""

    def of(self, content: bytes) -> str:
        return (self.large if len(content) > _WORTH_IT else self.small) or IDENTITY


@lru_cache(maxsize=_REMEMBERED)
def chosen(accept: str | None, offered: Sequence[str] = QUICKEST) -> Choice:
    """By an Accept-Encoding header, or None for no such header, as RFC 9110 reads it.

    What weighs most; among equals the one that is offered first, and what is compressed goes before what
    is not. Without the header everything would be acceptable, but who does not say so may not mean it.
    """
    if accept is None:
        return Choice(IDENTITY, IDENTITY)
    weights = {coding.removeprefix("x-"): weight for coding, _, weight in quality_values(accept)}
    rest = weights.get("*")
    acceptable = {coding: weights.get(coding, rest or 0.0) for coding in offered}
    best = max(offered, key=lambda coding: acceptable[coding])
    # Not to be named is to be acceptable, and to be liked least.
    plain = weights.get(IDENTITY, 0.0001 if rest is None else rest)
    large = best if acceptable[best] and acceptable[best] >= plain else IDENTITY if plain else None
    return Choice(large, IDENTITY if plain else large)


def compressed(content: bytes, coding: str) -> bytes:
    return content if coding == IDENTITY else _CODINGS[coding].compress(content, _CODINGS[coding].quick)


def compressed_once(content: bytes, coding: str) -> bytes:
    """Of what is sent many times: as small as it gets, which takes a hundred times as long."""
    return content if coding == IDENTITY else _CODINGS[coding].compress(content, _CODINGS[coding].dense)


async def compressed_aside(content: bytes, coding: str) -> bytes:
    """In a thread, if it is so much that others would have to wait."""
    if coding == IDENTITY or len(content) < _FOR_A_THREAD:
        return compressed(content, coding)
    return await to_thread(compressed, content, coding)
