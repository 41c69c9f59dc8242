"""One request on its way: what it is called, what is measured of it, and what is known of it in the end."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

from starlette.datastructures import Headers

from base.networks import network_of
from database import Usage, metered
from graph.document import Document
from graph.parsing import is_parsed_at_once, parsed_document, parsed_in_thread
from resolvers.context import Context, Services
from server.http.tracing import Trace, named, request_id_of, trace_of


@dataclass(slots=True)
class Trip:
    id: str
    trace: Trace | None
    usage: Usage
    began: float = field(default_factory=perf_counter)
    context: Context | None = None
    """None until somebody asks for something that can be executed."""
    document: Document | None = None
    """Once it was found."""
    parse_seconds: float = 0.0
    errors: list[dict[str, Any]] = field(default_factory=list)
    """As they are answered."""

    async def parsed(self, text: str, services: Services, address: str) -> Document:
        """For whoever is at this address: it is not known yet who it is."""
        most_tokens = services.limits.document_tokens
        began = perf_counter()
        if is_parsed_at_once(text, most_tokens):
            document = parsed_document(text, most_tokens)
        else:
            network = network_of(address)
            async with services.fair_queue.slot(network):
                document = await parsed_in_thread(text, most_tokens)
            services.fair_queue.charge(network, document.cost_if_invalid)
        self.document = document
        self.parse_seconds = perf_counter() - began
        return document

    def seconds(self) -> float:
        """Since the request came in."""
        return perf_counter() - self.began

    def is_signed_in(self) -> bool:
        return self.context is not None and self.context.viewer.user_id is not None


@contextmanager
def trip_of(headers: Headers, id: str | None = None) -> Iterator[Trip]:
    """Whatever is logged and asked of the database meanwhile belongs to this request.

    `id`: of what came by a WebSocket, of which the handshake had the headers.
    """
    id, trace = id or request_id_of(headers), trace_of(headers)
    with metered() as usage, named(id, trace):
        yield Trip(id, trace, usage)
