"""The program as a server."""

import errno
import gc
import logging
import os
import re
import socket
from logging.config import dictConfig
from typing import Any

import uvicorn
from uvicorn.config import LOGGING_CONFIG

from server.connections import HttpConnection, SocketConnection
from server.failures import Failure
from server.settings import Settings

_SIGNED = re.compile(r"/reports/[^/?]+")
_ASKED = re.compile(r"(/graphql)\?.*", re.DOTALL)


def serve(settings: Settings) -> None:
    """Until it is told to stop. Every worker reads these settings from its environment."""
    os.environ |= settings.variables()
    uvicorn.run(
        "server.app:app_from_environment",
        factory=True,
        host=settings.host,
        port=settings.port,
        workers=settings.workers,
        loop="uvloop",
        http=HttpConnection,
        ws=SocketConnection,
        ws_max_size=settings.max_body_bytes,
        timeout_graceful_shutdown=settings.stop_seconds,
        forwarded_allow_ips=settings.forwarded_allow_ips,
        log_level=settings.log_level,
        log_config=_log_config(settings.log_level),
    )


def start_logging(settings: Settings) -> None:
    """What is logged before the server runs looks like what it logs itself."""
    dictConfig(_log_config(settings.log_level))


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


def settle() -> None:
    """Once everything is loaded: it stays, so the garbage collector need not look through it again.

    Doing so held up the event loop for 100 ms at a time. It also comes less often: a thousand events
    are ten thousand objects, none of which is garbage while they wait to be written.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


class NotCollected(logging.Filter):
    """Of the access log: without a line for each event that a browser sends."""

    def filter(self, record: logging.LogRecord) -> bool:
        # As uvicorn has it: address, method, path, version, status.
        return not (isinstance(record.args, tuple) and record.args[2:3] == ("/collect",))


class Discreet(logging.Filter):
    """Without what is signed, by which anybody could open a report, and what is asked.

    The variables of a query by GET stand in its URL, and some clients write their token into that of a
    WebSocket.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(_discreet(one) if isinstance(one, str) else one for one in record.args)
        return True


def _discreet(text: str) -> str:
    return _ASKED.sub(r"\1?...", _SIGNED.sub("/reports/...", text))


def _log_config(level: str) -> dict[str, Any]:
    """Our own lines look like the server's."""
    ours = {"handlers": ["default"], "level": level.upper()}
    loggers = LOGGING_CONFIG["loggers"]
    access = {**loggers["uvicorn.access"], "filters": ["not_collected", "discreet"]}
    # Where uvicorn says that a WebSocket was accepted.
    error = {**loggers["uvicorn.error"], "filters": ["discreet"]}
    return {
        **LOGGING_CONFIG,
        "filters": {"not_collected": {"()": NotCollected}, "discreet": {"()": Discreet}},
        "loggers": {**loggers, "uvicorn.access": access, "uvicorn.error": error, "viewgraph": ours},
    }
