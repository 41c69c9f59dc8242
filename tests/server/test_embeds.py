"""What pages of other sites show of a publication: a page without script, and a badge."""

import re
from dataclasses import replace
from xml.etree.ElementTree import fromstring

import httpx
import pytest

from auth.rates import RateLimits, Rates
from base.ids import Kind, global_id, uuid7
from tests.conftest import client_of
from tests.resolvers.figures import unchanged
from tests.studio import START, Answer, Studio

UPDATE = """mutation($input: UpdatePublicationInput!) { updatePublication(input: $input) { publication {
  name sharedFigures { figure value }
} } }"""
SHARED = '{ publication(url: "ai-research-studio") { sharedFigures { figure value } } }'
LIKES_AND_VIEWS = ["TOTAL_LIKES", "TOTAL_VIEWS"]
SVG = "{http://www.w3.org/2000/svg}"


async def share(studio: Studio, by: str | None, *figures: str, **more: object) -> Answer:
    given = {"id": studio.publication, "sharedFigures": figures, **more}
    return await studio.ask(UPDATE, by, input=given)


async def get(studio: Studio, form: str = "", id: str | None = None, **headers: str) -> httpx.Response:
    path = f"/embed/publication/{studio.publication if id is None else id}{form}"
    return await studio.client.get(path, headers=headers)


@pytest.fixture
async def busy(studio: Studio) -> Studio:
    """1,234 views and a like."""
    view = {"subject": {"publicationId": studio.publication}, "action": "VIEW"}
    for count in (1000, 234):
        await studio.report([view] * count, by="owner")
    like = "mutation($p: ID!) { likePublication(publicationId: $p) { publication { id } } }"
    assert (await studio.ask(like, "stranger", p=studio.publication)).data
    return studio


async def test_everybody_sees_what_the_owner_shares_and_nothing_before(busy: Studio) -> None:
    unknown = await get(busy, id=global_id(Kind.PUBLICATION, uuid7(START)))
    before = await get(busy), await get(busy, ".svg")
    assert (await busy.ask(SHARED)).data == {"publication": {"sharedFigures": None}}

    given = await share(busy, "owner", *LIKES_AND_VIEWS, "TOTAL_LIKES")
    shared = [{"figure": "TOTAL_LIKES", "value": 1}, {"figure": "TOTAL_VIEWS", "value": 1234}]
    assert given.data["updatePublication"]["publication"]["sharedFigures"] == shared
    for viewer in (None, "stranger", "cocreator"):
        assert (await busy.ask(SHARED, viewer)).data == {"publication": {"sharedFigures": shared}}
    page, badge = await get(busy), await get(busy, ".svg")
    assert page.status_code == badge.status_code == 200
    assert re.findall("<dt>(.*?)</dt><dd>(.*?)</dd>", page.text) == [("like", "1"), ("views", "1,234")]
    drawn = fromstring(badge.text)  # noqa: S314
    assert [text.text for text in drawn.iter(f"{SVG}text")] == ["Ai Research Studio", "1 like · 1,234 views"]
    assert drawn.findtext(f"{SVG}title") == "Ai Research Studio"
    assert drawn.findtext(f"{SVG}desc") == "1 like · 1,234 views. Since the beginning."

    # A badge has room for three.
    await share(busy, "owner", "TOTAL_SHARES", "TOTAL_COMMENTS", *LIKES_AND_VIEWS)
    assert "0 shares · 0 comments · 1 like</text>" in (await get(busy, ".svg")).text
    assert (await get(busy)).text.count("<dt>") == 4

    # What others change leaves it, and an empty list takes it back.
    assert (await busy.ask(UPDATE, "cocreator", input={"id": busy.publication, "name": "A & <b>"})).data
    assert '<h1 dir="auto">A &amp; &lt;b&gt;</h1>' in (await get(busy)).text
    assert (await share(busy, "owner")).data["updatePublication"]["publication"]["sharedFigures"] is None
    after = await get(busy), await get(busy, ".svg")
    assert [one.status_code for one in (*before, *after)] == [404] * 4
    assert [one.text for one in after] == [one.text for one in before]
    assert unknown.text == before[0].text
    assert "1,234" not in after[0].text + after[1].text


async def test_only_the_owner_decides_what_is_shared(studio: Studio) -> None:
    async with unchanged(studio):
        for by, code in {None: "UNAUTHENTICATED", "stranger": "FORBIDDEN", "cocreator": "FORBIDDEN"}.items():
            denied = await share(studio, by, "TOTAL_VIEWS", name="Taken")
            assert denied.errors == [(code, "updatePublication")]
            assert (await share(studio, by)).errors == [(code, "updatePublication")]
        assert (await share(studio, "owner", "totalViews")).code == "BAD_USER_INPUT"


async def test_what_is_no_publication_is_found_nowhere(studio: Studio) -> None:
    await share(studio, "owner", "TOTAL_VIEWS")
    nothing = await get(studio, id="nonsense")
    owner, organization = studio.people["owner"].id, studio.organization
    for id in ("ai-research-studio", owner, organization, "pub_", "%00", "a" * 5000):
        answer = await get(studio, id=id, authorization=f"Bearer {studio.token('admin')}")
        assert (answer.status_code, answer.text) == (404, nothing.text)


async def test_caches_keep_it_and_a_credential_changes_nothing(busy: Studio) -> None:
    await share(busy, "owner", *LIKES_AND_VIEWS)
    signed_in = {"authorization": f"Bearer {busy.token('owner')}"}
    for form, media_type in (("", "text/html; charset=utf-8"), (".svg", "image/svg+xml")):
        plain = await get(busy, form)
        assert plain.headers["content-type"] == media_type
        assert plain.headers["cache-control"] == "max-age=3600, public"
        assert plain.headers["vary"] == "accept-encoding, accept-language"
        assert plain.headers["cross-origin-resource-policy"] == "cross-origin"
        for headers in (signed_in, {"authorization": "Bearer wrong"}):
            same = await get(busy, form, **headers)
            assert (same.text, same.headers["cache-control"]) == (plain.text, "max-age=3600, public")
        again = await get(busy, form, **{"if-none-match": plain.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        head = await busy.client.head(plain.url.path)
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["etag"] == plain.headers["etag"]
        assert (await busy.client.post(plain.url.path)).status_code == 405
    nothing = await get(busy, id="nonsense")
    assert nothing.headers["cache-control"] == "max-age=60, public"


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_its_policy_allows_nothing_but_its_style_and_a_frame(busy: Studio) -> None:
    await share(busy, "owner", "TOTAL_VIEWS")
    page, badge = await get(busy), await get(busy, ".svg")

    assert re.fullmatch(
        r"default-src 'none'; style-src 'sha256-[\w+/=]{44}'; base-uri 'none'; form-action 'none'; "
        r"frame-ancestors \*",
        page.headers["content-security-policy"],
    )
    assert badge.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert "<script" not in page.text + badge.text


@pytest.mark.parametrize("engine", ["sqlite"])
@pytest.mark.parametrize(
    ("query", "accepted", "text"),
    [
        ("", "", "1 like · 1,234 views"),
        ("", "de-AT, en;q=0.8", "1 Like · 1.234 Aufrufe"),
        ("", "en;q=0.5, de;q=0.9, fr", "1 Like · 1.234 Aufrufe"),
        ("", "de;q=0, fr", "1 like · 1,234 views"),
        ("?lang=de", "en", "1 Like · 1.234 Aufrufe"),
        ("?lang=en-GB", "de", "1 like · 1,234 views"),
        ("?lang=nonsense", "de", "1 Like · 1.234 Aufrufe"),
    ],
)
async def test_it_speaks_the_language_that_is_asked_for(
    busy: Studio, query: str, accepted: str, text: str
) -> None:
    await share(busy, "owner", *LIKES_AND_VIEWS)
    badge = await get(busy, f".svg{query}", **{"accept-language": accepted})

    drawn = fromstring(badge.text)  # noqa: S314
    assert [one.text for one in drawn.iter(f"{SVG}text")][1] == text


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_any_name_makes_a_badge_that_can_be_read(studio: Studio) -> None:
    for name in ("a\x01b\x1fc", "<&\"'>", "n" * 200, "数字 and ❤️", "\u202eabc"):
        await share(studio, "owner", "MONTHLY_ACTIVE_USERS", name=name)
        drawn = fromstring((await get(studio, ".svg")).text)  # noqa: S314
        assert drawn.findtext(f"{SVG}title") == name.replace("\x01", " ").replace("\x1f", " ")
        assert drawn.find(f".//{SVG}text") is not None
        assert "Since" not in (drawn.findtext(f"{SVG}desc") or "")


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_its_cost_is_that_of_somebody_who_is_not_signed_in(studio: Studio) -> None:
    await share(studio, "owner", "TOTAL_VIEWS")
    services = replace(studio.services, rates=RateLimits(Rates(address="20 per minute")))
    async with client_of(services) as client:
        limited = replace(studio, client=client)
        token = f"Bearer {studio.token('owner')}"
        first = await get(limited, authorization=token)
        answers = [await get(limited, authorization=token) for _ in range(3)]

    assert (first.status_code, answers[-1].status_code) == (200, 429)
    assert answers[-1].json()["code"] == "THROTTLED"
    assert answers[-1].headers["cache-control"] == "no-store"
    assert int(answers[-1].headers["retry-after"]) > 0
