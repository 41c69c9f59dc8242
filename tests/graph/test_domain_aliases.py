"""Sites that go by several names: in filters, in groups, and where an asset may be shown."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from resolvers.context import Limits
from server.services import close_services
from tests.conftest import client_of
from tests.studio import Clock, Studio, services_for

SET = """mutation($input: SetDomainAliasesInput!) { setDomainAliases(input: $input) {
  organization { domainAliases { domain name } } } }"""
SET_OWN = """mutation($input: SetOwnDomainAliasesInput!) { setOwnDomainAliases(input: $input) {
  user { domainAliases { domain name } } } }"""
RANGE = 'range: {start: "2023-06-01", end: "2023-06-30"}'
COUNTED = f"""query($o: ID!, $domain: String) {{ organization(id: $o) {{ metrics({RANGE}, domain: $domain) {{
  total3DViews
  views(viewType: VIEW_3D, interval: MONTH, groupBy: [DOMAIN]) {{ count points {{ domain count }} }}
}} }} }}"""
VIEWS = f"""query($domain: String) {{ publication(url: "ai-research-studio") {{
  views({RANGE}, interval: MONTH, groupBy: [DOMAIN], domain: $domain) {{ points {{ domain count }} }}
}} }}"""
SITES = {
    "old.example": 1,
    "new.example": 2,
    "www.new.example": 4,
    "shop.example.com": 8,
    "a_b.example.com": 16,
    "example.com": 32,
    "axb.example.com": 64,
    "notexample.com": 128,
}
JOINED = [("old.example", "new.example"), ("www.*", "*"), ("*.example.com", "example.com")]
Pairs = Sequence[tuple[str, str]]

# What is refused before anything is written is refused alike on both.
one_engine = pytest.mark.parametrize("engine", ["sqlite"])


def given(pairs: Pairs) -> list[dict[str, str]]:
    return [{"domain": domain, "name": name} for domain, name in pairs]


async def join(studio: Studio, pairs: Pairs = JOINED) -> Any:
    asked = {"organizationId": studio.organization, "aliases": given(pairs)}
    return await studio.ask(SET, "admin", input=asked)


async def see(studio: Studio, asset: str) -> None:
    for site, times in SITES.items():
        event = {"subject": {"assetId": asset}, "action": "VIEW_3D", "domain": site}
        await studio.report([event | {"occurredAt": "2023-06-02T10:00:00Z"}] * times)


async def counted(studio: Studio, domain: str | None = None) -> tuple[int, dict[str | None, int]]:
    answer = await studio.ask(COUNTED, "admin", o=studio.organization, domain=domain)
    metrics = answer.data["organization"]["metrics"]
    points = {point["domain"]: point["count"] for point in metrics["views"]["points"]}
    assert metrics["total3DViews"] == metrics["views"]["count"] == sum(points.values())
    return metrics["total3DViews"], points


async def test_sites_that_are_one_are_counted_as_one_whenever_they_were_joined(studio: Studio) -> None:
    await see(studio, await studio.add_asset("Chair"))
    assert await counted(studio) == (255, SITES)
    assert await counted(studio, "new.example") == (2, {"new.example": 2})

    assert (await join(studio)).data == {
        "setDomainAliases": {
            "organization": {
                "domainAliases": given(
                    [("*.example.com", "example.com"), ("old.example", "new.example"), ("www.*", "*")]
                )
            }
        }
    }

    together = {"example.com": 120, "new.example": 7, "notexample.com": 128}
    assert await counted(studio) == (255, together)
    for domain in ("new.example", "old.example", "https://WWW.New.example/", "www.old.example"):
        assert await counted(studio, domain) == (7, {"new.example": 7})
    for domain in ("example.com", "shop.example.com", "never.example.com"):
        assert await counted(studio, domain) == (120, {"example.com": 120})
    assert await counted(studio, "(other)") == (0, {})

    await join(studio, [])

    assert await counted(studio) == (255, SITES)
    assert await counted(studio, "old.example") == (1, {"old.example": 1})


async def test_all_sites_below_one_are_asked_for_at_once(studio: Studio) -> None:
    await see(studio, await studio.add_asset("Chair"))

    assert await counted(studio, "*.example.com") == (
        88,
        {"shop.example.com": 8, "a_b.example.com": 16, "axb.example.com": 64},
    )
    assert await counted(studio, "*.b.example.com") == (0, {})
    assert await counted(studio, "*.a_b.example.com") == (0, {})
    assert await counted(studio, "*.example") == (
        7,
        {"old.example": 1, "new.example": 2, "www.new.example": 4},
    )


async def test_what_a_publication_was_shown_on_goes_by_its_owners_names(studio: Studio) -> None:
    for site, times in SITES.items():
        view = {"subject": {"publicationId": studio.publication}, "action": "VIEW", "domain": site}
        await studio.report([view] * times, "owner")
    aliases = {"aliases": given([("old.example", "new.example")])}
    answer = await studio.ask(SET_OWN, "owner", input=aliases)
    assert answer.data == {"setOwnDomainAliases": {"user": {"domainAliases": aliases["aliases"]}}}
    await join(studio)

    async def points(domain: str) -> Any:
        found = await studio.ask(VIEWS, "owner", domain=domain)
        return found.data["publication"]["views"]["points"]

    assert await points("old.example") == [{"domain": "new.example", "count": 3}]
    assert await points("www.new.example") == [{"domain": "www.new.example", "count": 4}]


async def test_an_asset_counts_on_its_sites_under_all_their_names(studio: Studio) -> None:
    assert (await join(studio)).data
    chair = await made(studio, ["new.example", "*.shop.example"])
    reported = [*SITES, "a.shop.example", "a.b.shop.example", "shop.example", None]
    answer = await studio.ask(
        "mutation($events: [EventInput!]!) { recordEvents(events: $events) { results { reason } } }",
        "admin",
        events=[
            {"subject": {"assetId": chair}, "action": "VIEW_3D", "domain": domain} for domain in reported
        ],
    )

    reasons = [result["reason"] for result in answer.data["recordEvents"]["results"]]
    assert [site for site, reason in zip(reported, reasons, strict=True) if reason is None] == [
        *("old.example", "new.example", "www.new.example", "a.shop.example", "a.b.shop.example"),
    ]
    assert {reason for reason in reasons if reason} == {"DOMAIN_NOT_ALLOWED"}


async def made(studio: Studio, domains: list[str]) -> str:
    answer = await create(studio, domains)
    id: str = answer.data["createAsset"]["asset"]["id"]
    return id


async def create(studio: Studio, domains: list[str]) -> Any:
    return await studio.ask(
        "mutation($input: CreateAssetInput!) { createAsset(input: $input) { asset { id } } }",
        "admin",
        input={"workspaceId": studio.workspaces[0], "name": "Chair", "domains": domains},
    )


@pytest.mark.parametrize("domains", [[""], ["  "], ["example.com", ""], ["null"], ["*"], ["*."], ["*.1"]])
@one_engine
async def test_a_text_that_is_no_site_lets_nobody_in(studio: Studio, domains: list[str]) -> None:
    answer = await create(studio, domains)

    assert answer.extensions == {
        "code": "BAD_USER_INPUT",
        "argument": "domains",
        "reason": "INVALID_DOMAIN",
    }
    assert await studio.count("assets") == 0
    asset = await made(studio, ["example.com"])
    update = "mutation($input: UpdateAssetInput!) { updateAsset(input: $input) { asset { id } } }"
    denied = await studio.ask(update, "admin", input={"id": asset, "domains": domains})
    assert denied.extensions["reason"] == "INVALID_DOMAIN"
    assert await studio.count("asset_domains") == 1


@pytest.mark.parametrize(
    ("pairs", "reason"),
    [
        ([("", "example.com")], "INVALID_DOMAIN"),
        ([("example.com", "")], "INVALID_DOMAIN"),
        ([("example.com", "null")], "INVALID_DOMAIN"),
        ([("example.com", "*.example")], "INVALID_DOMAIN"),
        ([("example.com", "*")], "INVALID_DOMAIN"),
        ([("shop.*", "*")], "INVALID_DOMAIN"),
        ([("example.com", "example.com")], "INVALID_ALIAS"),
        ([("a.example", "b.example"), ("b.example", "c.example")], "INVALID_ALIAS"),
        ([("a.example", "b.example"), ("b.example", "a.example")], "INVALID_ALIAS"),
        ([("a.example", "b.example"), ("A.example", "c.example")], "INVALID_ALIAS"),
        ([("a.example", "b.b.example"), ("*.b.example", "b.example")], "INVALID_ALIAS"),
        ([("a.example", "www.b.example"), ("www.*", "*")], "INVALID_ALIAS"),
        ([(f"a{number}.example", "b.example") for number in range(101)], "TOO_MANY"),
    ],
)
@one_engine
async def test_names_that_lead_nowhere_are_refused(studio: Studio, pairs: Pairs, reason: str) -> None:
    await join(studio, [("old.example", "new.example")])

    answer = await join(studio, pairs)

    assert (answer.code, answer.extensions["reason"]) == ("BAD_USER_INPUT", reason)
    assert await studio.count("domain_aliases") == 1


async def test_only_insiders_know_the_names(studio: Studio) -> None:
    await join(studio)
    query = "query($o: ID!) { organization(id: $o) { domainAliases { name } } }"
    member = await studio.ask(query, "member", o=studio.organization)
    owner = await studio.ask('{ user(by: {username: "owner"}) { domainAliases { name } } }', "stranger")

    assert member.errors == [("FORBIDDEN", "organization.domainAliases")]
    assert owner.errors == [("FORBIDDEN", "user.domainAliases")]
    assert (
        await studio.ask(SET, "member", input={"organizationId": studio.organization, "aliases": []})
    ).code == ("FORBIDDEN")
    assert await studio.count("domain_aliases") == 3


async def test_points_are_limited_as_they_are_read(studio: Studio, database_url: str, clock: Clock) -> None:
    """What lies beyond the limit is not read: so it cannot be put together either."""
    await see(studio, await studio.add_asset("Chair"))
    await join(studio)
    services = services_for(database_url, clock, Limits(points=2))
    async with client_of(services) as client:
        narrow = replace(studio, services=services, client=client)
        answer = await narrow.ask(COUNTED, "admin", o=studio.organization, domain="new.example")
    await close_services(services)

    assert answer.errors == [("COST_ESTIMATED_TOO_EXPENSIVE", "organization.metrics.views")]
