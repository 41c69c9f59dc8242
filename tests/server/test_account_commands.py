"""What operators do for accounts on the command line, beside making them."""

from pathlib import Path

import pytest

from tests.commands import done, mistake, run
from tests.server.test_cli import LOGIN, answer

RESET = """mutation($token: String!, $password: String!) {
  resetPassword(input: {token: $token, password: $password}) { user { username } } }"""
WHO = "{ viewer { username name } }"
NEW = "another password of the tests"


@pytest.fixture(autouse=True)
def folder(bare_folder: Path) -> Path:
    return bare_folder


@pytest.fixture
def at(database_url: str) -> tuple[str, str]:
    """Where the accounts of `ada` and `bob` are."""
    at = ("--database-url", database_url)
    for name in ("ada", "bob"):
        done("user", "create", f"{name}@example.com", name, "--password", "correct horse", *at)
    return at


def test_a_link_of_an_operator_sets_another_password_and_a_sign_out_ends_tokens(at: tuple[str, str]) -> None:
    url = at[1]
    emails = ("ada@example.com", " ADA@example.com ")
    first, made = (run("user", "reset-link", email, *at) for email in emails)
    token = made.stdout.strip()

    assert "This is the token of `resetPassword`." in made.stderr
    assert answer(url, RESET, token=first.stdout.strip(), password=NEW)["data"] == {"resetPassword": None}
    reset = answer(url, RESET, token=token, password=NEW)
    assert reset["data"] == {"resetPassword": {"user": {"username": "ada"}}}
    signed_in = answer(url, LOGIN, email="ada@example.com", password=NEW)["data"]["login"]
    headers = {"authorization": f"Bearer {signed_in['accessToken']}"}
    assert answer(url, WHO, headers)["data"] == {"viewer": {"username": "ada", "name": None}}

    assert done("user", "sign-out", "ada@example.com", *at) == (
        "All tokens of the account are refused from now on.\n"
    )

    assert answer(url, WHO, headers)["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


def test_a_link_leads_to_the_page_of_the_settings(
    at: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIEWGRAPH_ACCOUNT_PAGE", "https://app.example.com/account")

    link = run("user", "reset-link", "ada@example.com", *at).stdout

    assert link.startswith("https://app.example.com/account#kind=RESET_PASSWORD&token=vgl_")


@pytest.mark.parametrize(
    ("variables", "page"),
    [
        (
            {"VIEWGRAPH_PUBLIC_ORIGIN": "https://figures.example.com"},
            "https://figures.example.com/studio/account#",
        ),
        (
            {"VIEWGRAPH_PUBLIC_ORIGIN": "http://localhost:8000", "VIEWGRAPH_ROOT_PATH": "/below"},
            "http://localhost:8000/below/studio/account#",
        ),
        ({"VIEWGRAPH_PUBLIC_ORIGIN": "http://figures.example.com"}, "vgl_"),
        ({"VIEWGRAPH_PUBLIC_ORIGIN": "request"}, "vgl_"),
        ({"VIEWGRAPH_PUBLIC_ORIGIN": "https://figures.example.com", "VIEWGRAPH_STUDIO": "false"}, "vgl_"),
    ],
)
@pytest.mark.parametrize("engine", ["sqlite"])
def test_without_that_page_a_link_leads_to_the_studio_if_that_is_safe_to_reach(
    at: tuple[str, str], monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], page: str
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    assert run("user", "reset-link", "ada@example.com", *at).stdout.startswith(page)


def test_an_operator_changes_an_account(at: tuple[str, str]) -> None:
    changes = ("--email", "Lovelace@example.com", "--username", "Lovelace", "--name", "Ada L.")
    assert done("user", "update", "ada@example.com", *changes, *at) == "The account is changed.\n"

    signed_in = answer(at[1], LOGIN, email="lovelace@example.com", password="correct horse")
    assert signed_in["data"]["login"]["viewer"] == {"username": "lovelace", "name": "Ada L."}
    for mistaken, words in (
        (("ada@example.com", "--name", "Ada"), "There is no account with this email.\n"),
        (("lovelace@example.com",), "Say what to change: --email, --username or --name.\n"),
        (("lovelace@example.com", "--email", "bob"), "`bob` is no email address.\n"),
        (
            ("lovelace@example.com", "--username", "b0b"),
            "The email or the username is taken, or the username looks like another one. "
            "Choose another one.\n",
        ),
    ):
        assert mistake("user", "update", *mistaken, *at) == words


def test_an_operator_says_which_account_of_an_issuer_a_user_is(
    at: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    link = ("user", "link", "ada@example.com", "1234", *at)
    assert mistake(*link).startswith("No issuer is trusted: name it by VIEWGRAPH_OIDC_ISSUER")
    monkeypatch.setenv("VIEWGRAPH_OIDC_ISSUER", "https://id.example.com")
    assert mistake(*link).startswith("VIEWGRAPH_OIDC_AUDIENCE is '': Name what a token has to be for")
    monkeypatch.setenv("VIEWGRAPH_OIDC_AUDIENCE", "figures")

    for _ in range(2):
        assert done(*link) == "Tokens of https://id.example.com for 1234 act as ada@example.com.\n"

    assert mistake("user", "link", "bob@example.com", "1234", *at) == (
        "This account at the issuer is linked to another user.\n"
    )
