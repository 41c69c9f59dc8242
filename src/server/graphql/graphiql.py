"""GraphiQL, the editor of queries: its page at /graphql, and the files that the page loads from below it.

`make graphiql` builds the files from the folder graphiql/.
"""

from gzip import decompress
from html import escape
from pathlib import Path

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from server.http.responses import coding_choice

FOLDER = Path(__file__).parents[1] / "web" / "graphiql"
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "worker-src 'self'",
        "connect-src 'self'",
        # Monaco writes style elements and attributes, whose hashes cannot be known.
        "style-src 'self' 'unsafe-inline'",
        "font-src 'self'",
        "img-src 'self' data:",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
_GUARDED = {
    # Scripts have it too, because a web worker has the policy of its script, not that of the page.
    "content-security-policy": POLICY,
    "cross-origin-resource-policy": "same-origin",
    "x-content-type-options": "nosniff",
}
_PAGE = {
    **_GUARDED,
    "cache-control": "no-cache",
    "cross-origin-opener-policy": "same-origin",
    "referrer-policy": "same-origin",
    "vary": "accept",
}
_ASSET = {
    **_GUARDED,
    # A file's name has a hash of its content.
    "cache-control": "public, max-age=31536000, immutable",
    "vary": "accept-encoding",
}
_MEDIA_TYPES = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".ttf": "font/ttf",
}
# The coding in which the files are stored. Another one would save 8 %, once a year.
_STORED = ("gzip",)
_MOUNT = '<div id="graphiql"'


class GraphiQL:
    """Reads the files once. `demo`: the sign-ins that the page offers to everybody."""

    def __init__(self, demo: dict[str, object] | None = None) -> None:
        page = (FOLDER / "index.html").read_text()
        if demo:
            before, mount, after = page.partition(_MOUNT)
            page = f'{before}{mount} data-demo="{escape(orjson.dumps(demo).decode())}"{after}'
        self._page = page
        self._gzipped = {file.stem: file.read_bytes() for file in (FOLDER / "assets").iterdir()}

    def page(self) -> Response:
        return HTMLResponse(self._page, headers=_PAGE)

    async def asset(self, request: Request) -> Response:
        name = request.path_params["name"]
        content = self._gzipped.get(name)
        if content is None:
            raise HTTPException(404)
        headers = dict(_ASSET)
        if coding_choice(request, _STORED).large == "gzip":
            headers["content-encoding"] = "gzip"
        else:
            content = decompress(content)
        return Response(content, 200, headers, _MEDIA_TYPES[Path(name).suffix])
