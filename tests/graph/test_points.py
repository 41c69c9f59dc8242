"""What series cost before they are made: exact figures, and what is refused."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
import pytest_asyncio
from sqlmodel import col, select

from base.ids import uuid7
from models import Asset, Organization, Workspace
from resolvers.context import Limits
from server.services import close_services
from tests.conftest import client_of
from tests.studio import Clock, Studio, services_for

one_engine = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)

VIEWS = """query(
  $id: ID!, $start: RangeBound!, $end: RangeBound!, $interval: DateInterval!, $by: [ViewDimension!],
  $zone: TimeZone, $assets: [ID!], $workspaces: [ID!], $domain: String, $zeros: Boolean! = false,
  $week: WeekStart! = MONDAY
) {
  organization(id: $id) {
    metrics(
      range: {start: $start, end: $end}, timeZone: $zone, assetIds: $assets, workspaceIds: $workspaces,
      domain: $domain
    ) {
      views(viewType: VIEW_3D, interval: $interval, groupBy: $by, zeroFill: $zeros, weekStart: $week) {
        count points { dateInterval count }
      }
    }
  }
}"""
DECADE = '{start: "2014-01-01", end: "2023-12-31"}'
# The organization, its metrics, the series with its count; and for each point: it, and two leaves.
AROUND = 10 + 50 + 50 + 1
EACH = 1 + 2 + 2


async def add_assets(studio: Studio, *of_workspaces: int) -> None:
    """So many to each workspace of the organization."""
    async with studio.services.database.writing() as session:
        organization = (await session.scalars(select(Organization))).one()
        workspaces = (await session.scalars(select(Workspace).order_by(col(Workspace.id)))).all()
        session.add_all(
            Asset(
                public_id=uuid7(studio.clock.now),
                organization_id=organization.id,
                workspace_id=workspace.id,
                name=f"Asset {number}",
                created_at=studio.clock.now,
            )
            for workspace, count in zip(workspaces, of_workspaces, strict=True)
            for number in range(count)
        )


@pytest_asyncio.fixture
async def poor(studio: Studio, database_url: str, clock: Clock) -> AsyncIterator[Studio]:
    """Of a server that lets no point pass."""
    async for one in with_limits(studio, database_url, clock, Limits(points=0)):
        yield one


async def with_limits(studio: Studio, url: str, clock: Clock, limits: Limits) -> AsyncIterator[Studio]:
    services = services_for(url, clock, limits)
    async with client_of(services) as client:
        yield replace(studio, services=services, client=client)
    await close_services(services)


async def told(studio: Studio, **arguments: Any) -> dict[str, Any]:
    given = {"id": studio.organization, "start": "2023-01-01", "end": "2023-01-31", "interval": "DAY"}
    answer = await studio.ask(VIEWS, "admin", **{**given, **arguments})
    extensions = answer.extensions
    assert extensions.pop("code") == "COST_ESTIMATED_TOO_EXPENSIVE", answer.body
    assert extensions.pop("maxPoints") == 0
    assert extensions.pop("field") == "organization.metrics.views"
    assert extensions["points"] == extensions["buckets"] * extensions["groups"]
    return extensions


@one_engine
@pytest.mark.parametrize(
    ("arguments", "buckets", "groups"),
    [
        ({}, 31, 1),
        ({"interval": "MONTH"}, 1, 1),
        ({"interval": "WEEK"}, 6, 1),
        ({"interval": "WEEK", "week": "SUNDAY"}, 5, 1),
        ({"start": "2022-11-30", "end": "2023-02-01", "interval": "MONTH"}, 4, 1),
        ({"end": "2023-02-01T00:00:00Z"}, 32, 1),
        ({"end": "2023-02-01T00:00:00Z", "zone": "America/New_York"}, 31, 1),
        ({"start": "2023-01-01T00:00:00Z", "zone": "America/New_York"}, 32, 1),
        ({"interval": "HOUR"}, 744, 1),
        ({"start": "2023-03-12", "end": "2023-03-12", "interval": "HOUR", "zone": "America/New_York"}, 23, 1),
        ({"start": "2023-11-05", "end": "2023-11-05", "interval": "HOUR", "zone": "America/New_York"}, 25, 1),
        ({"start": "2023-01-01", "end": "2023-01-01", "interval": "HOUR", "zone": "Asia/Kolkata"}, 24, 1),
        (
            {
                "start": "2023-01-01T00:00:00Z",
                "end": "2023-01-01T23:59:59Z",
                "interval": "HOUR",
                "zone": "Asia/Kolkata",
            },
            25,
            1,
        ),
        ({"by": ["DEVICE"]}, 31, 4),
        ({"by": ["ASSET"]}, 31, 7),
        ({"by": "ASSET"}, 31, 7),
        ({"by": ["ASSET", "DEVICE", "WORKSPACE"]}, 31, 28),
        ({"by": ["WORKSPACE"]}, 31, 2),
        ({"by": ["DOMAIN"]}, 31, 1),
        ({"by": ["ASSET"], "workspaces": 0}, 31, 5),
        ({"by": ["WORKSPACE"], "workspaces": 1}, 31, 1),
    ],
)
async def test_a_series_has_a_point_for_each_bucket_and_group(
    poor: Studio, arguments: dict[str, Any], buckets: int, groups: int
) -> None:
    await add_assets(poor, 5, 2)
    if "workspaces" in arguments:
        arguments = arguments | {"workspaces": [poor.workspaces[arguments["workspaces"]]]}
    found = await told(poor, **arguments)
    assert (found["buckets"], found["groups"]) == (buckets, groups)


@one_engine
@pytest.mark.parametrize("is_larger_first", [False, True])
async def test_each_organization_has_as_many_groups_as_it_has_assets(
    poor: Studio, is_larger_first: bool
) -> None:
    await add_assets(poor, 5, 2)
    make = 'mutation { createOrganization(input: {name: "Small"}) { organization { id } } }'
    small = (await poor.ask(make, "admin")).data["createOrganization"]["organization"]["id"]
    in_turn = {poor.organization: 7, small: 0}

    for id, groups in sorted(in_turn.items(), key=lambda item: item[1], reverse=is_larger_first):
        answer = await poor.ask(
            VIEWS, "admin", id=id, start="2023-01-01", end="2023-01-31", interval="DAY", by=["ASSET"]
        )
        assert answer.body.get("errors", [{}])[0].get("extensions", {}).get("groups", 0) == groups


@one_engine
async def test_named_assets_are_as_many_groups(poor: Studio) -> None:
    await add_assets(poor, 5, 2)
    assert (await told(poor, by=["ASSET"], assets=["x", "y", "z"]))["groups"] == 3
    assert (await told(poor, by=["ASSET"], assets=["x"] * 50))["groups"] == 7


@one_engine
async def test_sites_are_as_many_groups_as_there_are_unless_one_is_named(poor: Studio) -> None:
    asset = await poor.add_asset("Chair")
    await poor.report(
        [
            {"subject": {"assetId": asset}, "action": "VIEW_3D", "domain": domain}
            for domain in ("a.example", "b.example", None)
        ]
    )
    assert (await told(poor, by=["DOMAIN"]))["groups"] == 3
    assert (await told(poor, by=["DOMAIN"], domain="a.example"))["groups"] == 1


@one_engine
async def test_what_helps_is_named(poor: Studio) -> None:
    await add_assets(poor, 3, 0)
    assert (await told(poor))["narrow"] == ["range", "interval"]
    assert (await told(poor, by=["DEVICE"], interval="MONTH"))["narrow"] == ["range", "groupBy"]
    assert (await told(poor, by=["ASSET"]))["narrow"] == ["range", "interval", "groupBy", "assetIds"]
    answer = await poor.ask(
        VIEWS,
        "admin",
        id=poor.organization,
        start="2023-01-01",
        end="2023-01-31",
        interval="DAY",
        by=["ASSET"],
    )
    assert answer.body["errors"][0]["message"] == (
        "The operation may have 93 points of series, and 0 is the most: `organization.metrics.views` has 31 "
        "buckets by 3 groups. Narrow `range`, `interval`, `groupBy`, `assetIds`."
    )


@one_engine
async def test_146200_points_are_refused_before_execution(studio: Studio) -> None:
    await add_assets(studio, 150, 50)
    given = {"start": "2022-01-01", "end": "2024-01-01", "interval": "DAY", "by": ["ASSET"]}
    with studio.statements() as statements:
        answer = await studio.ask(VIEWS, "admin", id=studio.organization, **given)
    assert answer.extensions == {
        "code": "COST_ESTIMATED_TOO_EXPENSIVE",
        "points": 146_200,
        "maxPoints": 25_000,
        "field": "organization.metrics.views",
        "buckets": 731,
        "groups": 200,
        "narrow": ["range", "interval", "groupBy", "assetIds"],
    }
    # Who asks; and how many assets there are, which is remembered for some seconds.
    assert len(statements) == 2
    assert "count(assets.id)" in statements[1]
    with studio.statements() as statements:
        assert (await studio.ask(VIEWS, "admin", id=studio.organization, **given)).code
    assert len(statements) == 1
    assert (await studio.ask("{ limits { maxPoints } }")).data == {"limits": {"maxPoints": 25_000}}


@one_engine
async def test_honest_dashboards_are_far_from_the_limits(studio: Studio) -> None:
    await add_assets(studio, 1_000, 0)
    named = [f"asset {number}" for number in range(50)]
    year, decade = ("2023-01-01", "2023-12-31"), ("2014-01-01", "2024-01-07")
    for (start, end), interval, by, assets in (
        (year, "MONTH", ["ASSET"], None),
        (decade, "DAY", [], named[:1]),
        (("2023-01-01", "2023-03-31"), "DAY", ["ASSET", "DEVICE"], named),
        (year, "DAY", ["DEVICE", "WORKSPACE"], None),
    ):
        answer = await studio.ask(
            VIEWS,
            "admin",
            id=studio.organization,
            start=start,
            end=end,
            interval=interval,
            by=by,
            assets=assets,
        )
        # Those that are named do not exist.
        assert not answer.errors if assets is None else answer.code == "NOT_FOUND"


@one_engine
async def test_what_is_read_costs_too(studio: Studio, database_url: str, clock: Clock) -> None:
    """Each four totals a tenth: of a day or, by months, of a month of each asset."""
    await add_assets(studio, 5, 2)
    given = {"id": studio.organization, "start": "2023-01-01", "end": "2023-03-31"}
    async for poor in with_limits(studio, database_url, clock, Limits(cost=0)):
        for interval, points, reads in (
            ("HOUR", 90 * 24, 90 * 24 * 7),
            ("DAY", 90, 90 * 7),
            ("WEEK", 14, 90 * 7),
            ("MONTH", 3, 3 * 7),
        ):
            answer = await poor.ask(VIEWS, "admin", **given, interval=interval)
            tenths = AROUND + points * EACH + -(-reads // 4)
            assert answer.extensions["cost"] == -(-tenths // 10)


@one_engine
async def test_points_of_all_series_are_added_up(studio: Studio) -> None:
    def series(count: int) -> str:
        asked = f"metrics(range: {DECADE}) {{ views(viewType: VIEW_3D, interval: DAY) {{"
        return " ".join(
            f"s{number}: organization(id: $id) {{ {asked} count }} }} }}" for number in range(count)
        )

    query = "query($id: ID!) { %s }"
    assert (await studio.ask(query % series(6), "admin", id=studio.organization)).data
    answer = await studio.ask(query % series(7), "admin", id=studio.organization)
    assert answer.extensions["points"] == 7 * 3_652


@one_engine
async def test_one_name_for_two_ranges_counts_for_the_longer(poor: Studio) -> None:
    fragment = "fragment F on AssetMetrics { views(viewType: VIEW_3D, interval: DAY) { count } }"
    short, long = (
        f'metrics(range: {{start: "2023-01-01", end: "{end}"}})' for end in ("2023-01-02", "2023-12-31")
    )
    for first, second in (("Organization", "Workspace"), ("Workspace", "Organization")):
        query = (
            f"query($id: ID!) {{ node(id: $id) {{ ... on {first} {{ {short} {{ ...F }} }}"
            f" ... on {second} {{ {long} {{ ...F }} }} }} }} {fragment}"
        )
        answer = await poor.ask(query, "admin", id=poor.organization)
        assert (answer.extensions["points"], answer.extensions["buckets"]) == (365, 365)


@one_engine
async def test_more_hours_than_an_operation_may_have_are_refused_before_execution(studio: Studio) -> None:
    asset = await studio.add_asset("Chair")
    query = """query($id: ID!, $range: DateRange!) { asset(id: $id) { metrics(range: $range) {
      actions(action: INTERACTION, interval: HOUR, zeroFill: true) { points { count } }
    } } }"""
    years = {"start": "2020-01-01", "end": "2022-12-31"}
    with studio.statements() as statements:
        answer = await studio.ask(query, "admin", id=asset, range=years)
    assert answer.extensions == {
        "code": "COST_ESTIMATED_TOO_EXPENSIVE",
        "points": 26_304,
        "maxPoints": 25_000,
        "field": "asset.metrics.actions",
        "buckets": 26_304,
        "groups": 1,
        "narrow": ["range", "interval"],
    }
    # Who asks.
    assert len(statements) == 1
    allowed = {"start": "2020-01-01", "end": "2022-11-07T15:59:59Z"}
    made = (await studio.ask(query, "admin", id=asset, range=allowed)).data["asset"]["metrics"]["actions"]
    assert len(made["points"]) == 25_000


@one_engine
async def test_the_range_before_has_points_of_its_own(poor: Studio) -> None:
    asset = await poor.add_asset("Chair")
    for path, points in (
        ("previous", 28),
        ("previousOfEqualLength", 31),
        ("previous { previous", 31),
        # From two in the morning on.
        ("previousOfEqualLength { previousOfEqualLength", 32),
        ("previousOfEqualLength { previous", 32),
    ):
        answer = await poor.ask(
            f"""query($id: ID!, $range: DateRange!) {{ asset(id: $id) {{
              metrics(range: $range, timeZone: "Europe/Berlin") {{
                {path} {{ views(viewType: VIEW_3D, interval: DAY) {{ count }} }} {"}" * path.count("{")}
              }}
            }} }}""",
            "admin",
            id=asset,
            range={"start": "2023-03-01", "end": "2023-03-31"},
        )
        assert answer.extensions["points"] == points, path


@one_engine
async def test_a_month_before_the_widest_range_is_priced_though_it_is_longer(
    studio: Studio, database_url: str, clock: Clock
) -> None:
    asset = await studio.add_asset("Chair")
    async for poor in with_limits(studio, database_url, clock, Limits(points=0, range_days=28)):
        answer = await poor.ask(
            """query($id: ID!) { asset(id: $id) { metrics(range: {start: "2023-02-01", end: "2023-02-28"}) {
              previous { views(viewType: VIEW_3D, interval: DAY) { count } }
            } } }""",
            "admin",
            id=asset,
        )
        assert answer.extensions["points"] == 31


@one_engine
async def test_lists_multiply_series(poor: Studio) -> None:
    query = """{ organizations(first: 3) { edges { node { assets(first: 5) { edges { node {
      metrics(range: {start: "2023-02-01", end: "2023-02-28"}) {
        views(viewType: VIEW_3D, interval: DAY) { count }
        previous { views(viewType: VIEW_3D, interval: MONTH) { count } }
      } } } } } } } }"""
    assert (await poor.ask(query, "admin")).extensions["points"] == 3 * 5 * (28 + 1)


@one_engine
@pytest.mark.parametrize(
    "given",
    [
        {"start": "yesterday"},
        {"start": "2024-01-01"},
        {"start": "1970-01-01", "end": "2999-12-31"},
        {"zone": "Mars/Olympus"},
        {"interval": "YEAR"},
        {"by": ["COLOUR"]},
        {"by": [{}]},
        {"interval": []},
        {"zone": 5},
        {"start": {}},
        {"id": {}},
        {"workspaces": [{}]},
    ],
)
async def test_what_is_no_range_is_refused_as_such(poor: Studio, given: dict[str, Any]) -> None:
    asked = {"id": poor.organization, "start": "2023-01-01", "end": "2023-01-31", "interval": "DAY"}
    assert (await poor.ask(VIEWS, "admin", **{**asked, **given})).code in (
        "BAD_USER_INPUT",
        "COST_ESTIMATED_TOO_EXPENSIVE",
    )


async def test_what_is_made_is_counted_where_it_could_not_be_before(
    studio: Studio, database_url: str, clock: Clock
) -> None:
    """More sites than are assumed."""
    asset = await studio.add_asset("Chair")
    await studio.report(
        [
            {"subject": {"assetId": asset}, "action": "VIEW_3D", "domain": f"site-{number}.example"}
            for number in range(30)
        ]
    )
    # 20 sites are assumed at most: in 10 days 200 points.
    given = {
        "id": studio.organization,
        "start": "2023-06-08",
        "end": "2023-06-17",
        "interval": "DAY",
        "by": ["DOMAIN"],
    }
    async for narrow in with_limits(studio, database_url, clock, Limits(points=250)):
        answer = await narrow.ask(VIEWS, "admin", **given, zeros=True)
        assert answer.errors == [("COST_ESTIMATED_TOO_EXPENSIVE", "organization.metrics.views")]
        assert (answer.extensions["points"], answer.extensions["buckets"]) == (300, 10)
        assert answer.extensions["groups"] == 30
        made = await narrow.ask(VIEWS, "admin", **given)
        assert made.data["organization"]["metrics"]["views"]["count"] == 30


@one_engine
@pytest.mark.parametrize(
    ("arguments", "points"),
    [({}, 31), ({"by": ["DEVICE"]}, 4 * 31), ({"interval": "MONTH"}, 1)],
)
async def test_a_point_costs_a_tenth_and_what_is_selected_of_it(
    studio: Studio, database_url: str, clock: Clock, arguments: dict[str, Any], points: int
) -> None:
    given = {"id": studio.organization, "start": "2023-01-01", "end": "2023-01-31", "interval": "DAY"}
    async for poor in with_limits(studio, database_url, clock, Limits(cost=0)):
        answer = await poor.ask(VIEWS, "admin", **{**given, **arguments})
        assert answer.extensions["cost"] == -(-(AROUND + points * EACH) // 10)
