"""A configuration of uvicorn whose connections have limits."""

from functools import cached_property
from typing import Any

import uvicorn
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from server.http.connection_limits import ConnectionGate
from server.http.forwarded import ForwardedHeaders
from server.http.whole_answers import AtOnce


class GuardedConfig(uvicorn.Config):
    def __init__(self, app: Any, gate: ConnectionGate, *, prefix: str = "", **options: Any) -> None:
        """`prefix`: the path below which clients find the server. uvicorn's `root_path` is not used: it would
        be put before paths that have it already. `options` are uvicorn's own, including the protocols.
        """
        super().__init__(app, ws_per_message_deflate=False, **options)
        self.gate = gate
        self._prefix = prefix

    def load(self) -> None:
        super().load()
        if isinstance(self.loaded_app, ProxyHeadersMiddleware):
            self.loaded_app = ForwardedHeaders(self.loaded_app.app, self.forwarded_allow_ips, self._prefix)

    @cached_property
    def proxies(self) -> ForwardedHeaders | None:
        """Knows which addresses are proxies, which speak for other clients."""
        return self.loaded_app if isinstance(self.loaded_app, ForwardedHeaders) else None

    @cached_property
    def at_once(self) -> AtOnce | None:
        """What the application answers without a task, if it says so in its state."""
        return getattr(self._state, "at_once", None)

    @cached_property
    def takes_whole(self) -> bool:
        """Whether the application takes the connection's side of a request out of the scope."""
        return getattr(self._state, "takes_whole", False)

    @property
    def _state(self) -> Any:
        app = self.proxies.app if self.proxies else self.loaded_app
        return getattr(app, "state", None)

    def is_proxy(self, address: str) -> bool:
        return self.proxies is not None and self.proxies.trusts(address)
