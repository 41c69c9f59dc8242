"""Aliases of a tenant's sites: which hosts are the same site, and which a pattern means."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

BELOW = "*."
"""In front of a host it means all hosts below that host, however deep, but not the host itself."""
WWW = "www."
ANY_WWW = "www.*"
"""A pattern, whose name is `*`: a host with `www.` in front is the same as the host without it."""
ANY = "*"


@dataclass(frozen=True)
class Aliases:
    pairs: tuple[tuple[str, str], ...] = ()
    """Pattern and name, sorted. A pattern is a host, one with `*.` before it, or `www.*`."""

    @cached_property
    def _names(self) -> dict[str, str]:
        return dict(self.pairs)

    @cached_property
    def _drops_www(self) -> bool:
        return ANY_WWW in self._names

    def __bool__(self) -> bool:
        return bool(self.pairs)

    def name_of(self, host: str) -> str:
        """The name under which a host is shown: by its own alias, else without `www.`, else by the longest
        pattern.
        """
        if host in self._names:
            return self._names[host]
        if self._drops_www and host.startswith(WWW):
            return self.name_of(host.removeprefix(WWW))
        return next((self._names[above] for above in _above(host) if above in self._names), host)

    def others(self, name: str) -> tuple[set[str], set[str]]:
        """The hosts, and the patterns of hosts, that may be shown under a name. `name_of` decides for each
        host.
        """
        patterns = {pattern for pattern, of in self.pairs if of == name}
        below = {pattern for pattern in patterns if pattern.startswith(BELOW)}
        hosts = {name, *(patterns - below)}
        if self._drops_www:
            hosts |= {f"{WWW}{host}" for host in hosts}
        return hosts, below


NO_ALIASES = Aliases()


def is_among(host: str, allowed: frozenset[str], aliases: Aliases = NO_ALIASES) -> bool:
    """Whether a host is in a list of hosts and patterns such as `*.example.com`, under any of its names."""
    if _has(allowed, host):
        return True
    if not aliases:
        return False
    name = aliases.name_of(host)
    return _has(allowed, name) or any(aliases.name_of(one) == name for one in allowed)


def _has(allowed: frozenset[str], host: str) -> bool:
    return host in allowed or any(above in allowed for above in _above(host))


def _above(host: str) -> Iterator[str]:
    """The patterns that mean this host, the longest first."""
    _, _, rest = host.partition(".")
    while rest:
        yield f"{BELOW}{rest}"
        _, _, rest = rest.partition(".")


def aliases_of(pairs: Iterable[tuple[str, str]]) -> Aliases:
    return Aliases(tuple(sorted(pairs))) if pairs else NO_ALIASES
