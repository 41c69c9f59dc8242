"""REST and GraphQL count the same, whatever is asked for."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date, timedelta
from typing import Any

import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.draws import scaled
from tests.rest.asking import post, uuid_of
from tests.rest.conftest import event
from tests.studio import Clock, Studio

FIRST = date(2023, 5, 20)
DOMAINS = [None, "vntana.com", "mywebsite.com", "nowhere.example"]
METRICS = """query($organization: ID!, $range: DateRange!, $workspaces: [ID!], $assets: [ID!],
    $domain: String, $type: ViewType!, $actions: [ActionType!], $interval: DateInterval!,
    $groupBy: [ViewDimension!]) {
  organization(id: $organization) {
    metrics(range: $range, workspaceIds: $workspaces, assetIds: $assets, domain: $domain) {
      total3DViews totalARViews userEngagement avgNumberInteractions
      mostViewedAsset { total3DViews asset { id name } }
      views(viewType: $type, actionTypes: $actions, interval: $interval, groupBy: $groupBy) {
        count points { deviceCategory dateInterval count }
      }
    }
  }
}"""

days = st.integers(0, 40).map(lambda days: (FIRST + timedelta(days)).isoformat())
bounds = st.tuples(days, st.sampled_from(["", "T00:00:00", "T11:59:59", "T23:59:59", "T12:00:00Z"])).map(
    "".join
)


def some(count: int) -> st.SearchStrategy[list[int] | None]:
    return st.none() | st.lists(st.integers(0, count - 1), max_size=count, unique=True)


@st.composite
def questions(draw: st.DrawFn) -> dict[str, Any]:
    type_ = draw(st.sampled_from(["3DView", "ARView"]))
    actions = ["view"] if type_ == "3DView" else ["click", "scan"]
    return {
        "startDate": draw(bounds),
        "endDate": draw(bounds),
        "clientUuids": draw(some(2)),
        "productsUuid": draw(some(3)),
        "domain": draw(st.sampled_from(DOMAINS)),
        "viewType": type_,
        "actionTypes": draw(st.none() | st.lists(st.sampled_from(actions), min_size=1, unique=True)),
        "dateInterval": draw(st.sampled_from(["DAY", "WEEK", "MONTH"])),
        "returnFields": draw(st.sampled_from([None, [], ["device"]])),
    }


@pytest_asyncio.fixture
async def busy(studio: Studio, clock: Clock) -> AsyncIterator[list[str]]:
    clock.advance(days=30)
    assets = [await studio.add_asset(name, workspace=place) for name, place in (("A", 0), ("B", 0), ("C", 1))]
    told = []
    for number in range(300):
        day = FIRST + timedelta(number % 37)
        action = ("VIEW_3D", "VIEW_3D", "AR_CLICK", "AR_SCAN", "INTERACTION")[number % 5]
        device = (None, "DESKTOP", "MOBILE", "TABLET")[number % 4]
        at = f"{day.isoformat()}T{number % 24:02}:59:59.{number:03}Z"
        told.append(event(assets[number % 3], action, at, device, DOMAINS[number % 3], number // 4))
    await studio.report(told)
    yield assets


async def test_random_filters_count_the_same(studio: Studio, busy: list[str]) -> None:
    loop = asyncio.get_running_loop()

    @settings(max_examples=scaled(20), suppress_health_check=[HealthCheck.too_slow])
    @given(question=questions())
    def holds(question: dict[str, Any]) -> None:
        asyncio.run_coroutine_threadsafe(agree(studio, busy, question), loop).result()

    await asyncio.to_thread(holds)


async def agree(studio: Studio, assets: list[str], asked: dict[str, Any]) -> None:
    def chosen(ids: list[str], places: list[int] | None) -> list[str] | None:
        return None if places is None else [ids[place] for place in places]

    def uuids(ids: list[str] | None) -> list[str] | None:
        return None if ids is None else [uuid_of(id) for id in ids]

    workspaces = chosen(studio.workspaces, asked["clientUuids"])
    products = chosen(assets, asked["productsUuid"])
    body = {**asked, "clientUuids": uuids(workspaces), "productsUuid": uuids(products)}
    graphql = await studio.ask(
        METRICS,
        "admin",
        organization=studio.organization,
        range={"start": asked["startDate"], "end": asked["endDate"]},
        workspaces=workspaces,
        assets=products,
        domain=asked["domain"],
        type="VIEW_3D" if asked["viewType"] == "3DView" else "VIEW_AR",
        actions=asked["actionTypes"] and [one.upper() for one in asked["actionTypes"]],
        interval=asked["dateInterval"],
        groupBy=["DEVICE"] if asked["returnFields"] else [],
    )
    dashboard = await post(studio, "/v2/metrics/dashboard", body, "admin")
    views = await post(studio, "/v2/metrics/views-data", body, "admin")

    if "errors" in graphql.body:
        assert graphql.code == "BAD_USER_INPUT"
        for response in (dashboard, views):
            assert response.status_code == 422
            (error,) = response.json()["errors"]
            assert error["reason"] == graphql.extensions["reason"]
        return
    metrics = graphql.data["organization"]["metrics"]
    series, best = metrics.pop("views"), metrics.pop("mostViewedAsset")
    found = dashboard.json()["response"]
    product = found.pop("mostViewedProduct")
    assert found == metrics
    assert (product and (product["uuid"], product["name"], product["total3DViews"])) == (
        best and (uuid_of(best["asset"]["id"]), best["asset"]["name"], best["total3DViews"])
    )
    points = [
        {name: value for name, value in point.items() if name != "deviceCategory" or asked["returnFields"]}
        for point in series["points"]
    ]
    for point in points:
        if point.get("deviceCategory"):
            point["deviceCategory"] = point["deviceCategory"].lower()
    assert views.json()["response"] == {"count": series["count"], "grid": points}
