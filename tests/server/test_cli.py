"""Every command by its own door, and every mistake as one line that helps."""

import asyncio
import json
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from sqlite3 import connect
from typing import Any
from uuid import uuid4

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import inspect
from sqlmodel import SQLModel

from base.ids import Kind, global_id
from database import Database
from server.app import create_app
from server.demo.sign_ins import email_of
from server.failures import Failure
from server.secrets import secrets_of
from server.settings import Settings
from tests.commands import done, mistake, run
from tests.postgres import PostgresServer
from tests.server.program import ROOT, Anew, Program, Unread, free_port
from tests.studio import PASSWORD, SECRET

LOGIN = """mutation($email: String!, $password: String!) {
  login(input: {password: {email: $email, password: $password}}) { accessToken viewer { username name } }
}"""
INVALID_USERNAME = (
    "`username` has letters, digits and signs of ASCII, such as `.`, `_` and `-`, but no spaces, symbols or "
    "invisible characters, and does not mix directions of writing."
)
NOT_UP_TO_DATE = "The tables of the database are not up to date: run `viewgraph migrate` first.\n"


@pytest.fixture(autouse=True)
def folder(bare_folder: Path) -> Path:
    return bare_folder


def answer(url: str, query: str, headers: dict[str, str] | None = None, **variables: Any) -> Any:
    """Of a server over the same database."""

    async def asked() -> Any:
        server = create_app(Settings(database_url=url, secret=SecretStr("s" * 32)))
        transport = httpx.ASGITransport(app=server)
        async with (
            server.router.lifespan_context(server),
            httpx.AsyncClient(transport=transport, base_url="http://test", headers=headers) as client,
        ):
            return (await client.post("/graphql", json={"query": query, "variables": variables})).json()

    return asyncio.run(asked())


def tables(url: str) -> set[str]:
    async def found() -> set[str]:
        database = Database(url)
        async with database.engine.connect() as connection:
            names = await connection.run_sync(lambda sync: set(inspect(sync).get_table_names()))
        await database.close()
        return names

    return asyncio.run(found())


@contextmanager
def taken_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


# user create


def test_an_account_that_was_made_can_sign_in(database_url: str) -> None:
    out = done(
        *("user", "create", " Ada@Example.com ", "ada", "--name", "Ada L.", "--database-url", database_url),
        input="correct horse\ncorrect horse\n",
    )

    assert out.splitlines()[-1] == "ada can sign in as ada@example.com."
    assert "correct horse" not in out
    signed_in = answer(database_url, LOGIN, email="ADA@example.com", password="correct horse")
    assert signed_in["data"]["login"]["viewer"] == {"username": "ada", "name": "Ada L."}
    refused = answer(database_url, LOGIN, email="ada@example.com", password="correct house")
    assert refused["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


def test_an_email_or_a_username_is_taken_once(database_url: str) -> None:
    def create(email: str, username: str) -> tuple[str, ...]:
        password = "a password of the tests"
        return ("user", "create", email, username, "--password", password, "--database-url", database_url)

    done(*create("ada@example.com", "ada"))

    assert (
        mistake(*create("Ada@Example.com", "ada2"))
        == "The email or the username is taken, or the username looks like another one. Choose another one.\n"
    )
    assert (
        mistake(*create("ada2@example.com", "ada"))
        == "The email or the username is taken, or the username looks like another one. Choose another one.\n"
    )


@pytest.mark.parametrize("engine", ["sqlite"])
@pytest.mark.parametrize(
    ("email", "username", "password", "message"),
    [
        ("ada@example.com", "ada", "7 chars", "A password has 8 characters or more."),
        ("ada@example.com", "ada", "", "A password has 8 characters or more."),
        (
            "ada@example.com",
            "ada",
            "ada12345",
            "This password is guessed soon: it is a common one, or too like the name or the email. Choose "
            "another one, such as several words that do not belong together.",
        ),
        ("ada@example.com", "ada lovelace", "correct horse", INVALID_USERNAME),
        ("ada", "ada", "correct horse", "`ada` is no email address."),
        ("@example.com", "ada", "correct horse", "`@example.com` is no email address."),
        ("ada@example.com", " ", "correct horse", "`username` must not be empty."),
        ("ada@example.com", "a" * 41, "correct horse", "`username` may have 40 characters."),
        ("a" * 243 + "@example.com", "ada", "correct horse", "`email` may have 254 characters."),
    ],
)
def test_an_account_that_cannot_be_is_refused(
    database_url: str, email: str, username: str, password: str, message: str
) -> None:
    command = ("user", "create", email, username, "--password", password, "--database-url", database_url)

    assert mistake(*command) == f"{message}\n"


# key create


def test_a_key_is_shown_once_and_signs_in(database_url: str, folder: Path) -> None:
    done(
        "user",
        "create",
        "ada@example.com",
        "ada",
        "--password",
        "correct horse",
        "--database-url",
        database_url,
    )
    before = set(folder.iterdir())
    made = run("key", "create", "Ada@example.com", "--days", "1", "--database-url", database_url)

    assert made.exit_code == 0
    assert re.fullmatch(r"vgk_[\w-]{43}\n", made.stdout)
    assert re.fullmatch(
        r"Good until \d{4}-\d\d-\d\d\. It is not stored, and cannot be shown again\.\n", made.stderr
    )
    key = {"authorization": f"Token {made.stdout.strip()}"}
    assert answer(database_url, "{ viewer { username } }", key) == {"data": {"viewer": {"username": "ada"}}}
    assert {file.name for file in set(folder.iterdir()) - before} <= {"test.sqlite3-wal", "test.sqlite3-shm"}


def test_a_key_needs_an_account_and_a_lifetime(database_url: str) -> None:
    done(
        "user",
        "create",
        "ada@example.com",
        "ada",
        "--password",
        "correct horse",
        "--database-url",
        database_url,
    )

    assert (
        mistake("key", "create", "bob@example.com", "--database-url", database_url)
        == "There is no account with this email.\n"
    )
    assert (
        mistake("key", "create", "ada@example.com", "--days", "731", "--database-url", database_url)
        == "`days` is a number from 1 to 730.\n"
    )


# key list, key revoke


def test_an_operator_lists_keys_and_revokes_one_or_all_of_an_account(database_url: str) -> None:
    at = ("--database-url", database_url)
    for name in ("ada", "bob"):
        done("user", "create", f"{name}@example.com", name, "--password", "correct horse", *at)
    secrets = [
        run("key", "create", email, "--name", name, *at).stdout.strip()
        for email, name in (
            ("bob@example.com", "One"),
            ("ada@example.com", "T\two"),
            ("bob@example.com", "Three"),
        )
    ]

    def listed(*email: str) -> list[list[str]]:
        text = done("key", "list", *email, *at)
        assert not [secret for secret in secrets if secret in text]
        return [line.split("\t") for line in text.splitlines()]

    def works(number: int) -> bool:
        key = {"authorization": f"Token {secrets[number]}"}
        return answer(database_url, "{ viewer { username } }", key)["data"]["viewer"] is not None

    lines = listed()
    today = f"made {datetime.now(UTC):%Y-%m-%d}"
    assert [(email, made, name) for _, email, made, _, _, name in lines] == [
        ("ada@example.com", today, r"'T\two'"),
        ("bob@example.com", today, "One"),
        ("bob@example.com", today, "Three"),
    ]
    assert {(state.split()[0], use) for _, _, _, state, use, _ in lines} == {("good", "never used")}
    assert listed("BOB@example.com") == lines[1:]

    assert done("key", "revoke", lines[1][0], *at) == "Keys revoked: 1.\n"
    assert not works(0)
    assert [state.split()[0] for _, _, _, state, _, _ in listed()] == ["good", "revoked", "good"]
    assert done("key", "revoke", "bob@example.com", *at) == "Keys revoked: 1.\n"
    assert done("key", "revoke", "bob@example.com", *at) == "Keys revoked: 0.\n"
    for command, unknown in (("list", "eve@example.com"), ("revoke", "eve@example.com")):
        assert mistake("key", command, unknown, *at) == "There is no account with this email.\n"
    for unknown in (
        "1",
        secrets[1],
        lines[0][0][:-1],
        global_id(Kind.USER, uuid4()),
        global_id(Kind.AUTHENTICATION_KEY, uuid4()),
    ):
        assert mistake("key", "revoke", unknown, *at) == "There is no key with this id.\n"
    before = datetime.now(UTC)
    assert [works(1), works(2)] == [True, False]
    hours = {f"used {at:%Y-%m-%d %H}h UTC" for at in (before, datetime.now(UTC))}
    used, *others = [use for *_, use, _ in listed()]
    assert (used in hours, others) == (True, ["never used"] * 2)


# member, co-creator


def test_an_operator_makes_members_and_co_creators_at_once(database_url: str) -> None:
    at = ("--database-url", database_url)
    for name in ("ada", "bob", "eve"):
        done("user", "create", f"{name}@example.com", name, "--password", PASSWORD, *at)
    key = {"authorization": f"Token {run('key', 'create', 'ada@example.com', *at).stdout.strip()}"}

    def asked(query: str, **variables: Any) -> Any:
        told = answer(database_url, query, key, **variables)
        assert "errors" not in told
        return told["data"]

    made = asked("""mutation { createOrganization(input: {name: "Works"}) { organization { id } }
      createPublication(input: {name: "A", customUrl: "a-studio"}) { publication { id owner { id } } } }""")
    works = made["createOrganization"]["organization"]["id"]
    room = asked(
        """mutation($o: ID!) { createWorkspace(input: {organizationId: $o, name: "Room"}) {
          workspace { id } } }""",
        o=works,
    )["createWorkspace"]["workspace"]["id"]
    people = """query($id: ID!) { organization(id: $id) { invitations { totalCount } members { edges { node {
      role user { username } workspaces { totalCount } } } } }
      publication(url: "a-studio") { coCreators { username } } }"""
    bob = asked('{ user(by: {username: "bob"}) { id } }')["user"]["id"]
    invite = "mutation($i: InviteMemberInput!) { inviteMember(input: $i) { invitation { id } } }"
    asked(invite, i={"organizationId": works, "userId": bob, "role": "ADMIN"})

    def shown() -> Any:
        seen = asked(people, id=works)
        nodes = [edge["node"] for edge in seen["organization"]["members"]["edges"]]
        roles = [(one["user"]["username"], one["role"], one["workspaces"]["totalCount"]) for one in nodes]
        makers = [user["username"] for user in seen["publication"]["coCreators"]]
        return sorted(roles), makers, seen["organization"]["invitations"]["totalCount"]

    assert shown() == ([("ada", "OWNER", 0)], [], 1)
    added = done("member", "add", works, "BOB@example.com", "--workspace", room, *at)
    assert added == "BOB@example.com is a member.\n"
    assert done("member", "role", works, "bob@example.com", "OWNER", *at) == "bob@example.com is OWNER.\n"
    assert (
        done("co-creator", "add", "a-studio", "bob@example.com", *at) == "bob@example.com is a co-creator.\n"
    )
    assert shown() == ([("ada", "OWNER", 0), ("bob", "OWNER", 1)], ["bob"], 0)
    for command, complaint in (
        (
            ("member", "add", works, "bob@example.com"),
            "The account is a member already: `viewgraph member role`",
        ),
        (("member", "add", works, "no@example.com"), "There is no account with this email."),
        (("member", "add", room, "eve@example.com"), "There is no such organization."),
        (("member", "add", works, "eve@example.com", "--workspace", works), "There is no such workspace."),
        (
            ("member", "role", works, "eve@example.com", "ADMIN"),
            "The user is no member of this organization.",
        ),
        (("member", "remove", works, "eve@example.com"), "The user is no member of this organization."),
        (("co-creator", "add", "a-studio", "bob@example.com"), "The account is a co-creator already."),
        (("co-creator", "add", "a-studio", "ada@example.com"), "The account owns this publication."),
        (("co-creator", "add", "b-studio", "eve@example.com"), "There is no such publication."),
    ):
        assert mistake(*command, *at).startswith(complaint)
    assert done("member", "remove", works, "bob@example.com", *at) == "bob@example.com is no member.\n"
    assert "This is the last owner" in mistake("member", "remove", works, "ada@example.com", *at)
    assert shown() == ([("ada", "OWNER", 0)], ["bob"], 0)


# migrate


def test_migrate_makes_the_tables_and_takes_them_down(folder: Path) -> None:
    assert done("migrate") == "The database is up to date.\n"
    url = f"sqlite:///{folder / 'viewgraph.sqlite3'}"
    assert tables(url) == {*SQLModel.metadata.tables, "alembic_version"}
    assert done("migrate", VIEWGRAPH_DATABASE_URL=url) == "The database is up to date.\n"
    assert done("migrate", "--down-to", "base") == "The database is at base.\n"
    assert tables(url) == {"alembic_version"}


def test_migrate_check_compares_the_migrations_with_the_models_and_touches_no_database(folder: Path) -> None:
    assert done("migrate", "--check") == "The migrations make what the models need.\n"
    assert list(folder.iterdir()) == []


def test_no_migration_is_written_where_the_models_have_not_changed() -> None:
    assert (
        mistake("migrate", "--write", "nothing new")
        == "The migrations make what the models need: there is nothing to write.\n"
    )


def test_an_unknown_revision_is_refused(database_url: str) -> None:
    assert (
        mistake("migrate", "--down-to", "nope", "--database-url", database_url)
        == "The migration cannot be done: Can't locate revision identified by 'nope'.\n"
    )


@pytest.mark.parametrize(
    "command",
    [
        ("serve",),
        ("user", "create", "ada@example.com", "ada", "--password", "correct horse"),
        ("key", "create", "ada@example.com"),
        ("key", "list"),
        ("key", "revoke", "ada@example.com"),
        ("import", __file__, "--format", "ndjson"),
        ("verify",),
        ("explain", "ai-research-studio", "totalViews"),
        ("rebuild",),
        ("prune", "--keep", "30"),
        ("tenant", "time-zone", "ada", "Europe/Paris"),
    ],
)
def test_whatever_needs_tables_asks_for_them(folder: Path, command: tuple[str, ...]) -> None:
    port = str(free_port())
    missing = mistake(*command, VIEWGRAPH_PORT=port)
    assert missing == "There is no database viewgraph.sqlite3 yet: run `viewgraph migrate` first.\n"
    assert list(folder.iterdir()) == []

    done("migrate")
    done("migrate", "--down-to", "base")
    assert mistake(*command, VIEWGRAPH_PORT=port) == NOT_UP_TO_DATE


def test_the_sign_ins_of_the_demo_are_shown_for_its_own_data_alone(database_url: str, folder: Path) -> None:
    at = ("--database-url", database_url)
    # The second has the email of the demo's owner, and is somebody else.
    for email in ("owner@example.com", email_of("owner")):
        done("user", "create", email, email.partition("@")[2], "--password", PASSWORD, *at)
        assert (
            mistake("serve", "--demo", "--port", str(free_port()), *at)
            == "This database is not the demo's: start it with `viewgraph demo`.\n"
        )
        assert done("key", "list", *at) == ""
    assert not list(folder.glob("*.secret"))


# schema


def test_schema_prints_the_schema_of_the_repository() -> None:
    assert done("schema") == (ROOT / "schema.graphql").read_text()


# Databases that cannot be used


def test_a_database_in_a_missing_folder_is_told(folder: Path) -> None:
    url = f"sqlite:///{folder}/nowhere/data.sqlite3"
    said = f"The database {url} cannot be used: there is no folder {folder}/nowhere.\n"

    assert mistake("migrate", "--database-url", url) == said
    assert mistake("serve", "--port", str(free_port()), "--database-url", url) == said


def test_a_file_that_is_no_database_is_told_and_left_alone(folder: Path) -> None:
    file = folder / "notes.txt"
    file.write_text("Buy milk.\n" * 100)

    assert (
        mistake("migrate", VIEWGRAPH_DATABASE_URL=f"sqlite:///{file}")
        == f"The database sqlite:///{file} cannot be used: file is not a database.\n"
    )
    assert file.read_text() == "Buy milk.\n" * 100


def test_a_server_that_does_not_answer_is_told_without_its_password() -> None:
    url = "postgresql://ada:hunter2@127.0.0.1:1/viewgraph"

    assert (
        mistake("migrate", "--database-url", url)
        == "The database postgresql://ada:***@127.0.0.1:1/viewgraph cannot be used: "
        "nothing answers at this address.\n"
    )


def test_a_database_that_the_server_does_not_have_is_told(postgres: PostgresServer) -> None:
    said = mistake("migrate", "--database-url", postgres.url("no_such_database"))

    assert said.endswith('cannot be used: database "no_such_database" does not exist.\n')
    assert said.count("\n") == 1


# Settings


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("PORT", "abc", "'abc': Input should be a valid integer, unable to parse string as an integer"),
        ("PORT", "0", "'0': Input should be greater than or equal to 1"),
        ("LOG_LEVEL", "loud", "'loud': Input should be 'critical', 'error', 'warning', 'info' or 'debug'"),
        ("GRAPHIQL", "maybe", "'maybe': Input should be a valid boolean, unable to interpret input"),
        ("SIGN_INS_PER_ACCOUNT", "often", "'often': Give a rate, such as `10 per 15 minutes`, or `off`"),
        (
            "QUERY_COST_PER_USER",
            "0 per day",
            "'0 per day': Give a rate, such as `10 per 15 minutes`, or `off`",
        ),
        (
            "MUTATION_COST_PER_ADDRESS",
            "3000000000 per day",
            "'3000000000 per day': 2,147,483,647 is the most; `off` is for anything",
        ),
        ("X_QUOTA", "little", "'little': Give a rate, such as `10 per 15 minutes`"),
        ("REFRESH_HOURS", "-1", "'-1': Input should be greater than or equal to 0"),
        ("SCORE_REACH_WEIGHT", "-1", "'-1': Input should be greater than or equal to 0"),
        ("SCORE_REACH_WEIGHT", "inf", "'inf': Input should be a finite number"),
        *(
            (
                "CORS_ORIGINS",
                origins,
                f"'{origins}': Give origins as browsers do, such as `https://app.example.com:8443`",
            )
            for origins in (
                "app.example.com",
                "https://app.example.com/",
                "https://App.example.com",
                "https://app.example.com:443",
                "http://localhost:80",
                "http://localhost:5173, null",
                "https://*.example.com",
            )
        ),
        (
            "ONLY_TRUSTED_DOCUMENTS",
            "true",
            "'true': Name a file of documents by VIEWGRAPH_TRUSTED_DOCUMENTS",
        ),
        ("INSTAGRAM_USER_ID", "me/../", "'me/../': String should match pattern '^[0-9]{1,20}$'"),
    ],
)
def test_a_setting_that_cannot_be_is_named_with_its_value(name: str, value: str, message: str) -> None:
    variable = f"VIEWGRAPH_{name}"

    assert mistake("serve", **{variable: value}) == f"{variable} is {message}.\n"


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("DATABASE_URL", "hunter2", "Give `sqlite:///FILE` or `postgresql://USER:PASSWORD@HOST/DATABASE`"),
        (
            "DATABASE_URL",
            "mysql://ada:hunter2@host/db",
            "Give `sqlite:///FILE` or `postgresql://USER:PASSWORD@HOST/DATABASE`",
        ),
        (
            "DATABASE_URL",
            "postgresql://ada:hunter2@host:port/db",
            "A host of the address, or its port, cannot be read. In a user, a password and a name, write "
            "`@` as %40, `/` as %2F and `?` as %3F",
        ),
        (
            "DATABASE_URL",
            "sqlite://",
            "Name a file, as in `sqlite:///FILE`: each connection would have its own data",
        ),
        ("SECRET", "hunter2", "A secret has 32 characters or more"),
        ("PREVIOUS_SECRETS", f"{'s' * 32}, hunter2", "Each secret has 32 characters or more"),
        *(
            (name, "hunter2\nhunter3", "A credential has visible ASCII characters alone, and no spaces")
            for name in (
                "YOUTUBE_API_KEY",
                "SOUNDCLOUD_CLIENT_ID",
                "SOUNDCLOUD_CLIENT_SECRET",
                "X_BEARER_TOKEN",
                "FACEBOOK_ACCESS_TOKEN",
                "INSTAGRAM_ACCESS_TOKEN",
            )
        ),
    ],
)
def test_a_setting_that_may_hold_a_secret_is_named_without_its_value(
    name: str, value: str, message: str
) -> None:
    variable = f"VIEWGRAPH_{name}"

    assert mistake("serve", **{variable: value}) == f"{variable}: {message}.\n"


def test_one_of_the_weights_of_a_score_is_more_than_0() -> None:
    weights = {f"VIEWGRAPH_SCORE_{part}_WEIGHT": "0" for part in ("REACH", "ACTIVITY", "INTEREST")}

    assert mistake("serve", **weights) == (
        "VIEWGRAPH_SCORE_INTEREST_WEIGHT is '0': One of the three weights is more than 0.\n"
    )


def test_an_option_that_cannot_be_is_named_as_an_option_and_every_mistake_has_its_line() -> None:
    assert mistake("serve", "--port", "65536", VIEWGRAPH_WORKERS="0") == (
        "--port is 65536: Input should be less than or equal to 65535.\n"
        "VIEWGRAPH_WORKERS is '0': Input should be greater than or equal to 1.\n"
    )


def test_an_option_goes_before_its_variable_and_an_empty_variable_counts_as_not_set(folder: Path) -> None:
    done(
        "migrate",
        "--database-url",
        "sqlite:///given.sqlite3",
        VIEWGRAPH_DATABASE_URL="sqlite:///other.sqlite3",
    )
    assert {file.name for file in folder.iterdir()} == {"given.sqlite3"}

    done("migrate", VIEWGRAPH_DATABASE_URL="")
    assert {file.name for file in folder.iterdir()} == {"given.sqlite3", "viewgraph.sqlite3"}


def test_an_option_of_another_type_is_refused_with_a_hint() -> None:
    result = run("serve", "--port", "abc")

    assert result.exit_code == 2
    assert "Invalid value for '--port'" in result.stderr


# Ports


def test_a_manifest_that_is_not_there_is_told_before_anything_is_served(folder: Path) -> None:
    done("migrate", "--database-url", f"sqlite:///{folder}/data.sqlite3")
    given = {"DATABASE_URL": f"sqlite:///{folder}/data.sqlite3", "TRUSTED_DOCUMENTS": "nowhere.json"}
    variables = {f"VIEWGRAPH_{name}": value for name, value in given.items()}

    said = mistake("serve", "--workers", "2", "--port", str(free_port()), **variables)
    assert said.splitlines()[-1] == (
        "nowhere.json is no manifest of trusted documents: No such file or directory."
    )


def test_a_port_in_use_is_told_before_anything_is_made(folder: Path) -> None:
    with taken_port() as port:
        said = f"Port {port} of 127.0.0.1 is in use. Choose another with --port.\n"
        assert mistake("serve", "--port", str(port)) == said
        assert mistake("demo", "--port", str(port)) == said
    assert list(folder.iterdir()) == []


def test_an_address_that_is_not_this_machines_is_told() -> None:
    assert (
        mistake("serve", "--host", "192.0.2.1", "--port", "8000")
        == "Nothing can listen on port 8000 of 192.0.2.1: Cannot assign requested address.\n"
    )


# Secrets


def test_a_secret_that_is_given_is_used_and_none_is_stored(folder: Path) -> None:
    given = Settings(secret=SecretStr("s" * 32), previous_secrets=SecretStr(f"{'a' * 32}, {'b' * 32},"))

    everything = ["s" * 32, "a" * 32, "b" * 32]
    assert secrets_of(given) == (everything, everything, everything)
    own = given.model_copy(
        update={"link_secret": SecretStr("l" * 32), "previous_visitor_secrets": SecretStr("v" * 32)}
    )
    assert secrets_of(own) == (everything, ["l" * 32], [*everything, "v" * 32])
    assert list(folder.iterdir()) == []


def stored_secrets(file: Path) -> list[str]:
    """Those that are used, for tokens, links and visitors."""
    stored = json.loads(file.read_text())
    assert list(stored) == ["tokens", "links", "visitors"]
    return [ring["used"] for ring in stored.values()]


def test_those_who_start_at_once_make_three_secrets(folder: Path) -> None:
    settings = Settings(database_url=f"sqlite:///{folder}/data.sqlite3")
    with ThreadPoolExecutor(16) as threads:
        made = {tuple(map(tuple, secrets)) for secrets in threads.map(secrets_of, [settings] * 16)}

    stored = stored_secrets(folder / "data.sqlite3.secret")
    assert made == {tuple((secret,) for secret in stored)}
    assert [len(secret) for secret in set(stored)] == [64] * 3


def test_for_a_server_elsewhere_the_secret_is_stored_in_the_current_folder(folder: Path) -> None:
    made = secrets_of(Settings(database_url="postgresql://host/db"))
    assert [[secret] for secret in stored_secrets(folder / "viewgraph.secret")] == list(made)
    named = secrets_of(Settings(database_url="postgresql://host/db", secret_file="elsewhere"))
    assert [[secret] for secret in stored_secrets(folder / "elsewhere")] == list(named)
    assert made != named


def test_the_one_secret_of_older_versions_is_for_everything(folder: Path) -> None:
    (folder / "viewgraph.sqlite3.secret").write_text("s" * 64)

    assert secrets_of(Settings()) == (["s" * 64], ["s" * 64], ["s" * 64])


@pytest.mark.parametrize(
    "stored",
    [
        "short",
        "{",
        json.dumps({"tokens": {"used": "s" * 32}}),
        json.dumps({name: {"used": "s" * 32, "older": ["a"]} for name in ("tokens", "links", "visitors")}),
    ],
)
def test_stored_secrets_that_are_cut_off_are_refused(folder: Path, stored: str) -> None:
    (folder / "viewgraph.sqlite3.secret").write_text(stored)

    with pytest.raises(Failure) as refused:
        secrets_of(Settings())
    assert str(refused.value) == (
        "viewgraph.sqlite3.secret has no secrets of 32 characters or more. Remove the file. The next start "
        "makes new secrets: everyone has to sign in again, and visitors get new hashes."
    )


def test_a_secret_that_cannot_be_stored_is_asked_for(folder: Path) -> None:
    with pytest.raises(Failure) as refused:
        secrets_of(Settings(database_url="sqlite:///nowhere/data.sqlite3"))

    assert str(refused.value) == (
        "No secrets can be stored in nowhere/data.sqlite3.secret (No such file or directory). "
        "Set VIEWGRAPH_SECRET."
    )
    assert list(folder.iterdir()) == []


# Whole programs


def test_serve_makes_a_secret_once_so_that_tokens_outlive_a_restart(folder: Path) -> None:
    url = f"sqlite:///{folder}/data.sqlite3"
    done("migrate", "--database-url", url)
    done("user", "create", "ada@example.com", "ada", "--password", "correct horse", "--database-url", url)
    kept = folder / "data.sqlite3.secret"

    with Anew("serve", "--database-url", url, folder=folder) as first:
        signed_in = first.post(LOGIN, email="ada@example.com", password="correct horse")
        secret = kept.read_text()
    # Each worker reads the one secret, and has the settings of the command.
    with Program("serve", "--database-url", url, "--workers", "2", folder=folder) as second:
        token = {"authorization": f"Bearer {signed_in['data']['login']['accessToken']}"}
        answers = [second.post("{ viewer { username } }", token) for _ in range(8)]

    assert answers == [{"data": {"viewer": {"username": "ada"}}}] * 8
    assert kept.read_text() == secret
    assert len(set(stored_secrets(kept))) == 3
    assert kept.stat().st_mode & 0o777 == 0o600
    warning = f"VIEWGRAPH_SECRET is not set: made secrets and stored them in {kept}. Keep that file private."
    told = json.loads(first.err.splitlines()[0])
    assert (told["level"], told["event"]) == ("warning", warning)
    assert "VIEWGRAPH_SECRET" not in second.err
    assert "Traceback" not in first.err + second.err
    assert (first.exit_code, second.exit_code) == (0, 0)
    assert [line["type"] for line in map(json.loads, first.out.splitlines()) if "type" in line] == [
        "mutation"
    ]


def test_a_server_goes_on_when_nobody_reads_its_lines(folder: Path) -> None:
    url = f"sqlite:///{folder}/data.sqlite3"
    done("migrate", "--database-url", url)

    with Unread("serve", "--database-url", url, folder=folder, VIEWGRAPH_SECRET=SECRET) as program:
        answers = [program.post("{ __typename }") for _ in range(3)]

    assert answers == [{"data": {"__typename": "Query"}}] * 3
    assert program.exit_code == 0
    assert "Traceback" not in program.err
    assert program.err.count("Nobody reads the standard output: lines about requests are lost.") == 1


def origin_let_in(program: Program, origin: str) -> str | None:
    """What a browser is told that asks whether a page of this origin may send a query."""
    headers = {"origin": origin, "access-control-request-method": "POST"}
    answer = httpx.options(f"{program.address}/graphql", headers=headers)
    allowed: str | None = answer.headers.get("access-control-allow-origin")
    return allowed


def test_the_demo_has_a_file_of_its_own_and_fills_it_anew_when_told(
    folder: Path, sqlite_template: Path
) -> None:
    own, other = folder / "viewgraph-demo.sqlite3", folder / "other.sqlite3"
    shutil.copy(sqlite_template, own)
    shutil.copy(sqlite_template, other)
    # What a program that was killed leaves behind; it belongs to no file that is made anew.
    (folder / "viewgraph-demo.sqlite3-wal").write_bytes(b"left behind")
    untouched = other.read_bytes()

    with Program("demo", "--fresh", folder=folder, VIEWGRAPH_DATABASE_URL=f"sqlite:///{other}") as first:
        pasted = subprocess.run(["/bin/sh", "-c", curl_in(first.read()[0])], capture_output=True, text=True)
        signed_in = first.post(LOGIN, email="owner@demo.test", password="viewgraph-demo")
        counted = rows_of(own)
        shared_with = [origin_let_in(first, "http://localhost:5173")]
        modes = {file.name: file.stat().st_mode & 0o777 for file in folder.glob("viewgraph-demo.*")}
        secrets = stored_secrets(folder / "viewgraph-demo.sqlite3.secret")
    own_site = {"VIEWGRAPH_CORS_ORIGINS": "https://app.example.com"}
    with Program("demo", folder=folder, VIEWGRAPH_HOST="192.0.2.1", **own_site) as second:
        shared_with.append(origin_let_in(second, "http://localhost:5173"))
        token = {"authorization": f"Bearer {signed_in['data']['login']['accessToken']}"}
        still_signed_in = second.post("{ viewer { username } }", token)

    views = counted.pop("views")
    # A machine without curl cannot paste what is for curl.
    assert (
        not shutil.which("curl")
        or pasted.stdout == f'{{"data":{{"publication":{{"metrics":{{"totalViews":{views}}}}}}}}}'
    )
    assert counted == {"users": 20, "publications": 10, "days": 366}, "a year, and today"
    assert still_signed_in == {"data": {"viewer": {"username": "owner"}}}
    assert rows_of(own) == {**counted, "views": views}
    assert other.read_bytes() == untouched
    assert shared_with == ["*", None]
    assert modes == {f"viewgraph-demo.sqlite3{end}": 0o600 for end in ("", "-wal", "-shm", ".secret")}
    said = "".join(first.read() + second.read())
    assert not [secret for secret in secrets if secret in said]
    # The key of the demo's owner, and of nobody else.
    assert len(set(re.findall(r"vgk_[\w-]+", first.out))) == 1
    assert "Filling" in first.out
    assert "Filling" not in second.out
    assert max(len(line) for line in first.out.splitlines() if not line.startswith("{")) <= 80
    assert '"level":"warning"' not in first.err + second.err
    assert "Traceback" not in first.err + second.err
    assert (first.exit_code, second.exit_code) == (0, 0)
    assert {file.name for file in folder.iterdir()} == {
        "other.sqlite3",
        "viewgraph-demo.sqlite3",
        "viewgraph-demo.sqlite3.secret",
    }


def curl_in(banner: str) -> str:
    """The command that it shows, with everything that belongs to it."""
    lines = banner.splitlines()
    start = next(number for number, line in enumerate(lines) if line.lstrip().startswith("curl "))
    return "\n".join(lines[start : lines.index("", start)])


def rows_of(file: Path) -> dict[str, int]:
    counted = {
        "users": "SELECT count(*) FROM users",
        "publications": "SELECT count(*) FROM publications",
        "days": "SELECT count(DISTINCT day) FROM day_totals WHERE action = 1",
        "views": """SELECT count(*) FROM events JOIN publications ON publications.id = subject_id
            WHERE action = 1 AND custom_url = 'ai-research-studio'""",
    }
    with closing(connect(file)) as connection:
        return {name: connection.execute(query).fetchone()[0] for name, query in counted.items()}
