"""The document and the operation that a request asks for: found, parsed and looked up once."""

from time import perf_counter
from typing import NamedTuple

from graphql import OperationDefinitionNode, OperationType

from base.networks import network_of
from graph.document import Document, document_found, document_of, is_found_at_once
from resolvers.context import Services
from server.graphql.document_shape import shape_of
from server.graphql.persisted_documents import PersistedDocuments
from server.graphql.requests import GraphQLRequest
from server.http.client_address import client_address
from server.http.errors import Code, RequestRefused
from server.http.request_scope import RequestScope


class RequestedOperation(NamedTuple):
    """What is to be executed."""

    request: GraphQLRequest
    document: Document
    node: OperationDefinitionNode | None
    """None where the document does not parse, or cannot be valid."""
    persisted: PersistedDocuments

    @property
    def is_subscription(self) -> bool:
        return self.node is not None and self.node.operation is OperationType.SUBSCRIPTION

    @property
    def may_be_query(self) -> bool:
        return self.node is None or self.node.operation is OperationType.QUERY

    def keep_document(self) -> None:
        """For those who ask for it by its hash, once it was found to be valid."""
        self.persisted.keep(self.request)


class RequestedDocuments:
    def __init__(self, services: Services, persisted: PersistedDocuments, *, is_logged: bool) -> None:
        """`is_logged`: whether the log says the document too, without the values written into it."""
        self._services = services
        self._persisted = persisted
        self._is_logged = is_logged

    async def find(self, request: GraphQLRequest, scope: RequestScope) -> RequestedOperation:
        """Raises RequestRefused."""
        text = self._persisted.find(request)
        began = perf_counter()
        document = await self._parsed(text, client_address(scope.connection.scope))
        scope.parse_seconds = perf_counter() - began
        scope.log_fields["document"] = document.hash
        if self._is_logged:
            scope.log_fields["document_text"] = shape_of(document)
        node = _operation(document, request.operationName)
        return RequestedOperation(request, document, node, self._persisted)

    async def _parsed(self, text: str, address: str) -> Document:
        """The turn and the price are those of the address: it is not known yet who asks."""
        most_tokens, queue = self._services.limits.document_tokens, self._services.fair_queue
        if is_found_at_once(text, most_tokens):
            return document_of(text, most_tokens)
        network = network_of(address)
        async with queue.slot(network):
            document = await document_found(text, most_tokens)
        queue.charge(network, document.price)
        return document


def _operation(document: Document, name: str | None) -> OperationDefinitionNode | None:
    """Raises RequestRefused where there is none, or where there are several and no name."""
    operation = document.operation(name)
    if operation or document.error:
        return operation
    if name is not None:
        raise _unresolved("The document has no such operation.")
    if not document.operations:
        raise _unresolved("There is no operation.")
    if all(operation.name for operation in document.operations):
        raise _unresolved("The document has several operations: say in `operationName` which one is meant.")
    # One of several has no name: validation says so.
    return None


def _unresolved(message: str) -> RequestRefused:
    return RequestRefused(message, Code.OPERATION_RESOLUTION_FAILURE)
