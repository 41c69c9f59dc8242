"""Pages that an npm project of this repository builds into web/: the page, and the files that it loads.

Browsers keep the files for a year, because the name of each has a hash of its content.
"""

from base64 import b64encode
from collections.abc import Mapping
from gzip import decompress
from hashlib import sha256
from html import escape
from pathlib import Path

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from server.http.responses import coding_choice

_WEB = Path(__file__).parents[1] / "web"
_PAGE = {
    "cache-control": "no-cache",
    "cross-origin-opener-policy": "same-origin",
}
_ASSET = {
    "cache-control": "public, max-age=31536000, immutable",
    "vary": "accept-encoding",
}
_MEDIA_TYPES = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".ttf": "font/ttf",
}
_RELATIVE = '="./'
# The coding in which the files are stored. Another one would save 8 %, once a year.
_STORED = ("gzip",)


def policy_of(*directives: str, framed_by: str = "'none'") -> str:
    """A Content-Security-Policy: nothing but what the directives allow, and no frame around it, unless
    `framed_by` names the pages that may have it in one.
    """
    return "; ".join(
        (
            "default-src 'none'",
            *directives,
            "base-uri 'none'",
            "form-action 'none'",
            f"frame-ancestors {framed_by}",
        )
    )


def source_of(style: str) -> str:
    """For `style-src`: a style sheet that stands in the page."""
    return f"'sha256-{b64encode(sha256(style.encode()).digest()).decode()}'"


class BuiltPage:
    """Reads the files of `web/NAME` once. The element with the id NAME gets `data`, as JSON in attributes."""

    def __init__(
        self,
        name: str,
        place: str,
        policy: str,
        headers: Mapping[str, str],
        data: Mapping[str, object],
    ) -> None:
        """`place`: the path of the page."""
        self._place = place
        self._guarded = {
            # Scripts have it too, because a web worker has the policy of its script, not that of the page.
            "content-security-policy": policy,
            "cross-origin-resource-policy": "same-origin",
            "x-content-type-options": "nosniff",
        }
        self._headers = {**self._guarded, **_PAGE, **headers}
        self._page = _with_data(page_text(name), f'<div id="{name}"', data)
        self._gzipped = {file.stem: file.read_bytes() for file in (_WEB / name / "assets").iterdir()}

    def page(self, prefix: str) -> Response:
        """`prefix`: the path below which clients find the server. Within the page, paths are relative to
        that of its first view.
        """
        return HTMLResponse(self._page.replace(_RELATIVE, f'="{prefix}{self._place}/'), headers=self._headers)

    async def asset(self, request: Request) -> Response:
        name = request.path_params["name"]
        content = self._gzipped.get(name)
        if content is None:
            raise HTTPException(404)
        headers = {**self._guarded, **_ASSET}
        if coding_choice(request, _STORED).large == "gzip":
            headers["content-encoding"] = "gzip"
        else:
            content = decompress(content)
        return Response(content, 200, headers, _MEDIA_TYPES[Path(name).suffix])


def page_text(name: str) -> str:
    return (_WEB / name / "index.html").read_text()


def _with_data(page: str, mount: str, data: Mapping[str, object]) -> str:
    before, found, after = page.partition(mount)
    attributes = "".join(
        f' data-{name}="{escape(orjson.dumps(value).decode())}"' for name, value in data.items()
    )
    return f"{before}{found}{attributes}{after}"
