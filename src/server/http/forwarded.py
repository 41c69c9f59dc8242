"""What proxies say about a request: who the client is, by which scheme it asks, and below which path."""

import re
from collections.abc import Iterator, Sequence
from typing import Any, cast

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from base.networks import is_ipv4, plain_address

PATH = re.compile(r"(?:/[A-Za-z0-9_.~-]*[A-Za-z0-9_~-])+")
"""A path that needs no escapes. Its first part is not empty, so no browser takes it for a host."""
TAKEN_PATHS = (
    *("/graphql", "/studio", "/embed", "/reports", "/viewer.js", "/livez", "/readyz", "/health", "/metrics"),
    *("/api", "/v1", "/v2", "/openapi"),
)
"""What the paths of the server begin with."""
_KEY = "viewgraph.prefix"
_IS_READ = "viewgraph.forwarded"
_LONGEST_PREFIX = 200
_SCHEMES = {"http": "http", "https": "https", "ws": "http", "wss": "https"}
_SCHEMES_OF_SOCKETS = {"http": "ws", "https": "wss"}
_MAPPED = "::ffff:"
_LONGEST_ADDRESS = 45


def prefix_of(scope: Scope) -> str:
    """The path below which clients find the server, as `/figures` in `/figures/graphql`; usually empty."""
    prefix: str = scope.get(_KEY, "")
    return prefix


class ForwardedHeaders(ProxyHeadersMiddleware):
    """uvicorn's takes one value of X-Forwarded-Proto alone, and does not know X-Forwarded-Prefix. It also
    takes no proxy for one whose IPv4 address is written as IPv6, as sockets for both versions write it.
    """

    def __init__(self, app: Any, trusted_hosts: list[str] | str, root_path: str) -> None:
        """`root_path`: the prefix of all requests, whatever a proxy says."""
        super().__init__(app, trusted_hosts)
        self._next = cast("ASGIApp", app)
        self._root_path = root_path
        trusted = self.trusted_hosts
        self._has_only_hosts = not trusted.always_trust and not trusted.trusted_networks
        self._trusted = frozenset(map(str, trusted.trusted_hosts))

    def trusts(self, address: str) -> bool:
        return _unmapped(address) in self.trusted_hosts

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "lifespan" and not scope.pop(_IS_READ, False):
            self.read(scope)
        await self._next(cast("Scope", scope), cast("Receive", receive), cast("Send", send))

    def read_ahead(self, scope: Scope) -> None:
        """The same as `read`, before the application is called. It is then not read again."""
        self.read(scope)
        scope[_IS_READ] = True

    def read(self, scope: Scope) -> None:
        """Puts into the scope what proxies say."""
        said = self._said(scope)
        if said:
            self._believe(scope, said)
        given = said.get(b"x-forwarded-prefix")
        if prefix := self._root_path or (_prefix(given) if given else ""):
            _place_below(prefix, scope)

    def _said(self, scope: Scope) -> dict[bytes, list[str]]:
        """Each header that a trusted proxy sends, with all its values in their order."""
        client = scope.get("client")
        said: dict[bytes, list[str]] = {}
        for name, value in scope["headers"]:
            # Of most names, this is all that is looked at.
            if name[:1] == b"x" and name.startswith(b"x-forwarded-"):
                said.setdefault(name, []).extend(_values(value))
        return said if said and client and self.trusts(client[0]) else {}

    def _believe(self, scope: Scope, said: dict[bytes, list[str]]) -> None:
        if addresses := said.get(b"x-forwarded-for"):
            host, port = self._client(addresses)
            if host:
                scope["client"] = (host, port)
        schemes = said.get(b"x-forwarded-proto", [])
        # Each proxy writes its own at the end, so the first is that between the client and the first proxy.
        if schemes and (scheme := _SCHEMES.get(schemes[0].lower())):
            scope["scheme"] = _SCHEMES_OF_SOCKETS[scheme] if scope["type"] == "websocket" else scheme

    def _client(self, addresses: list[str]) -> tuple[str, int]:
        """The last address that is no proxy's."""
        last = addresses[-1]
        if self._has_only_hosts and last not in self._trusted and is_ipv4(last):
            # Most are so. uvicorn would first read the address.
            return last, 0
        return self.trusted_hosts.get_trusted_client_address(", ".join(addresses))


def _values(value: bytes) -> Iterator[str]:
    return (_unmapped(part.strip()) for part in value.decode("latin-1").split(","))


def _unmapped(address: str) -> str:
    is_mapped = address.startswith(_MAPPED) and len(address) <= _LONGEST_ADDRESS
    return plain_address(address) if is_mapped else address


def _prefix(values: Sequence[str]) -> str:
    """Of several proxies, the first is the outermost. Anything that is no path counts as no prefix."""
    prefix = "".join(value.rstrip("/") for value in values)
    return prefix if len(prefix) <= _LONGEST_PREFIX and PATH.fullmatch(prefix) else ""


def _place_below(prefix: str, scope: Scope) -> None:
    """A proxy takes the prefix away or leaves it. If the prefix begins like a path of the server, the proxy
    has to take it away: here nobody could tell the two apart.
    """
    scope[_KEY] = prefix
    path = scope["path"]
    if not prefix.startswith(TAKEN_PATHS) and f"{path}/".startswith(f"{prefix}/"):
        scope["path"] = path.removeprefix(prefix) or "/"
