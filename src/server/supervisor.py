"""Starts, watches and ends several workers, without waiting for any one of them."""

import logging
from socket import socket
from time import monotonic

from uvicorn import Config
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess
from uvicorn.supervisors.multiprocess import Process

from server.service_manager import notify

log = logging.getLogger("uvicorn.error")

_SILENT_SECONDS = 10.0
_READY_SECONDS = 0.1
_KILL_SECONDS = 2.0
"""Seconds that a worker gets beyond its own time to end."""


class Supervisor(Multiprocess):
    """A replacement for uvicorn's own supervisor, which asks one worker after the other whether it is alive,
    and handles no signal until that one answers. uvicorn's also ends a worker whose start takes longer than
    an answer may take, and so starts it again for ever.
    """

    def __init__(self, config: Config, sockets: list[socket], *, start_seconds: float, stop_seconds: float):
        super().__init__(config, sockets)
        self._start_seconds = start_seconds
        self._stop_seconds = stop_seconds
        self._heard_at: dict[Process, float] = {}
        self._has_answered: set[Process] = set()
        self._is_announced = False

    def keep_subprocess_alive(self) -> None:
        for place, process in enumerate(self.processes):
            if self._is_there(process):
                continue
            self._forget(process)
            process.kill()
            process.join()
            if process.exitcode == STARTUP_FAILURE:
                log.error("Worker %s could not start: the server stops.", process.pid)
                self.should_exit.set()
                return
            log.error("Worker %s has ended, or did not answer in time: another one starts.", process.pid)
            self.processes[place] = Process(self.config, self.sockets)
            self.processes[place].start()
        if not self._is_announced and all(process.is_ready(_READY_SECONDS) for process in self.processes):
            self._is_announced = True
            notify("READY=1")

    def join_all(self) -> None:
        """Waits for all workers, and kills one that does not end in time."""
        notify("STOPPING=1")
        until = monotonic() + self._stop_seconds + _KILL_SECONDS
        for worker in [process.process for process in self.processes]:
            worker.join(max(0.0, until - monotonic()))
            if worker.is_alive():
                log.error("Worker %s did not end in time, and is ended.", worker.pid)
                worker.kill()
                worker.join()

    def _is_there(self, process: Process) -> bool:
        """Whether the worker is alive: it has answered now, or not long ago. It waits for no answer."""
        now = monotonic()
        heard_at = self._heard_at.setdefault(process, now)
        if not process.process.is_alive():
            return False
        if process.ping(timeout=0):
            self._heard_at[process] = now
            self._has_answered.add(process)
            return True
        return now - heard_at < (_SILENT_SECONDS if process in self._has_answered else self._start_seconds)

    def _forget(self, process: Process) -> None:
        self._heard_at.pop(process, None)
        self._has_answered.discard(process)
