"""Sign-in by oidc-provider, a certified issuer of OpenID Connect, whose keys are rotated in between."""

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from html import unescape
from pathlib import Path

import httpx
import pytest

from auth.identities import FirstSight, ForeignTokens
from auth.issuer import Issuer, IssuerSettings
from tests.auth.asking import who
from tests.auth.signed import with_accounts
from tests.npm import NODE, installed, needs_node
from tests.ports import held_port, wait_until_open
from tests.studio import Studio

SOURCES = Path(__file__).parent / "issuer"
CLIENT = ("viewgraph-app", "a secret of the tests, which protects nothing")
BACK = "https://app.example.com/signed-in"

pytestmark = needs_node


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return installed(SOURCES, tmp_path_factory.mktemp("issuer"), "issuer.js") / "issuer.js"


@contextmanager
def issuing(script: Path, port: int, key: str) -> Iterator[None]:
    """Meanwhile the issuer runs, with a key of this name."""
    process = subprocess.Popen([NODE, str(script), str(port), key], stderr=subprocess.DEVNULL)
    try:
        wait_until_open(port, process)
        yield
    finally:
        process.terminate()
        process.wait()


def id_token(issuer: str, name: str) -> str:
    """As a person gets it: by a page to sign in on, a page to agree on, and a code."""
    asked = {
        "client_id": CLIENT[0],
        "response_type": "code",
        "redirect_uri": BACK,
        "scope": "openid email profile",
    }
    with httpx.Client(trust_env=False) as browser:
        page = _followed(browser, browser.get(f"{issuer}/auth", params=asked))
        for prompt in ("login", "consent"):
            form = re.search(r'action="([^"]+)"', page.text)
            assert form
            given = {"prompt": prompt, "login": name, "password": "not asked for"}
            page = _followed(browser, browser.post(page.url.join(unescape(form[1])), data=given))
        code = httpx.URL(page.headers["location"]).params["code"]
        given = {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK}
        token: str = browser.post(f"{issuer}/token", data=given, auth=CLIENT).json()["id_token"]
    return token


def _followed(browser: httpx.Client, answer: httpx.Response) -> httpx.Response:
    """Up to the page of the app, which is not there."""
    while answer.is_redirect and not answer.headers["location"].startswith(BACK):
        answer = browser.get(answer.url.join(answer.headers["location"]))
    return answer


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_people_sign_in_by_another_issuer_while_its_keys_rotate(studio: Studio, script: Path) -> None:
    studio.clock.to_now()
    with held_port() as port:
        address = f"http://127.0.0.1:{port}"
        issuer = Issuer(IssuerSettings(address, [CLIENT[0]]), studio.clock)
        foreign = ForeignTokens(issuer, studio.services.database, FirstSight(True, True))
        async with with_accounts(studio, replace(studio.services.accounts, foreign=foreign)) as trusted:
            with issuing(script, port, "first"):
                tokens = {name: id_token(address, name) for name in ("owner", "eve")}
                for name, token in tokens.items():
                    answer = await who(trusted, authorization=f"Bearer {token}")
                    assert answer.data == {"viewer": {"username": name}}
            # The issuer is away. Who was signed in by it stays so.
            answer = await who(trusted, authorization=f"Bearer {tokens['eve']}")
            assert answer.data == {"viewer": {"username": "eve"}}
            studio.clock.advance(seconds=30)
            with issuing(script, port, "second"):
                newer = id_token(address, "eve")
                answer = await who(trusted, authorization=f"Bearer {newer}")
                assert answer.data == {"viewer": {"username": "eve"}}
            answer = await who(trusted, authorization=f"Bearer {tokens['eve']}")
            assert answer.code == "UNAUTHENTICATED"

    # `eve` was made, and `owner` was known by the email.
    assert await studio.count("external_identities") == 2
