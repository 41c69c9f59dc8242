"""Content codings: how an answer is compressed, where the client accepts it and it pays."""

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
"""Bytes. Fewer fit into one packet anyway."""
_FOR_A_THREAD = 256 * 1024
"""Bytes. To compress fewer takes at most half a millisecond, for which the event loop may stand still."""
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
# Among equals zstd comes last: Node.js 20 announces it, and cannot read it.
QUICKEST = ("br", "gzip", "zstd")
DENSEST = ("br", "gzip", "zstd")


class Choice(NamedTuple):
    """Each is None where nothing is acceptable."""

    large: str | None
    small: str | None
    """The coding of small content: none, unless the client refuses that."""

    def of(self, content: bytes) -> str:
        return (self.large if len(content) > _WORTH_IT else self.small) or IDENTITY


@lru_cache(maxsize=_REMEMBERED)
def chosen(accept: str | None, offered: Sequence[str] = QUICKEST) -> Choice:
    """Chooses by an Accept-Encoding header (None where there is none), by RFC 9110: the coding with the
    greatest weight; among equals the one that is offered first, and a compressed one before a plain one.
    Without the header every coding would be acceptable, but such a client may not know them.
    """
    if accept is None:
        return Choice(IDENTITY, IDENTITY)
    weights = {coding.removeprefix("x-"): weight for coding, _, weight in quality_values(accept)}
    rest = weights.get("*")
    acceptable = {coding: weights.get(coding, rest or 0.0) for coding in offered}
    best = max(offered, key=lambda coding: acceptable[coding])
    # If identity is not named, it is acceptable, but with the least weight.
    plain = weights.get(IDENTITY, 0.0001 if rest is None else rest)
    large = best if acceptable[best] and acceptable[best] >= plain else IDENTITY if plain else None
    return Choice(large, IDENTITY if plain else large)


def compressed(content: bytes, coding: str) -> bytes:
    return content if coding == IDENTITY else _CODINGS[coding].compress(content, _CODINGS[coding].quick)


def compressed_once(content: bytes, coding: str) -> bytes:
    """For content that is sent many times: as small as possible, which takes a hundred times as long."""
    return content if coding == IDENTITY else _CODINGS[coding].compress(content, _CODINGS[coding].dense)


async def compressed_aside(content: bytes, coding: str) -> bytes:
    """Compresses large content in a thread, so that others need not wait."""
    if coding == IDENTITY or len(content) < _FOR_A_THREAD:
        return compressed(content, coding)
    return await to_thread(compressed, content, coding)
