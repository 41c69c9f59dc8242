"""A cache of user agents, and a limit on how many new ones of one network are looked at closely."""

from cachetools import LRUCache

from base.networks import network_of
from ingest.devices import LONGEST, Agent, classify, guess

_REMEMBERED = 10_000
_HOUR = 3600.0
_NEW_AN_HOUR = 999
"""From one network. A browser has one agent, an office has some hundreds."""


class AgentCache:
    """One for the process. It outlives requests.

    To classify a new agent takes up to some milliseconds. If a network sends many new ones within an hour,
    the next ones are guessed until the hour is over. A guess takes some microseconds. Guesses are not
    remembered, so that they push no other agents out.
    """

    def __init__(self, *, new_an_hour: int = _NEW_AN_HOUR, remembered: int = _REMEMBERED) -> None:
        self._new_an_hour = new_an_hour
        self._known: LRUCache[str, Agent] = LRUCache(remembered)
        self._new: LRUCache[str, tuple[float, int]] = LRUCache(remembered)
        """For each network, when its hour began, and how many new agents came in it."""

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
