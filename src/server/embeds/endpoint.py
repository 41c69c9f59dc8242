"""GET /embed/publication/ID and ID.svg: what the owner of a publication shows to everybody.

The figures come from a document that is executed as for somebody who is not signed in, whatever the request
has. So the schema alone says what is shown, and everybody gets the same.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import orjson
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from base.errors import Forbidden, NotFound, Unauthenticated, Unavailable
from graph.directives import A_MINUTE, AN_HOUR
from resolvers.execution import Lifetime
from server.embeds import badge, page
from server.embeds.embedded import DOCUMENT, Embedded, embedded
from server.embeds.words import Words, words_for
from server.graphql.answers import Executed
from server.graphql.requested_documents import RequestedDocuments
from server.http.errors import Code, RequestRefused, plain
from server.http.read_headers import ReadRequest
from server.http.request_scope import RequestScope, request_scope
from server.http.responses import CREDENTIALS, Content
from server.http.scoped_responses import scoped_response
from server.http.server_timing import TimingAudience

_CLIENT_IS_GONE = 499
_OF_FIGURES = Lifetime(int(AN_HOUR.max_age or 0), is_private=False)
"""As the schema says of shared figures."""
_OF_NOTHING = Lifetime(int(A_MINUTE.max_age or 0), is_private=False)
"""So that figures are seen soon after their owner begins to share them."""
_HIDDEN = {NotFound.code, Unauthenticated.code, Forbidden.code}
_ON_OTHER_SITES = {
    "cross-origin-resource-policy": "cross-origin",
    "referrer-policy": "no-referrer",
    "vary": "accept-encoding, accept-language",
    "x-content-type-options": "nosniff",
}


class EmbedForm(NamedTuple):
    path: str
    media_type: str
    policy: str
    """Its Content-Security-Policy."""
    made: Callable[[Embedded | None, Words], str]


BADGE = EmbedForm("/embed/publication/{id}.svg", "image/svg+xml", badge.POLICY, badge.badge_of)
PAGE = EmbedForm("/embed/publication/{id}", "text/html; charset=utf-8", page.POLICY, page.page_of)


class EmbedEndpoint:
    """What is unknown and what is not shared get the same answer, with 404."""

    def __init__(
        self,
        form: EmbedForm,
        documents: RequestedDocuments,
        executed: Executed,
        server_timing: TimingAudience,
    ) -> None:
        self.form = form
        self._documents = documents
        self._executed = executed
        self._headers = {**_ON_OTHER_SITES, "content-security-policy": form.policy}
        self._server_timing = server_timing

    async def __call__(self, asgi: Scope, receive: Receive, send: Send) -> None:
        request = ReadRequest(_of_nobody(asgi), receive)
        with request_scope(request, request.method) as scope:
            scope.log_fields["path"] = self.form.path
            response = await self._response(request, scope)
            scope.answer_with(response)
        await response(asgi, receive, send)

    async def _response(self, request: Request, scope: RequestScope) -> Response:
        try:
            content, headers = await self._content(request, scope), self._headers
        except ClientDisconnect:
            return Response(status_code=_CLIENT_IS_GONE)
        except Exception as error:
            status, body, retry = plain(error)
            scope.note_error(body["code"])
            content = Content(orjson.dumps(body), status, "application/json", None)
            headers = {**self._headers, **retry}
        return await scoped_response(request, content, headers, scope, self._server_timing)

    async def _content(self, request: Request, scope: RequestScope) -> Content:
        """Raises ClientDisconnect, and every error because of which it is not known what is shared."""
        words = words_for(request)
        operation = await self._documents.stored(DOCUMENT, {"id": request.path_params["id"]}, scope)
        answer, _ = await self._executed(request, operation, scope)
        scope.errors = answer.errors
        for error in answer.errors:
            _require_known(error["extensions"])
        shown = embedded(answer.json, words)
        status, lifetime = (200, _OF_FIGURES) if shown else (404, _OF_NOTHING)
        return Content(self.form.made(shown, words).encode(), status, self.form.media_type, lifetime)


def _of_nobody(asgi: Scope) -> Scope:
    """The request without what says who sends it."""
    headers = [(name, value) for name, value in asgi["headers"] if name.decode("latin-1") not in CREDENTIALS]
    return {**asgi, "headers": headers}


def _require_known(extensions: Mapping[str, Any]) -> None:
    """Raises the error of an answer, unless it says that nobody may see such an object."""
    if extensions["code"] == Unavailable.code:
        raise Unavailable("The figures cannot be read at the moment.")
    if extensions["code"] not in _HIDDEN:
        raise RequestRefused("Something went wrong here.", Code.INTERNAL_SERVER_ERROR, 500)
