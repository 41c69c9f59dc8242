"""Each document is parsed once, and kept for as long as it is asked for often enough."""

from asyncio import Future, ensure_future, shield
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import TypeVar

from cachetools import LRUCache
from graphql import DocumentNode, GraphQLSyntaxError, Source
from graphql.language.parser import Parser, nested_too_deeply_error

from base.paced_thread import in_paced_thread, pause
from database import current_usage
from graph.document import Document

R = TypeVar("R")

_CHARACTERS_A_TOKEN = 20
"""The most characters that a document may have for each token, with blanks and comments. Nobody writes
more."""
_MOST_WEIGHT = 100_000
"""The largest weight of all documents that are kept together, in tokens."""
_LONG_TEXT = 1_000
"""Characters. A longer text is parsed in the thread."""
_thread = ThreadPoolExecutor(1, "documents")
"""Only one thread: then it has the interpreter half of the time, and the event loop the other half."""


async def in_thread(find: Callable[[], R]) -> R:
    """What `find` returns. It runs in the thread for long documents, in slices. The request is then a long
    one.
    """
    current_usage().run_queue.end()
    return await in_paced_thread(_thread, find)


class _Documents(LRUCache[tuple[str, int], Document]):
    """Those that were asked for most recently."""

    def popitem(self) -> tuple[tuple[str, int], Document]:
        key, document = super().popitem()
        document.let_go()
        return key, document


_documents = _Documents(_MOST_WEIGHT, lambda document: document.weight)
_parsing: dict[tuple[str, int], Future[Document]] = {}


def parsed_document(text: str, most_tokens: int) -> Document:
    """A document with more than `most_tokens` tokens does not parse."""
    try:
        # `get` of cachetools looks everything up twice.
        return _documents[text, most_tokens]
    except KeyError:
        document = _parsed(text, most_tokens)
    if document.node:
        _keep(document)
    return document


def known_document(text: str, most_tokens: int) -> Document | None:
    """The document, if it is kept."""
    return _documents.get((text, most_tokens))


def is_parsed_at_once(text: str, most_tokens: int) -> bool:
    """Whether `parsed_document` is quick enough for the event loop to wait for it."""
    return len(text) <= _LONG_TEXT or (text, most_tokens) in _documents


async def parsed_in_thread(text: str, most_tokens: int) -> Document:
    """The same as `parsed_document`, for long texts. A text is parsed once, even if several requests ask
    for it."""
    parsing = _parsing.get((text, most_tokens))
    if parsing is None:
        parse_it = partial(_parsed, text, most_tokens)
        parsing = _parsing[text, most_tokens] = ensure_future(in_thread(parse_it))
        parsing.add_done_callback(partial(_keep_parsed, text, most_tokens))
    return await shield(parsing)


def add_weight(document: Document, tokens: int) -> None:
    """Adds the memory of what was found out about the document, in tokens."""
    document.weight += tokens
    _keep(document)


def drop(document: Document) -> None:
    """Forgets an invalid document: its errors may repeat the text again and again."""
    _take_out(document)
    document.let_go()


def _take_out(document: Document) -> None:
    _documents.pop((document.text, document.most_tokens), None)


def _keep_parsed(text: str, most_tokens: int, parsing: "Future[Document]") -> None:
    del _parsing[text, most_tokens]
    if not parsing.cancelled() and not parsing.exception() and parsing.result().node:
        _keep(parsing.result())


def _keep(document: Document) -> None:
    # The cache weighs a document only when it is added. So the document is taken out and added again.
    _take_out(document)
    if document.weight <= _MOST_WEIGHT:
        _documents[document.text, document.most_tokens] = document


class _PausingParser(Parser):
    def advance_lexer(self) -> None:
        pause()
        super().advance_lexer()


def _parse(text: str, most_tokens: int) -> DocumentNode:
    """As GraphQL's own `parse`."""
    parser = _PausingParser(
        Source(text),
        max_lexical_tokens=most_tokens,
        max_comments=most_tokens,
        max_source_length=most_tokens * _CHARACTERS_A_TOKEN,
    )
    with suppress(RecursionError):
        return _without_cycles(parser.parse_document())
    raise nested_too_deeply_error(parser)


def _without_cycles(node: DocumentNode) -> DocumentNode:
    """Tokens do not refer to their neighbours any more. So a document is freed when nobody uses it."""
    token = node.loc and node.loc.start_token
    while token:
        token.prev, token.next, token = None, None, token.next
    return node


def _parsed(text: str, most_tokens: int) -> Document:
    try:
        node = _parse(text, most_tokens)
    except GraphQLSyntaxError as error:
        return Document(text, most_tokens, None, error)
    return Document(text, most_tokens, node)
