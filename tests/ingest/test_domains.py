import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ingest.domains import InvalidDomain, normal_domain

LABEL = "a" * 63
LONGEST = ".".join([LABEL, LABEL, LABEL, "a" * 61])


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("example.com", "example.com"),
        ("  example.com\n", "example.com"),
        ("EXAMPLE.Com", "example.com"),
        ("www.example.com", "www.example.com"),
        ("localhost", "localhost"),
        ("127.0.0.1", "127.0.0.1"),
        ("my_shop.example.com", "my_shop.example.com"),
        # Schemes, credentials, ports, paths
        ("https://example.com", "example.com"),
        ("HTTP://EXAMPLE.COM/", "example.com"),
        ("//example.com/shop", "example.com"),
        ("example.com/shop?at=https://other.example", "example.com"),
        ("example.com//shop", "example.com"),
        ("chrome-extension://abcdefgh/page.html", "abcdefgh"),
        ("example.com:8443", "example.com"),
        ("https://name:secret@Example.com:8443/shop#top", "example.com"),
        # The root's dot
        ("example.com.", "example.com"),
        ("https://example.com.:443/", "example.com"),
        # Other alphabets
        ("Bücher.example", "xn--bcher-kva.example"),
        ("BÜCHER.EXAMPLE", "xn--bcher-kva.example"),
        ("bu\u0308cher.example", "xn--bcher-kva.example"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("https://straße.example/weg", "xn--strae-oqa.example"),
        ("例え.テスト", "xn--r8jz45g.xn--zckzah"),
        ("例え。テスト。", "xn--r8jz45g.xn--zckzah"),
        ("\uff45\uff58ample\uff0e\uff43om", "example.com"),
        # IPv6
        ("[::1]", "[::1]"),
        ("http://[2001:DB8:0:0::1]:8080/", "[2001:db8::1]"),
        # The longest there are
        (f"{LABEL}.example", f"{LABEL}.example"),
        (LONGEST, LONGEST),
    ],
)
def test_a_site_has_one_spelling(text: str, name: str) -> None:
    assert normal_domain(text) == name


@pytest.mark.parametrize("text", [None, "", "   ", "\n"])
def test_nothing_is_no_site(text: str | None) -> None:
    assert normal_domain(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "https://",
        "//",
        "/shop",
        "file:///home/page.html",
        ".",
        "..",
        ".example.com",
        "example..com",
        "example.com..",
        "-example.com",
        "example-.com",
        "two words.example",
        "<script>",
        "*.example.com",
        "100%.example",
        "::1",
        "[::1",
        "[::1%eth0]",
        "[1.2.3.4]",
        "[example.com]",
        "\u200b",
        "xn--\u00fc.example",
        "☃\u0000.example",
        "null\u0000byte",
        "a" * 64,
        f"a{LONGEST}",
        "ü" * 64,
        "https://example.com/" + "a" * 2_000,
    ],
)
def test_what_is_no_name_of_a_site_is_invalid(text: str) -> None:
    with pytest.raises(InvalidDomain):
        normal_domain(text)


@given(st.text() | st.text("aA.-_:/[]@%ü。1", max_size=12))
@example("\ud800.example")
@example("℀.example")
@example("xn--a.\u00df")
def test_any_text_gives_a_name_that_gives_itself_or_is_invalid(text: str) -> None:
    try:
        name = normal_domain(text)
    except InvalidDomain:
        return
    assert normal_domain(name) == name
    assert name is None or re.fullmatch(r"[a-z0-9_.-]{1,253}|\[[0-9a-f:.]+\]", name)
