"""The snippet as a file: small, and served so that any site may load and keep it."""

from gzip import compress, decompress
from pathlib import Path
from subprocess import run

import httpx

from tests.browser.live import LiveServer
from tests.npm import NPM, needs_node

FILE = Path(__file__).parents[2] / "src" / "server" / "web" / "viewer.js"


def test_it_is_under_2_kb_gzipped() -> None:
    assert len(compress(FILE.read_bytes(), 9)) < 2_000


@needs_node
def test_it_was_built_of_its_source(packages: Path) -> None:
    built = packages.parent / "src" / "server" / "web" / FILE.name
    built.parent.mkdir(parents=True)
    run([NPM, "run", "--silent", "build"], cwd=packages, check=True, timeout=60)

    assert built.read_bytes() == FILE.read_bytes(), "run make snippet"


def test_any_site_may_load_it_and_keep_it_for_an_hour(live: LiveServer) -> None:
    answer = httpx.get(f"{live.url}/viewer.js", headers={"accept-encoding": "identity"})
    assert answer.status_code == 200
    assert answer.content == FILE.read_bytes()
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert answer.headers["cache-control"] == "public, max-age=3600"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    assert "content-encoding" not in answer.headers


def test_it_is_not_sent_again_to_who_has_it(live: LiveServer) -> None:
    url = f"{live.url}/viewer.js"
    first = httpx.get(url)
    tag = first.headers["etag"]
    assert tag.startswith('"')
    for known in (tag, f"W/{tag}", f'"of another one", {tag}', "*"):
        again = httpx.get(url, headers={"if-none-match": known})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
        assert again.headers["cache-control"] == "public, max-age=3600"
    assert httpx.get(url, headers={"if-none-match": '"of another one"'}).status_code == 200


def test_it_is_sent_gzipped_under_a_tag_of_its_own(live: LiveServer) -> None:
    url = f"{live.url}/viewer.js"
    plain = httpx.get(url, headers={"accept-encoding": "identity"})
    with httpx.stream("GET", url, headers={"accept-encoding": "gzip"}) as gzipped:
        body = b"".join(gzipped.iter_raw())
        assert gzipped.headers["content-encoding"] == "gzip"
        assert gzipped.headers["content-length"] == str(len(body))
        assert gzipped.headers["vary"] == plain.headers["vary"] == "accept-encoding"
        assert gzipped.headers["etag"] != plain.headers["etag"]
    assert decompress(body) == plain.content
    assert len(body) < 2_000


def test_its_headers_may_be_asked_for_alone(live: LiveServer) -> None:
    answer = httpx.head(f"{live.url}/viewer.js")
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["etag"] == httpx.get(f"{live.url}/viewer.js").headers["etag"]
