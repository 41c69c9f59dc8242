"""Usernames: which may be chosen, and which look alike."""

import pytest
from hypothesis import given
from hypothesis.strategies import text

from base.errors import BadUserInput
from base.names import stored_username, username_skeleton

CYRILLIC_PAYPAL = "\u0440\u0430\u0443\u0440\u0430l"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ada", "ada"),
        ("\uff41\uff44\uff41", "ada"),
        ("\u0391da", "ada"),
        (CYRILLIC_PAYPAL, "paypal"),
        ("rnary", "mary"),
        ("paypa1", "paypal"),
        ("p0lo", "polo"),
        ("\u0661an", "lan"),
        ("u\u0308nal", "\u00fcnal"),
        ("stra\u00dfe", "strasse"),
        ("ada\u200b", "ada"),
    ],
)
def test_names_that_look_alike_have_one_skeleton(one: str, other: str) -> None:
    assert username_skeleton(one) == username_skeleton(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ada", "ade"),
        ("unal", "\u00fcnal"),
        ("user1", "user2"),
        ("user10", "user100"),
        ("a-b", "a_b"),
        ("ali", "all"),
    ],
)
def test_names_that_differ_for_people_have_two(one: str, other: str) -> None:
    assert username_skeleton(one) != username_skeleton(other)


@given(text(max_size=60))
def test_a_skeleton_is_its_own_and_fits_its_column(name: str) -> None:
    skeleton = username_skeleton(name)

    assert len(skeleton) <= 160
    assert username_skeleton(skeleton) == skeleton
    assert "\x1f" not in skeleton


@pytest.mark.parametrize(
    ("name", "stored"),
    [
        (" Ada ", "ada"),
        ("\uff21da", "ada"),
        ("ada.b-c_d", "ada.b-c_d"),
        ("\u00dcnal", "\u00fcnal"),
        ("\u6587", "\u6587"),
    ],
)
def test_a_name_is_stored_in_lower_case_and_usual_width(name: str, stored: str) -> None:
    assert stored_username(name) == stored


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("", "EMPTY"),
        ("  ", "EMPTY"),
        ("a\x00b", "EMPTY"),
        ("a" * 41, "TOO_LONG"),
        ("ada lovelace", "INVALID_USERNAME"),
        ("ada\u200bb", "INVALID_USERNAME"),
        ("ada\u202eb", "INVALID_USERNAME"),
        ("\U0001f600", "INVALID_USERNAME"),
        ("a\u05d0b", "INVALID_USERNAME"),
    ],
)
def test_what_is_no_name_is_refused_with_the_reason(name: str, reason: str) -> None:
    with pytest.raises(BadUserInput) as refused:
        stored_username(name)

    assert refused.value.extensions["reason"] == reason
