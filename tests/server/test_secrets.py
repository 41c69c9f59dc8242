"""Secrets are replaced while several servers run, and nothing that was signed is refused meanwhile."""

import base64
import json
from asyncio import sleep as pause
from asyncio import timeout
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from time import monotonic, sleep
from typing import Any
from uuid import uuid4

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import select

from auth.links import Link
from auth.tokens import Claims
from base.errors import NotFound
from database import table_of
from models import VisitorSalt
from resolvers.context import Services
from server.accounts import create_user
from server.app import create_app
from server.secrets import SecretReader
from server.services import close_services, services_of
from server.settings import Settings
from tests.commands import done, mistake
from tests.server.program import Program
from tests.studio import PASSWORD

ADA = {"email": "ada@example.com", "username": "ada", "password": PASSWORD}
LOGIN = f"""mutation {{
  login(input: {{password: {{email: "ada@example.com", password: "{PASSWORD}"}}}}) {{ accessToken }} }}"""
WHO = "{ viewer { username } }"
PATIENCE_SECONDS = 60.0


@pytest.fixture(autouse=True)
def folder(bare_folder: Path) -> Path:
    return bare_folder


class Server:
    """One of several that share a database and a file of secrets. It reads the file again when told."""

    def __init__(self, settings: Settings) -> None:
        self._reader = SecretReader(settings)
        self.services: Services = services_of(settings)
        transport = httpx.ASGITransport(app=create_app(settings, self.services))
        self.client = httpx.AsyncClient(transport=transport, base_url="http://test")

    async def read_changed(self) -> None:
        await self._reader.read_changed(self.services)

    async def ask(self, query: str, token: str = "", **variables: Any) -> Any:
        headers = {"authorization": f"Bearer {token}"} if token else {}
        body = {"query": query, "variables": variables}
        return (await self.client.post("/graphql", json=body, headers=headers)).json()["data"]

    async def login(self) -> str:
        token: str = (await self.ask(LOGIN))["login"]["accessToken"]
        return token

    async def accepts(self, token: str) -> bool:
        return (await self.ask(WHO, token))["viewer"] is not None

    async def salt(self, days: int = 0) -> bytes:
        """Of the day as it is now, read anew as after a start."""
        now = self.services.clock() + timedelta(days=days)
        self.services.salts._now = None
        return (await self.services.salts.at(now)).by_day[now.date()]


@asynccontextmanager
async def servers(*each: Settings) -> AsyncIterator[list[Server]]:
    async with AsyncExitStack() as stack:
        made: list[Server] = []
        for settings in each:
            server = Server(settings)
            stack.push_async_callback(close_services, server.services)
            await stack.enter_async_context(server.client)
            made.append(server)
        yield made


def key_of(token: str) -> str:
    """The `kid` of its header."""
    head = token.partition(".")[0]
    kid: str = json.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))["kid"]
    return kid


def listed(*at: str) -> dict[str, list[str]]:
    """By purpose and state, such as `tokens used`, the ids."""
    found: dict[str, list[str]] = {}
    for line in done("secret", "list", *at).splitlines():
        purpose, id, state = line.split("\t")
        found.setdefault(f"{purpose} {state}", []).append(id)
    return found


async def test_the_secret_of_tokens_is_replaced_step_by_step(database_url: str, folder: Path) -> None:
    at = ("--database-url", database_url)
    settings = Settings(database_url=database_url)
    assert "There is no file" in mistake("secret", "add", "tokens", *at)
    async with servers(settings, settings) as (here, there):
        await create_user(here.services.database, here.services.clock(), **ADA, name=None)
        file = folder / ("test.sqlite3.secret" if "sqlite" in database_url else "viewgraph.secret")
        old = await here.login()
        assert listed(*at)["tokens used"] == [key_of(old)]
        assert "There is no next secret." in mistake("secret", "use", "tokens", *at)

        assert "accepts the next secret of tokens" in done("secret", "add", "tokens", *at)
        assert "There is a next secret already." in mistake("secret", "add", "tokens", *at)
        for server in (here, there):
            await server.read_changed()
        (waiting,) = listed(*at)["tokens accepted"]
        assert key_of(await here.login()) == key_of(old)

        done("secret", "use", "tokens", *at)
        await here.read_changed()  # The other server has not read it yet.
        new, late = await here.login(), await there.login()
        assert (key_of(new), key_of(late)) == (waiting, key_of(old))
        for server in (here, there):
            assert [await server.accepts(token) for token in (old, new, late)] == [True] * 3
        await there.read_changed()
        assert key_of(await there.login()) == waiting

        assert "are dropped" in done("secret", "drop", "tokens", *at)
        for server in (here, there):
            await server.read_changed()
            assert [await server.accepts(token) for token in (old, new, late)] == [False, True, False]
        assert "There is no older secret." in mistake("secret", "drop", "tokens", *at)
        assert file.stat().st_mode & 0o777 == 0o600
        secrets = [ring["used"] for ring in json.loads(file.read_text()).values()]
        assert not [secret for secret in secrets if secret in done("secret", "list", *at)]

        file.unlink()
        await here.read_changed()
        assert await here.accepts(new)


async def test_an_answer_that_is_kept_ends_with_the_secret_of_its_token(database_url: str) -> None:
    at = ("--database-url", database_url)
    settings = Settings(database_url=database_url)
    async with servers(settings) as (server,), server.services.topics.listening():
        database, freshness = server.services.database, server.services.freshness
        assert freshness
        now = server.services.clock()
        ada = await create_user(
            database, now, email="ada@example.com", username="ada", password=None, name=None
        )
        token = server.services.signer.issue(Claims(ada.public_id), now).text
        async with timeout(PATIENCE_SECONDS):
            while freshness.marks() is None:  # noqa: ASYNC110
                await pause(0.01)
            statements: list[str] = ["not asked yet"]
            while statements:
                statements.clear()
                with database.observed(statements.append):
                    assert await server.accepts(token)

        for step in ("add", "use", "drop"):
            done("secret", step, "tokens", *at)
        await server.read_changed()

        assert not await server.accepts(token)


async def test_the_other_secrets_stay_when_one_is_replaced(database_url: str) -> None:
    at = ("--database-url", database_url)
    settings = Settings(database_url=database_url)
    async with servers(settings) as (server,):
        before, salt = listed(*at), await server.salt()
        for step in ("add", "use", "drop"):
            done("secret", step, "tokens", *at)
        await server.read_changed()

        after = listed(*at)
        assert before.pop("tokens used") != after.pop("tokens used")
        assert before == after
        assert await server.salt() == salt


async def test_a_day_keeps_the_secret_with_which_its_visitors_were_hashed_first(database_url: str) -> None:
    at = ("--database-url", database_url)
    settings = Settings(database_url=database_url)
    async with servers(settings, settings) as (here, there):
        today, later = await here.salt(), 2
        for step in ("add", "use"):
            done("secret", step, "visitors", *at)
            for server in (here, there):
                await server.read_changed()
        assert await there.salt() == await here.salt() == today
        assert await there.salt(later) == await here.salt(later)
        kept = table_of(VisitorSalt).c
        async with here.services.database.engine.connect() as connection:
            keyed_by = (await connection.execute(select(kept.keyed_by).order_by(kept.day))).scalars().all()
            await connection.rollback()
        (used,), (old,) = listed(*at)["visitors used"], listed(*at)["visitors accepted"]
        assert keyed_by == [old] * 3 + [used] * 2

        done("secret", "drop", "visitors", *at)
        await here.read_changed()
        assert await here.salt() != today


async def test_links_are_opened_until_their_secret_is_dropped(database_url: str) -> None:
    """The same by settings, where each step is a start: first it is accepted, then it signs."""
    steps = [
        Settings(
            database_url=database_url,
            secret=SecretStr("t" * 32),
            link_secret=SecretStr(used),
            previous_link_secrets=SecretStr(more),
        )
        for used, more in (("a" * 32, ""), ("a" * 32, "b" * 32), ("b" * 32, "a" * 32), ("b" * 32, ""))
    ]
    async with servers(*steps) as each:
        now = each[0].services.clock()
        claims = Claims(uuid4())
        signed = [server.services.links.sign(Link(claims, {}), now) for server in each]
        opened = [[_opens(server, text) for text in signed] for server in each]

    assert opened == [
        [True, True, False, False],
        [True] * 4,
        [True] * 4,
        [False, False, True, True],
    ]


def _opens(server: Server, text: str) -> bool:
    try:
        server.services.links.read(text, server.services.clock())
    except NotFound:
        return False
    return True


def test_a_secret_that_is_set_is_changed_where_it_is_set() -> None:
    given = {"VIEWGRAPH_SECRET": "s" * 32}
    said = mistake("secret", "add", "links", **given)
    assert said.startswith("VIEWGRAPH_SECRET is set, so the file is not used.")
    states = [line.split("\t") for line in done("secret", "list", **given).splitlines()]
    assert [(purpose, state) for purpose, _, state in states] == [
        ("tokens", "used"),
        ("links", "used"),
        ("visitors", "used"),
    ]


@pytest.mark.parametrize("engine", ["sqlite"])
def test_running_servers_notice_a_change_by_themselves(database_url: str, folder: Path) -> None:
    at = ("--database-url", database_url)
    done("user", "create", "ada@example.com", "ada", "--password", PASSWORD, *at)
    with (
        Program("serve", *at, folder=folder) as here,
        Program("serve", *at, folder=folder) as there,
    ):

        def login(server: Program) -> str:
            token: str = server.post(LOGIN)["data"]["login"]["accessToken"]
            return token

        def until_read(times: int) -> None:
            deadline = monotonic() + PATIENCE_SECONDS
            while any(
                server.read()[1].count("because they were changed") < times for server in (here, there)
            ):
                assert monotonic() < deadline
                sleep(0.1)

        old = login(here)
        for times, step in enumerate(("add", "use"), 1):
            done("secret", step, "tokens", *at)
            until_read(times)
        new = login(there)

        assert key_of(new) != key_of(old)
        for server in (here, there):
            for token in (old, new):
                answer = server.post(WHO, {"authorization": f"Bearer {token}"})
                assert answer == {"data": {"viewer": {"username": "ada"}}}
