"""Signing in by password, and what a caller is whose credentials do not count."""

from dataclasses import replace
from time import process_time

import pytest

from auth.passwords import Passwords
from tests.auth.asking import LOGIN, NOBODY, WHO, add_dora, login, message, new_key, told, who
from tests.conftest import client_of
from tests.studio import PASSWORD, Answer, Studio

WRONG = "The email or the password is wrong."


@pytest.fixture
async def dora(studio: Studio) -> Studio:
    """A studio where one person has a password."""
    await add_dora(studio)
    return studio


async def test_a_password_signs_in(dora: Studio) -> None:
    answer = await login(dora, "dora@example.com")

    signed_in = answer.data["login"]
    assert signed_in["viewer"] == {"username": "dora"}
    assert signed_in["expiresAt"] == "2023-06-15T13:00:00Z"
    assert answer.headers["x-auth-token"] == f"Bearer {signed_in['accessToken']}"
    again = await who(dora, authorization=f"Bearer {signed_in['accessToken']}")
    assert again.data == {"viewer": {"username": "dora"}}
    assert "x-auth-token" not in again.headers


async def test_an_email_is_known_in_any_case_and_with_blanks_around_it(dora: Studio) -> None:
    answer = await login(dora, "  DORA@Example.com ")

    assert answer.data["login"]["viewer"] == {"username": "dora"}


def _bytes(answer: Answer) -> str:
    """What is seen on the wire, but for the request's id."""
    shown = {name: value for name, value in answer.headers.items() if name != "x-request-id"}
    return f"{answer.status} {shown} {told(answer)}"


async def test_a_failed_sign_in_does_not_tell_which_accounts_there_are(dora: Studio) -> None:
    """`owner` is an account without a password."""
    wrong = await login(dora, "dora@example.com", "wrong")

    assert wrong.body["data"] == {"login": None}
    assert wrong.errors == [("UNAUTHENTICATED", "login")]
    assert message(wrong) == WRONG
    assert "x-auth-token" not in wrong.headers
    emails = ["nobody@example.com", "owner@example.com", "a\x00b"]
    for email in emails:
        unknown = await login(dora, email, "wrong")
        assert _bytes(unknown) == _bytes(wrong), email[:20]


async def test_a_password_is_exactly_as_it_was_set(dora: Studio) -> None:
    for password in (f" {PASSWORD}", f"{PASSWORD}\x00"):
        answer = await login(dora, "dora@example.com", password)
        assert answer.errors == [("UNAUTHENTICATED", "login")], password


async def test_no_password_opens_an_account_that_has_none(studio: Studio) -> None:
    """Nor the one whose hash is computed instead."""
    for email in ("owner@example.com", "nobody@example.com"):
        answer = await login(studio, email, "a password that nobody has")
        assert answer.errors == [("UNAUTHENTICATED", "login")], email


async def test_a_sign_in_asks_the_same_of_the_database_whether_or_not_there_is_an_account(
    dora: Studio,
) -> None:
    with dora.statements() as known:
        await login(dora, "dora@example.com", "wrong")
    with dora.statements() as unknown:
        await login(dora, "nobody@example.com", "wrong")

    assert len(known) == 1
    assert unknown == known


async def test_a_hash_is_computed_whether_or_not_there_is_an_account(studio: Studio) -> None:
    """By the processor's time, which other programs do not take part in. Most of it is the hash."""
    services = replace(studio.services, passwords=Passwords())
    async with client_of(services) as client:
        dora = replace(studio, services=services, client=client)
        await add_dora(dora)
        known = await _processor_time(dora, {"password": {"email": "dora@example.com", "password": "wrong"}})
        unknown = await _processor_time(
            dora, {"password": {"email": "nobody@example.com", "password": "wrong"}}
        )
        without = await _processor_time(dora, {"authenticationKey": "vgk_without_a_hash"})

    assert known / 2 < unknown < known * 2
    assert without < known / 3


async def _processor_time(studio: Studio, input: object) -> float:
    async def once() -> float:
        start = process_time()
        answer = await studio.ask(LOGIN, input=input)
        assert answer.code == "UNAUTHENTICATED"
        return process_time() - start

    return min([await once() for _ in range(2)])


async def test_one_way_to_sign_in_is_given_at_a_time(dora: Studio) -> None:
    secret, _ = await new_key(dora)
    password = {"email": "dora@example.com", "password": PASSWORD}

    for input in ({}, {"authenticationKey": None}, {"authenticationKey": secret, "password": password}):
        answer = await dora.ask(LOGIN, input=input)
        assert answer.errors == [("BAD_USER_INPUT", "")], input
        assert "x-auth-token" not in answer.headers, input


SHARE = """mutation($input: LoginInput!, $publication: ID!) {
  login(input: $input) { viewer { username } }
  sharePublication(publicationId: $publication) { publication { metrics { totalShares } } }
}"""


async def test_from_a_sign_in_on_the_request_is_the_new_viewers(studio: Studio) -> None:
    """The request comes with one person's token, and signs in as another."""
    keys = {name: (await new_key(studio, name))[0] for name in ("owner", "stranger")}

    down = await studio.ask(
        SHARE, "owner", input={"authenticationKey": keys["stranger"]}, publication=studio.publication
    )
    up = await studio.ask(
        SHARE, "stranger", input={"authenticationKey": keys["owner"]}, publication=studio.publication
    )

    assert down.body["data"] == {
        "login": {"viewer": {"username": "stranger"}},
        "sharePublication": {"publication": {"metrics": None}},
    }
    assert down.errors == [("FORBIDDEN", "sharePublication.publication.metrics")]
    assert up.data == {
        "login": {"viewer": {"username": "owner"}},
        "sharePublication": {"publication": {"metrics": {"totalShares": 2}}},
    }


async def test_after_a_sign_in_that_failed_nothing_is_done_in_the_old_viewers_name(studio: Studio) -> None:
    events = await studio.count("events")

    answer = await studio.ask(
        SHARE, "owner", input={"authenticationKey": "vgk_wrong"}, publication=studio.publication
    )

    assert answer.body["data"] == {"login": None, "sharePublication": None}
    assert answer.errors == [("UNAUTHENTICATED", "login"), ("UNAUTHENTICATED", "sharePublication")]
    assert "x-auth-token" not in answer.headers
    assert await studio.count("events") == events


@pytest.mark.parametrize("failing", ["issueOrganizationToken", "issueWorkspaceToken"])
async def test_after_a_token_that_was_not_issued_nothing_is_done_with_the_wider_one(
    studio: Studio, failing: str
) -> None:
    events = await studio.count("events")
    workspace = f', workspaceId: "{studio.workspaces[0]}"' if failing == "issueWorkspaceToken" else ""

    answer = await studio.ask(
        f"""mutation($organization: ID!, $publication: ID!) {{
          {failing}(organizationId: $organization{workspace}) {{ expiresAt }}
          sharePublication(publicationId: $publication) {{ publication {{ id }} }}
        }}""",
        "stranger",
        organization=studio.organization,
        publication=studio.publication,
    )

    assert answer.body["data"] == {failing: None, "sharePublication": None}
    assert answer.errors == [("NOT_FOUND", failing), ("UNAUTHENTICATED", "sharePublication")]
    assert await studio.count("events") == events


async def test_a_stale_token_still_signs_in_and_reads_what_is_public(dora: Studio) -> None:
    stale = {"authorization": f"Bearer {dora.token('dora')}"}
    dora.clock.advance(hours=1)
    password = {"email": "dora@example.com", "password": PASSWORD}

    signed_in = await dora.send({"query": LOGIN, "variables": {"input": {"password": password}}}, stale)
    public = await dora.send({"query": '{ publication(url: "ai-research-studio") { name } }'}, stale)

    assert signed_in.data["login"]["viewer"] == {"username": "dora"}
    assert signed_in.data["login"]["expiresAt"] == "2023-06-15T14:00:00Z"
    fresh = await who(dora, authorization=signed_in.headers["x-auth-token"])
    assert fresh.data == {"viewer": {"username": "dora"}}
    assert public.data == {"publication": {"name": "Ai Research Studio"}}


async def test_whoever_shows_a_stale_token_is_told_where_it_matters(dora: Studio) -> None:
    stale = {"authorization": f"Bearer {dora.token('dora')}"}
    dora.clock.advance(hours=1)
    likes = await dora.count("likes")

    for operation, path in {
        "{ viewer { username } }": "viewer",
        "{ organizations { totalCount } }": "organizations",
        f'{{ organization(id: "{dora.organization}") {{ name }} }}': "organization",
        f'{{ workspace(id: "{dora.workspaces[0]}") {{ name }} }}': "workspace",
        '{ publication(url: "ai-research-studio") { metrics { totalViews } } }': "publication.metrics",
        f'mutation {{ likePublication(publicationId: "{dora.publication}") {{ publication {{ id }} }} }}': (
            "likePublication"
        ),
    }.items():
        answer = await dora.send({"query": operation}, stale)
        assert answer.errors == [("UNAUTHENTICATED", path)], path
        assert message(answer) == "The access token has expired. Sign in again.", path
    assert await dora.count("likes") == likes


async def test_nobody_known_is_no_error_where_nothing_was_shown(studio: Studio) -> None:
    answer = await studio.ask(WHO)

    assert answer.data == NOBODY
