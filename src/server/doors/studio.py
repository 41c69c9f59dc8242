"""The studio, a page of figures: it stands at /studio and at every path below, and asks /graphql alone.

`make studio` builds its files from the folder studio/. The page's script finds the view in the path.
"""

import re
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

from server.http.built_pages import BuiltPage, page_text, policy_of, source_of
from server.http.forwarded import prefix_of

DOCUMENTS = Path(__file__).parents[1] / "web" / "studio" / "documents.json"
"""The manifest of its documents. The page asks for them by their ids."""
_STYLE = re.compile(r"<style>(.*?)</style>", re.DOTALL)
_HEADERS = {"referrer-policy": "no-referrer"}


class Studio:
    """`is_editable`: whether GraphiQL is there, to open queries in. `demo`: sign-ins that the page offers."""

    def __init__(self, *, is_editable: bool, demo: dict[str, object] | None) -> None:
        data = {"editor": is_editable, **({"demo": demo} if demo else {})}
        self._built = BuiltPage("studio", "/studio", _policy(page_text("studio")), _HEADERS, data)
        self.asset = self._built.asset

    async def page(self, request: Request) -> Response:
        return self._built.page(prefix_of(request.scope))


def _policy(page: str) -> str:
    """The page has one style sheet, in itself, so that no request stands before its first figures."""
    return policy_of(
        "script-src 'self'",
        "connect-src 'self'",
        "style-src " + " ".join(map(source_of, _STYLE.findall(page))),
        # Pictures of assets stand wherever their owners keep them.
        "img-src 'self' data: https:",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
