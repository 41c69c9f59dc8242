"""Runs the program as a server: one uvicorn process, or several workers."""

import errno
import gc
import os
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from logging.config import dictConfig
from types import ModuleType
from typing import Any

from uvicorn.config import STARTUP_FAILURE

from server.failures import Failure
from server.garbage import keep_loaded
from server.http.connection_limits import ConnectionGate, ConnectionLimits
from server.http.guarded_config import GuardedConfig
from server.http.http_connection import HttpConnection
from server.http.websocket_connection import WebSocketConnection
from server.logs import logging_config
from server.metrics.folder import shared_folder
from server.service_manager import NotifyingServer
from server.settings import Settings
from server.supervisor import Supervisor

resource: ModuleType | None
try:
    import resource
except ImportError:  # not on Windows
    resource = None

_TURN_SECONDS = 0.0001
"""How long a thread keeps the interpreter while another one waits, as the event loop does at each turn."""
_OTHER_FILES = 100
"""Files that are open beside connections: of the database, of reports in the making, and of Python."""


def serve(settings: Settings) -> None:
    """Returns when the server has stopped. Every worker reads these settings from its environment."""
    os.environ |= settings.variables()
    config = guarded_config(
        settings,
        "server.start:app",
        factory=True,
        host=settings.host,
        port=settings.port,
        workers=settings.workers,
        loop="uvloop",
        timeout_graceful_shutdown=settings.stop_seconds,
        log_level=settings.log_level,
        log_config=logging_config(settings.log_level, settings.log_format, settings.collect_path),
    )
    if settings.workers > 1:
        with _shared_metrics(settings) as forget_process:
            Supervisor(
                config,
                [config.bind_socket()],
                start_seconds=settings.start_seconds,
                stop_seconds=settings.stop_seconds,
                on_end=forget_process,
            ).run()
        return
    server = NotifyingServer(config)
    with suppress(KeyboardInterrupt):
        server.run()
    if not server.started:
        sys.exit(STARTUP_FAILURE)


@contextmanager
def _shared_metrics(settings: Settings) -> Iterator[Callable[[int], None]]:
    """While the block runs, workers share their metrics. Yields what to call when a worker has ended."""
    if not settings.has_metrics:
        yield lambda _: None
        return
    with ExitStack() as stack:
        stack.enter_context(shared_folder())
        from server.metrics.exposition import forget_process, port_of_its_own, shared

        if settings.metrics_port is not None:
            stack.enter_context(port_of_its_own(settings.metrics_host, settings.metrics_port, shared()))
        yield forget_process


def guarded_config(settings: Settings, app: Any, **options: Any) -> GuardedConfig:
    """uvicorn's config, with the limits for connections from the settings."""
    limits = ConnectionLimits(
        connections=fitting_connections(settings.max_connections),
        connections_per_address=settings.max_connections_per_address,
        sockets_per_address=settings.max_sockets_per_address,
        header_bytes=settings.max_header_bytes,
        headers=settings.max_headers,
        header_seconds=settings.max_header_seconds,
        body_seconds=settings.max_body_seconds,
        unread_seconds=settings.max_unread_seconds,
    )
    return GuardedConfig(
        app,
        ConnectionGate(limits),
        http=HttpConnection,
        ws=WebSocketConnection,
        ws_max_size=settings.max_body_bytes,
        timeout_keep_alive=settings.keep_alive_seconds,
        forwarded_allow_ips=settings.forwarded_allow_ips,
        prefix=settings.root_path,
        **options,
    )


def fitting_connections(connections: int) -> int:
    """At most as many connections as the process may open files, minus those for other uses. It raises the
    process's own limit if it can.
    """
    if resource is None:
        return connections
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return connections
    wanted = connections + connections // 20 + _OTHER_FILES
    if soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    fitting: int = min(connections, max(1, (soft - _OTHER_FILES) * 20 // 21))
    return fitting


def start_logging(settings: Settings) -> None:
    """Sets the format of the log before the server runs, so that the first lines have it, too."""
    dictConfig(logging_config(settings.log_level, settings.log_format, settings.collect_path))


def require_free_port(host: str, port: int) -> None:
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise Failure(f"Port {port} of {host} is in use. Choose another with --port.") from error
        raise Failure(f"Nothing can listen on port {port} of {host}: {error.strerror or error}.") from error


def tune_interpreter() -> None:
    """Sets up threads and the garbage collector. Call it when everything is loaded.

    All loaded objects stay, so the collector need not look through them again, which held the event loop for
    100 ms at a time. The collector also runs less often: 16,000 events that are written together and their
    requests are some 5,000 objects and long columns, none of which is garbage, and to look through them took
    4 ms. But it looks through young objects soon, because the 400,000 objects of one large answer took 250 ms
    at once.
    """
    gc.collect()
    keep_loaded(8_000, 2)
    sys.setswitchinterval(_TURN_SECONDS)
