"""How often somebody may try to sign in."""

from asyncio import gather
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlmodel import col

from models import SignInNetwork, User
from tests.auth.asking import (
    add_dora,
    login,
    login_by_key,
    message,
    new_key,
    reached_from,
    throttled_studio,
    told,
    who,
)
from tests.studio import PASSWORD, Answer, Studio

DORA = {"viewer": {"username": "dora"}}


@pytest.fixture
async def door(studio: Studio) -> AsyncIterator[Studio]:
    """From one address, 2 failures an account and 5 attempts; 3 failures an account of strangers: in 15
    minutes. `dora` has a password, and never signed in.
    """
    await add_dora(studio)
    door = throttled_studio(
        studio, account="2 per 15 minutes", strangers="3 per 15 minutes", address="5 per 15 minutes"
    )
    yield door
    await door.client.aclose()


def _assert_throttled(answer: Answer, seconds: int) -> None:
    assert answer.status == 200
    assert answer.body["data"] == {"login": None}
    assert answer.errors == [("THROTTLED", "login")]
    assert answer.extensions == {"code": "THROTTLED", "retryAfter": seconds}
    assert message(answer) == f"Too many sign-ins. Try again in {seconds} s."
    assert "x-auth-token" not in answer.headers


async def _fail(door: Studio, email: str = "dora@example.com", times: int = 2) -> None:
    for _ in range(times):
        assert (await login(door, email, "wrong")).code == "UNAUTHENTICATED"


async def _elsewhere(door: Studio, address: str, email: str, password: str = PASSWORD) -> Answer:
    elsewhere = reached_from(door, address)
    answer = await login(elsewhere, email, password)
    await elsewhere.client.aclose()
    return answer


async def _dora(door: Studio, address: str, password: str = PASSWORD) -> str:
    """The code of what comes of it; nothing where it works."""
    answer = await _elsewhere(door, address, "dora@example.com", password)
    if "errors" in answer.body:
        return answer.code
    assert answer.data["login"]["viewer"] == DORA["viewer"]
    return ""


async def test_after_its_failures_an_address_waits_even_with_the_right_password(door: Studio) -> None:
    await _fail(door)

    with door.statements() as statements:
        answer = await login(door, "dora@example.com")

    _assert_throttled(answer, 450)
    assert statements == []


async def test_an_account_is_the_same_however_it_is_written(door: Studio) -> None:
    await _fail(door)

    _assert_throttled(await login(door, " DORA@example.com"), 450)


async def test_an_attempt_comes_back_at_a_time(door: Studio) -> None:
    await _fail(door, times=1)
    door.clock.advance(minutes=5)
    await _fail(door, times=1)

    _assert_throttled(await login(door, "dora@example.com"), 150)
    door.clock.advance(seconds=149.5)
    _assert_throttled(await login(door, "dora@example.com"), 1)
    door.clock.advance(seconds=0.5)
    await _fail(door, times=1)
    _assert_throttled(await login(door, "dora@example.com"), 450)


async def test_what_was_refused_does_not_count_for_the_account(door: Studio) -> None:
    """Else whoever keeps trying would never get in."""
    await _fail(door)
    door.clock.advance(minutes=5)
    _assert_throttled(await login(door, "dora@example.com"), 150)

    door.clock.advance(seconds=150)

    assert (await login(door, "dora@example.com")).data["login"]["viewer"] == {"username": "dora"}


async def test_a_sign_in_that_works_is_no_failure(studio: Studio) -> None:
    await add_dora(studio)
    door = throttled_studio(studio, account="2 per 15 minutes", strangers="2 per 15 minutes")
    await _fail(door, times=1)
    for _ in range(5):
        assert (await login(door, "dora@example.com")).data["login"]["viewer"] == {"username": "dora"}

    await _fail(door, times=1)

    _assert_throttled(await login(door, "dora@example.com"), 450)
    await door.client.aclose()


async def test_who_fails_on_an_account_does_not_lock_its_owner_out(door: Studio) -> None:
    """Who used it before from where they are."""
    assert await _dora(door, "192.0.2.1") == ""

    codes = [await _dora(door, f"198.51.100.{host}", "wrong") for host in range(5)]

    assert codes == [*["UNAUTHENTICATED"] * 3, *["THROTTLED"] * 2]
    assert await _dora(door, "198.51.100.9") == "THROTTLED"
    assert await _dora(door, "192.0.2.1") == ""
    assert await _dora(door, "::ffff:192.0.2.1") == ""


async def test_guessing_is_bounded_for_an_account_from_wherever_it_comes(door: Studio) -> None:
    for host in range(3):
        assert await _dora(door, f"2001:db8:0:{host}::1", "wrong") == "UNAUTHENTICATED"

    answer = await _elsewhere(door, "2001:db8:0:4::1", "dora@example.com")

    _assert_throttled(answer, 300)
    door.clock.advance(minutes=5)
    assert await _dora(door, "2001:db8:0:5::1", "wrong") == "UNAUTHENTICATED"
    assert await _dora(door, "2001:db8:0:6::1", "wrong") == "THROTTLED"


async def test_guessing_is_bounded_from_where_an_account_was_used_too(door: Studio) -> None:
    assert await _dora(door, "192.0.2.1") == ""

    codes = [await _dora(door, "192.0.2.1", "wrong") for _ in range(3)]

    assert codes == ["UNAUTHENTICATED", "UNAUTHENTICATED", "THROTTLED"]


async def test_from_where_an_account_was_used_survives_a_restart(door: Studio) -> None:
    assert await _dora(door, "192.0.2.1") == ""
    for host in range(3):
        assert await _dora(door, f"198.51.100.{host}", "wrong") == "UNAUTHENTICATED"
    again = throttled_studio(door, account="2 per 15 minutes", strangers="1 per 15 minutes")
    assert await _dora(again, "198.51.100.1", "wrong") == "UNAUTHENTICATED"

    assert await _dora(again, "198.51.100.2") == "THROTTLED"
    assert await _dora(again, "192.0.2.1") == ""
    await again.client.aclose()


async def test_where_an_account_was_used_stands_nowhere_in_the_clear(door: Studio) -> None:
    assert await _dora(door, "192.0.2.1") == ""
    await door.add_person("emma")
    async with door.services.database.writing() as session:
        found = select(col(User.password_hash)).where(col(User.username) == "dora").scalar_subquery()
        await session.execute(update(User).where(col(User.username) == "emma").values(password_hash=found))
    assert (await _elsewhere(door, "192.0.2.1", "emma@example.com")).data["login"]["viewer"] is not None

    networks = await _networks(door)

    assert len({network for _, network, _ in networks}) == 2
    assert {len(network) for _, network, _ in networks} == {16}
    assert all(b"192" not in network for _, network, _ in networks)


async def test_where_an_account_was_used_is_forgotten_in_time_and_beyond_twenty(door: Studio) -> None:
    for host in range(25):
        assert await _dora(door, f"192.0.2.{host}") == ""
        door.clock.advance(hours=1)
    assert await door.count("sign_in_networks") == 20
    for host in range(3):
        assert await _dora(door, f"198.51.100.{host}", "wrong") == "UNAUTHENTICATED"

    assert [await _dora(door, f"192.0.2.{host}") for host in (4, 5, 24)] == ["THROTTLED", "", ""]

    door.clock.advance(days=90)
    assert await _dora(door, "203.0.113.99") == ""
    assert await door.count("sign_in_networks") == 1


async def test_signing_in_from_the_same_network_writes_once_a_day(door: Studio) -> None:
    assert await _dora(door, "192.0.2.1") == ""
    door.clock.advance(hours=23)
    with door.statements() as statements:
        assert await _dora(door, "192.0.2.1") == ""
    assert [text for text in statements if not text.startswith("SELECT")] == []

    door.clock.advance(hours=2)
    assert await _dora(door, "192.0.2.1") == ""

    ((_, _, seen_at),) = await _networks(door)
    assert seen_at == door.clock.now


async def _networks(door: Studio) -> list[Any]:
    async with door.services.database.writing() as session:
        table = col(SignInNetwork.user_id), col(SignInNetwork.network), col(SignInNetwork.seen_at)
        return list((await session.execute(select(*table))).all())


async def test_an_account_that_does_not_exist_waits_alike(door: Studio) -> None:
    """And as much is asked of the database: how long it takes tells nothing."""
    asked: dict[str, list[Any]] = {}
    for name, network in (("dora", "198.51.100"), ("nobody", "203.0.113")):
        with door.statements() as statements:
            answers = [
                told(await _elsewhere(door, f"{network}.{host}", f"{name}@example.com", "wrong"))
                for host in (1, 1, 1, 2, 3)
            ]
        asked[name] = [answers, statements]

    assert asked["nobody"] == asked["dora"]
    codes = [answer["errors"][0]["extensions"].get("retryAfter") for answer in asked["nobody"][0]]
    assert codes == [None, None, 450, None, 300]


async def test_one_account_waits_alone(door: Studio) -> None:
    await _fail(door)

    assert (await login(door, "nobody@example.com")).code == "UNAUTHENTICATED"


async def test_an_address_waits_whatever_it_tries_and_whether_or_not_it_works(door: Studio) -> None:
    secret, _ = await new_key(door)
    for key in (secret, secret, "vgk_wrong", secret):
        assert (await login_by_key(door, key)).status == 200
    await _fail(door, times=1)

    _assert_throttled(await login_by_key(door, secret), 180)
    _assert_throttled(await login(door, "dora@example.com"), 180)
    elsewhere = reached_from(door, "198.51.100.9")
    assert (await login_by_key(elsewhere, secret)).data["login"]["viewer"] == {"username": "owner"}
    door.clock.advance(minutes=3)
    assert (await login_by_key(door, secret)).data["login"]["viewer"] == {"username": "owner"}
    await elsewhere.client.aclose()


async def test_an_ipv6_network_is_one_address(door: Studio) -> None:
    """Whoever has one address of it has all 2^64."""
    for host in range(5):
        here = reached_from(door, f"2001:db8:0:1::{host}")
        assert (await login_by_key(here, "vgk_wrong")).code == "UNAUTHENTICATED"
        await here.client.aclose()

    codes = {}
    for address in ("2001:db8:0:1:ffff::", "2001:db8:0:2::", "::ffff:192.0.2.1", "::ffff:192.0.2.2"):
        here = reached_from(door, address)
        codes[address] = (await login_by_key(here, "vgk_wrong")).code
        await here.client.aclose()

    assert codes == {
        "2001:db8:0:1:ffff::": "THROTTLED",
        "2001:db8:0:2::": "UNAUTHENTICATED",
        "::ffff:192.0.2.1": "UNAUTHENTICATED",
        "::ffff:192.0.2.2": "UNAUTHENTICATED",
    }


async def test_an_ipv4_address_in_the_form_of_ipv6_is_that_address(door: Studio) -> None:
    for _ in range(5):
        assert (await login_by_key(door, "vgk_wrong")).code == "UNAUTHENTICATED"
    mapped = reached_from(door, "::ffff:203.0.113.7")

    _assert_throttled(await login_by_key(mapped, "vgk_wrong"), 180)
    await mapped.client.aclose()


async def test_attempts_at_the_same_time_count_one_by_one(door: Studio) -> None:
    answers = await gather(*(login(door, "dora@example.com", "wrong") for _ in range(5)))

    assert Counter(answer.code for answer in answers) == {"UNAUTHENTICATED": 2, "THROTTLED": 3}


async def test_attempts_in_one_request_count_one_by_one(door: Studio) -> None:
    secret, _ = await new_key(door)
    fields = " ".join(
        f'at{number}: login(input: {{authenticationKey: "{secret}"}}) {{ expiresAt }}' for number in range(7)
    )

    answer = await door.ask(f"mutation {{ {fields} }}")

    assert answer.errors == [("THROTTLED", "at5"), ("THROTTLED", "at6")]


async def test_a_key_in_a_header_is_no_sign_in(door: Studio) -> None:
    secret, _ = await new_key(door)

    for _ in range(7):
        assert (await who(door, authorization=f"Token {secret}")).data == {"viewer": {"username": "owner"}}
