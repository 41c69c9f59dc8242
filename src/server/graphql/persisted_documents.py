"""Documents that clients ask for by a hash or an id, so that they need not send the text. A setting allows no
other documents.
"""

import sys

import msgspec
from cachetools import LRUCache

from server.graphql.manifest import NOTHING_TRUSTED, Manifest, hash_of
from server.graphql.requests import GraphQLRequest
from server.http.errors import Code, RequestRefused

_VERSION = 1
# The bytes of an entry beside its text: the key, and the cache's own tables.
_ENTRY_BYTES = 400


class _PersistedQuery(msgspec.Struct):
    """Apollo's extension of the protocol."""

    version: int
    sha256Hash: str


class PersistedDocuments:
    """The trusted documents of a manifest, and documents that clients registered in this worker to ask for
    them by their hash later. It keeps the registered ones that were used last, up to `registered_bytes`; with
    0 it keeps none. `own` are documents of the program's own pages, which are trusted everywhere.
    """

    def __init__(
        self,
        trusted: Manifest,
        *,
        only_trusted: bool,
        registered_bytes: int,
        own: Manifest = NOTHING_TRUSTED,
    ) -> None:
        self._trusted = trusted
        self._own = own
        self._only_trusted = only_trusted
        self._registered: LRUCache[str, str] = LRUCache(registered_bytes, _size)

    def find(self, operation: GraphQLRequest) -> str:
        """The text to execute. Raises RequestRefused."""
        persisted = _persisted(operation)
        if operation.documentId:
            if operation.query or persisted:
                raise RequestRefused(
                    "Send the `documentId`, or the document, not both.", Code.BAD_REQUEST, 400
                )
            document = self._of_id(operation.documentId)
        elif persisted:
            document = self._of_hash(persisted, operation.query)
        elif operation.query is None:
            raise RequestRefused("There is neither a `query` nor a `documentId`.", Code.BAD_REQUEST, 400)
        else:
            document = operation.query
        if not document:
            raise RequestRefused("The `query` is empty.", Code.GRAPHQL_PARSE_FAILED)
        if self._only_trusted and not (self._trusted.holds(document) or self._own.holds(document)):
            raise RequestRefused("Only trusted documents are executed here.", Code.PERSISTED_QUERY_NOT_FOUND)
        return document

    def texts(self) -> list[str]:
        """All documents that are trusted."""
        return [*self._trusted.by_id.values(), *self._own.by_id.values()]

    def keep(self, operation: GraphQLRequest) -> None:
        """Registers the document. Call it only for a valid one, so that others cannot push out valid ones."""
        persisted = _persisted(operation)
        document = operation.query
        if persisted and document and _size(document) <= self._registered.maxsize:
            self._registered[persisted.sha256Hash] = document

    def _of_id(self, document_id: str) -> str:
        if own := self._own.find(document_id):
            return own
        if not self._trusted.by_id:
            raise RequestRefused("There are no trusted documents here.", Code.PERSISTED_QUERY_NOT_SUPPORTED)
        document = self._trusted.find(document_id)
        if document is None:
            raise RequestRefused("There is no trusted document of this id.", Code.PERSISTED_QUERY_NOT_FOUND)
        return document

    def _of_hash(self, persisted: _PersistedQuery, sent: str | None) -> str:
        """Apollo's clients decide by the message or the code, and some need the status 200."""
        asked = persisted.sha256Hash
        if sent and hash_of(sent) != asked:
            raise RequestRefused("provided sha does not match query", Code.BAD_REQUEST, 400)
        # The ids in Apollo's manifest need not be hashes; its clients send them as if they were.
        document = self._trusted.by_hash.get(asked) or self._trusted.by_id.get(asked)
        if document:
            return document
        if not self._registered.maxsize:
            raise RequestRefused("PersistedQueryNotSupported", Code.PERSISTED_QUERY_NOT_SUPPORTED, 200)
        document = sent or self._registered.get(asked)
        if not document:
            raise RequestRefused("PersistedQueryNotFound", Code.PERSISTED_QUERY_NOT_FOUND, 200)
        return document


def _size(document: str) -> int:
    return sys.getsizeof(document) + _ENTRY_BYTES


def _persisted(operation: GraphQLRequest) -> _PersistedQuery | None:
    """Raises RequestRefused if the extension is malformed."""
    given = (operation.extensions or {}).get("persistedQuery")
    if given is None:
        return None
    try:
        persisted = msgspec.convert(given, _PersistedQuery)
    except msgspec.ValidationError as error:
        raise RequestRefused(f"`persistedQuery` is wrong: {error}.", Code.BAD_REQUEST, 400) from None
    if persisted.version != _VERSION:
        raise RequestRefused("Unsupported persisted query version", Code.BAD_REQUEST, 400)
    return persisted
