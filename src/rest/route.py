"""A route as data: a stored document, what goes into it, and what is made of its answer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Generic, NamedTuple, TypeVar

import msgspec
from msgspec import Struct

from rest.apis import Api
from rest.ids import Identified

B = TypeVar("B")
"""The body of the request."""
D = TypeVar("D")
"""The data of GraphQL's answer."""


class NoBody(Struct):
    """A request whose body is not read."""


class Asked(NamedTuple, Generic[B]):
    """What a request says."""

    body: B
    path: Mapping[str, str]
    """The parts of the path that vary."""
    page_size: int
    """The most objects that a page may have."""


class Parameter(NamedTuple):
    name: str
    place: str
    """`path`."""
    description: str
    example: str


class PageInfo(Struct):
    hasNextPage: bool
    endCursor: str | None = None


class Node(Identified):
    name: str


class Edge(Struct):
    node: Node


class Connection(Struct):
    totalCount: int
    edges: list[Edge]
    pageInfo: PageInfo


class _Answered(Struct, Generic[D]):
    data: D


@dataclass(frozen=True)
class Route(Generic[B, D]):
    """`variables` and `answer` are all that lies between the request and GraphQL."""

    method: str
    path: str
    name: str
    """The name of the operation."""
    summary: str
    api: Api
    document: str
    body: Any
    """The type B."""
    variables: Callable[[Asked[B]], dict[str, Any]]
    """The variables of the document. May raise BAD_USER_INPUT."""
    data: Any
    """The type D: what the document selects, by its aliases."""
    answer: Callable[[Asked[B], D], Any]
    """What the client gets. May raise FORBIDDEN or NOT_FOUND."""
    response: Any
    """The type of what `answer` returns."""
    status: int = 200
    parameters: tuple[Parameter, ...] = ()
    needs_token: bool = True
    gives_token: bool = False
    """Whether the answer has the header `x-auth-token`."""
    takes_forms: bool = False
    """Whether the body may be a form, too."""
    takes_headers: bool = False
    """Whether headers may have the fields of the body, if there is no body."""
    pages: Callable[[D], Connection] | None = None
    """The list in the data of which all pages are read, one after the other, by the variable `after`."""
    fields_for_others: frozenset[str] = field(default_factory=frozenset)
    """Paths of fields that are null for viewers who may not see them, and do not fail the request."""

    @cached_property
    def _decoder(self) -> msgspec.json.Decoder[_Answered[D]]:
        answered: Any = _Answered
        return msgspec.json.Decoder(answered[self.data])

    def decoded(self, answer: bytes) -> D:
        return self._decoder.decode(answer).data

    def cursor(self, data: D) -> str | None:
        """Where the next page begins; None if there is none."""
        page = self.pages(data).pageInfo if self.pages else None
        return page.endCursor if page and page.hasNextPage else None

    def joined(self, before: D, data: D) -> D:
        """The data, with the pages before."""
        assert self.pages
        page = self.pages(data)
        page.edges = self.pages(before).edges + page.edges
        return data

    def failure(self, errors: list[dict[str, Any]]) -> dict[str, Any] | None:
        """The error of GraphQL's answer because of which the request fails; None if it does not fail."""
        return next((error for error in errors if not self._is_tolerated(error)), None)

    def _is_tolerated(self, error: Mapping[str, Any]) -> bool:
        path = ".".join(str(step) for step in error.get("path") or ())
        return error["extensions"]["code"] == "FORBIDDEN" and path in self.fields_for_others
