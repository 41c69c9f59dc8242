"""Mail of accounts: one-time links for passwords, addresses and sign-ups, and what strangers learn."""

from asyncio import Event
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import orjson
import pytest

from auth.account_links import add_link
from auth.account_services import AccountRules, AccountServices
from auth.mail import MailSettings, MailWebhook
from auth.sign_in_limiter import SignInLimiter, SignInRates
from base.retries import Backoff
from loaders.credentials import AccountRow, account_by_email
from resolvers.passwords import reset_link
from server.accounts import Changes, update_user
from tests.auth.asking import acts, add_dora, login, message, reached_from, told, who
from tests.auth.signed import with_accounts
from tests.resolvers.figures import unchanged
from tests.social.sites import Reply, Request, Site
from tests.studio import PASSWORD, SECRET, Answer, Studio

PAGE = "https://app.example.com/account"
NEW = "another password of the tests"
REQUEST = "mutation($email: String!) { requestPasswordReset(email: $email) { expiresAt } }"
RESET = """mutation($token: String!, $password: String!) {
  resetPassword(input: {token: $token, password: $password}) { user { username } } }"""
SIGN_UP = """mutation($email: String!, $username: String!, $password: String!) {
  signUp(input: {email: $email, username: $username, password: $password, name: "Eve"}) { expiresAt } }"""
CONFIRM = """mutation($token: String!, $password: String) {
  confirmEmail(token: $token, password: $password) { user { username name } } }"""
CHANGE = """mutation($email: String!, $password: String!) {
  changeEmail(input: {email: $email, password: $password}) { expiresAt } }"""
CHANGE_PASSWORD = """mutation($current: String!, $new: String!) {
  changePassword(input: {currentPassword: $current, newPassword: $new}) { accessToken } }"""
LATE = "vgl_late"
IN_AN_HOUR = "2023-06-15T13:00:00Z"


class Webhook(Site):
    """It takes what it is told."""

    def answer(self, _: Request) -> Reply:
        return Reply({})

    @property
    def mails(self) -> list[dict[str, Any]]:
        return [orjson.loads(request.body) for request in self.requests]


class Posted(Webhook):
    studio: Studio

    async def sent(self) -> list[dict[str, Any]]:
        """What was sent since the last time, as soon as everything is."""
        await self.studio.services.accounts.outbox.emptied()
        mails = self.mails
        self.requests.clear()
        return mails


@asynccontextmanager
async def posting(studio: Studio, **rules: Any) -> AsyncIterator[tuple[Studio, Posted]]:
    async with Posted() as post:
        mail = MailWebhook(MailSettings(f"{post.address}/mail?of=viewgraph", "a token of the tests"), PAGE)
        accounts = AccountServices(AccountRules(page=PAGE, **rules), mail)
        async with with_accounts(studio, accounts) as served:
            post.studio = served
            yield served, post


async def test_a_password_is_reset_by_a_link_once(studio: Studio) -> None:
    await add_dora(studio)
    before = (await login(studio, "dora@example.com")).data["login"]["accessToken"]
    async with posting(studio) as (served, post):
        asked = await served.ask(REQUEST, email=" Dora@example.com ")
        await post.studio.services.accounts.outbox.emptied()
        (request,) = post.requests
        (mail,) = await post.sent()
        done = await served.ask(RESET, token=mail["token"], password=NEW)
        again = await served.ask(RESET, token=mail["token"], password="a third password")
        told_of_it = await post.sent()

    assert asked.data == {"requestPasswordReset": {"expiresAt": IN_AN_HOUR}}
    assert (request.path, request.headers["authorization"]) == ("/mail", "Bearer a token of the tests")
    assert mail == {
        "kind": "RESET_PASSWORD",
        "email": "dora@example.com",
        "username": "dora",
        "token": mail["token"],
        "link": f"{PAGE}#kind=RESET_PASSWORD&token={mail['token']}",
        "expiresAt": IN_AN_HOUR,
    }
    assert done.data == {"resetPassword": {"user": {"username": "dora"}}}
    assert again.errors == [("NOT_FOUND", "resetPassword")]
    assert [(mail["kind"], mail["token"], mail["link"]) for mail in told_of_it] == [
        ("PASSWORD_CHANGED", None, None)
    ]
    assert (await who(studio, authorization=f"Bearer {before}")).code == "UNAUTHENTICATED"
    assert (await login(studio, "dora@example.com")).code == "UNAUTHENTICATED"
    assert (await login(studio, "dora@example.com", NEW)).data
    assert await studio.count("account_links") == 0
    assert (await acts(studio))[-1] == ("PASSWORD_CHANGED", studio.people["dora"].row.id)


async def test_a_link_that_is_old_or_replaced_or_of_another_kind_is_not_good(studio: Studio) -> None:
    await add_dora(studio)
    async with posting(studio, allows_sign_up=True) as (served, post):
        mails = []
        for _ in range(2):
            await served.ask(REQUEST, email="dora@example.com")
            mails += await post.sent()
        replaced, newest = (mail["token"] for mail in mails)
        assert (await served.ask(RESET, token=replaced, password=NEW)).code == "NOT_FOUND"
        assert (await served.ask(CONFIRM, token=newest)).code == "NOT_FOUND"
        common = await served.ask(RESET, token=newest, password="dora2023")
        assert common.extensions["reason"] == "COMMON_PASSWORD"
        async with served.services.database.engine.connect() as connection:
            stored = str((await connection.exec_driver_sql("SELECT * FROM account_links")).all())
            await connection.rollback()
        assert newest[4:20] not in stored
        # A password that was refused has not used the link, but the time ends it.
        served.clock.advance(hours=1)
        assert (await served.ask(RESET, token=newest, password=NEW)).code == "NOT_FOUND"

    assert (await login(studio, "dora@example.com")).data


async def test_a_link_that_was_decided_on_before_all_links_ended_is_not_good(studio: Studio) -> None:
    await add_dora(studio)
    database, mail_may_go = studio.services.database, Event()
    before = await account_by_email(database, "dora@example.com")
    assert before
    async with posting(studio) as (served, post):
        served.services.accounts.outbox.put(mail_may_go.wait)
        asked = await served.ask(CHANGE, "dora", email="mallory@example.com", password=PASSWORD)
        changed = await served.ask(CHANGE_PASSWORD, "dora", current=PASSWORD, new=NEW)
        mail_may_go.set()
        mails = {mail["kind"]: mail for mail in await post.sent()}
        confirmed = await served.ask(CONFIRM, token=mails["CONFIRM_EMAIL"]["token"])
        await store_late(served, before)
        reset = await served.ask(RESET, token=LATE, password="a third password")
        await update_user(database, "dora@example.com", Changes("d@example.com"), studio.clock.now)
        await store_late(served, before._replace(generation=1))
        moved = await served.ask(RESET, token=LATE, password="a third password")

    assert asked.data
    assert changed.data
    assert (confirmed.code, reset.code, moved.code) == ("NOT_FOUND",) * 3
    assert (await login(studio, "d@example.com", NEW)).data


async def store_late(studio: Studio, account: AccountRow) -> None:
    """A link for a new password, as it was decided on when the account was this."""
    link = reset_link(account, studio.clock.now + timedelta(hours=1))
    async with studio.services.database.writing() as session:
        await add_link(session, LATE, link, studio.clock.now)


async def test_asking_for_a_link_tells_nothing_of_accounts(studio: Studio) -> None:
    """Neither in the answer nor in what is asked of the database before it."""
    await add_dora(studio)
    async with posting(studio) as (served, post):
        seen = []
        for email in ("dora@example.com", "nobody@example.com", "owner@example.com"):
            with served.statements() as statements:
                answer = await served.ask(REQUEST, email=email)
                asked = len(statements)
            seen.append((told(answer), asked))
        mails = await post.sent()

    assert seen == [({"data": {"requestPasswordReset": {"expiresAt": IN_AN_HOUR}}}, 0)] * 3
    assert [mail["email"] for mail in mails] == ["dora@example.com", "owner@example.com"]


async def test_mail_to_one_address_is_limited(studio: Studio) -> None:
    async with posting(studio) as (served, post):
        limiter = SignInLimiter(SignInRates("off", "off", "off", "2 per hour"), SECRET.encode(), studio.clock)
        answers: list[Answer] = []
        for number in range(3):
            far = reached_from(
                served, f"203.0.113.{number}", replace(served.services, sign_in_limiter=limiter)
            )
            answers.append(await far.ask(REQUEST, email="nobody@example.com"))
        assert await post.sent() == []

    assert [answer.errors for answer in answers] == [[], [], [("THROTTLED", "requestPasswordReset")]]
    assert answers[2].extensions == {"code": "THROTTLED", "retryAfter": 1800}


async def test_without_a_webhook_nobody_is_promised_mail(studio: Studio) -> None:
    await add_dora(studio)
    for query, by, given in (
        (REQUEST, None, {"email": "dora@example.com"}),
        (SIGN_UP, None, {"email": "eve@example.com", "username": "eve", "password": NEW}),
        (CHANGE, "dora", {"email": "eve@example.com", "password": PASSWORD}),
    ):
        answer = await studio.ask(query, by, **given)
        assert answer.code == "FORBIDDEN", query
        assert "operator" in message(answer)
    assert await studio.count("account_links") == 0


async def test_a_sign_up_makes_an_account_when_its_address_is_confirmed(studio: Studio) -> None:
    users = await studio.count("users")
    given = {"email": "Eve@example.com", "username": "Eve", "password": NEW}
    async with posting(studio, allows_sign_up=True) as (served, post):
        asked = await served.ask(SIGN_UP, **given)
        (mail,) = await post.sent()
        assert (await login(served, "eve@example.com", NEW)).code == "UNAUTHENTICATED"
        assert await studio.count("users") == users
        confirmed = await served.ask(CONFIRM, token=mail["token"], password=NEW)
        again = await served.ask(CONFIRM, token=mail["token"], password=NEW)
        signed_in = await login(served, "eve@example.com", NEW)

    assert asked.data == {"signUp": {"expiresAt": IN_AN_HOUR}}
    assert (mail["kind"], mail["email"], mail["username"]) == ("SIGN_UP", "eve@example.com", "eve")
    assert confirmed.data == {"confirmEmail": {"user": {"username": "eve", "name": "Eve"}}}
    assert again.code == "NOT_FOUND"
    assert signed_in.data["login"]["viewer"] == {"username": "eve"}
    assert await studio.count("users") == users + 1
    act, account = (await acts(studio))[-1]
    assert (act, account is None) == ("ACCOUNT_CREATED", False)


async def test_signing_up_with_an_address_that_has_an_account_looks_the_same(studio: Studio) -> None:
    async with posting(studio, allows_sign_up=True) as (served, post):
        new = await served.ask(SIGN_UP, email="eve@example.com", username="eve", password=NEW)
        known = await served.ask(SIGN_UP, email="owner@example.com", username="eva", password=NEW)
        mails = await post.sent()

    assert told(known) == told(new)
    assert [(mail["kind"], mail["email"], mail["token"] is None) for mail in mails] == [
        ("SIGN_UP", "eve@example.com", False),
        ("ACCOUNT_EXISTS", "owner@example.com", True),
    ]


async def test_nobody_takes_over_the_sign_up_of_another_person(studio: Studio) -> None:
    """Somebody signs up with the address of a person who does so, too, before or after."""
    eve = {"email": "eve@example.com", "username": "eve", "password": NEW}
    async with posting(studio, allows_sign_up=True) as (served, post):
        await served.ask(SIGN_UP, **eve)
        await served.ask(SIGN_UP, **{**eve, "password": "a password of Mallory"})
        hers, another = await post.sent()
        async with unchanged(studio):
            without = await served.ask(CONFIRM, token=another["token"])
            wrong = await served.ask(CONFIRM, token=another["token"], password=NEW)
        done = await served.ask(CONFIRM, token=hers["token"], password=NEW)

    for answer, reason in ((without, "PASSWORD_REQUIRED"), (wrong, "WRONG_PASSWORD")):
        assert answer.extensions == {"code": "BAD_USER_INPUT", "argument": "password", "reason": reason}
    assert done.data == {"confirmEmail": {"user": {"username": "eve", "name": "Eve"}}}
    assert (await login(studio, "eve@example.com", NEW)).data
    assert (await login(studio, "eve@example.com", "a password of Mallory")).code == "UNAUTHENTICATED"


@pytest.mark.parametrize(
    ("changed", "code", "reason"),
    [
        ({"username": "0wner"}, "CONFLICT", None),
        ({"username": "\N{CYRILLIC SMALL LETTER O}wner"}, "CONFLICT", None),
        ({"username": "eve marie"}, "BAD_USER_INPUT", "INVALID_USERNAME"),
        ({"username": "e" * 41}, "BAD_USER_INPUT", "TOO_LONG"),
        ({"email": "eve"}, "BAD_USER_INPUT", "INVALID_EMAIL"),
        ({"password": "iloveyou"}, "BAD_USER_INPUT", "COMMON_PASSWORD"),
    ],
)
@pytest.mark.parametrize("engine", ["sqlite"])
async def test_a_sign_up_that_may_not_be_sends_nothing(
    studio: Studio, changed: dict[str, str], code: str, reason: str | None
) -> None:
    given = {"email": "eve@example.com", "username": "eve", "password": NEW, **changed}
    async with posting(studio, allows_sign_up=True) as (served, post):
        answer = await served.ask(SIGN_UP, **given)
        assert await post.sent() == []

    assert (answer.code, answer.extensions.get("reason")) == (code, reason)
    assert await studio.count("account_links") == 0


async def test_two_who_sign_up_alike_get_one_account(studio: Studio) -> None:
    async with posting(studio, allows_sign_up=True) as (served, post):
        for email, username in (("eve@example.com", "eve"), ("mallory@example.com", "ev\u0435")):
            assert (await served.ask(SIGN_UP, email=email, username=username, password=NEW)).data
        first, second = (mail["token"] for mail in await post.sent())
        done = await served.ask(CONFIRM, token=first, password=NEW)
        late = await served.ask(CONFIRM, token=second, password=NEW)

    assert done.data
    assert late.errors == [("CONFLICT", "confirmEmail")]


async def test_a_new_address_counts_when_it_is_confirmed(studio: Studio) -> None:
    await add_dora(studio)
    async with posting(studio) as (served, post):
        wrong = await served.ask(CHANGE, "dora", email="d@example.com", password="wrong")
        taken = await served.ask(CHANGE, "dora", email="owner@example.com", password=PASSWORD)
        asked = await served.ask(CHANGE, "dora", email="D@example.com", password=PASSWORD)
        without = await served.ask(CHANGE, "owner", email="o@example.com", password=PASSWORD)
        exists, mail = await post.sent()
        # A link for a new password, to the older address.
        await served.ask(REQUEST, email="dora@example.com")
        (older,) = await post.sent()
        assert (await login(served, "dora@example.com")).data
        confirmed = await served.ask(CONFIRM, token=mail["token"])
        (told_of_it,) = await post.sent()
        late = await served.ask(RESET, token=older["token"], password=NEW)

    assert wrong.extensions["reason"] == "WRONG_PASSWORD"
    assert told(taken) == told(asked)
    assert without.code == "FORBIDDEN"
    assert (exists["kind"], exists["email"]) == ("ACCOUNT_EXISTS", "owner@example.com")
    assert (mail["kind"], mail["email"]) == ("CONFIRM_EMAIL", "d@example.com")
    assert confirmed.data == {"confirmEmail": {"user": {"username": "dora", "name": "Dora"}}}
    assert (told_of_it["kind"], told_of_it["email"]) == ("EMAIL_CHANGED", "dora@example.com")
    assert late.code == "NOT_FOUND"
    assert (await acts(studio))[-1] == ("EMAIL_CHANGED", studio.people["dora"].row.id)
    assert (await login(studio, "d@example.com")).data
    assert (await login(studio, "dora@example.com")).code == "UNAUTHENTICATED"


async def test_a_webhook_that_fails_is_tried_again_and_its_secrets_are_not_logged(
    studio: Studio, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("auth.mail._BACKOFF", Backoff(0.001, 0.001))
    await add_dora(studio)
    async with posting(studio) as (served, post):
        post.faults.extend([Reply({}, 500), Reply({}, 302, {"location": "https://example.com"})])
        await served.ask(REQUEST, email="dora@example.com")
        mails = await post.sent()
        post.always = Reply(b"", 500)
        await served.ask(REQUEST, email="dora@example.com")
        lost = await post.sent()

    assert len(mails) == 3
    assert mails[0] == mails[2]
    assert len(lost) == 3
    assert "RESET_PASSWORD could not be sent. The webhook for mail: it answered 500" in caplog.text
    for secret in (mails[0]["token"], lost[0]["token"], "a token of the tests", post.address):
        assert secret not in caplog.text
