"""The program as a server."""

import os
import socket
from typing import Any

import uvicorn
from uvicorn.config import LOGGING_CONFIG

from server.settings import Settings


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
        http="httptools",
        forwarded_allow_ips=settings.forwarded_allow_ips,
        log_level=settings.log_level,
        log_config=_log_config(settings.log_level),
    )


def is_in_use(host: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return True
    return False


def _log_config(level: str) -> dict[str, Any]:
    """Our own lines look like the server's."""
    ours = {"handlers": ["default"], "level": level.upper(), "propagate": False}
    return {**LOGGING_CONFIG, "loggers": {**LOGGING_CONFIG["loggers"], "viewgraph": ours}}
