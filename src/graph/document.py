"""A document is parsed once; what is found out about it is remembered with it, as long as it is asked for."""

from asyncio import get_running_loop
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import cached_property, partial
from hashlib import sha256
from typing import Any, TypeVar

from cachetools import LRUCache
from graphql import (
    DocumentNode,
    GraphQLSyntaxError,
    OperationDefinitionNode,
    OperationType,
    Source,
    parse,
)
from graphql.validation.rules import overlapping_fields_can_be_merged

# Of all rules the one that may take long, for it compares each field with each: so much takes half a second.
# Fifty fragments that select the same nine fields of one object need a third of it.
overlapping_fields_can_be_merged.MAX_COMPLEXITY_BUDGET = 100_000

R = TypeVar("R")

_CHARACTERS = 20
"""For each token, with the blanks and comments around it: more than anybody writes."""
_CHARACTERS_A_UNIT = 20
_REMEMBERED = 100_000
"""Tokens of all documents together. One takes up to 600 bytes, as do so many characters:"""
_AS_A_TOKEN = 100
_LONG = 1_000
"""Tokens of a document that is looked through in a thread: a shorter one takes some milliseconds."""
_thread = ThreadPoolExecutor(1, "documents")
"""A single one: it has the interpreter half of the time, and the event loop the other half."""


async def aside(find: Callable[[], R]) -> R:
    """In the thread for long documents."""
    return await get_running_loop().run_in_executor(_thread, copy_context().run, find)


class Document:
    """As it was sent, and what it means. One that does not parse has no operations."""

    def __init__(
        self,
        text: str,
        most_tokens: int,
        node: DocumentNode | None,
        error: GraphQLSyntaxError | None = None,
    ) -> None:
        self.text = text
        self.most_tokens = most_tokens
        self.node = node
        self.error = error
        """Why it does not parse."""
        definitions = node.definitions if node else ()
        self.operations = [one for one in definitions if isinstance(one, OperationDefinitionNode)]
        self.weight = (node.token_count if node else 0) + len(text) // _AS_A_TOKEN
        """As what it takes of the memory, in tokens."""
        self.price = 1 + len(text) // _CHARACTERS_A_UNIT
        """What looking for mistakes in it costs, for whoever sends one that has some."""
        self._known: dict[Hashable, Any] = {}

    @cached_property
    def hash(self) -> str:
        """SHA-256 of the text in UTF-8, in lower hexadecimal."""
        return sha256(self.text.encode()).hexdigest()

    def operation(self, name: str | None) -> OperationDefinitionNode | None:
        """The one of this name, or the only one. None where that says nothing or too much."""
        if name is None:
            return self.operations[0] if len(self.operations) == 1 else None
        return next((one for one in self.operations if one.name and one.name.value == name), None)

    def is_subscription(self, name: str | None) -> bool:
        operation = self.operation(name)
        return operation is not None and operation.operation is OperationType.SUBSCRIPTION

    def knows(self, key: Hashable) -> bool:
        return key in self._known

    def known_already(self, key: Hashable) -> Any:
        """None where nothing is."""
        return self._known.get(key)

    def known(self, key: Hashable, find: Callable[[], R]) -> R:
        """What `find` returned when it was asked for under this key first.

        A key may not hold what clients choose freely: nothing is forgotten before the document is.
        """
        if key not in self._known:
            self._known[key] = find()
        found: R = self._known[key]
        return found

    @property
    def is_long(self) -> bool:
        return self.weight > _LONG

    def weigh(self, tokens: int) -> None:
        """What was found out about it takes so much more of the memory than it does itself."""
        self.weight += tokens
        _remember(self)

    def forget(self) -> None:
        """Of one that is no good, errors may say again and again what stands in it."""
        _documents.pop((self.text, self.most_tokens), None)


_documents: LRUCache[tuple[str, int], Document] = LRUCache(_REMEMBERED, lambda document: document.weight)


def document_of(text: str, most_tokens: int) -> Document:
    """`most_tokens`: that it may have; one with more does not parse."""
    document = _documents.get((text, most_tokens))
    if document is None:
        document = _parsed(text, most_tokens)
        if document.node:
            _remember(document)
    return document


async def document_found(text: str, most_tokens: int) -> Document:
    """As `document_of`, but that the event loop does not wait where it takes long."""
    if len(text) <= _LONG or (text, most_tokens) in _documents:
        return document_of(text, most_tokens)
    document = await aside(partial(_parsed, text, most_tokens))
    if document.node:
        _remember(document)
    return document


def _remember(document: Document) -> None:
    # It is weighed when it comes in: out of the sum with the weight that it had then.
    document.forget()
    if document.weight <= _REMEMBERED:
        _documents[document.text, document.most_tokens] = document


def _parsed(text: str, most_tokens: int) -> Document:
    try:
        node = parse(
            Source(text),
            max_lexical_tokens=most_tokens,
            max_comments=most_tokens,
            max_source_length=most_tokens * _CHARACTERS,
        )
    except GraphQLSyntaxError as error:
        return Document(text, most_tokens, None, error)
    return Document(text, most_tokens, node)
