"""Files of the folder web/ that pages of other sites load."""

from functools import cache
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

from server.http.caching import is_known, tag_of
from server.http.codings import DENSEST, IDENTITY, compressed_once
from server.http.responses import coding_choice

_FOLDER = Path(__file__).parents[1] / "web"
_SHARED = {
    "access-control-allow-origin": "*",
    "cache-control": "public, max-age=3600",
    "cross-origin-resource-policy": "cross-origin",
    "vary": "accept-encoding",
    "x-content-type-options": "nosniff",
}


class StaticFile:
    """A file in each coding. Each coding has an ETag of its own, because its bytes differ."""

    def __init__(self, name: str, media_type: str, **replacements: str) -> None:
        """`replacements`: words that stand in quotes in the file, each with the word that replaces it."""
        self._media_type = media_type
        self._coded = _coded(name, tuple(replacements.items()))
        self._tags = {coding: tag_of(self._coded[IDENTITY], coding) for coding in self._coded}

    async def respond(self, request: Request) -> Response:
        coding = coding_choice(request, DENSEST).large or IDENTITY
        headers = {**_SHARED, "etag": self._tags[coding]}
        if is_known(request.headers, self._tags[coding]):
            return Response(status_code=304, headers=headers)
        if coding != IDENTITY:
            headers["content-encoding"] = coding
        return Response(self._coded[coding], 200, headers, self._media_type)


@cache
def _coded(name: str, replacements: tuple[tuple[str, str], ...]) -> dict[str, bytes]:
    """Compresses the file once in a process: the densest coding takes over a millisecond for each
    kilobyte.
    """
    plain = (_FOLDER / name).read_bytes()
    for word, other in replacements:
        plain = plain.replace(f'"{word}"'.encode(), f'"{other}"'.encode())
    return {coding: compressed_once(plain, coding) for coding in (IDENTITY, *DENSEST)}
