from ipaddress import IPv4Address, IPv6Address

from hypothesis import given
from hypothesis.strategies import integers, ip_addresses, text

from base.networks import network_of


def test_an_address_counts_as_whoever_has_it() -> None:
    for address, network in {
        "192.0.2.1": "192.0.2.1",
        "::ffff:192.0.2.1": "192.0.2.1",
        "::FFFF:C000:201": "192.0.2.1",
        "2001:db8::1": "2001:db8::/64",
        "2001:db8:0:0:ffff:ffff:ffff:ffff": "2001:db8::/64",
        "2001:DB8:0:1::": "2001:db8:0:1::/64",
        "fe80::1%eth0": "fe80::/64",
        "": "",
        "testclient": "testclient",
        "unix:": "unix:",
        ":" * 1_000: ":" * 1_000,
    }.items():
        assert network_of(address) == network, address


@given(ip_addresses(v=6), integers(0, 2**64 - 1))
def test_the_last_half_of_an_ipv6_address_makes_nobody_else_of_its_caller(
    address: IPv6Address, half: int
) -> None:
    if not address.ipv4_mapped:
        neighbour = IPv6Address(int(address) >> 64 << 64 | half)
        if not neighbour.ipv4_mapped:
            assert network_of(str(neighbour)) == network_of(str(address))


@given(ip_addresses(v=4))
def test_an_ipv4_address_is_one_caller_however_it_is_written(address: IPv4Address) -> None:
    assert network_of(f"::ffff:{address}") == network_of(str(address)) == str(address)


@given(text())
def test_what_is_no_address_fails_nowhere(address: str) -> None:
    assert isinstance(network_of(address), str)
