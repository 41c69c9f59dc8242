"""Tokens of another issuer: which are believed, whom they act as, and what becomes of its keys."""

from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from audit import Actor
from auth.account_links import add_link
from auth.identities import FirstSight, link
from auth.issuer import Identity
from loaders.credentials import account_by_email
from resolvers.passwords import reset_link
from tests.auth.asking import acts, message, who
from tests.auth.signed import SigningSite, trusting, with_accounts
from tests.resolvers.figures import unchanged
from tests.social.sites import Reply
from tests.studio import PASSWORD, Answer, Studio

LINK = """mutation($token: String!, $password: String) {
  linkIdentity(token: $token, password: $password) { subject } }"""
RESET = """mutation($token: String!, $password: String!) {
  resetPassword(input: {token: $token, password: $password}) { user { username } } }"""
UNLINK = 'mutation { unlinkIdentity(subject: "1234") { subject } }'
IDENTITIES = "{ viewer { linkedIdentities { issuer subject linkedAt } } }"
UNLINK_FROM = """mutation($issuer: String, $subject: String!) {
  unlinkIdentity(issuer: $issuer, subject: $subject) { subject } }"""
DELETE = "mutation { deleteAccount(input: {}) { id } }"
OWNER = {"viewer": {"username": "owner"}}


@pytest.fixture
async def site() -> AsyncIterator[SigningSite]:
    async with SigningSite() as site:
        yield site


async def asked(studio: Studio, token: str) -> Answer:
    return await who(studio, authorization=f"Bearer {token}")


async def refused(studio: Studio, token: str) -> str:
    answer = await asked(studio, token)
    assert answer.errors == [("UNAUTHENTICATED", "viewer")]
    return message(answer)


async def test_a_linked_account_of_the_issuer_acts_as_its_user(studio: Studio, site: SigningSite) -> None:
    now = studio.clock.now
    for name in ("dora", "eve"):
        await studio.add_person(name, password=PASSWORD)
    known = len(await acts(studio))
    async with with_accounts(studio, trusting(studio, site)) as trusted:
        token = site.token(now)
        stranger = await refused(trusted, token)
        linked = [await trusted.ask(LINK, "dora", token=token, password=PASSWORD) for _ in range(2)]
        dora = await asked(trusted, token)
        another = await trusted.ask(LINK, "eve", token=token, password=PASSWORD)
        wrong = await trusted.ask(LINK, "eve", token=trusted.token("eve"), password=PASSWORD)
        others = await trusted.ask(UNLINK, "eve")
        own = await trusted.ask(UNLINK, "dora")
        again = await refused(trusted, token)

    assert stranger.startswith("Your account at the issuer is linked to no user here.")
    assert [answer.data for answer in linked] == [{"linkIdentity": {"subject": "1234"}}] * 2
    assert dora.data == {"viewer": {"username": "dora"}}
    assert another.code == "CONFLICT"
    assert wrong.extensions == {"code": "BAD_USER_INPUT", "argument": "token", "reason": "INVALID_TOKEN"}
    assert (others.code, own.data) == ("NOT_FOUND", {"unlinkIdentity": {"subject": "1234"}})
    assert again == stranger
    assert await studio.count("external_identities") == 0
    id = studio.people["dora"].row.id
    assert (await acts(studio))[known:] == [("IDENTITY_LINKED", id), ("IDENTITY_UNLINKED", id)]


async def test_accounts_at_issuers_are_listed_and_the_last_way_to_sign_in_stays(
    studio: Studio, site: SigningSite
) -> None:
    """The owner has no password and no key."""
    async with with_accounts(studio, trusting(studio, site, FirstSight(links_by_email=True))) as trusted:
        for subject in ("1234", "5678"):
            assert (await asked(trusted, site.token(studio.clock.now, sub=subject))).data == OWNER
            studio.clock.advance(minutes=1)
        elsewhere = Identity("https://old.example", "9", studio.clock.now, studio.clock.now)
        async with studio.services.database.writing() as session:
            await link(session, elsewhere, studio.people["owner"].row.id, Actor(studio.clock.now))
        listed = (await trusted.ask(IDENTITIES, "owner")).data["viewer"]["linkedIdentities"]

        first = await trusted.ask(UNLINK, "owner")
        async with unchanged(studio):
            last = await trusted.ask(UNLINK_FROM, "owner", subject="5678")
        older = await trusted.ask(UNLINK_FROM, "owner", subject="9", issuer="https://old.example")
        key = await trusted.ask(
            'mutation { createAuthenticationKey(input: {name: "CI"}) { secret } }', "owner"
        )
        async with unchanged(studio):
            with_new_key = await trusted.ask(UNLINK_FROM, "owner", subject="5678")
        studio.clock.advance(hours=24)
        with_key = await trusted.ask(UNLINK_FROM, "owner", subject="5678")
        left = (await trusted.ask(IDENTITIES, "owner")).data["viewer"]["linkedIdentities"]

    assert listed == [
        {"issuer": site.address, "subject": "1234", "linkedAt": "2023-06-15T12:00:00Z"},
        {"issuer": site.address, "subject": "5678", "linkedAt": "2023-06-15T12:01:00Z"},
        {"issuer": "https://old.example", "subject": "9", "linkedAt": "2023-06-15T12:02:00Z"},
    ]
    assert (first.data, older.data) == (
        {"unlinkIdentity": {"subject": "1234"}},
        {"unlinkIdentity": {"subject": "9"}},
    )
    assert last.extensions == {"code": "CONFLICT", "reason": "LAST_SIGN_IN"}
    assert key.data
    assert with_new_key.extensions == {"code": "CONFLICT", "reason": "LAST_SIGN_IN"}
    assert with_key.data == {"unlinkIdentity": {"subject": "5678"}}
    assert left == []


async def test_an_account_without_a_password_is_deleted_by_a_new_token_of_an_older_link(
    studio: Studio, site: SigningSite
) -> None:
    async with with_accounts(studio, trusting(studio, site, FirstSight(links_by_email=True))) as trusted:

        async def delete(**by: timedelta) -> Answer:
            now = studio.clock.now
            token = site.token(now, **{name: now + change for name, change in by.items()})
            return await trusted.send({"query": DELETE}, {"authorization": f"Bearer {token}"})

        assert (await asked(trusted, site.token(studio.clock.now))).data == OWNER
        async with unchanged(studio):
            just_linked = await delete()
        studio.clock.advance(hours=24)
        async with unchanged(studio):
            own = await trusted.ask(DELETE, "owner")
            old = await delete(iat=timedelta(minutes=-11))
        owns = await delete(iat=timedelta(minutes=-9))

    assert just_linked.extensions == {"code": "CONFLICT", "reason": "SIGN_IN_TOO_NEW"}
    for answer in (own, old):
        assert answer.extensions["reason"] == "PASSWORD_REQUIRED"
    # It is the person. What else there is to say comes after that.
    assert owns.extensions == {"code": "CONFLICT", "reason": "OWNS_PUBLICATIONS"}


async def test_a_token_alone_links_no_account_and_another_password_ends_such_links(
    studio: Studio, site: SigningSite
) -> None:
    """Otherwise whoever finds a token has the account for ever."""
    await studio.add_person("dora", password=PASSWORD)
    services, now = studio.services, studio.clock.now
    async with with_accounts(studio, trusting(studio, site)) as trusted:
        token = site.token(now)
        async with unchanged(studio):
            alone = [await trusted.ask(LINK, by, token=token) for by in ("dora", "owner")]
            wrong = await trusted.ask(LINK, "dora", token=token, password="wrong")
        assert (await trusted.ask(LINK, "dora", token=token, password=PASSWORD)).data
        account = await account_by_email(services.database, "dora@example.com")
        assert account
        async with services.database.writing() as session:
            await add_link(session, "vgl_mailed", reset_link(account, now + timedelta(hours=1)), now)
        reset = await trusted.ask(RESET, token="vgl_mailed", password="another password of the tests")
        studio.clock.advance(seconds=1)
        younger = await refused(trusted, site.token(studio.clock.now))

    for answer in alone:
        assert answer.extensions == {
            "code": "BAD_USER_INPUT",
            "argument": "password",
            "reason": "PASSWORD_REQUIRED",
        }
    assert wrong.code == "UNAUTHENTICATED"
    assert reset.data == {"resetPassword": {"user": {"username": "dora"}}}
    assert younger.startswith("Your account at the issuer is linked to no user here.")


async def test_the_first_token_of_an_account_is_refused_if_it_is_older_than_the_end_of_all(
    studio: Studio, site: SigningSite
) -> None:
    async with with_accounts(studio, trusting(studio, site, FirstSight(links_by_email=True))) as trusted:
        older = site.token(studio.clock.now)
        everywhere = await trusted.ask("mutation { signOutEverywhere { user { username } } }", "owner")
        async with unchanged(studio):
            ended = await refused(trusted, older)
        studio.clock.advance(seconds=1)
        younger = await asked(trusted, site.token(studio.clock.now))

    assert everywhere.data
    assert ended.startswith("The access token has ended")
    assert younger.data == OWNER


def _signed(key: Any, algorithm: str, **header: Any) -> Callable[[SigningSite, dict[str, Any]], str]:
    return lambda _, payload: jwt.encode(payload, key, algorithm, headers={"kid": "first", **header})


def _with_the_public_key(site: SigningSite, payload: dict[str, Any]) -> str:
    """As a secret, which everybody knows."""
    public = site.keys["first"].public_key()
    content = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).hex()
    return jwt.encode(payload, content, "HS256", headers={"kid": "first"})


def _cut(site: SigningSite, payload: dict[str, Any]) -> str:
    return jwt.encode(payload, site.keys["first"], "ES256", headers={"kid": "first"})[:-4] + "AAAA"


def _rightly(site: SigningSite, payload: dict[str, Any]) -> str:
    return jwt.encode(payload, site.keys["first"], "ES256", headers={"kid": "first"})


BAD: dict[str, tuple[Callable[[SigningSite, dict[str, Any]], str], dict[str, Any]]] = {
    "not signed": (_signed("", "none"), {}),
    "signed by a secret": (_signed("a secret of the tests, long enough to sign", "HS256"), {}),
    "signed by the public key": (_with_the_public_key, {}),
    "signed by another key of the same name": (_signed(generate_private_key(SECP256R1()), "ES256"), {}),
    "of a key that nobody knows": (_signed(generate_private_key(SECP256R1()), "ES256", kid="own"), {}),
    "with another signature": (_cut, {}),
    "of a kind that signs nobody in": (
        lambda site, payload: jwt.encode(
            payload, site.keys["first"], "ES256", headers={"kid": "first", "typ": "logout+jwt"}
        ),
        {},
    ),
    "of another issuer": (_rightly, {"iss": "https://id.example.com"}),
    "for another audience": (_rightly, {"aud": "somebody else"}),
    "for no audience": (_rightly, {"aud": None}),
    "of nobody": (_rightly, {"sub": None}),
    "of an empty name": (_rightly, {"sub": ""}),
    "without an end": (_rightly, {"exp": None}),
    "without a beginning": (_rightly, {"iat": None}),
    "too old": (_rightly, {"exp": timedelta(seconds=-60)}),
    "too young": (_rightly, {"nbf": timedelta(seconds=61)}),
    "of the future": (_rightly, {"iat": timedelta(seconds=61)}),
}


async def test_a_token_that_is_not_right_is_nobodys(studio: Studio, site: SigningSite) -> None:
    now = studio.clock.now
    first_sight = FirstSight(links_by_email=True, makes_accounts=True)
    async with with_accounts(studio, trusting(studio, site, first_sight)) as trusted:
        for words, (sign, changed) in BAD.items():
            times = {
                name: now + value if isinstance(value, timedelta) else value
                for name, value in changed.items()
            }
            token = sign(site, site.payload(now, **times))
            answer = await asked(trusted, token)
            assert answer.errors == [("UNAUTHENTICATED", "viewer")], words
            assert token[-20:] not in str(answer.body)
        assert await studio.count("external_identities") == 0
        # Up to a minute, clocks may differ.
        just = site.token(now, exp=now - timedelta(seconds=59), nbf=now + timedelta(seconds=60))
        assert (await asked(trusted, just)).data == OWNER


async def test_keys_are_read_again_when_they_change_but_not_for_everybody_who_says_so(
    studio: Studio, site: SigningSite
) -> None:
    async with with_accounts(studio, trusting(studio, site, FirstSight(links_by_email=True))) as trusted:
        old = site.token(studio.clock.now, exp=studio.clock.now + timedelta(days=3))
        assert (await asked(trusted, old)).data == OWNER
        assert site.readings == 1

        # Strangers name keys that there are not.
        for number in range(20):
            token = jwt.encode(
                site.payload(studio.clock.now),
                generate_private_key(SECP256R1()),
                "ES256",
                headers={"kid": str(number)},
            )
            await refused(trusted, token)
        assert site.readings == 1

        studio.clock.advance(seconds=30)
        site.rotate("second")
        new = site.token(studio.clock.now, exp=studio.clock.now + timedelta(days=3))
        assert (await asked(trusted, new)).data == OWNER
        assert site.readings == 2
        # Its key was withdrawn.
        await refused(trusted, old)
        assert (await asked(trusted, new)).data == OWNER

        # The issuer is away: its keys go on for a day.
        site.always = Reply(b"", 503)
        studio.clock.advance(hours=24)
        assert (await asked(trusted, new)).data == OWNER
        studio.clock.advance(seconds=30)
        await refused(trusted, new)
        # It is back.
        site.always = None
        studio.clock.advance(seconds=30)
        assert (await asked(trusted, new)).data == OWNER


@pytest.mark.parametrize(
    ("first_sight", "changed", "viewer"),
    [
        (FirstSight(), {}, None),
        (FirstSight(links_by_email=True), {}, "owner"),
        (FirstSight(links_by_email=True), {"email_verified": False}, None),
        (FirstSight(links_by_email=True), {"email": "eve@example.com"}, None),
        (FirstSight(makes_accounts=True), {}, None),
        (FirstSight(makes_accounts=True), {"email": None}, None),
        (FirstSight(makes_accounts=True), {"email": "Eve@example.com"}, "eve"),
        # A name that looks like another user's gets a number.
        (
            FirstSight(makes_accounts=True),
            {"email": "eve@example.com", "preferred_username": "0wner", "name": "Eve"},
            "0wner-2",
        ),
    ],
)
async def test_what_becomes_of_an_account_at_first_sight_is_a_setting(
    studio: Studio,
    site: SigningSite,
    first_sight: FirstSight,
    changed: dict[str, Any],
    viewer: str | None,
) -> None:
    users = await studio.count("users")
    async with with_accounts(studio, trusting(studio, site, first_sight)) as trusted:
        token = site.token(studio.clock.now, **changed)
        answers = [await asked(trusted, token) for _ in range(2)]

    assert [answer.body["data"] for answer in answers] == [
        {"viewer": viewer and {"username": viewer}},
    ] * 2
    is_new = viewer not in (None, "owner")
    assert await studio.count("users") == users + is_new
    assert await studio.count("external_identities") == (viewer is not None)


async def test_signing_out_everywhere_ends_older_tokens_of_the_issuer(
    studio: Studio, site: SigningSite
) -> None:
    async with with_accounts(studio, trusting(studio, site, FirstSight(links_by_email=True))) as trusted:
        older = site.token(studio.clock.now)
        assert (await asked(trusted, older)).data == OWNER
        # Only the issuer ends one of its sign-ins.
        body = {"query": "mutation { signOut { user { username } } }"}
        alone = await trusted.send(body, {"authorization": f"Bearer {older}"})
        body = {"query": "mutation { signOutEverywhere { user { username } } }"}
        everywhere = await trusted.send(body, {"authorization": f"Bearer {older}"})
        ended = await refused(trusted, older)
        studio.clock.advance(seconds=1)
        younger = await asked(trusted, site.token(studio.clock.now))

    assert alone.code == "FORBIDDEN"
    assert everywhere.data == {"signOutEverywhere": {"user": {"username": "owner"}}}
    assert ended.startswith("The access token has ended")
    assert younger.data == OWNER
