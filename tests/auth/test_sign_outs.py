"""How a sign-in goes on, and how it ends: in the process that is asked, and in every other."""

from asyncio import sleep
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from auth.account_services import AccountRules, AccountServices
from auth.sign_ins import end_all
from database import table_of
from models import AuditEntry, AuthenticationKey
from tests.auth.asking import WHO, add_dora, message, new_key, who
from tests.auth.signed import with_accounts
from tests.auth.test_remembered import PATIENCE
from tests.studio import PASSWORD, Answer, Studio
from tests.waiting import overtaken

LOGIN = """mutation($input: LoginInput!, $stay: Boolean!) {
  login(input: $input, staySignedIn: $stay) { accessToken refreshToken }
}"""
REFRESH = """mutation($token: String!) {
  refreshAccessToken(refreshToken: $token) { accessToken refreshToken expiresAt viewer { username } }
}"""
SIGN_OUT = "mutation { signOut { user { username } } }"
EVERYWHERE = "mutation($keys: Boolean!) { signOutEverywhere(revokeKeys: $keys) { user { username } } }"
CHANGE = """mutation($current: String!, $new: String!) {
  changePassword(input: {currentPassword: $current, newPassword: $new}) {
    accessToken refreshToken viewer { username } } }"""
COMMON = {"code": "BAD_USER_INPUT", "reason": "COMMON_PASSWORD"}
DORA = {"viewer": {"username": "dora"}}
ENDED = "The access token has ended: its user has signed out, or has another password. Sign in again."


async def signed_in(studio: Studio, *, stay: bool = True) -> dict[str, str]:
    input = {"password": {"email": "dora@example.com", "password": PASSWORD}}
    answer = await studio.ask(LOGIN, input=input, stay=stay)
    signed_in: dict[str, str] = answer.data["login"]
    return signed_in


async def refresh(studio: Studio, token: str) -> Answer:
    return await studio.ask(REFRESH, token=token)


async def as_bearer(studio: Studio, token: str, query: str, **variables: object) -> Answer:
    return await studio.send({"query": query, "variables": variables}, {"authorization": f"Bearer {token}"})


async def until_refused(ask: Callable[[], Awaitable[Answer]]) -> str:
    """Why, as soon as it is."""
    for _ in range(PATIENCE):
        answer = await ask()
        if "errors" in answer.body:
            return message(answer)
        await sleep(0.01)
    raise TimeoutError


async def test_a_sign_in_goes_on_by_refresh_tokens_each_good_for_once(studio: Studio) -> None:
    await add_dora(studio)
    first = await signed_in(studio)
    assert (await signed_in(studio, stay=False))["refreshToken"] is None
    studio.clock.advance(days=29)

    second = await refresh(studio, first["refreshToken"])
    told = second.data["refreshAccessToken"]

    assert (told["viewer"], told["expiresAt"]) == ({"username": "dora"}, "2023-07-14T13:00:00Z")
    assert second.headers["x-auth-token"] == f"Bearer {told['accessToken']}"
    assert (await who(studio, authorization=f"Bearer {told['accessToken']}")).data == DORA
    studio.clock.advance(days=30)
    late = await refresh(studio, told["refreshToken"])
    assert late.errors == [("UNAUTHENTICATED", "refreshAccessToken")]
    # Only hashes are stored.
    async with studio.services.database.engine.connect() as connection:
        stored = str((await connection.exec_driver_sql("SELECT * FROM sign_ins")).all())
        await connection.rollback()
    assert first["refreshToken"][4:20] not in stored


@pytest.mark.parametrize(("longest", "refreshes"), [(timedelta(days=3), 3), (timedelta(0), 5)])
async def test_a_sign_in_ends_however_often_it_is_used(
    studio: Studio, longest: timedelta, refreshes: int
) -> None:
    await add_dora(studio)
    accounts = AccountServices(AccountRules(refresh_lifetime=timedelta(days=1), longest_sign_in=longest))
    async with with_accounts(studio, accounts) as here:
        token, done = (await signed_in(here))["refreshToken"], 0
        for _ in range(5):
            studio.clock.advance(hours=23)
            answer = await refresh(here, token)
            if answer.errors:
                assert answer.code == "UNAUTHENTICATED"
                break
            token, done = answer.data["refreshAccessToken"]["refreshToken"], done + 1

    assert done == refreshes


async def test_a_refresh_token_that_comes_again_ends_its_sign_in(studio: Studio) -> None:
    await add_dora(studio)
    first, other = await signed_in(studio), await signed_in(studio)
    second = (await refresh(studio, first["refreshToken"])).data["refreshAccessToken"]

    again = await refresh(studio, first["refreshToken"])

    assert again.errors == [("UNAUTHENTICATED", "refreshAccessToken")]
    assert message(again).startswith("This refresh token was used before.")
    for token in (first["refreshToken"], second["refreshToken"]):
        assert (await refresh(studio, token)).code == "UNAUTHENTICATED"
    for token in (first["accessToken"], second["accessToken"]):
        assert message(await who(studio, authorization=f"Bearer {token}")) == ENDED
    # Another sign-in of the same user goes on.
    assert (await who(studio, authorization=f"Bearer {other['accessToken']}")).data == DORA
    assert (await refresh(studio, other["refreshToken"])).data


async def test_a_sign_in_that_is_overtaken_by_the_end_of_all_does_not_go_on(studio: Studio) -> None:
    await add_dora(studio)
    await signed_in(studio)
    user_id, input = studio.people["dora"].row.id, {"email": "dora@example.com", "password": PASSWORD}

    late = await overtaken(
        studio,
        lambda: studio.ask(LOGIN, input={"password": input}, stay=True),
        lambda session: end_all(session, user_id, studio.clock.now),
    )

    assert late.errors == [("UNAUTHENTICATED", "login")]
    assert "x-auth-token" not in late.headers
    assert await studio.count("sign_ins") == 0
    assert (await signed_in(studio))["refreshToken"]


@pytest.mark.parametrize("token", ["", "vgr_", "vgr_AAAA", "vgr_" + "A" * 64, "none", "vgr_\u00e9", "\x00"])
@pytest.mark.parametrize("engine", ["sqlite"])
async def test_what_is_no_refresh_token_gives_none(studio: Studio, token: str) -> None:
    answer = await refresh(studio, token)

    assert answer.errors == [("UNAUTHENTICATED", "refreshAccessToken")]


async def test_signing_out_ends_one_sign_in_in_every_process(here: Studio, changing: Studio) -> None:
    await add_dora(here)
    mine, other = await signed_in(here), await signed_in(here)
    issued = """mutation { createOrganization(input: {name: "Dora's"}) { organization { id } } }"""
    made = await as_bearer(here, mine["accessToken"], issued)
    narrow = await as_bearer(
        here,
        mine["accessToken"],
        "mutation($id: ID!) { issueOrganizationToken(organizationId: $id) { accessToken } }",
        id=made.data["createOrganization"]["organization"]["id"],
    )
    narrower = narrow.data["issueOrganizationToken"]["accessToken"]
    for token in (mine["accessToken"], narrower):
        assert (await who(here, authorization=f"Bearer {token}")).data == DORA

    done = await as_bearer(changing, narrower, SIGN_OUT)

    assert done.data == {"signOut": {"user": {"username": "dora"}}}
    for token in (mine["accessToken"], narrower):
        assert await until_refused(lambda: who(here, authorization=f"Bearer {token}")) == ENDED  # noqa: B023
    assert (await refresh(here, mine["refreshToken"])).code == "UNAUTHENTICATED"
    assert (await who(here, authorization=f"Bearer {other['accessToken']}")).data == DORA


@pytest.mark.parametrize("with_keys", [False, True])
async def test_signing_out_everywhere_ends_all_tokens(
    here: Studio,
    changing: Studio,
    with_keys: bool,
) -> None:
    await add_dora(here)
    secret, _ = await new_key(here, "dora")
    mine, other = await signed_in(here), await signed_in(here)
    assert (await who(here, authorization=f"Bearer {other['accessToken']}")).data == DORA
    assert (await who(here, authorization=f"Token {secret}")).data == DORA

    done = await as_bearer(changing, mine["accessToken"], EVERYWHERE, keys=with_keys)

    assert done.data == {"signOutEverywhere": {"user": {"username": "dora"}}}
    for token in (mine["accessToken"], other["accessToken"]):
        assert await until_refused(lambda: who(here, authorization=f"Bearer {token}")) == ENDED  # noqa: B023
    for token in (mine["refreshToken"], other["refreshToken"]):
        assert (await refresh(here, token)).code == "UNAUTHENTICATED"
    if with_keys:
        assert await until_refused(lambda: who(here, authorization=f"Token {secret}"))
    else:
        assert (await who(here, authorization=f"Token {secret}")).data == DORA
    assert (await who(here, authorization=f"Bearer {(await signed_in(here))['accessToken']}")).data == DORA


async def test_each_key_that_ends_with_all_sign_ins_is_in_the_audit_trail(studio: Studio) -> None:
    await add_dora(studio)
    keys = [(await new_key(studio, "dora"))[1] for _ in range(3)]
    revoke = "mutation($id: ID!) { revokeAuthenticationKey(id: $id) { id } }"
    assert (await studio.ask(revoke, "dora", id=keys[0])).data
    before = studio.clock.now
    studio.clock.advance(minutes=1)

    assert (await studio.ask(EVERYWHERE, "dora", keys=True)).data

    entries, kept = table_of(AuditEntry).c, table_of(AuthenticationKey).c
    async with studio.services.database.snapshot() as connection:
        revoked = select(entries.object, entries.created_at).where(entries.act == "KEY_REVOKED")
        told = {tuple(row) for row in await connection.execute(revoked)}
        ended = list(await connection.scalars(select(kept.revoked_at).order_by(kept.id)))
    assert told == {(keys[0], before), (keys[1], studio.clock.now), (keys[2], studio.clock.now)}
    assert ended == [before, studio.clock.now, studio.clock.now]


async def test_after_signing_out_the_rest_of_an_operation_is_nobodys(studio: Studio) -> None:
    await add_dora(studio)
    token = (await signed_in(studio))["accessToken"]
    query = 'mutation { signOut { user { username } } updateViewer(input: {name: "D"}) { user { name } } }'

    answer = await as_bearer(studio, token, query)

    assert answer.body["data"] == {"signOut": {"user": {"username": "dora"}}, "updateViewer": None}
    assert answer.errors == [("UNAUTHENTICATED", "updateViewer")]


async def test_a_key_is_revoked_rather_than_signed_out(studio: Studio) -> None:
    secret, _ = await new_key(studio)

    answer = await studio.send({"query": SIGN_OUT}, {"authorization": f"Token {secret}"})

    assert answer.errors == [("FORBIDDEN", "signOut")]
    assert "revokeAuthenticationKey" in message(answer)


async def test_a_key_gives_no_refresh_token_that_would_outlive_it(studio: Studio) -> None:
    secret, _ = await new_key(studio)

    answer = await studio.ask(LOGIN, input={"authenticationKey": secret}, stay=True)

    assert answer.extensions == {
        "code": "BAD_USER_INPUT",
        "argument": "staySignedIn",
        "reason": "NO_REFRESH_TOKENS",
    }
    assert "x-auth-token" not in answer.headers
    assert await studio.count("sign_ins") == 0
    assert (await studio.ask(LOGIN, input={"authenticationKey": secret}, stay=False)).data


async def test_a_new_password_ends_what_the_old_one_opened(here: Studio, changing: Studio) -> None:
    await add_dora(here)
    mine, other = await signed_in(here), await signed_in(here)
    assert (await who(here, authorization=f"Bearer {other['accessToken']}")).data == DORA
    new = "another password of the tests"

    done = await as_bearer(changing, mine["accessToken"], CHANGE, current=PASSWORD, new=new)

    told = done.data["changePassword"]
    assert (told["viewer"], told["refreshToken"]) == ({"username": "dora"}, None)
    for token in (other["accessToken"], mine["accessToken"]):
        assert await until_refused(lambda: who(here, authorization=f"Bearer {token}")) == ENDED  # noqa: B023
    assert (await refresh(here, other["refreshToken"])).code == "UNAUTHENTICATED"
    assert (await who(here, authorization=f"Bearer {told['accessToken']}")).data == DORA
    for password, is_right in ((PASSWORD, False), (new, True)):
        input = {"password": {"email": "dora@example.com", "password": password}}
        answer = await here.ask(LOGIN, input=input, stay=False)
        assert ("errors" not in answer.body) == is_right


@pytest.mark.parametrize(
    ("current", "new", "extensions"),
    [
        (
            "wrong",
            "another password of the tests",
            {"code": "BAD_USER_INPUT", "argument": "currentPassword", "reason": "WRONG_PASSWORD"},
        ),
        (PASSWORD, "7 chars", {"code": "BAD_USER_INPUT", "argument": "newPassword", "reason": "TOO_SHORT"}),
        (PASSWORD, "é" * 257, {"code": "BAD_USER_INPUT", "argument": "newPassword", "reason": "TOO_LONG"}),
        *(
            (
                PASSWORD,
                new,
                {**COMMON, "argument": "newPassword"},
            )
            for new in ("password1", "qwertyuiop", "dora@example.com", "Example2024", "aaaaaaaaaaaa")
        ),
    ],
)
@pytest.mark.parametrize("engine", ["sqlite"])
async def test_a_password_that_may_not_be_chosen_changes_nothing(
    studio: Studio, current: str, new: str, extensions: dict[str, str]
) -> None:
    await add_dora(studio)
    token = (await signed_in(studio))["accessToken"]

    answer = await as_bearer(studio, token, CHANGE, current=current, new=new)

    assert answer.extensions == extensions
    assert new not in str(answer.body)
    assert (await who(studio, authorization=f"Bearer {token}")).data == DORA
    assert (await signed_in(studio))["accessToken"]


async def test_guessing_the_password_by_somebody_elses_token_is_limited(studio: Studio) -> None:
    await add_dora(studio)
    token = (await signed_in(studio))["accessToken"]
    codes = [
        (await as_bearer(studio, token, CHANGE, current="wrong", new="another password of the tests")).code
        for _ in range(6)
    ]

    assert codes == ["BAD_USER_INPUT"] * 5 + ["THROTTLED"]


async def test_a_stream_ends_with_its_sign_in(studio: Studio) -> None:
    """A ticket comes from the sign-in of the token that asked for it."""
    await add_dora(studio)
    token = (await signed_in(studio))["accessToken"]
    issued = await as_bearer(studio, token, "mutation { issueStreamTicket { ticket } }")
    services, now = studio.services, studio.clock.now
    of_stream = services.signer.token_for_ticket(issued.data["issueStreamTicket"]["ticket"], now)
    assert (await as_bearer(studio, of_stream, WHO)).data == DORA

    await as_bearer(studio, token, SIGN_OUT)

    assert message(await as_bearer(studio, of_stream, WHO)) == ENDED
    assert services.signer.lifetime == timedelta(hours=1)
