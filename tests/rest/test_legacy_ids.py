"""Ids from other systems: shown, and accepted."""

from collections.abc import Mapping
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError
from sqlmodel import SQLModel, col

from base.ids import legacy_id_in, parse_global_id
from models import Asset, Organization, Publication, User, UserInsight, Workspace
from tests.rest.asking import RANGE, as_, number_of, post, problem, uuid_of
from tests.studio import Studio

CHAIR, WORKS, FURNITURE = (f"{digit * 8}-1111-4111-8111-111111111111" for digit in "abc")
DASHBOARD = "/v2/metrics/dashboard"


async def bring(studio: Studio, ids: Mapping[str, tuple[type[SQLModel], str]]) -> None:
    """Gives objects their legacy ids, by their global ids."""
    async with studio.services.database.writing() as session:
        for id, (model, legacy_id) in ids.items():
            public_id = parse_global_id(id)[1]
            columns: Any = model
            own = col(columns.public_id) == public_id
            await session.execute(update(model).where(own).values(legacy_id=legacy_id))


async def dashboard(studio: Studio, by: str = "admin", **filters: Any) -> Any:
    response = await post(studio, DASHBOARD, {**RANGE, **filters}, by)
    assert response.status_code == 200, response.text
    return response.json()["response"]


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("0", "0"),
        ("7", "7"),
        ("9" * 19, "9" * 19),
        ("9" * 20, None),
        ("07", None),
        ("-7", None),
        ("7.0", None),
        ("٣", None),
        ("", None),
        (CHAIR.upper(), CHAIR),
        (CHAIR.replace("-", ""), CHAIR),
        (f"{{{CHAIR}}}", None),
        ("usr_AYi-7UIAcoe0Gf03ByjcQA", None),
    ],
)
def test_a_legacy_id_is_a_whole_number_or_a_uuid(text: str, stored: str | None) -> None:
    assert legacy_id_in(text) == stored


async def test_uuids_are_shown_and_taken_in_place_of_ours(studio: Studio, assets: list[str]) -> None:
    await bring(
        studio,
        {
            assets[0]: (Asset, CHAIR),
            studio.organization: (Organization, WORKS),
            studio.workspaces[0]: (Workspace, FURNITURE),
        },
    )

    organizations = await studio.client.get("/v1/organizations", headers=as_(studio, "admin"))
    workspaces = await studio.client.get("/v1/clients/client-organizations", headers=as_(studio, "admin"))
    refreshed = await post(
        studio, "/v1/auth/refresh-token", {"organizationUuid": WORKS, "clientUuid": FURNITURE}, "member"
    )

    assert [one["uuid"] for one in organizations.json()["response"]["grid"]] == [WORKS]
    assert {one["uuid"] for one in workspaces.json()["response"]["grid"]} == {
        FURNITURE,
        uuid_of(studio.workspaces[1]),
    }
    assert refreshed.status_code == 200
    assert (await dashboard(studio))["mostViewedProduct"]["uuid"] == CHAIR
    assert (await dashboard(studio, productsUuid=[CHAIR.upper()]))["total3DViews"] == 3
    assert (await dashboard(studio, productsUuid=[uuid_of(assets[0])]))["total3DViews"] == 3
    both = [CHAIR, uuid_of(assets[0]), assets[0], uuid_of(assets[1])]
    assert (await dashboard(studio, productsUuid=both))["total3DViews"] == 4, "each counts once"
    assert (await dashboard(studio, clientUuids=[FURNITURE]))["total3DViews"] == 4


async def test_numbers_are_shown_and_taken_too(studio: Studio) -> None:
    owner = studio.people["owner"].id
    made = await post(studio, "/api/user_insights/", {"number_of_roles": 2, "works": []}, "owner")
    answer = await studio.ask("{ viewer { insight { id } } }", "owner")
    insight = answer.data["viewer"]["insight"]["id"]
    assert made.json()["id"] == number_of(insight)
    await bring(
        studio, {owner: (User, "7"), studio.publication: (Publication, "42"), insight: (UserInsight, "43")}
    )

    by_number = await studio.client.get("/api/user_insights/7", headers=as_(studio, "owner"))
    metrics = await post(studio, "/api/v1/aistudios/metrics/", {"url": "ai-research-studio"}, "owner")

    assert (by_number.status_code, by_number.json()["id"]) == (200, 43)
    assert metrics.json()["publication"]["id"] == 42
    for name in ("007", "8", owner.replace("usr", "org")):
        missing = await studio.client.get(f"/api/user_insights/{name}", headers=as_(studio, "owner"))
        assert missing.status_code == 404


async def test_graphql_shows_and_takes_them(studio: Studio, assets: list[str]) -> None:
    await bring(
        studio,
        {
            assets[0]: (Asset, "1"),
            studio.workspaces[0]: (Workspace, "1"),
            studio.organization: (Organization, "1"),
            studio.people["owner"].id: (User, "7"),
        },
    )

    answer = await studio.ask(
        """{
          organization(id: "1") { legacyId }
          workspace(id: "1") { legacyId }
          asset(id: "1") { legacyId }
          publication(url: "ai-research-studio") { legacyId owner { legacyId } }
        }""",
        "admin",
    )

    assert answer.data == {
        "organization": {"legacyId": "1"},
        "workspace": {"legacyId": "1"},
        "asset": {"legacyId": "1"},
        "publication": {"legacyId": None, "owner": {"legacyId": "7"}},
    }


async def test_two_organizations_may_have_brought_the_same_ids(studio: Studio, assets: list[str]) -> None:
    """Each finds its own. Whoever belongs to both names the organization first."""
    answer = await studio.ask(
        'mutation { createOrganization(input: {name: "Two"}) { organization { id } } }', "stranger"
    )
    other = answer.data["createOrganization"]["organization"]["id"]
    made = await studio.ask(
        "mutation($i: CreateWorkspaceInput!) { createWorkspace(input: $i) { workspace { id } } }",
        "stranger",
        i={"organizationId": other, "name": "Else"},
    )
    workspace = made.data["createWorkspace"]["workspace"]["id"]
    lamp = await studio.ask(
        "mutation($i: CreateAssetInput!) { createAsset(input: $i) { asset { id } } }",
        "stranger",
        i={"workspaceId": workspace, "name": "Other"},
    )
    await bring(studio, {assets[0]: (Asset, "1"), lamp.data["createAsset"]["asset"]["id"]: (Asset, "1")})

    assert (await dashboard(studio, "admin", productsUuid=["1"]))["total3DViews"] == 3
    assert (await dashboard(studio, "stranger", productsUuid=["1"]))["total3DViews"] == 0
    foreign = await post(studio, DASHBOARD, {**RANGE, "productsUuid": [CHAIR]}, "stranger")
    assert (foreign.status_code, problem(foreign)["code"]) == (403, "NOT_FOUND")
    query = '{ asset(id: "1") { name } }'
    assert (await studio.ask(query, "stranger")).data["asset"]["name"] == "Other"
    await studio.add_member("admin", "stranger", organizationId=other, role="ADMIN")
    assert (await studio.ask(query, "admin")).errors == [("NOT_FOUND", "asset")]


async def test_an_id_is_given_once(studio: Studio, assets: list[str]) -> None:
    await bring(studio, {assets[0]: (Asset, "1")})

    with pytest.raises(IntegrityError):
        await bring(studio, {assets[1]: (Asset, "1")})


async def test_nobody_hides_a_user_behind_its_uuid(studio: Studio) -> None:
    """The UUID in a global id goes first."""
    owner, stranger = (studio.people[name].id for name in ("owner", "stranger"))
    assert (await post(studio, "/api/user_insights/", {"number_of_roles": 2}, "owner")).status_code == 201
    await bring(studio, {stranger: (User, uuid_of(owner))})

    response = await studio.client.get(f"/api/user_insights/{uuid_of(owner)}", headers=as_(studio, "owner"))

    assert response.json()["number_of_roles"] == 2
