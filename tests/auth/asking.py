"""How the tests of this folder sign in, and ask who they are then."""

from copy import deepcopy
from dataclasses import replace
from typing import Any

import httpx
from sqlalchemy import select, update
from sqlmodel import col

from auth.sign_in_limiter import SignInLimiter, SignInRates
from models import AuditEntry, User
from resolvers.context import Services
from server.app import create_app
from server.settings import Settings
from tests.studio import PASSWORD, SECRET, Answer, Studio

LOGIN = """mutation($input: LoginInput!) {
  login(input: $input) { accessToken expiresAt viewer { username } }
}"""
WHO = "{ viewer { username } }"
NOBODY = {"viewer": None}


async def add_dora(studio: Studio) -> None:
    """Who has a password."""
    person = await studio.add_person("dora")
    password_hash = await studio.services.passwords.hash(PASSWORD)
    async with studio.services.database.writing() as session:
        known = update(User).where(col(User.id) == person.row.id)
        await session.execute(known.values(password_hash=password_hash))


async def login(studio: Studio, email: str, password: str = PASSWORD) -> Answer:
    return await studio.ask(LOGIN, input={"password": {"email": email, "password": password}})


async def login_by_key(studio: Studio, key: str) -> Answer:
    return await studio.ask(LOGIN, input={"authenticationKey": key})


async def who(studio: Studio, **headers: str) -> Answer:
    """Who the caller is, with these headers; `_` stands for `-` in their names."""
    return await studio.send(
        {"query": WHO}, {name.replace("_", "-"): value for name, value in headers.items()}
    )


async def acts(studio: Studio) -> list[tuple[str, int | None]]:
    """What the audit trail tells, in the order in which it was done, each with the id of whose account."""
    statement = select(col(AuditEntry.act), col(AuditEntry.account_id)).order_by(col(AuditEntry.id))
    async with studio.services.database.snapshot() as connection:
        return [(act, account) for act, account in await connection.execute(statement)]


async def new_key(studio: Studio, by: str = "owner", *, days: int = 90) -> tuple[str, str]:
    """Its secret, and its id."""
    answer = await studio.ask(
        """mutation($days: Int!) { createAuthenticationKey(input: {name: "CI", days: $days}) {
          secret authenticationKey { id }
        } }""",
        by,
        days=days,
    )
    created = answer.data["createAuthenticationKey"]
    return created["secret"], created["authenticationKey"]["id"]


def told(answer: Answer) -> Any:
    """All that an answer says, but for the request's id."""
    body = deepcopy(answer.body)
    for error in body.get("errors", ()):
        del error["extensions"]["requestId"]
    return body


def message(answer: Answer) -> str:
    (error,) = answer.body["errors"]
    text: str = error["message"]
    return text


def throttled_studio(
    studio: Studio, *, account: str = "off", strangers: str = "off", address: str = "off"
) -> Studio:
    """The same studio behind a limiter of its own."""
    limiter = SignInLimiter(SignInRates(account, strangers, address), SECRET.encode(), studio.clock)
    return reached_from(studio, "203.0.113.7", replace(studio.services, sign_in_limiter=limiter))


def reached_from(studio: Studio, address: str, services: Services | None = None) -> Studio:
    """The same studio, asked from another address."""
    used = services or studio.services
    transport = httpx.ASGITransport(create_app(Settings(), used), client=(address, 40_000))
    client = httpx.AsyncClient(transport=transport, base_url="http://test")
    return replace(studio, services=used, client=client)
