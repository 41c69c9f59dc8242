"""Networks of clients, by their addresses."""

from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from socket import AF_INET, inet_pton

_PREFIX = 64
"""The bits of an IPv6 address that name a network. One customer has all addresses of it."""


@lru_cache(maxsize=4096)
def network_of(address: str) -> str:
    """The network of one client: an IPv4 address, or a /64 of IPv6. Other text stays as it is."""
    if is_ipv4(address):
        return address
    parsed = _parsed(address)
    if not isinstance(parsed, IPv6Address):
        return address if parsed is None else str(parsed)
    return f"{IPv6Address(int(parsed) >> (128 - _PREFIX) << (128 - _PREFIX))}/{_PREFIX}"


def is_ipv4(text: str) -> bool:
    """Whether it is an IPv4 address in its plain form. To read it takes twenty times as long."""
    try:
        inet_pton(AF_INET, text)
    except (OSError, ValueError):
        return False
    return True


@lru_cache(maxsize=4096)
def plain_address(address: str) -> str:
    """The address in its plain form: a socket for both versions writes IPv4 as `::ffff:192.0.2.1`."""
    parsed = _parsed(address)
    return address if parsed is None else str(parsed)


def _parsed(address: str) -> IPv4Address | IPv6Address | None:
    try:
        # The interface behind `%` is no part of the address.
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return None
    return (parsed.ipv4_mapped if isinstance(parsed, IPv6Address) else None) or parsed
