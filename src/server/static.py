"""Files that other sites' pages load, as they stand in the folder web/."""

from gzip import compress
from hashlib import sha256
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

_FOLDER = Path(__file__).with_name("web")
_SHARED = {
    "access-control-allow-origin": "*",
    "cache-control": "public, max-age=3600",
    "cross-origin-resource-policy": "cross-origin",
    "vary": "accept-encoding",
    "x-content-type-options": "nosniff",
}


class StaticFile:
    """Read once, and sent plain or gzipped; the two have tags of their own, as bytes that differ must."""

    def __init__(self, name: str, media_type: str) -> None:
        self._media_type = media_type
        self._plain = (_FOLDER / name).read_bytes()
        self._gzipped = compress(self._plain, mtime=0)
        self._tag = sha256(self._plain).hexdigest()[:32]

    async def __call__(self, request: Request) -> Response:
        gzipped = "gzip" in request.headers.get("accept-encoding", "")
        tag = f'"{self._tag}-gzip"' if gzipped else f'"{self._tag}"'
        headers = {**_SHARED, "etag": tag}
        if _names(request.headers.get("if-none-match", ""), tag):
            return Response(status_code=304, headers=headers)
        if gzipped:
            headers["content-encoding"] = "gzip"
        return Response(self._gzipped if gzipped else self._plain, 200, headers, self._media_type)


def _names(wanted: str, tag: str) -> bool:
    """A proxy that compresses by itself weakens a tag; it is still the same file."""
    return any(each.strip().removeprefix("W/") in {tag, "*"} for each in wanted.split(","))
