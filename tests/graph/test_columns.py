"""Points that are completed by columns are those of the executor, whatever is selected of them."""

from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import update
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from database import Fault, table_of
from graph.schema import schema
from loaders.assets import AssetById, AssetRow
from models import DayTotal, MonthTotal
from tests.studio import Studio

QUERY = """query($id: ID!, $yes: Boolean! = true, $no: Boolean! = false, $interval: DateInterval! = DAY) {
  organization(id: $id) { metrics(range: {start: "2023-06-01", end: "2023-06-14"}) {
    views(viewType: VIEW_AR, interval: $interval, groupBy: %s, zeroFill: %s) { interval count points { %s } }
    empty: views(viewType: VIEW_3D, interval: DAY) { points { ...Of end @skip(if: $yes) @include(if: $no) } }
  } }
}
fragment Of on ViewPoint { start ...Deeper shown: asset { id name } }
fragment Deeper on ViewPoint { end shown: asset { title: name kind: __typename } }"""

SELECTIONS = {
    "all leaves": "dateInterval start end isPartial isRunning deviceCategory domain count",
    "in another order, under other names": "n: count a: dateInterval b: dateInterval domain",
    "the type's name": "__typename t: __typename count",
    "asset and workspace": "asset { name createdAt } workspace { name id } count",
    "fragments": "...Of count ... on ViewPoint { count domain } ... { isPartial }",
    "what is left out": "count @skip(if: $yes) start @include(if: $no) domain @include(if: $yes)"
    " asset @skip(if: $no) { id }",
    "nothing": "count @skip(if: $yes)",
    "an asset of which nothing is asked": "asset { name @skip(if: $yes) } count",
    "what is below an asset's leaves": "count asset { name workspace { name organization { name } } }",
    "what only some may see": "asset { metrics("
    'range: {start: "2023-06-01", end: "2023-06-02"}) { totalARViews } }',
    "a list": "asset { formats { url } } count",
}
GROUPS = ("[]", "[ASSET, DEVICE]", "[DOMAIN, WORKSPACE]", "[ASSET, DEVICE, DOMAIN, WORKSPACE]")


async def report(studio: Studio) -> None:
    assets = [await studio.add_asset(f"Asset {number}", workspace=number % 2) for number in range(3)]
    await studio.report(
        [
            {
                "subject": {"assetId": assets[day % 3]},
                "action": ("AR_CLICK", "AR_SCAN")[day % 2],
                "occurredAt": f"2023-06-{day:02}T10:00:00Z",
                "deviceCategory": ("DESKTOP", "MOBILE", None)[day % 3],
                "domain": ("a.example", None)[day % 2],
            }
            for day in range(1, 15)
        ]
    )


async def both(
    studio: Studio, monkeypatch: pytest.MonkeyPatch, query: str, by: str = "admin"
) -> tuple[Any, Any]:
    """The answer, and what the executor alone makes of it."""
    answers = []
    for executor in (schema.execution_context_class, StrawberryGraphQLCoreExecutionContext):
        with monkeypatch.context() as patched:
            patched.setattr(schema, "execution_context_class", executor)
            answer = await studio.ask(query, by, id=studio.organization)
        for error in answer.body.get("errors", []):
            del error["extensions"]["requestId"]
        answers.append(answer.body)
    return answers[0], answers[1]


@pytest.mark.parametrize("name", SELECTIONS)
async def test_what_is_selected_is_as_the_executor_tells_it(
    studio: Studio, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    await report(studio)
    for groups in GROUPS:
        for zeros in ("false", "true"):
            query = QUERY % (groups, zeros, SELECTIONS[name])
            ours, theirs = await both(studio, monkeypatch, query)
            assert "errors" not in ours, ours
            assert list(ours["data"]["organization"]["metrics"]["views"]["points"])
            assert repr(ours) == repr(theirs)


async def test_many_points_are_as_the_executor_tells_them(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    await report(studio)
    query = (QUERY % ("[ASSET, DEVICE, DOMAIN]", "true", "dateInterval start count asset { name }")).replace(
        "2023-06-01", "2022-05-01"
    )
    ours, theirs = await both(studio, monkeypatch, query)
    assert len(ours["data"]["organization"]["metrics"]["views"]["points"]) == 410 * 6
    assert repr(ours) == repr(theirs)


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
async def test_a_value_that_has_outgrown_its_type_is_shown_as_the_executor_does(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    await report(studio)
    async with studio.services.database.writing() as session:
        for table in (DayTotal, MonthTotal):
            await session.execute(update(table_of(table)).values(count=2**50))
            await session.execute(
                update(table_of(table)).where(table_of(table).c.device == 2).values(count=2**53)
            )
    query = QUERY.replace("interval count points", "interval points")
    for selected in ("dateInterval count", "count asset { name }"):
        ours, theirs = await both(studio, monkeypatch, query % ("[DEVICE, ASSET]", "false", selected))
        counts = [point["count"] for point in ours["data"]["organization"]["metrics"]["views"]["points"]]
        assert max(counts) == 2**53 - 1
        assert ours == theirs


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
async def test_an_asset_that_cannot_be_read_is_an_error_at_its_point(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def unread(_: AssetById, _keys: Sequence[int]) -> list[AssetRow | None]:
        raise Fault.AWAY.error()

    await report(studio)
    monkeypatch.setattr(AssetById, "batch_load_fn", unread)
    query = (QUERY % ("[ASSET]", "true", "count asset { name }")).replace("2023-06-01", "2022-05-01")
    ours, theirs = await both(studio, monkeypatch, query)

    assert {error["extensions"]["code"] for error in ours["errors"]} == {"UNAVAILABLE"}
    assert ours["data"] == theirs["data"]


ACTIONS = """query($yes: Boolean! = true) { publication(url: "ai-research-studio") {
  actions(action: LIKE, range: {start: "2023-06-14", end: "2023-06-16"}, interval: %s, groupBy: %s,
    zeroFill: %s) { interval @include(if: $yes) count takenBack points { %s } }
} }"""
OF_ACTION = "fragment Of on ActionPoint { t: takenBack count ... @skip(if: $yes) { end } }"


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
async def test_what_was_taken_back_is_the_same_either_way(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    for by, field in (("stranger", "like"), ("member", "like"), ("member", "unlike"), ("admin", "like")):
        mutation = f"mutation($p: ID!) {{ {field}Publication(publicationId: $p) {{ publication {{ id }} }} }}"
        assert (await studio.ask(mutation, by, p=studio.publication)).data
    for selected in ("takenBack isRunning count", "...Of dateInterval", "takenBack asset { name }"):
        for groups, zeros in (("[]", "true"), ("[DEVICE, DOMAIN]", "false")):
            for interval in ("HOUR", "DAY"):
                query = ACTIONS % (interval, groups, zeros, selected)
                query += OF_ACTION if "...Of" in selected else ""
                ours, theirs = await both(studio, monkeypatch, query, "owner")
                assert repr(ours) == repr(theirs)
                series = ours["data"]["publication"]["actions"]
                assert (series["count"], series["takenBack"]) == (2, 1)
