"""Libraries and lists that take long to load, and that not every process needs."""

from asyncio import to_thread
from collections.abc import Callable
from threading import Lock


class LoadedWhenNeeded:
    def __init__(self, load: Callable[[], object]) -> None:
        self._load = load
        self._lock = Lock()
        self._is_loaded = False

    async def ready(self) -> None:
        """Loads it in a thread, if nobody has loaded it yet. Other requests go on meanwhile."""
        if not self._is_loaded:
            await to_thread(self._load_once)

    def _load_once(self) -> None:
        with self._lock:
            if not self._is_loaded:
                self._load()
                self._is_loaded = True
