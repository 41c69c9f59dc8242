"""A route as data: a stored document, what goes into it, and what is made of its answer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Generic, NamedTuple, TypeVar

import msgspec
from msgspec import Struct

from rest.apis import Api

B = TypeVar("B", bound=Struct)
"""The body of the request."""
D = TypeVar("D", bound=Struct)
"""The data of GraphQL's answer."""


class NoBody(Struct):
    """A request whose body is not read."""


class Asked(NamedTuple, Generic[B]):
    """What a request says."""

    body: B
    path: Mapping[str, str]
    """The parts of the path that vary."""
    query: Mapping[str, str]
    headers: Mapping[str, str]
    page_size: int
    """The most objects that a page may have."""


class Parameter(NamedTuple):
    name: str
    place: str
    """`path`, `query` or `header`."""
    description: str


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
    body: type[B]
    variables: Callable[[Asked[B]], dict[str, Any]]
    """The variables of the document. May raise BAD_USER_INPUT."""
    data: type[D]
    """What the document selects, by its aliases."""
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
    fields_for_others: frozenset[str] = field(default_factory=frozenset)
    """Paths of fields that are null for viewers who may not see them, and do not fail the request."""

    @cached_property
    def _decoder(self) -> msgspec.json.Decoder[_Answered[D]]:
        return msgspec.json.Decoder(_Answered[self.data])  # type: ignore[name-defined]

    def decoded(self, answer: bytes) -> D:
        return self._decoder.decode(answer).data

    def failure(self, errors: list[dict[str, Any]]) -> dict[str, Any] | None:
        """The error of GraphQL's answer because of which the request fails; None if it does not fail."""
        return next((error for error in errors if not self._is_tolerated(error)), None)

    def _is_tolerated(self, error: Mapping[str, Any]) -> bool:
        path = ".".join(str(step) for step in error.get("path") or ())
        return error["extensions"]["code"] == "FORBIDDEN" and path in self.fields_for_others
