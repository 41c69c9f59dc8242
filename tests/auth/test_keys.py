"""Authentication keys: how programs sign in."""

import logging
from hashlib import sha256
from typing import Any

import pytest
from sqlmodel import SQLModel

from base.ids import Kind, global_id
from tests.auth.asking import login_by_key, message, new_key, told, who
from tests.studio import Answer, Studio

CREATE = """mutation($input: CreateAuthenticationKeyInput!) { createAuthenticationKey(input: $input) {
  secret authenticationKey { id name expiresAt }
} }"""
REVOKE = "mutation($id: ID!) { revokeAuthenticationKey(id: $id) { id } }"
NOT_VALID = "The authentication key is not valid."
EXPIRED = "The authentication key has expired."


async def _rows(studio: Studio, table: str) -> list[dict[str, Any]]:
    async with studio.services.database.engine.connect() as connection:
        found = await connection.exec_driver_sql(f"SELECT * FROM {table} ORDER BY 1")  # noqa: S608
        rows = [dict(row) for row in found.mappings()]
        await connection.rollback()
    return rows


async def test_a_key_is_made_and_shown_once(studio: Studio) -> None:
    answer = await studio.ask(CREATE, "owner", input={"name": " Build server ", "days": 30})

    created = answer.data["createAuthenticationKey"]
    key = created["authenticationKey"]
    assert created["secret"].startswith("vgk_")
    assert len(created["secret"]) == len("vgk_") + 43
    assert key["id"].startswith("key_")
    assert key | {"id": ""} == {"id": "", "name": "Build server", "expiresAt": "2023-07-15T12:00:00Z"}
    assert await studio.count("authentication_keys") == 1


async def test_every_key_is_another(studio: Studio) -> None:
    keys = [await new_key(studio) for _ in range(5)]

    assert len({secret for secret, _ in keys}) == len({id for _, id in keys}) == 5


async def test_a_key_signs_in_by_login_and_by_header(studio: Studio) -> None:
    secret, _ = await new_key(studio, "cocreator")

    signed_in = await login_by_key(studio, secret)
    token = signed_in.data["login"]["accessToken"]

    assert signed_in.data["login"]["viewer"] == {"username": "cocreator"}
    assert signed_in.data["login"]["expiresAt"] == "2023-06-15T13:00:00Z"
    assert signed_in.headers["x-auth-token"] == f"Bearer {token}"
    cocreator = {"viewer": {"username": "cocreator"}}
    assert (await who(studio, authorization=f"Bearer {token}")).data == cocreator
    assert (await who(studio, authorization=f"Token {secret}")).data == cocreator
    assert (await who(studio, authorization=f"token {secret}")).data == cocreator
    assert (await who(studio, x_auth_token=f"Token {secret}")).data == cocreator


async def test_a_key_is_stored_as_its_digest_and_nowhere_else(
    studio: Studio, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, "sqlalchemy")
    secret, id = await new_key(studio)
    assert (await login_by_key(studio, secret)).data
    assert (await who(studio, authorization=f"Token {secret}")).data
    assert (await studio.ask(REVOKE, "owner", id=id)).data
    assert (await login_by_key(studio, secret)).code == "UNAUTHENTICATED"

    (row,) = await _rows(studio, "authentication_keys")
    assert bytes(row["digest"]) == sha256(secret.encode()).digest()
    assert "digest" in caplog.text  # What goes to the database is in the log at this level.
    random = secret.removeprefix("vgk_")
    assert random not in caplog.text
    for table in SQLModel.metadata.tables:
        for stored in await _rows(studio, table):
            for column, value in stored.items():
                text = bytes(value).decode("latin-1") if isinstance(value, bytes | memoryview) else str(value)
                assert random not in text, (table, column)


async def test_what_is_no_key_signs_nobody_in(studio: Studio) -> None:
    secret, id = await new_key(studio)
    digest = sha256(secret.encode())
    guesses = [
        "",
        "vgk_",
        secret[:-1],
        secret + "A",
        secret.swapcase(),
        secret.removeprefix("vgk_"),
        id,
        digest.hexdigest(),
        digest.digest().decode("latin-1"),
        "ü\x00",
        "x" * 100_000,
    ]
    wrong = await login_by_key(studio, "vgk_wrong")

    assert wrong.body["data"] == {"login": None}
    assert wrong.errors == [("UNAUTHENTICATED", "login")]
    assert message(wrong) == NOT_VALID
    for guess in guesses:
        assert told(await login_by_key(studio, guess)) == told(wrong), guess[:50]


async def test_blanks_around_a_key_are_none_of_it(studio: Studio) -> None:
    secret, _ = await new_key(studio)

    assert (await login_by_key(studio, f" {secret}")).code == "UNAUTHENTICATED"
    assert (await who(studio, authorization=f"  Token   {secret} ")).data == {"viewer": {"username": "owner"}}


async def test_a_key_is_good_until_the_instant_at_which_it_expires(studio: Studio) -> None:
    for days in (1, 730):
        secret, _ = await new_key(studio, days=days)

        studio.clock.advance(days=days, microseconds=-1)
        assert (await login_by_key(studio, secret)).data["login"]["viewer"] == {"username": "owner"}
        assert (await who(studio, authorization=f"Token {secret}")).data == {"viewer": {"username": "owner"}}
        studio.clock.advance(microseconds=1)
        _assert_refused(await login_by_key(studio, secret), "login", EXPIRED)
        _assert_refused(await who(studio, authorization=f"Token {secret}"), "viewer", EXPIRED)


def _assert_refused(answer: Answer, path: str, why: str) -> None:
    assert answer.errors == [("UNAUTHENTICATED", path)]
    assert message(answer) == why
    assert "x-auth-token" not in answer.headers


async def test_a_key_is_good_for_90_days_unless_told_otherwise(studio: Studio) -> None:
    answer = await studio.ask(CREATE, "owner", input={"name": "CI"})

    key = answer.data["createAuthenticationKey"]["authenticationKey"]
    assert key["expiresAt"] == "2023-09-13T12:00:00Z"


async def test_a_key_is_good_for_1_to_730_days(studio: Studio) -> None:
    refused = {"code": "BAD_USER_INPUT", "argument": "days", "reason": "INVALID_LIFETIME"}
    for days in (0, -1, 731, 2**31 - 1):
        answer = await studio.ask(CREATE, "owner", input={"name": "CI", "days": days})
        assert answer.body["data"] == {"createAuthenticationKey": None}, days
        assert answer.extensions == refused, days
    assert await studio.count("authentication_keys") == 0


async def test_a_key_has_a_name(studio: Studio) -> None:
    for name, reason in {"": "EMPTY", " \n": "EMPTY", "a\x00b": "EMPTY", "n" * 101: "TOO_LONG"}.items():
        answer = await studio.ask(CREATE, "owner", input={"name": name})
        assert answer.extensions == {"code": "BAD_USER_INPUT", "argument": "name", "reason": reason}, name
    assert await studio.count("authentication_keys") == 0


async def test_nobody_known_makes_and_revokes_no_key(studio: Studio) -> None:
    secret, id = await new_key(studio)

    created = await studio.ask(CREATE, input={"name": "CI"})
    revoked = await studio.ask(REVOKE, id=id)

    assert created.errors == [("UNAUTHENTICATED", "createAuthenticationKey")]
    assert revoked.errors == [("UNAUTHENTICATED", "revokeAuthenticationKey")]
    (row,) = await _rows(studio, "authentication_keys")
    assert row["revoked_at"] is None
    assert (await login_by_key(studio, secret)).data


async def test_a_revoked_key_is_refused_at_once(studio: Studio) -> None:
    secret, id = await new_key(studio)
    other, _ = await new_key(studio)

    revoked = await studio.ask(REVOKE, "owner", id=id)

    assert revoked.data == {"revokeAuthenticationKey": {"id": id}}
    _assert_refused(await login_by_key(studio, secret), "login", NOT_VALID)
    _assert_refused(await who(studio, authorization=f"Token {secret}"), "viewer", NOT_VALID)
    assert (await who(studio, authorization=f"Token {other}")).data == {"viewer": {"username": "owner"}}


async def test_a_key_can_revoke_itself(studio: Studio) -> None:
    secret, id = await new_key(studio)
    headers = {"authorization": f"Token {secret}"}

    first, second = [await studio.send({"query": REVOKE, "variables": {"id": id}}, headers) for _ in range(2)]

    assert first.data == {"revokeAuthenticationKey": {"id": id}}
    _assert_refused(second, "revokeAuthenticationKey", NOT_VALID)


async def test_a_key_of_somebody_else_cannot_be_told_from_none_and_stays_as_it_is(studio: Studio) -> None:
    secret, id = await new_key(studio)
    before = await _rows(studio, "authentication_keys")
    never = global_id(Kind.AUTHENTICATION_KEY, studio.people["owner"].row.public_id)

    answer = await studio.ask(REVOKE, "stranger", id=id)

    assert answer.body["data"] == {"revokeAuthenticationKey": None}
    assert answer.errors == [("NOT_FOUND", "revokeAuthenticationKey")]
    for other in (never, "key_", "nonsense", studio.publication):
        assert told(await studio.ask(REVOKE, "stranger", id=other)) == told(answer), other
    assert await _rows(studio, "authentication_keys") == before
    assert (await login_by_key(studio, secret)).data


async def test_a_token_for_less_than_all_neither_makes_nor_revokes_keys(studio: Studio) -> None:
    """Else it would turn into more than it is, for up to 730 days."""
    _, key = await new_key(studio, "member")
    before = await _rows(studio, "authentication_keys")
    issued = await studio.ask(
        """mutation($organization: ID!, $workspace: ID!) {
          organization: issueOrganizationToken(organizationId: $organization) { accessToken }
          workspace: issueWorkspaceToken(organizationId: $organization, workspaceId: $workspace) {
            accessToken
          }
        }""",
        "member",
        organization=studio.organization,
        workspace=studio.workspaces[0],
    )

    for bound_to, payload in issued.data.items():
        headers = {"authorization": f"Bearer {payload['accessToken']}"}
        created = await studio.send({"query": CREATE, "variables": {"input": {"name": "CI"}}}, headers)
        revoked = await studio.send({"query": REVOKE, "variables": {"id": key}}, headers)
        assert created.errors == [("FORBIDDEN", "createAuthenticationKey")], bound_to
        assert revoked.errors == [("FORBIDDEN", "revokeAuthenticationKey")], bound_to
    assert await _rows(studio, "authentication_keys") == before


USES = "{ viewer { authenticationKeys { edges { node { lastUsedAt } } } } }"


async def test_the_last_use_of_a_key_is_kept_to_the_hour_by_one_write(studio: Studio) -> None:
    async def uses() -> list[str | None]:
        listed = (await studio.ask(USES, "owner")).data["viewer"]["authenticationKeys"]["edges"]
        return [edge["node"]["lastUsedAt"] for edge in listed]

    async def written() -> int:
        with studio.statements() as statements:
            await studio.services.key_uses.write()
        return len([text for text in statements if "authentication_keys" in text])

    keys = []
    for _ in range(3):
        keys.append(await new_key(studio))
        studio.clock.advance(minutes=1)
    assert await uses() == [None, None, None]
    for _ in range(4):
        assert (await who(studio, authorization=f"Token {keys[0][0]}")).data
        assert (await login_by_key(studio, keys[1][0])).data
        studio.clock.advance(minutes=10)
    assert (await who(studio, authorization="Token vgk_unknown")).errors
    assert await written() == 1
    assert await uses() == ["2023-06-15T12:00:00Z", "2023-06-15T12:00:00Z", None]

    assert (await who(studio, authorization=f"Token {keys[0][0]}")).data
    assert await written() == 0
    studio.clock.advance(minutes=20)
    await studio.ask(REVOKE, "owner", id=keys[1][1])
    for secret, _ in keys[:2]:
        await who(studio, authorization=f"Token {secret}")
    assert await written() == 1
    assert await uses() == ["2023-06-15T13:00:00Z", "2023-06-15T12:00:00Z", None]
