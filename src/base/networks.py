"""Whose an address is: whoever has one IPv6 address has a network full of them."""

from functools import lru_cache
from ipaddress import AddressValueError, IPv6Address

_OTHER_BITS = 64
_REMEMBERED = 4_096
_LONGEST_ADDRESS = 64


def network_of(address: str) -> str:
    """The caller that limits count: an IPv4 address itself, of an IPv6 address its network of 64 bits.

    An IPv4 address that is written as IPv6 counts as IPv4. What is no address stands for itself.
    """
    if ":" not in address or len(address) > _LONGEST_ADDRESS:
        return address
    return _ipv6_network(address)


@lru_cache(_REMEMBERED)
def _ipv6_network(address: str) -> str:
    try:
        parsed = IPv6Address(address)
    except AddressValueError:
        return address
    if parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    return f"{IPv6Address(int(parsed) >> _OTHER_BITS << _OTHER_BITS)}/{128 - _OTHER_BITS}"
