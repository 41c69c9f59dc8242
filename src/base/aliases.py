"""Aliases of a tenant's sites: they say which hosts are one site, and under which name it is shown."""

from collections.abc import Iterable, Iterator
from functools import cached_property

import msgspec

BELOW = "*."
"""`*.` and a host stand for all hosts below that host, at any depth, but not for the host itself."""
WWW = "www."
ANY_WWW = "www.*"
"""The pattern for all hosts with `www.` in front: each is the same as the host without it. Its name is ANY.
"""
ANY = "*"


class Aliases(msgspec.Struct, frozen=True, dict=True, cache_hash=True):
    # Who looks up a subject hashes these, too. The hash of a dataclass would take longer than all the rest.

    pairs: tuple[tuple[str, str], ...] = ()
    """Pairs of a pattern and a name, sorted. A pattern is a host, `*.` and a host, or `www.*`."""

    @cached_property
    def _names(self) -> dict[str, str]:
        return dict(self.pairs)

    @cached_property
    def _drops_www(self) -> bool:
        return ANY_WWW in self._names

    def __bool__(self) -> bool:
        return bool(self.pairs)

    def name_of(self, host: str) -> str:
        """The name under which a host is shown. Its own alias counts first, then `www.*`, then the longest
        pattern. If there is none, it is the host itself.
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
