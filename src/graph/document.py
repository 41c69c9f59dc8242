"""A document is parsed once; what is found out about it is remembered with it, as long as it is asked for."""

from asyncio import Future, ensure_future, get_running_loop, shield
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
_FREE_TOKENS = 100
"""What is asked costs as much as to look through so many."""
_REMEMBERED = 100_000
"""Tokens of all documents together. One takes up to 600 bytes, as do so many characters:"""
_AS_A_TOKEN = 100
_LONG = 100
"""Tokens of a document that is looked through in a thread: a shorter one takes some milliseconds."""
_LONG_TEXT = 1_000
"""Characters of one that is parsed there."""
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
        tokens = node.token_count if node else 0
        self.first_price = max(0, tokens - _FREE_TOKENS)
        """What it costs to look through it, for whoever sends it first."""
        self.price = 1 + max(self.first_price, len(text) // _CHARACTERS_A_UNIT)
        """What looking for mistakes in it costs, for whoever sends one that has some."""
        self.weight = tokens + len(text) // _AS_A_TOKEN
        """As what it takes of the memory, in tokens."""
        self._known: dict[Hashable, Any] = {}

    @property
    def sent(self) -> "Sent":
        """The text, for those who hand nothing else on."""
        return Sent(self)

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

    @cached_property
    def asks_the_schema(self) -> bool:
        return "__schema" in self.text or "__type(" in self.text

    def take_price(self) -> int:
        """What it costs besides what it asks for, once."""
        price, self.first_price = self.first_price, 0
        return price

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


class Sent(str):
    """The text of a document, which comes along with it."""

    __slots__ = ("document",)
    document: Document

    def __new__(cls, document: Document) -> "Sent":
        sent = super().__new__(cls, document.text)
        sent.document = document
        return sent


_documents: LRUCache[tuple[str, int], Document] = LRUCache(_REMEMBERED, lambda document: document.weight)
_parsing: dict[tuple[str, int], Future[Document]] = {}


def document_of(text: str, most_tokens: int) -> Document:
    """`most_tokens`: that it may have; one with more does not parse."""
    document = _documents.get((text, most_tokens))
    if document is None:
        document = _parsed(text, most_tokens)
        if document.node:
            _remember(document)
    return document


def is_found_at_once(text: str, most_tokens: int) -> bool:
    """Whether the event loop may wait for it."""
    return len(text) <= _LONG_TEXT or (text, most_tokens) in _documents


async def document_found(text: str, most_tokens: int) -> Document:
    """As `document_of`, for what is not found at once. However many ask for it, it is parsed once."""
    parsing = _parsing.get((text, most_tokens))
    if parsing is None:
        parsing = _parsing[text, most_tokens] = ensure_future(aside(partial(_parsed, text, most_tokens)))
        parsing.add_done_callback(partial(_is_parsed, text, most_tokens))
    return await shield(parsing)


def _is_parsed(text: str, most_tokens: int, parsing: "Future[Document]") -> None:
    del _parsing[text, most_tokens]
    if not parsing.cancelled() and not parsing.exception() and parsing.result().node:
        _remember(parsing.result())


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
