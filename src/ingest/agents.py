"""What user agents were told to be, remembered, and how many new ones one network may have told."""

from cachetools import LRUCache

from base.networks import network_of
from ingest.devices import LONGEST, Agent, classify, guess

_REMEMBERED = 10_000
_HOUR = 3600.0
_NEW_AN_HOUR = 999
"""From one network; a browser has one, an office some hundreds."""


class AgentCache:
    """Of one process. Outlives requests.

    To tell a new agent takes up to some milliseconds. A network that has sent so many new ones within an hour
    has its next ones guessed until the hour is over, which takes some microseconds; those are not remembered,
    and push out nobody else's.
    """

    def __init__(self, *, new_an_hour: int = _NEW_AN_HOUR, remembered: int = _REMEMBERED) -> None:
        self._new_an_hour = new_an_hour
        self._known: LRUCache[str, Agent] = LRUCache(remembered)
        self._new: LRUCache[str, tuple[float, int]] = LRUCache(remembered)
        """For each network, when its hour began, and how many new ones came in it."""

    def find(self, agent: str | None, address: str, now: float) -> Agent:
        """`now`: in seconds since 1970."""
        agent = (agent or "")[:LONGEST]
        known = self._known.get(agent)
        if known is None:
            if not self._counts(network_of(address), now):
                return guess(agent)
            known = self._known[agent] = classify(agent)
        return known

    def _counts(self, network: str, now: float) -> bool:
        began, count = self._new.get(network, (now, 0))
        if not 0 <= now - began < _HOUR:
            began, count = now, 0
        if count >= self._new_an_hour:
            return False
        self._new[network] = (began, count + 1)
        return True
