"""Which address a request comes from: all limits for one address go by it."""

from starlette.types import Scope


def client_address(scope: Scope) -> str:
    """What a trusted proxy says; of any other one, its own address. Empty where there is none."""
    client = scope.get("client")
    return client[0] if client else ""
