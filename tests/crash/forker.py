"""Servers that start fast: this process has loaded the program, and each server is a fork of it.

For each line that comes in it starts one, and answers with its process id. They end with it.
"""

import os
import signal
import sys

# What each of them would load first.
import uvicorn.lifespan.on
import uvicorn.loops.uvloop
import uvicorn.protocols.http.httptools_impl
import uvicorn.protocols.websockets.auto  # noqa: F401

import server.app  # noqa: F401
from server.serving import serve
from server.settings import Settings


def main() -> None:
    # Nobody waits for those that were killed.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    process = 0
    for _ in sys.stdin:
        process = os.fork()
        if not process:
            os.close(0)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            serve(Settings())
            os._exit(0)
        sys.stdout.write(f"{process}\n")
        sys.stdout.flush()
    if process:
        os.kill(process, signal.SIGKILL)


if __name__ == "__main__":
    main()
