"""The metrics as Prometheus reads them: of this process, or of all that share a folder."""

from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

from server.failures import Failure
from server.metrics.folder import is_shared


def readable(own: CollectorRegistry) -> CollectorRegistry:
    """`own`: what this process alone has counted."""
    return shared() if is_shared() else own


def shared() -> CollectorRegistry:
    """What all processes have counted, those that have ended included."""
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return registry


def forget_process(pid: int) -> None:
    """Forgets how things stood in a process that has ended. What it has counted stays."""
    mark_process_dead(pid)  # type: ignore[no-untyped-call]


@contextmanager
def port_of_its_own(host: str, port: int, registry: CollectorRegistry) -> Iterator[None]:
    """Answers there, in a thread, until the block ends. Raises Failure if nothing can listen there."""
    try:
        server, thread = start_http_server(port, host, registry)
    except OSError as error:
        raise Failure(
            f"The metrics cannot be served on port {port} of {host}: {error.strerror or error}."
        ) from error
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
