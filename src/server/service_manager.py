"""Messages to systemd about a unit with `Type=notify`. Without one, nobody is told."""

import os
import socket
from typing import Any

import uvicorn

_VARIABLE = "NOTIFY_SOCKET"


class NotifyingServer(uvicorn.Server):
    """It says when it listens, and when it stops."""

    async def startup(self, *given: Any, **options: Any) -> None:
        await super().startup(*given, **options)
        if self.started:
            notify("READY=1")

    async def shutdown(self, *given: Any, **options: Any) -> None:
        notify("STOPPING=1")
        await super().shutdown(*given, **options)


def notify(state: str) -> None:
    address = os.environ.get(_VARIABLE)
    if not address:
        return
    # The name of an abstract socket begins with a NUL, which no variable can hold.
    name = f"\0{address[1:]}" if address.startswith("@") else address
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.sendto(state.encode(), name)
