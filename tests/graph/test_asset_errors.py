"""What asset metrics refuse, by code, argument and reason; the fields beside it are not touched."""

from typing import Any

import pytest

from tests.studio import Studio

JUNE = {"start": "2023-06-01", "end": "2023-06-30"}
ASK = """query($o: ID!, $range: DateRange!, $zone: TimeZone, $domain: String, $workspaces: [ID!],
  $assets: [ID!], $type: ViewType!, $actions: [ActionType!], $first: Int) {
  organization(id: $o) { name metrics(range: $range, timeZone: $zone, domain: $domain,
    workspaceIds: $workspaces, assetIds: $assets) {
    total3DViews
    views(viewType: $type, actionTypes: $actions, interval: DAY) { count }
    topAssets(first: $first) { rank }
  } } }"""

# What is refused before anything is read is refused alike on both.
one_engine = pytest.mark.parametrize("engine", ["sqlite"])


async def refused(studio: Studio, by: str = "admin", /, **given: Any) -> tuple[Any, dict[str, Any]]:
    """The data, and what the one error says."""
    asked = {"o": studio.organization, "range": JUNE, "type": "VIEW_3D", "first": 3, **given}
    answer = await studio.ask(
        ASK, by, **{name: value for name, value in asked.items() if value != "left out"}
    )
    return answer.body.get("data"), answer.extensions


def bad(argument: str, reason: str) -> dict[str, str]:
    return {"code": "BAD_USER_INPUT", "argument": argument, "reason": reason}


@pytest.mark.parametrize(
    ("given", "argument", "reason"),
    [
        ({"range": {"end": "2023-06-30"}}, "$range", "MISSING_START_DATE"),
        ({"range": {"start": None, "end": "2023-06-30"}}, "$range", "MISSING_START_DATE"),
        ({"range": {"start": "2023-06-30"}}, "$range", "MISSING_END_DATE"),
        ({"range": {"start": "2023-06-30", "end": None}}, "$range", "MISSING_END_DATE"),
        ({"range": None}, "$range", "MISSING_RANGE_PARAMETER"),
        ({"range": "left out"}, "$range", "MISSING_RANGE_PARAMETER"),
        ({"type": None}, "$type", "MISSING_VIEW_TYPE"),
        ({"type": "left out"}, "$type", "MISSING_VIEW_TYPE"),
        ({"type": "3DView"}, "$type", "INVALID_VALUE"),
        ({"actions": ["VIEW", None]}, "$actions", "INVALID_VALUE"),
        ({"range": {"start": 20230601, "end": "2023-06-30"}}, "$range", "INVALID_VALUE"),
    ],
)
@one_engine
async def test_what_is_missing_is_named_and_nothing_is_executed(
    studio: Studio, given: dict[str, Any], argument: str, reason: str
) -> None:
    assert await refused(studio, **given) == (None, bad(argument, reason))


@pytest.mark.parametrize(
    ("given", "argument", "reason"),
    [
        ({"zone": "Mars/Olympus"}, "timeZone", "INVALID_TIME_ZONE"),
        ({"zone": ""}, "timeZone", "INVALID_TIME_ZONE"),
        ({"zone": "+05:30"}, "timeZone", "INVALID_TIME_ZONE"),
        ({"range": {"start": "2023-06-31", "end": "2023-06-30"}}, "range.start", "INVALID_DATE"),
        ({"range": {"start": "2023-06-30", "end": "tomorrow"}}, "range.end", "INVALID_DATE"),
        ({"range": {"start": "2023-07-01", "end": "2023-06-30"}}, "range", "INVALID_RANGE"),
        (
            {"range": {"start": "2023-06-30T00:00:01Z", "end": "2023-06-30T00:00:00Z"}},
            "range",
            "INVALID_RANGE",
        ),
        (
            {"range": {"start": "2011-12-30", "end": "2011-12-30"}, "zone": "Pacific/Apia"},
            "range",
            "INVALID_RANGE",
        ),
        ({"range": {"start": "2013-06-07", "end": "2023-06-15"}}, "range", "RANGE_TOO_WIDE"),
        ({"domain": "no domain"}, "domain", "INVALID_DOMAIN"),
    ],
)
@one_engine
async def test_a_range_a_zone_or_a_site_that_makes_no_sense_is_named(
    studio: Studio, given: dict[str, Any], argument: str, reason: str
) -> None:
    nothing = {"organization": {"name": "Works", "metrics": None}}
    assert await refused(studio, **given) == (nothing, bad(argument, reason))


@pytest.mark.parametrize(
    ("given", "argument", "reason"),
    [
        ({"type": "VIEW_AR", "actions": ["VIEW"]}, "actionTypes", "INVALID_ACTION_TYPE"),
        ({"type": "VIEW_AR", "actions": ["CLICK", "VIEW"]}, "actionTypes", "INVALID_ACTION_TYPE"),
        ({"type": "VIEW_3D", "actions": ["SCAN"]}, "actionTypes", "INVALID_ACTION_TYPE"),
        ({"actions": []}, "actionTypes", "MISSING_ACTION_TYPE"),
        ({"first": -1}, "first", "INVALID_PAGE_SIZE"),
        ({"first": 101}, "first", "INVALID_PAGE_SIZE"),
    ],
)
@one_engine
async def test_an_action_of_another_type_and_too_many_assets_are_refused(
    studio: Studio, given: dict[str, Any], argument: str, reason: str
) -> None:
    """What may not be null takes the metrics along, but not the organization."""
    nothing = {"organization": {"name": "Works", "metrics": None}}
    assert await refused(studio, **given) == (nothing, bad(argument, reason))


async def test_a_filter_finds_nothing_that_the_viewer_may_not_know_of(studio: Studio) -> None:
    chair, lamp = [await studio.add_asset(name, workspace=n) for n, name in enumerate(("Chair", "Lamp"))]
    made = await studio.ask(
        'mutation { createOrganization(input: {name: "Other"}) { organization { id } } }', "stranger"
    )
    other = made.data["createOrganization"]["organization"]["id"]
    nothing = {"organization": {"name": "Other", "metrics": None}}

    def no_such(argument: str, reason: str) -> tuple[Any, dict[str, str]]:
        return nothing, {"code": "NOT_FOUND", "argument": argument, "reason": reason}

    for id in (chair, lamp, other, "ast_", "nonsense"):
        found = await refused(studio, "stranger", o=other, assets=[id])
        assert found == no_such("assetIds", "INVALID_ASSET"), id
    for id in (*studio.workspaces, other, "nonsense"):
        found = await refused(studio, "stranger", o=other, workspaces=[id])
        assert found == no_such("workspaceIds", "INVALID_WORKSPACE"), id


async def test_an_asset_of_another_workspace_is_in_no_filter_of_this_one(studio: Studio) -> None:
    lamp = await studio.add_asset("Lamp", workspace=1)

    answer = await studio.ask(
        """query($id: ID!, $range: DateRange!, $assets: [ID!]) {
          workspace(id: $id) { name metrics(range: $range, assetIds: $assets) { total3DViews } } }""",
        "admin",
        id=studio.workspaces[0],
        range=JUNE,
        assets=[lamp],
    )

    assert answer.body["data"] == {"workspace": {"name": "Furniture", "metrics": None}}
    assert answer.extensions == {"code": "NOT_FOUND", "argument": "assetIds", "reason": "INVALID_ASSET"}
