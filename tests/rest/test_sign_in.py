"""The five steps of signing in by REST, and their end."""

import httpx
import pytest

from tests.rest.asking import as_, post, problem, uuid_of
from tests.studio import PASSWORD, Studio

RANGE = {"startDate": "2023-06-01", "endDate": "2023-06-30"}


def token_in(response: httpx.Response) -> dict[str, str]:
    """The header as it came, for the next request."""
    assert response.headers["x-auth-token"].startswith("Bearer ey")
    return {"x-auth-token": response.headers["x-auth-token"]}


async def test_a_member_signs_in_by_password_and_takes_all_five_steps(studio: Studio) -> None:
    client, works = studio.client, uuid_of(studio.organization)
    await studio.add_person("newcomer", password=PASSWORD)
    await studio.add_member("newcomer", workspaceIds=studio.workspaces[1:])

    login = await post(studio, "/v1/auth/login", {"email": "newcomer@example.com", "password": PASSWORD})
    assert login.status_code == 200
    assert login.json() == {"success": True, "errors": [], "response": {"username": "newcomer"}}
    organizations = await client.get("/v1/organizations", headers=token_in(login))
    assert organizations.json() == {
        "success": True,
        "errors": [],
        "response": {"totalCount": 1, "grid": [{"uuid": works, "name": "Works"}]},
    }
    refreshed = await client.post(
        "/v1/auth/refresh-token", json={"organizationUuid": works}, headers=token_in(login)
    )
    assert refreshed.json() == login.json()
    workspaces = await client.get("/v1/clients/client-organizations", headers=token_in(refreshed))
    lighting = uuid_of(studio.workspaces[1])
    assert workspaces.json()["response"] == {
        "totalCount": 1,
        "grid": [{"uuid": lighting, "name": "Lighting"}],
    }
    of_organization = await client.post("/v2/metrics/dashboard", json=RANGE, headers=token_in(refreshed))
    assert of_organization.status_code == 403
    inside = await client.post(
        "/v1/auth/refresh-token",
        json={"organizationUuid": works, "clientUuid": lighting},
        headers=token_in(refreshed),
    )
    metrics = await client.post("/v2/metrics/dashboard", json=RANGE, headers=token_in(inside))
    assert metrics.status_code == 200
    out = await client.post("/v1/auth/logout", headers=token_in(inside))
    assert (out.status_code, out.json()) == (200, {"success": True, "errors": [], "response": {}})


async def test_a_program_signs_in_by_its_key(studio: Studio) -> None:
    made = await studio.ask(
        'mutation { createAuthenticationKey(input: {name: "nightly"}) { secret } }', "admin"
    )
    key = made.data["createAuthenticationKey"]["secret"]

    login = await post(studio, "/v1/auth/login/token", {"personal-access-token": key})
    wrong = await post(studio, "/v1/auth/login/token", {"personal-access-token": key[:-1]})

    assert login.json()["response"] == {"username": "admin"}
    organizations = await studio.client.get("/v1/organizations/", headers=token_in(login))
    assert organizations.json()["response"]["totalCount"] == 1
    assert wrong.status_code == 401
    assert problem(wrong) == {"code": "UNAUTHENTICATED"}
    assert "x-auth-token" not in wrong.headers


async def test_the_two_ids_may_be_headers(studio: Studio) -> None:
    """As some clients send them, without a body."""
    headers = {**as_(studio, "member"), "organizationUuid": uuid_of(studio.organization)}

    refreshed = await studio.client.post("/v1/auth/refresh-token", headers=headers)
    inside = await studio.client.post(
        "/v1/auth/refresh-token", headers={**headers, "clientUuid": uuid_of(studio.workspaces[0])}
    )

    assert refreshed.json()["response"] == {"username": "member"}
    metrics = [
        (await studio.client.post("/v2/metrics/dashboard", json=RANGE, headers=token_in(one))).status_code
        for one in (refreshed, inside)
    ]
    assert metrics == [403, 200]


async def test_the_token_may_stand_in_either_header(studio: Studio) -> None:
    token = studio.token("admin")

    for headers in (
        {"x-auth-token": f"Bearer {token}"},
        {"x-auth-token": token},
        {"authorization": f"Bearer {token}"},
    ):
        assert (await studio.client.get("/v1/organizations", headers=headers)).status_code == 200


@pytest.mark.parametrize("body", [{}, {"email": "owner@example.com"}, {"email": 1, "password": "x"}])
async def test_a_sign_in_that_lacks_something_is_refused(studio: Studio, body: object) -> None:
    response = await post(studio, "/v1/auth/login", body)

    assert response.status_code == 422
    assert problem(response)["code"] == "BAD_USER_INPUT"


async def test_a_foreign_organization_and_a_foreign_workspace_are_refused(studio: Studio) -> None:
    works, lighting = uuid_of(studio.organization), uuid_of(studio.workspaces[1])

    stranger = await post(studio, "/v1/auth/refresh-token", {"organizationUuid": works}, "stranger")
    member = await post(
        studio, "/v1/auth/refresh-token", {"organizationUuid": works, "clientUuid": lighting}, "member"
    )
    nobody = await post(studio, "/v1/auth/refresh-token", {"organizationUuid": works})

    assert [one.status_code for one in (stranger, member, nobody)] == [403, 403, 401]
    assert [problem(one) for one in (stranger, member)] == [{"code": "NOT_FOUND"}] * 2
    assert not any("x-auth-token" in one.headers for one in (stranger, member, nobody))


async def test_too_many_sign_ins_have_to_wait(studio: Studio) -> None:
    await studio.add_person("newcomer", password=PASSWORD)
    body = {"email": "newcomer@example.com", "password": "wrong"}

    statuses = [(await post(studio, "/v1/auth/login", body)).status_code for _ in range(6)]
    refused = await post(studio, "/v1/auth/login", {**body, "password": PASSWORD})

    assert statuses == [401] * 5 + [429]
    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) == problem(refused)["retryAfter"] > 0


@pytest.mark.parametrize("headers", [{}, {"x-auth-token": "Bearer nonsense"}])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/auth/logout"),
        ("GET", "/v1/organizations"),
        ("GET", "/v1/clients/client-organizations"),
        ("POST", "/v2/metrics/dashboard"),
    ],
)
async def test_without_a_valid_token_each_route_answers_401(
    studio: Studio, method: str, path: str, headers: dict[str, str]
) -> None:
    body = {"json": RANGE} if "metrics" in path else {}
    response = await studio.client.request(method, path, headers=headers, **body)  # type: ignore[arg-type]

    assert response.status_code == 401
    assert response.headers["www-authenticate"] == "Bearer"
    assert problem(response) == {"code": "UNAUTHENTICATED"}


async def test_whoever_belongs_to_several_organizations_names_one_first(studio: Studio) -> None:
    made = await studio.ask(
        'mutation { createOrganization(input: {name: "Two"}) { organization { id } } }', "admin"
    )
    other = made.data["createOrganization"]["organization"]["id"]

    undecided = [
        await post(studio, "/v2/metrics/dashboard", RANGE, "admin"),
        await studio.client.get("/v1/clients/client-organizations", headers=as_(studio, "admin")),
    ]
    decided = await post(studio, "/v1/auth/refresh-token", {"organizationUuid": uuid_of(other)}, "admin")
    metrics = await studio.client.post("/v2/metrics/dashboard", json=RANGE, headers=token_in(decided))

    assert [one.status_code for one in undecided] == [403, 403]
    assert [problem(one) for one in undecided] == [{"code": "FORBIDDEN"}] * 2
    assert metrics.status_code == 200
    assert (await post(studio, "/v2/metrics/dashboard", RANGE, "stranger")).status_code == 403


async def test_long_lists_are_read_to_their_end(studio: Studio) -> None:
    """Whatever the largest page is, the grid is whole."""
    organization = studio.organization
    for number in range(130):
        made = await studio.ask(
            "mutation($i: CreateWorkspaceInput!) { createWorkspace(input: $i) { workspace { id } } }",
            "admin",
            i={"organizationId": organization, "name": f"Room {number}"},
        )
        assert made.data

    response = await studio.client.get("/v1/clients/client-organizations", headers=as_(studio, "admin"))

    assert response.status_code == 200, response.text
    grid = response.json()["response"]["grid"]
    assert response.json()["response"]["totalCount"] == len(grid) == len({one["uuid"] for one in grid}) == 132
    assert {one["name"] for one in grid} == {"Furniture", "Lighting", *(f"Room {n}" for n in range(130))}
