"""The address that a request comes from. All limits for one address use it."""

from starlette.types import Scope


def client_address(scope: Scope) -> str:
    """The address that a trusted proxy names; for all other clients, their own. Empty if there is none."""
    client = scope.get("client")
    return client[0] if client else ""
