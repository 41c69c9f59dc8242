"""Programs that start fast: this process has loaded what they load first, and each of them is a fork of it.

It reads a line for each, in JSON, with descriptors of its standard output, its standard error, and of a pipe.
Into the pipe go the program's process id and, when it has ended, how, as `subprocess` says it.
"""

import gc
import json
import os
import signal
import socket
import sys
import time
from contextlib import suppress
from typing import Any, NoReturn

# What a server loads before it answers.
import uvicorn.lifespan.on
import uvicorn.loops.uvloop
import uvicorn.protocols.http.httptools_impl
import uvicorn.protocols.websockets.auto  # noqa: F401

import server.app
import server.commands.cli
import server.commands.demo
import server.commands.serve
import server.migrations  # noqa: F401
from server.start import main as run

LONGEST = 1 << 16


def main(descriptor: int) -> None:
    """Until nobody holds the other end; and in each fork, until the program has ended."""
    if program := _asked_for(descriptor):
        os.setsid()
        os.chdir(program["folder"])
        os.environ.clear()
        os.environ.update(program["environment"])
        time.tzset()
        sys.argv = ["-c", *program["arguments"]]
        run()


def _asked_for(descriptor: int) -> Any:
    """The program to become, in a fork for it. None at the end."""
    signal.signal(signal.SIGCHLD, _forget)
    gc.freeze()
    with socket.socket(fileno=descriptor) as asked:
        while True:
            line, descriptors, _, _ = socket.recv_fds(asked, LONGEST, 3)
            if not line:
                return None
            if not os.fork():
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                output, errors, told = descriptors
                if process := os.fork():
                    _watch(process, told)
                os.dup2(output, 1)
                os.dup2(errors, 2)
                for one in descriptors:
                    os.close(one)
                return json.loads(line)
            for one in descriptors:
                os.close(one)


def _forget(*_: object) -> None:
    """Those who have waited for a program until its end."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _watch(process: int, told: int) -> NoReturn:
    os.closerange(0, told)
    os.write(told, b"%d\n" % process)
    _, status = os.waitpid(process, 0)
    os.write(told, b"%d\n" % os.waitstatus_to_exitcode(status))
    os._exit(0)
