import pytest

from base.aliases import NO_ALIASES, Aliases, aliases_of, is_among

JOINED = aliases_of(
    [
        ("old.example", "new.example"),
        ("*.example.com", "example.com"),
        ("*.eu.example.com", "eu.example"),
        ("kept.example.com", "kept.example.com.net"),
    ]
)


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("old.example", "new.example"),
        ("new.example", "new.example"),
        ("www.old.example", "www.old.example"),
        ("example.com", "example.com"),
        ("shop.example.com", "example.com"),
        ("a.b.example.com", "example.com"),
        ("notexample.com", "notexample.com"),
        ("shop.eu.example.com", "eu.example"),
        ("eu.example.com", "example.com"),
        ("kept.example.com", "kept.example.com.net"),
        ("localhost", "localhost"),
        ("(other)", "(other)"),
        ("[::1]", "[::1]"),
    ],
)
def test_the_most_exact_name_counts(host: str, name: str) -> None:
    assert JOINED.name_of(host) == name
    assert JOINED.name_of(name) == name


def test_www_may_be_the_same_everywhere() -> None:
    aliases = aliases_of(
        [("www.*", "*"), ("old.example", "new.example"), ("www.own.example", "apart.example")]
    )

    hosts = (
        "www.example.com",
        "www.old.example",
        "www.own.example",
        "own.example",
        "wwww.example.com",
        "www.",
    )
    assert [aliases.name_of(host) for host in hosts] == [
        *("example.com", "new.example", "apart.example", "own.example", "wwww.example.com", ""),
    ]
    assert aliases.others("new.example") == (
        {"new.example", "old.example", "www.new.example", "www.old.example"},
        set(),
    )


def test_whoever_has_none_calls_sites_by_their_names() -> None:
    assert NO_ALIASES.name_of("www.example.com") == "www.example.com"
    assert NO_ALIASES.others("example.com") == ({"example.com"}, set())
    assert aliases_of([]) is NO_ALIASES


@pytest.mark.parametrize(
    ("host", "allowed", "aliases", "is_allowed"),
    [
        ("example.com", {"example.com"}, NO_ALIASES, True),
        ("www.example.com", {"example.com"}, NO_ALIASES, False),
        ("www.example.com", {"*.example.com"}, NO_ALIASES, True),
        ("example.com", {"*.example.com"}, NO_ALIASES, False),
        ("evilexample.com", {"*.example.com"}, NO_ALIASES, False),
        ("www.example.com", {"example.com"}, aliases_of([("www.*", "*")]), True),
        ("example.com", {"www.example.com"}, aliases_of([("www.*", "*")]), True),
        ("old.example", {"new.example"}, JOINED, True),
        ("new.example", {"old.example"}, JOINED, True),
        ("other.example", {"old.example"}, JOINED, False),
        ("shop.example.com", {"example.com"}, JOINED, True),
    ],
)
def test_a_list_has_sites_under_all_their_names(
    host: str, allowed: set[str], aliases: Aliases, *, is_allowed: bool
) -> None:
    assert is_among(host, frozenset(allowed), aliases) is is_allowed
