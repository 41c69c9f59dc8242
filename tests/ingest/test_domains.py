import json
import re
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ingest.domains import InvalidDomain, domain_pattern, normal_domain

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


CASES = json.loads((Path(__file__).parents[1] / "cases" / "domains.json").read_text())


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["domain"]))
def test_a_host_is_told_from_what_is_none(case: dict[str, str | None]) -> None:
    try:
        found = normal_domain(case["domain"])
    except InvalidDomain:
        found = None
    assert found == case["site"]


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        ("Example.com", "example.com"),
        ("*.Example.com", "*.example.com"),
        (" *.b\u00fccher.example ", "*.xn--bcher-kva.example"),
        ("https://example.com/", "example.com"),
    ],
)
def test_a_pattern_is_a_site_or_all_below_it(text: str, pattern: str) -> None:
    assert domain_pattern(text) == pattern


@pytest.mark.parametrize(
    "text", ["", " ", "*", "*.", "*.*.example.com", "shop.*", "*.127.0.0.1", "*.[::1]", "*.null"]
)
def test_what_is_neither_is_invalid(text: str) -> None:
    with pytest.raises(InvalidDomain):
        domain_pattern(text)


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
        # What is written where there is no host
        "null",
        "NULL.",
        "https://null",
        "undefined",
        "about:blank",
        "about:srcdoc",
        "about://blank",
        "blob:https://a.example/0-1",
        "blob:null/0-1",
        "data:text/html,x",
        "javascript:void(0)",
        "mailto:a@example.com",
        "a@example.com",
        "tel:123",
        "https:",
        "https:/example.com",
        "localhost:http",
        # Ports
        "example.com:65536",
        "example.com:99999",
        "https://example.com:-1",
        # IPv4
        "256.1.1.1",
        "1.2.3",
        "127.0.0.01",
        "123",
        "0x7f.1",
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
