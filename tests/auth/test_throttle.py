"""How often somebody may try to sign in."""

from asyncio import gather
from collections import Counter
from collections.abc import AsyncIterator

import pytest

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
from tests.studio import Answer, Clock, Studio


@pytest.fixture
def engine() -> str:
    """The throttle asks no database: one is enough."""
    return "sqlite"


@pytest.fixture
async def door(studio: Studio, clock: Clock) -> AsyncIterator[Studio]:
    """2 failures an account, 5 attempts an address, in 15 minutes. `dora` has a password."""
    await add_dora(studio)
    door = throttled_studio(studio, clock, account="2 per 15 minutes", address="5 per 15 minutes")
    yield door
    await door.client.aclose()


def _assert_throttled(answer: Answer, seconds: int) -> None:
    assert answer.body["data"] == {"login": None}
    assert answer.errors == [("THROTTLED", "login")]
    assert answer.extensions == {"code": "THROTTLED", "retryAfter": seconds}
    assert message(answer) == f"Too many sign-ins. Try again in {seconds} s."
    assert "x-auth-token" not in answer.headers


async def _fail(door: Studio, email: str = "dora@example.com", times: int = 2) -> None:
    for _ in range(times):
        assert (await login(door, email, "wrong")).code == "UNAUTHENTICATED"


async def test_after_its_failures_an_account_waits_even_with_the_right_password(door: Studio) -> None:
    await _fail(door)

    with door.statements() as statements:
        answer = await login(door, "dora@example.com")

    _assert_throttled(answer, 900)
    assert statements == []


async def test_an_account_waits_wherever_it_is_tried_from_and_however_it_is_written(door: Studio) -> None:
    await _fail(door)
    elsewhere = reached_from(door, "198.51.100.9")

    _assert_throttled(await login(elsewhere, " DORA@example.com"), 900)
    await elsewhere.client.aclose()


async def test_an_account_waits_until_its_oldest_failure_is_out_of_the_window(door: Studio) -> None:
    await _fail(door, times=1)
    door.clock.advance(minutes=5)
    await _fail(door, times=1)

    _assert_throttled(await login(door, "dora@example.com"), 600)
    door.clock.advance(minutes=10, microseconds=-1)
    _assert_throttled(await login(door, "dora@example.com"), 1)
    door.clock.advance(microseconds=1)
    await _fail(door, times=1)
    _assert_throttled(await login(door, "dora@example.com"), 300)


async def test_what_was_refused_does_not_count_for_the_account(door: Studio) -> None:
    """Else whoever keeps trying would never get in."""
    await _fail(door)
    door.clock.advance(minutes=10)
    _assert_throttled(await login(door, "dora@example.com"), 300)

    door.clock.advance(minutes=5)

    assert (await login(door, "dora@example.com")).data["login"]["viewer"] == {"username": "dora"}


async def test_a_sign_in_that_works_forgets_the_failures(door: Studio) -> None:
    door = throttled_studio(door, door.clock, account="2 per 15 minutes", address="100 per 15 minutes")
    for _ in range(2):
        await _fail(door, times=1)
        assert (await login(door, "dora@example.com")).data["login"]["viewer"] == {"username": "dora"}

    await _fail(door)
    _assert_throttled(await login(door, "dora@example.com"), 900)
    await door.client.aclose()


async def test_an_account_that_does_not_exist_waits_alike(door: Studio) -> None:
    known = [await login(door, "dora@example.com", "wrong") for _ in range(3)]
    elsewhere = reached_from(door, "198.51.100.9")
    unknown = [await login(elsewhere, "nobody@example.com", "wrong") for _ in range(3)]

    assert [told(answer) for answer in unknown] == [told(answer) for answer in known]
    _assert_throttled(unknown[2], 900)
    await elsewhere.client.aclose()


async def test_one_account_waits_alone(door: Studio) -> None:
    await _fail(door)

    assert (await login(door, "nobody@example.com")).code == "UNAUTHENTICATED"


async def test_an_address_waits_whatever_it_tries_and_whether_or_not_it_works(door: Studio) -> None:
    secret, _ = await new_key(door)
    for key in (secret, secret, "vgk_wrong", secret):
        assert (await login_by_key(door, key)).status == 200
    await _fail(door, times=1)

    _assert_throttled(await login_by_key(door, secret), 900)
    _assert_throttled(await login(door, "dora@example.com"), 900)
    elsewhere = reached_from(door, "198.51.100.9")
    assert (await login_by_key(elsewhere, secret)).data["login"]["viewer"] == {"username": "owner"}
    door.clock.advance(minutes=15)
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

    _assert_throttled(await login_by_key(mapped, "vgk_wrong"), 900)
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
