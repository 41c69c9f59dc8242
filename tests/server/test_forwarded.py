"""What proxies say of a request is believed from trusted proxies alone."""

from dataclasses import replace
from typing import Any

import httpx
import pytest
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from auth.links import LinkSigner
from server.app import create_app
from server.failures import Failure
from server.http.forwarded import ForwardedHeaders, prefix_of
from server.settings import Settings, settings_with
from tests.server.test_reports import OF_ASSET
from tests.studio import SECRET, Studio

Headers = list[tuple[str, str]]


async def heard(headers: Headers, *, path: str = "/", client: str = "127.0.0.1", **given: str) -> Any:
    """What the application gets: client, scheme, prefix and path."""

    async def answered(scope: Scope, receive: Receive, send: Send) -> None:
        said = [scope["client"][0], scope["scheme"], prefix_of(scope), scope["path"]]
        await JSONResponse(said)(scope, receive, send)

    usual = {"trusted_hosts": "127.0.0.1,10.0.0.0/8,2001:db8::/32", "root_path": ""}
    app = ForwardedHeaders(answered, **{**usual, **given})
    transport = httpx.ASGITransport(app, client=(client, 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as asking:
        return (await asking.get(path, headers=headers)).json()


FOR, PROTO, PREFIX = "x-forwarded-for", "x-forwarded-proto", "x-forwarded-prefix"


@pytest.mark.parametrize(
    ("headers", "client", "scheme"),
    [
        ([(FOR, "192.0.2.1"), (PROTO, "https")], "192.0.2.1", "https"),
        ([(FOR, "198.51.100.7, 192.0.2.1, 10.1.1.1"), (PROTO, "https,http")], "192.0.2.1", "https"),
        ([(FOR, "192.0.2.1"), (FOR, "10.1.1.1"), (PROTO, "HTTPS"), (PROTO, "http")], "192.0.2.1", "https"),
        ([(FOR, "192.0.2.1:4711, ::ffff:10.1.1.1"), (PROTO, "gopher")], "192.0.2.1", "http"),
        ([(FOR, "[2001:db9::1]:4711, 2001:db8::2")], "2001:db9::1", "http"),
        ([(FOR, ""), (PROTO, "")], "127.0.0.1", "http"),
    ],
)
async def test_of_several_values_that_of_the_client_counts(
    headers: Headers, client: str, scheme: str
) -> None:
    assert (await heard(headers))[:2] == [client, scheme]
    # A socket for both versions writes the proxy's address like this.
    mapped = await heard(headers, client="::ffff:127.0.0.1")
    assert mapped[:2] == [client if client != "127.0.0.1" else "::ffff:127.0.0.1", scheme]
    assert (await heard(headers, client="198.51.100.1"))[:3] == ["198.51.100.1", "http", ""]


@pytest.mark.parametrize(
    ("said", "client"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("198.51.100.7, 192.0.2.1", "192.0.2.1"),
        ("192.0.2.1, 10.1.1.1", "192.0.2.1"),
        ("192.0.2.1, ::ffff:10.1.1.1", "192.0.2.1"),
        ("192.0.2.1, 10.1.1.2", "10.1.1.2"),
        ("192.0.2.1, 010.1.1.1", "010.1.1.1"),
        ("192.0.2.1, 2001:db8::1", "192.0.2.1"),
        ("192.0.2.1:4711, proxy", "192.0.2.1"),
    ],
)
async def test_where_single_proxies_are_trusted_the_last_other_address_counts(said: str, client: str) -> None:
    trusted = "127.0.0.1,10.1.1.1,2001:DB8::1,proxy"
    assert (await heard([(FOR, said)], trusted_hosts=trusted))[0] == client


@pytest.mark.parametrize(
    ("values", "path", "prefix", "rest"),
    [
        (["/figures"], "/graphql", "/figures", "/graphql"),
        (["/figures/"], "/figures/graphql", "/figures", "/graphql"),
        (["/a, /b"], "/a/b", "/a/b", "/"),
        (["/a", "/b/"], "/a/bc", "/a/b", "/a/bc"),
        # The proxy has taken it away: the rest is a path of the REST APIs.
        (["/api"], "/api/organizations", "/api", "/api/organizations"),
        (["//evil.example"], "/graphql", "", "/graphql"),
        (["https://evil.example"], "/graphql", "", "/graphql"),
        (['/"><script>'], "/graphql", "", "/graphql"),
        (["/" + "a" * 200], "/graphql", "", "/graphql"),
        (["/"], "/graphql", "", "/graphql"),
    ],
)
async def test_a_prefix_is_a_path_that_proxies_take_away_or_leave(
    values: list[str], path: str, prefix: str, rest: str
) -> None:
    headers = [(PREFIX, value) for value in values]

    assert (await heard(headers, path=path))[2:] == [prefix, rest]
    assert (await heard(headers, path=path, client="192.0.2.1"))[2:] == ["", path]


async def test_the_setting_is_stronger_than_the_header_and_needs_no_proxy() -> None:
    given: Any = {"path": "/figures/studio", "root_path": "/figures"}

    assert (await heard([(PREFIX, "/other")], **given))[2:] == ["/figures", "/studio"]
    assert (await heard([], **given, client="192.0.2.1"))[2:] == ["/figures", "/studio"]


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_links_and_pages_are_below_the_prefix_and_lead_where_the_setting_says(
    studio: Studio,
) -> None:
    chair = await studio.add_asset("Chair")
    services = replace(studio.services, links=LinkSigner([SECRET], "https://figures.example.com"))
    app = ForwardedHeaders(create_app(Settings(), services), "", "/figures")
    transport = httpx.ASGITransport(app)
    headers = {"authorization": f"Bearer {studio.token('admin')}", "host": "evil.example"}
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        asked = {"query": OF_ASSET, "variables": {"id": chair}}
        answer = (await client.post("/figures/graphql", json=asked, headers=headers)).json()
        url = answer["data"]["of"]["metrics"]["summaryReport"]["url"]
        file = await client.get(url.removeprefix("https://figures.example.com"))
        html = {"accept": "text/html"}
        pages = [await client.get(path, headers=html) for path in ("/graphql", "/figures/studio/a/b")]
        slash = await client.get("/figures/graphql/", headers={"host": "evil.example"})

    assert url.startswith("https://figures.example.com/figures/reports/")
    assert file.status_code == 200
    assert all('src="/figures/' in page.text and '"./' not in page.text for page in pages)
    assert slash.headers["location"] == "/figures/graphql"


@pytest.mark.parametrize("engine", ["sqlite"])
@pytest.mark.parametrize(
    ("given", "origin"),
    [
        ({}, "http://127.0.0.1:8000"),
        ({"host": "0.0.0.0", "port": 8080}, "http://127.0.0.1:8080"),  # noqa: S104
        ({"host": "::"}, "http://[::1]:8000"),
        ({"host": "192.0.2.7"}, "http://192.0.2.7:8000"),
        ({"public_origin": "https://figures.example.com"}, "https://figures.example.com"),
        ({"public_origin": "request"}, "http://evil.example"),
    ],
)
async def test_the_host_of_a_request_decides_of_links_only_if_a_setting_says_so(
    studio: Studio, given: dict[str, Any], origin: str
) -> None:
    chair = await studio.add_asset("Chair")
    services = replace(studio.services, links=LinkSigner([SECRET], Settings(**given).link_origin()))
    transport = httpx.ASGITransport(create_app(Settings(**given), services))
    headers = {"authorization": f"Bearer {studio.token('admin')}", "host": "evil.example"}
    asked = {"query": OF_ASSET, "variables": {"id": chair}}
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        answer = (await client.post("/graphql", json=asked, headers=headers)).json()
        html = {"host": "evil.example", "accept": "text/html"}
        led = [await client.get(path, headers=html) for path in ("/", "/graphql/")]

    assert answer["data"]["of"]["metrics"]["summaryReport"]["url"].startswith(f"{origin}/reports/")
    assert [redirection.headers["location"] for redirection in led] == ["/studio", "/graphql"]


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("root_path", "figures", "Give a path"),
        ("root_path", "//evil.example", "Give a path"),
        ("public_origin", "figures.example.com", "Give an origin"),
        ("public_origin", "https://figures.example.com/path", "Give an origin"),
    ],
)
def test_what_is_no_path_or_no_origin_is_refused(name: str, value: str, said: str) -> None:
    with pytest.raises(Failure, match=said):
        settings_with(**{name: value})


def test_a_slash_at_the_end_of_the_prefix_does_not_count() -> None:
    assert Settings(root_path="/figures/").root_path == "/figures"
    assert Settings(root_path="/").root_path == ""
