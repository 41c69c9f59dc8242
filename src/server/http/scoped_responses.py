"""The response to a request, with the headers that the scope of the request gives."""

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response

from server.http.rate_limit_headers import rate_headers
from server.http.request_scope import RequestScope
from server.http.responses import Content, response_of
from server.http.server_timing import TimingAudience, add_timing


async def scoped_response(
    request: Request,
    content: Content,
    headers: Mapping[str, str],
    scope: RequestScope,
    timing: TimingAudience,
) -> Response:
    """With the id of the request, what its caller may still spend, and how long it took for those whom
    `timing` names.
    """
    response = await response_of(
        request, content, {"x-request-id": scope.id, **rate_headers(scope), **headers}
    )
    add_timing(response, scope, timing)
    return response
