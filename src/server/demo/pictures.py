"""Pictures of what the demo's organization sells. The demo serves them itself, so they need no other site."""

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from resolvers.execution import Lifetime
from server.http.responses import Content, response_of

PATH = "/demo/{name}.svg"
_LINES = {
    "oak-chair": "M30 16v64M30 50h36v30",
    "round-table": "M16 36h64M48 36v40M32 80h32",
    "floor-lamp": "M48 34v46M36 80h24M32 34h32L56 14H40z",
    "lounge-sofa": "M16 44v28h64V44M16 60h64M26 60V34h44v26",
    "bookcase": "M24 14h48v68H24zM24 36h48M24 58h48",
    "writing-desk": "M14 40h68M22 40v40M74 40v40M48 40v16h26",
    "pendant-light": "M48 10v30M28 60a20 20 0 0 1 40 0z",
    "desk-lamp": "M30 80h36M46 80 34 50 58 28M50 20l18 16",
    "wall-light": "M28 20v56M28 48h20M48 34h20v28H48z",
    "garden-bench": "M14 56h68M14 40h68M22 40v40M74 40v40",
    "sun-lounger": "M14 64h40l24-24M22 64v12M52 64v12",
    "parasol": "M16 42a32 28 0 0 1 64 0zM48 14v66M36 80h24",
    "fire-bowl": "M20 56h56a28 22 0 0 1-56 0M48 48c-12-12 4-18 0-32c12 10 16 22 0 32",
}
"""The lines of each, on a sheet of 96 by 96."""
_SHEET = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 96 96" width="96" height="96">'
    '<rect width="96" height="96" rx="12" fill="#e8edf2"/>'
    '<path d="{lines}" fill="none" stroke="#2f4858" stroke-width="5" stroke-linecap="round" '
    'stroke-linejoin="round"/></svg>'
)
_DAY = Lifetime(24 * 3600, is_private=False)
_GUARDED = {"content-security-policy": "default-src 'none'", "x-content-type-options": "nosniff"}


async def picture(request: Request) -> Response:
    lines = _LINES.get(request.path_params["name"])
    if lines is None:
        raise HTTPException(404)
    content = _SHEET.format(lines=lines).encode()
    return await response_of(request, Content(content, 200, "image/svg+xml", _DAY), _GUARDED)
