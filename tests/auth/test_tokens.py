"""Access tokens: where they are sent, and which are refused."""

import json
from base64 import urlsafe_b64encode
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4
from warnings import catch_warnings

import jwt
import pytest
from hypothesis import given, settings
from hypothesis.strategies import (
    binary,
    booleans,
    dictionaries,
    floats,
    integers,
    lists,
    none,
    recursive,
    sampled_from,
    text,
)

from auth.tokens import Claims, Signer
from base.errors import Unauthenticated
from tests.auth.asking import message, reached_from, who
from tests.studio import SECRET, START, Studio

HOUR = timedelta(hours=1)
OWNER = {"viewer": {"username": "owner"}}
NOT_VALID = "The access token is not valid."
EXPIRED = "The access token has expired. Sign in again."
GONE = "The access token is for somebody or something that is gone."
SEND = "Send `Authorization: Bearer <token>` or `Authorization: Token <key>`."


async def test_a_token_is_taken_from_these_headers(studio: Studio) -> None:
    token = studio.token("owner")
    for headers in (
        {"authorization": f"Bearer {token}"},
        {"authorization": f"bearer {token}"},
        {"authorization": f" Bearer  {token} "},
        {"x-auth-token": f"Bearer {token}"},
        {"x-auth-token": token},
        {"authorization": "", "x-auth-token": token},
    ):
        answer = await studio.send({"query": "{ viewer { username } }"}, headers)
        assert answer.data == OWNER, headers


async def test_authorization_goes_before_x_auth_token(studio: Studio) -> None:
    owner, stranger = studio.token("owner"), studio.token("stranger")

    both = await who(studio, authorization=f"Bearer {owner}", x_auth_token=f"Bearer {stranger}")
    first_is_bad = await who(studio, authorization="Bearer nonsense", x_auth_token=f"Bearer {stranger}")

    assert both.data == OWNER
    assert first_is_bad.code == "UNAUTHENTICATED"


async def test_a_token_is_good_until_the_instant_at_which_it_expires(studio: Studio) -> None:
    token = studio.token("owner")

    studio.clock.advance(hours=1, microseconds=-1)
    assert (await who(studio, authorization=f"Bearer {token}")).data == OWNER
    studio.clock.advance(microseconds=1)
    answer = await who(studio, authorization=f"Bearer {token}")

    assert answer.body["data"] == {"viewer": None}
    assert answer.errors == [("UNAUTHENTICATED", "viewer")]
    assert message(answer) == EXPIRED


async def test_a_token_tells_nothing_but_public_ids_and_its_own_times(studio: Studio) -> None:
    payload = jwt.decode(studio.token("owner"), options={"verify_signature": False})

    assert payload.pop("jti") != jwt.decode(studio.token("owner"), options={"verify_signature": False})["jti"]
    assert len(UUID(payload.pop("sid")).hex) == 32
    assert payload == {
        "gen": 0,
        "iss": "viewgraph",
        "aud": "viewgraph",
        "sub": studio.people["owner"].row.public_id.hex,
        "iat": int(START.timestamp()),
        "exp": int((START + HOUR).timestamp()),
    }


def _payload(studio: Studio, **changed: Any) -> dict[str, Any]:
    payload = {
        "iss": "viewgraph",
        "aud": "viewgraph",
        "sub": studio.people["owner"].row.public_id.hex,
        "iat": START,
        "exp": START + HOUR,
        **changed,
    }
    return {name: value for name, value in payload.items() if value is not None}


def _signed(studio: Studio, *, secret: str = SECRET, **changed: Any) -> str:
    """As the program signs, but for what is changed."""
    kid = jwt.get_unverified_header(studio.token("owner"))["kid"]
    return jwt.encode(_payload(studio, **changed), secret, "HS256", headers={"kid": kid})


def _by_another_algorithm(studio: Studio) -> str:
    """With our secret."""
    kid = jwt.get_unverified_header(studio.token("owner"))["kid"]
    with catch_warnings(action="ignore"):  # The secret is a byte shorter than that algorithm likes.
        return jwt.encode(_payload(studio), SECRET, "HS384", headers={"kid": kid})


def _unsigned(studio: Studio, header: object, payload: object = None) -> str:
    """With the signature of a good token."""
    good = studio.token("owner").split(".")
    return ".".join([_part(header), good[1] if payload is None else _part(payload), good[2]])


def _part(value: object) -> str:
    return _encoded(json.dumps(value).encode())


def _encoded(text: bytes) -> str:
    return urlsafe_b64encode(text).decode().rstrip("=")


async def test_the_tokens_that_these_tests_forge_would_be_good_if_they_were_not_changed(
    studio: Studio,
) -> None:
    assert (await who(studio, authorization=f"Bearer {_signed(studio)}")).data == OWNER


async def test_a_forged_token_is_nobodys(studio: Studio) -> None:
    header = jwt.get_unverified_header(studio.token("owner"))
    claims = jwt.decode(studio.token("owner"), options={"verify_signature": False})
    stranger = studio.people["stranger"].row.public_id.hex
    for kind, token in {
        "signed with another secret": _signed(studio, secret="another secret, of somebody else's"),
        "signed with the name of the key": _signed(studio, secret=header["kid"].ljust(32, "=")),
        "not signed": jwt.encode(_payload(studio), "", "none", headers={"kid": header["kid"]}),
        "not signed, in capitals": _unsigned(studio, header | {"alg": "NONE"}),
        "without its signature": studio.token("owner").rpartition(".")[0] + ".",
        "by another algorithm": _by_another_algorithm(studio),
        "that names another algorithm": _unsigned(studio, header | {"alg": "RS256"}),
        "for another user": _unsigned(studio, header, claims | {"sub": stranger}),
        "for longer": _unsigned(studio, header, claims | {"exp": claims["exp"] + 1}),
        "without a key's name": _unsigned(studio, {"alg": "HS256", "typ": "JWT"}),
        "of a key that never was": _unsigned(studio, header | {"kid": "0" * 12}),
        "of a key that is no name": _unsigned(studio, header | {"kid": ["0"]}),
        "with a key of its own": _unsigned(
            studio, header | {"jwk": {"kty": "oct", "k": _encoded(b"k" * 32)}}
        )[:-1],
        "with a payload apart": _unsigned(studio, header | {"b64": False, "crit": ["b64"]}),
    }.items():
        answer = await who(studio, authorization=f"Bearer {token}")
        assert answer.errors == [("UNAUTHENTICATED", "viewer")], kind
        assert message(answer) == NOT_VALID, kind


async def test_a_well_signed_token_that_says_the_wrong_things_is_nobodys(studio: Studio) -> None:
    """Such as one that another program of the house signed with the same secret."""
    tokens: dict[str, tuple[dict[str, Any], str]] = {
        "of another issuer": ({"iss": "another"}, NOT_VALID),
        "of no issuer": ({"iss": None}, NOT_VALID),
        "for another audience": ({"aud": "another"}, NOT_VALID),
        "for no audience": ({"aud": None}, NOT_VALID),
        "that never expires": ({"exp": None}, NOT_VALID),
        "of no time": ({"iat": None}, NOT_VALID),
        "of nobody": ({"sub": None}, NOT_VALID),
        "of somebody by another name": ({"sub": "owner"}, NOT_VALID),
        "of somebody by the number inside": ({"sub": str(studio.people["owner"].row.id)}, NOT_VALID),
        "with an expiry that is no time": ({"exp": "tomorrow"}, NOT_VALID),
        "with an organization that is no id": ({"org": "Works"}, NOT_VALID),
        "with an organization that is a number": ({"org": 1}, NOT_VALID),
        "with a workspace that is a list": ({"wsp": [1]}, NOT_VALID),
        "of a user who is gone": ({"sub": uuid4().hex}, GONE),
        "for an organization that is gone": ({"org": uuid4().hex}, GONE),
        "for a workspace that is gone": ({"wsp": uuid4().hex}, GONE),
        "that has expired": ({"exp": START}, EXPIRED),
    }
    for kind, (changed, why) in tokens.items():
        answer = await who(studio, authorization=f"Bearer {_signed(studio, **changed)}")
        assert answer.errors == [("UNAUTHENTICATED", "viewer")], kind
        assert message(answer) == why, kind


async def test_garbage_in_a_header_is_refused_and_never_a_failure(
    studio: Studio, caplog: pytest.LogCaptureFixture
) -> None:
    good = studio.token("owner")
    deep = _encoded(b'{"alg":"HS256","kid":' + b"[" * 20_000)
    garbage: list[str | bytes] = [
        " ", ".", "..", "...", "Bearer", "Bearer ", "Bearer .", "Bearer ..", "Token", "Token ", "Basic",
        "Basic b3duZXI6cGFzc3dvcmQ=", "Bearer null", "Bearer undefined", f"Bearer Bearer {good}",
        f"Bearer {good} {good}", f"Bearer,{good}", f"Bearer\t{good}", f"Bearer {good}.", f"Bearer .{good}",
        f"Bearer {good[:50]}", f'Bearer "{good}"', f"Basic {good}", f"Token {good}", "Bearer " + "A" * 60_000,
        f"Bearer {deep}.e30.AAAA", f"Bearer {_part([])}.e30.AAAA", f"Bearer {_part(None)}.e30.AAAA",
        f"Bearer {_part({'kid': None})}.e30.AAAA", f"Bearer {_encoded(bytes(range(256)))}.e30.AAAA",
        f"Bearer {_encoded(b'1' * 5_000)}.e30.AAAA", b"Bearer \xff\xfe", b"Token \xff\xfe",
        b"\xff\xfe", "Bearer ☃".encode(), b"Bearer \x80.\x80.\x80", "Token " + "x" * 60_000,
    ]  # fmt: skip
    values = [value if isinstance(value, bytes) else value.encode() for value in garbage]
    for name in (b"authorization", b"x-auth-token"):
        for value in values:
            response = await studio.client.post(
                "/graphql",
                json={"query": "{ viewer { username } limits { maxNodes } }"},
                headers=[(name, value)],
            )
            answer = response.json()
            assert response.status_code == 200, value[:50]
            assert answer["data"] == {"viewer": None, "limits": {"maxNodes": 100}}, value[:50]
            (error,) = answer["errors"]
            assert error["extensions"]["code"] == "UNAUTHENTICATED", value[:50]
            assert error["message"] in (NOT_VALID, SEND, "The authentication key is not valid."), value[:50]
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


JSON = recursive(
    none() | booleans() | integers() | floats() | text(),
    lambda inner: lists(inner) | dictionaries(text(), inner),
    max_leaves=5,
)
FEW = settings(max_examples=30)
SIGNER = Signer([SECRET], lifetime=HOUR, issuer="viewgraph", audience="viewgraph")
HEADER = jwt.get_unverified_header(SIGNER.issue(Claims(uuid4()), START).text)


@FEW
@given(text() | binary().map(_encoded))
def test_no_text_that_comes_by_chance_is_a_token(given: str) -> None:
    with pytest.raises(Unauthenticated):
        SIGNER.read(given, START)


@FEW
@given(dictionaries(sampled_from(["alg", "kid", "typ", "crit", "b64", "jwk", "x5c"]), JSON), JSON, binary())
def test_no_header_makes_a_token_of_what_was_not_signed(
    header: dict[str, object], payload: object, signature: bytes
) -> None:
    for known in ({}, HEADER):
        forged = f"{_part(known | header)}.{_part(payload)}.{_encoded(signature)}"
        with pytest.raises(Unauthenticated):
            SIGNER.read(forged, START)


@FEW
@given(dictionaries(sampled_from(["iss", "aud", "sub", "iat", "exp", "org", "wsp", "nbf", "jti"]), JSON))
def test_whatever_a_signed_payload_says_it_is_read_or_refused(claims: dict[str, object]) -> None:
    good = jwt.decode(SIGNER.issue(Claims(uuid4()), START).text, options={"verify_signature": False})
    signed = jwt.PyJWS().encode(json.dumps(good | claims).encode(), SECRET, "HS256", headers=HEADER)
    with suppress(Unauthenticated):
        assert SIGNER.read(signed, START).user == UUID(good["sub"])


async def test_a_token_outlives_the_secret_it_was_signed_with_while_that_is_named(studio: Studio) -> None:
    old, new, foreign = (f"the {name} secret of the tests, long enough" for name in ("old", "new", "foreign"))
    before, between, after = (
        _with_secrets(studio, old),
        _with_secrets(studio, new, old),
        _with_secrets(studio, new),
    )
    signed_with_old, signed_with_new = before.token("owner"), between.token("owner")
    signed_with_foreign = _with_secrets(studio, foreign).token("owner")

    seen = {
        name: [
            (await who(asked, authorization=f"Bearer {token}")).body["data"]["viewer"] is not None
            for token in (signed_with_old, signed_with_new, signed_with_foreign)
        ]
        for name, asked in {"before": before, "between": between, "after": after}.items()
    }

    assert seen == {
        "before": [True, False, False],
        "between": [True, True, False],
        "after": [False, True, False],
    }
    for asked in (before, between, after):
        await asked.client.aclose()


def _with_secrets(studio: Studio, *secrets: str) -> Studio:
    """The program, started anew with other secrets."""
    signer = Signer(secrets, lifetime=HOUR, issuer="viewgraph", audience="viewgraph")
    return reached_from(studio, "127.0.0.1", replace(studio.services, signer=signer))


def test_a_secret_that_could_be_guessed_is_not_taken() -> None:
    for secrets in ([], ["short"], ["a" * 31], ["a" * 32, "short"], ["a" * 32, ""]):
        with pytest.raises(ValueError, match="at least 32 characters"):
            Signer(secrets, lifetime=HOUR, issuer="viewgraph", audience="viewgraph")


def test_an_expiry_is_told_to_the_second_in_which_it_falls() -> None:
    signer = Signer([SECRET], lifetime=HOUR, issuer="viewgraph", audience="viewgraph")

    token = signer.issue(Claims(uuid4()), datetime(2023, 6, 15, 12, 0, 0, 999_999, UTC))

    assert token.expires_at == datetime(2023, 6, 15, 13, 0, 0, 0, UTC)
