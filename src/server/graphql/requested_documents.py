"""Finds the document and the operation that a request asks for. Each request does this once."""

from collections.abc import Callable
from functools import partial
from time import perf_counter
from typing import Any, NamedTuple

from base.networks import network_of
from graph.document import Document, Operation
from graph.parsing import is_parsed_at_once, known_document, parsed_document, parsed_in_thread
from resolvers.context import Services
from server.graphql.document_shape import shape_of
from server.graphql.persisted_documents import PersistedDocuments
from server.graphql.requests import GraphQLRequest
from server.http.client_address import client_address
from server.http.errors import Code, RequestRefused
from server.http.request_scope import RequestScope


class RequestedOperation(NamedTuple):
    """The operation to execute, with its variables."""

    operation: Operation
    variables: dict[str, Any] | None
    keep_document: Callable[[], None]
    """Registers the document for requests by its hash. Call it only if the document is valid."""
    is_to_register: bool
    """Whether the request asked for that."""

    @property
    def is_subscription(self) -> bool:
        return self.operation.type == "subscription"


class RequestedDocuments:
    def __init__(self, services: Services, persisted: PersistedDocuments, *, is_logged: bool) -> None:
        """`is_logged`: whether the log has the document too, without the values in it."""
        self._services = services
        self._persisted = persisted
        self.is_logged = is_logged

    async def find(self, request: GraphQLRequest, scope: RequestScope) -> RequestedOperation:
        """Raises RequestRefused."""
        return await self._found(self._persisted.find(request), request, scope)

    async def stored(self, text: str, variables: dict[str, Any], scope: RequestScope) -> RequestedOperation:
        """For a document of the program's own: no client sent it, so it need not be a trusted one."""
        return await self._found(text, GraphQLRequest(query=text, variables=variables), scope)

    def known_operation(self, request: GraphQLRequest) -> Operation | None:
        """The operation, if its document is known already. Raises RequestRefused."""
        text = self._persisted.find(request)
        document = known_document(text, self._services.limits.document_tokens)
        return document.operation(request.operationName or None) if document else None

    async def _found(self, text: str, request: GraphQLRequest, scope: RequestScope) -> RequestedOperation:
        began = perf_counter()
        document = await self._parsed(text, client_address(scope.connection.scope))
        scope.parse_seconds = perf_counter() - began
        scope.log_fields["document"] = document.hash
        if self.is_logged:
            scope.log_fields["document_text"] = shape_of(document)
        # Some clients send an empty name for an operation that has none.
        operation = document.operation(request.operationName or None)
        _require(operation)
        is_to_register = bool(request.query and request.extensions)
        keep = partial(self._persisted.keep, request)
        return RequestedOperation(operation, request.variables, keep, is_to_register)

    async def _parsed(self, text: str, address: str) -> Document:
        """Parses the document. The address waits and pays for it, because the viewer is not known yet."""
        most_tokens, queue = self._services.limits.document_tokens, self._services.fair_queue
        if is_parsed_at_once(text, most_tokens):
            return parsed_document(text, most_tokens)
        network = network_of(address)
        async with queue.slot(network):
            document = await parsed_in_thread(text, most_tokens)
        queue.charge(network, document.cost_if_invalid)
        return document


def _require(operation: Operation) -> None:
    """Raises RequestRefused if the document has no such operation, or if it has several and the request names
    none.
    """
    document, name = operation.document, operation.name
    if operation.definition or document.error:
        return
    if name is not None:
        raise _unresolved("The document has no such operation.")
    if not document.operations:
        raise _unresolved("There is no operation.")
    # If one of several has no name, validation reports that mistake.
    if all(definition.name for definition in document.operations):
        raise _unresolved("The document has several operations: say in `operationName` which one is meant.")


def _unresolved(message: str) -> RequestRefused:
    return RequestRefused(message, Code.OPERATION_RESOLUTION_FAILURE)
