"""How the API of asset analytics wraps what it answers."""

from typing import Generic, Literal, TypeVar

from msgspec import Struct

R = TypeVar("R")


class Success(Struct, Generic[R]):
    """A request that succeeded. `errors` is empty."""

    success: Literal[True]
    errors: list[str]
    response: R


def succeeded(response: R) -> Success[R]:
    return Success(True, [], response)
