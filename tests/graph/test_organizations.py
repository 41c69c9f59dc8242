"""Organizations and workspaces: who knows of which, with which token."""

from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import delete, select, update
from sqlmodel import col

from base.ids import Kind, global_id, uuid7
from models import Membership, Organization, Role, Tenant, User, Workspace, WorkspaceMembership
from tests.studio import PASSWORD, Answer, Studio

LOGIN = "mutation($input: LoginInput!) { login(input: $input) { accessToken viewer { username } } }"
ORGANIZATIONS = "{ organizations { totalCount edges { node { id name } } } }"
FOR_ORGANIZATION = """mutation($organization: ID!) {
  issueOrganizationToken(organizationId: $organization) { accessToken expiresAt viewer { username } }
}"""
WORKSPACES = """query($organization: ID!) {
  organization(id: $organization) { name workspaces { totalCount edges { node { id name } } } }
}"""
FOR_WORKSPACE = """mutation($organization: ID!, $workspace: ID!) {
  issueWorkspaceToken(organizationId: $organization, workspaceId: $workspace) {
    accessToken expiresAt viewer { username }
  }
}"""


async def _send(studio: Studio, token: str, query: str, **variables: Any) -> Answer:
    """As the reference does: what came in a header goes back in that header."""
    return await studio.send({"query": query, "variables": variables}, {"x-auth-token": token})


# ------------------------------------------------------------------------- flow


async def _key(studio: Studio, by: str) -> str:
    answer = await studio.ask('mutation { createAuthenticationKey(input: {name: "CI"}) { secret } }', by)
    return str(answer.data["createAuthenticationKey"]["secret"])


async def test_the_five_steps_of_the_reference_lead_a_member_to_a_workspace(studio: Studio) -> None:
    # 1. Log in.
    answer = await studio.ask(LOGIN, input={"authenticationKey": await _key(studio, "member")})
    login_token = answer.headers["x-auth-token"]
    assert login_token == f"Bearer {answer.data['login']['accessToken']}"

    # 2. Retrieve organizations.
    answer = await _send(studio, login_token, ORGANIZATIONS)
    assert answer.data == {
        "organizations": {"totalCount": 1, "edges": [{"node": {"id": studio.organization, "name": "Works"}}]}
    }
    organization = answer.data["organizations"]["edges"][0]["node"]["id"]

    # 3. A token for the organization.
    answer = await _send(studio, login_token, FOR_ORGANIZATION, organization=organization)
    issued = answer.data["issueOrganizationToken"]
    organization_token = answer.headers["x-auth-token"]
    assert organization_token == f"Bearer {issued['accessToken']}"
    assert (issued["expiresAt"], issued["viewer"]) == ("2023-06-15T13:00:00Z", {"username": "member"})

    # 4. Retrieve workspaces.
    answer = await _send(studio, organization_token, WORKSPACES, organization=organization)
    furniture = {"id": studio.workspaces[0], "name": "Furniture"}
    assert answer.data == {
        "organization": {"name": "Works", "workspaces": {"totalCount": 1, "edges": [{"node": furniture}]}}
    }
    workspace = answer.data["organization"]["workspaces"]["edges"][0]["node"]["id"]

    # 5. A token for the workspace.
    answer = await _send(
        studio, organization_token, FOR_WORKSPACE, organization=organization, workspace=workspace
    )
    issued = answer.data["issueWorkspaceToken"]
    workspace_token = answer.headers["x-auth-token"]
    assert workspace_token == f"Bearer {issued['accessToken']}"
    assert (issued["expiresAt"], issued["viewer"]) == ("2023-06-15T13:00:00Z", {"username": "member"})
    answer = await _send(
        studio,
        workspace_token,
        "query($id: ID!) { viewer { username } workspace(id: $id) { name organization { name } } }",
        id=workspace,
    )
    assert answer.data == {
        "viewer": {"username": "member"},
        "workspace": {"name": "Furniture", "organization": {"name": "Works"}},
    }


async def test_an_admin_signs_in_by_password_and_needs_no_fifth_step(studio: Studio) -> None:
    password = await studio.services.passwords.hash(PASSWORD)
    async with studio.services.database.writing() as session:
        admin = update(User).where(col(User.username) == "admin")
        await session.execute(admin.values(password_hash=password))

    answer = await studio.ask(LOGIN, input={"password": {"email": "admin@example.com", "password": PASSWORD}})
    for query in (FOR_ORGANIZATION, WORKSPACES):
        answer = await _send(studio, answer.headers["x-auth-token"], query, organization=studio.organization)

    assert _names(answer.data["organization"]["workspaces"]) == ["Furniture", "Lighting"]


async def test_login_organization_and_workspace_fit_into_one_request(studio: Studio) -> None:
    answer = await studio.ask(
        """mutation($input: LoginInput!, $organization: ID!, $workspace: ID!) {
          login(input: $input) { expiresAt }
          issueOrganizationToken(organizationId: $organization) { expiresAt }
          issueWorkspaceToken(organizationId: $organization, workspaceId: $workspace) { accessToken }
        }""",
        input={"authenticationKey": await _key(studio, "member")},
        organization=studio.organization,
        workspace=studio.workspaces[0],
    )

    assert answer.headers["x-auth-token"] == f"Bearer {answer.data['issueWorkspaceToken']['accessToken']}"


# -------------------------------------------------------------------- who knows

KNOWS = {
    "stranger": "",
    "member": "Works Furniture",
    "member@Works": "Works Furniture",
    "member@Furniture": "Works Furniture",
    "admin": "Works Furniture Lighting",
    "admin@Works": "Works Furniture Lighting",
    "admin@Furniture": "Works Furniture",
    "admin@Lighting": "Works Lighting",
    "chief": "Works Furniture Lighting",
    "chief@Works": "Works Furniture Lighting",
    "chief@Lighting": "Works Lighting",
    "both": "Works Lighting Rivals Secrets",
    "both@Works": "Works Lighting",
    "both@Lighting": "Works Lighting",
    "both@Rivals": "Rivals Secrets",
    "both@Secrets": "Rivals Secrets",
    "rival": "Rivals Secrets",
    "rival@Rivals": "Rivals Secrets",
    "rival@Secrets": "Rivals Secrets",
}
"""The organizations and workspaces that a viewer knows of; behind an @, for which one the token is."""

ORGANIZATION_OF = {"Furniture": "Works", "Lighting": "Works", "Secrets": "Rivals"}
LISTED = "workspaces { totalCount edges { node { name } } }"


@dataclass
class Town:
    """Works with the workspaces Furniture and Lighting, and Rivals with Secrets.

    The member is in Furniture; `chief` owns Works; `both` is in Lighting and an admin of Rivals, which
    `rival` owns.
    """

    studio: Studio
    ids: dict[str, str] = field(default_factory=dict)
    """Global ids, by name."""
    rows: dict[str, int] = field(default_factory=dict)

    async def token(self, viewer: str) -> str:
        """For the header. Issued by the mutations."""
        name, _, bound_to = viewer.partition("@")
        token = f"Bearer {self.studio.token(name)}"
        if not bound_to:
            return token
        organization = self.ids[ORGANIZATION_OF.get(bound_to, bound_to)]
        answer = await _send(self.studio, token, FOR_ORGANIZATION, organization=organization)
        if bound_to in ORGANIZATION_OF:
            answer = await _send(
                self.studio,
                answer.headers["x-auth-token"],
                FOR_WORKSPACE,
                organization=organization,
                workspace=self.ids[bound_to],
            )
        return answer.headers["x-auth-token"]

    async def ask(self, viewer: str, query: str, **variables: Any) -> Answer:
        return await _send(self.studio, await self.token(viewer), query, **variables)

    async def execute(self, statement: Any) -> None:
        async with self.studio.services.database.writing() as session:
            await session.execute(statement)


@pytest.fixture
async def town(studio: Studio) -> Town:
    now = studio.clock.now
    chief, both, rival = [(await studio.add_person(name)).row.id for name in ("chief", "both", "rival")]
    async with studio.services.database.writing() as session:
        tenant = Tenant()
        session.add(tenant)
        await session.flush()
        rivals = Organization(public_id=uuid7(now), tenant_id=tenant.id, name="Rivals", created_at=now)
        session.add(rivals)
        await session.flush()
        session.add(
            Workspace(public_id=uuid7(now), organization_id=rivals.id, name="Secrets", created_at=now)
        )
        await session.flush()
        organizations = {row.name: row for row in (await session.scalars(select(Organization))).all()}
        workspaces = {row.name: row for row in (await session.scalars(select(Workspace))).all()}
        works, lighting = organizations["Works"].id, workspaces["Lighting"].id
        session.add_all(
            Membership(organization_id=organization, user_id=user, role=role, created_at=now)
            for organization, user, role in [
                (works, chief, Role.OWNER),
                (works, both, Role.MEMBER),
                (rivals.id, both, Role.ADMIN),
                (rivals.id, rival, Role.OWNER),
            ]
        )
        session.add(WorkspaceMembership(workspace_id=lighting, user_id=both, created_at=now))
    town = Town(studio)
    for kind, rows in ((Kind.ORGANIZATION, organizations), (Kind.WORKSPACE, workspaces)):
        town.ids |= {name: global_id(kind, row.public_id) for name, row in rows.items()}
        town.rows |= {name: row.id for name, row in rows.items()}
    return town


def _field(name: str) -> str:
    return "workspace" if name in ORGANIZATION_OF else "organization"


def _doors(id: str, field: str) -> str:
    """Every way to an object by its id."""
    return f"""{{
      direct: {field}(id: "{id}") {{ name }}
      node(id: "{id}") {{ id ... on Organization {{ name }} ... on Workspace {{ name }} }}
      nodes(ids: ["{id}"]) {{ id }}
    }}"""


def _names(connection: dict[str, Any]) -> list[str]:
    names = sorted(edge["node"]["name"] for edge in connection["edges"])
    assert connection["totalCount"] == len(names)
    return names


async def test_a_viewer_knows_what_the_table_says_at_every_door(town: Town) -> None:
    for viewer, known in KNOWS.items():
        for name, id in town.ids.items():
            answer = await town.ask(viewer, _doors(id, _field(name)))

            if name in known.split():
                shown = {"direct": {"name": name}, "node": {"id": id, "name": name}, "nodes": [{"id": id}]}
                assert answer.data == shown, (viewer, name)
            else:
                assert answer.body["data"] == {"direct": None, "node": None, "nodes": [None]}, (viewer, name)
                assert answer.errors == [
                    ("NOT_FOUND", "direct"),
                    ("NOT_FOUND", "node"),
                    ("NOT_FOUND", "nodes.0"),
                ], (viewer, name)


async def test_a_viewer_lists_and_counts_what_the_table_says(town: Town) -> None:
    for viewer, known in KNOWS.items():
        organizations = sorted(set(known.split()) - ORGANIZATION_OF.keys())
        answer = await town.ask(
            viewer, f"{{ organizations {{ totalCount edges {{ node {{ id name {LISTED} }} }} }} }}"
        )

        assert _names(answer.data["organizations"]) == organizations, viewer
        for edge in answer.data["organizations"]["edges"]:
            workspaces = [name for name in known.split() if ORGANIZATION_OF.get(name) == edge["node"]["name"]]
            assert _names(edge["node"]["workspaces"]) == workspaces, viewer
            by_id = await town.ask(
                viewer, f"query($id: ID!) {{ organization(id: $id) {{ {LISTED} }} }}", id=edge["node"]["id"]
            )
            assert _names(by_id.data["organization"]["workspaces"]) == workspaces, viewer


async def test_a_workspace_leads_to_no_more_of_its_organization(town: Town) -> None:
    """Down from a workspace to its organization, and up again."""
    for viewer, known in KNOWS.items():
        for name in set(known.split()) & ORGANIZATION_OF.keys():
            answer = await town.ask(
                viewer,
                f"query($id: ID!) {{ workspace(id: $id) {{ organization {{ name {LISTED} }} }} }}",
                id=town.ids[name],
            )
            organization = answer.data["workspace"]["organization"]
            assert organization["name"] == ORGANIZATION_OF[name]
            others = [other for other in known.split() if ORGANIZATION_OF.get(other) == organization["name"]]
            assert _names(organization["workspaces"]) == others, (viewer, name)


async def test_a_page_tells_nothing_about_workspaces_that_the_viewer_may_not_enter(town: Town) -> None:
    query = """query($id: ID!, $after: String) { organization(id: $id) { workspaces(first: 1, after: $after) {
      totalCount edges { cursor node { name } } pageInfo { hasNextPage endCursor }
    } } }"""
    first = await town.ask("admin", query, id=town.ids["Works"])
    (edge,) = first.data["organization"]["workspaces"]["edges"]
    assert first.data["organization"]["workspaces"]["pageInfo"]["hasNextPage"] is True

    own = await town.ask("member", query, id=town.ids["Works"])
    after = await town.ask("member", query, id=town.ids["Works"], after=edge["cursor"])

    workspaces = own.data["organization"]["workspaces"]
    assert (workspaces["totalCount"], workspaces["pageInfo"]["hasNextPage"]) == (1, False)
    listed = [edge["node"]["name"] for edge in after.data["organization"]["workspaces"]["edges"]]
    assert listed == ([] if edge["node"]["name"] == "Furniture" else ["Furniture"])
    assert after.data["organization"]["workspaces"]["pageInfo"]["hasNextPage"] is False


def _told(answer: Answer) -> dict[str, Any]:
    """All that an answer says, but for the request's id."""
    body = deepcopy(answer.body)
    for error in body.get("errors", ()):
        del error["extensions"]["requestId"]
    return body


NOT_THEIRS = [
    ("stranger", "Works"),
    ("stranger", "Furniture"),
    ("rival", "Works"),
    ("rival@Rivals", "Furniture"),
    ("both@Rivals", "Works"),
    ("both@Secrets", "Lighting"),
    ("member", "Lighting"),
    ("member@Works", "Lighting"),
    ("member@Furniture", "Lighting"),
    ("admin@Furniture", "Lighting"),
]


async def test_what_is_not_theirs_cannot_be_told_from_what_does_not_exist(town: Town) -> None:
    for viewer, name in NOT_THEIRS:
        kind = Kind.WORKSPACE if name in ORGANIZATION_OF else Kind.ORGANIZATION
        never = global_id(kind, uuid4())
        for operation in (
            _doors("$id", _field(name)),
            'mutation { issueOrganizationToken(organizationId: "$id") { accessToken } }',
            f'mutation {{ issueWorkspaceToken(organizationId: "{town.ids["Works"]}", workspaceId: "$id") '
            "{ accessToken } }",
            f'mutation {{ issueWorkspaceToken(organizationId: "$id", workspaceId: "{town.ids["Furniture"]}") '
            "{ accessToken } }",
        ):
            exists = await town.ask(viewer, operation.replace("$id", town.ids[name]))
            does_not = await town.ask(viewer, operation.replace("$id", never))

            # A token that is too narrow is refused before anything is looked up.
            is_refused = operation.startswith("mutation") and (
                ("issueOrganizationToken" in operation and "@" in viewer)
                or viewer.partition("@")[2] in ORGANIZATION_OF
            )
            code = "FORBIDDEN" if is_refused else "NOT_FOUND"
            assert {found for found, _ in exists.errors} == {code}, (viewer, name, operation)
            assert _told(exists) == _told(does_not), (viewer, name, operation)
            assert "x-auth-token" not in exists.headers


async def test_nobody_known_is_told_to_sign_in_whatever_the_id(town: Town) -> None:
    ids = {
        "organization": [town.ids["Works"], global_id(Kind.ORGANIZATION, uuid4())],
        "workspace": [town.ids["Furniture"], global_id(Kind.WORKSPACE, uuid4())],
    }
    for field_name, (exists, does_not) in ids.items():
        answers = [await town.studio.ask(_doors(id, field_name)) for id in (exists, does_not)]

        assert answers[0].body["data"] == {"direct": None, "node": None, "nodes": [None]}
        assert {code for code, _ in answers[0].errors} == {"UNAUTHENTICATED"}
        assert _told(answers[0]) == _told(answers[1])
    listed = await town.studio.ask(ORGANIZATIONS)
    assert listed.errors == [("UNAUTHENTICATED", "organizations")]


async def test_an_id_of_another_kind_opens_nothing(town: Town) -> None:
    for name, id in town.ids.items():
        other = "organization" if _field(name) == "workspace" else "workspace"
        answer = await town.ask("chief", f'{{ {other}(id: "{id}") {{ name }} }}')
        assert answer.errors == [("NOT_FOUND", other)], name


# ----------------------------------------------------------------------- tokens


async def test_a_token_is_exchanged_for_a_narrower_one_only(town: Town) -> None:
    """Else one for a workspace would open its organization, and any would live on for ever."""
    works, furniture, lighting = (town.ids[name] for name in ("Works", "Furniture", "Lighting"))
    for viewer in ("admin@Works", "admin@Furniture"):
        answer = await town.ask(viewer, FOR_ORGANIZATION, organization=works)
        assert answer.errors == [("FORBIDDEN", "issueOrganizationToken")], viewer
        assert "x-auth-token" not in answer.headers, viewer
    for workspace in (furniture, lighting):
        answer = await town.ask("admin@Furniture", FOR_WORKSPACE, organization=works, workspace=workspace)
        assert answer.errors == [("FORBIDDEN", "issueWorkspaceToken")]
        assert "x-auth-token" not in answer.headers


async def test_a_workspace_is_entered_through_its_own_organization(town: Town) -> None:
    """`both` may know of both sides."""
    for organization, workspace in (("Works", "Secrets"), ("Rivals", "Lighting")):
        answer = await town.ask(
            "both", FOR_WORKSPACE, organization=town.ids[organization], workspace=town.ids[workspace]
        )
        assert answer.body["data"] == {"issueWorkspaceToken": None}
        assert answer.errors == [("NOT_FOUND", "issueWorkspaceToken")]


async def test_a_token_for_a_workspace_can_be_had_without_one_for_its_organization(town: Town) -> None:
    answer = await town.ask(
        "member", FOR_WORKSPACE, organization=town.ids["Works"], workspace=town.ids["Furniture"]
    )

    assert answer.data["issueWorkspaceToken"]["viewer"] == {"username": "member"}


async def test_nobody_known_is_issued_a_token(town: Town) -> None:
    organization = await town.studio.ask(FOR_ORGANIZATION, organization=town.ids["Works"])
    workspace = await town.studio.ask(
        FOR_WORKSPACE, organization=town.ids["Works"], workspace=town.ids["Furniture"]
    )

    assert organization.errors == [("UNAUTHENTICATED", "issueOrganizationToken")]
    assert workspace.errors == [("UNAUTHENTICATED", "issueWorkspaceToken")]


async def test_a_token_for_an_organization_expires_as_any_other(town: Town) -> None:
    tokens = {viewer: await town.token(viewer) for viewer in ("member@Works", "member@Furniture")}
    town.studio.clock.advance(hours=1)

    for viewer, token in tokens.items():
        for operation in (
            _doors(town.ids["Works"], "organization"),
            _doors(town.ids["Furniture"], "workspace"),
        ):
            answer = await _send(town.studio, token, operation)
            assert {code for code, _ in answer.errors} == {"UNAUTHENTICATED"}, viewer
            assert {error["message"] for error in answer.body["errors"]} == {
                "The access token has expired. Sign in again."
            }


# ---------------------------------------------------------------------- leaving


async def _seen(town: Town, token: str) -> set[str]:
    """The names of all that can be found by any means."""
    seen = set()
    for name, id in town.ids.items():
        answer = await _send(town.studio, token, _doors(id, _field(name)))
        data = answer.body["data"]
        assert data["direct"] == (data["node"] and {"name": data["node"]["name"]})
        seen |= {name} if data["direct"] or data["nodes"] != [None] else set()
    listed = await _send(
        town.studio, token, f"{{ organizations {{ totalCount edges {{ node {{ name {LISTED} }} }} }} }}"
    )
    for edge in listed.data["organizations"]["edges"]:
        seen |= {edge["node"]["name"], *_names(edge["node"]["workspaces"])}
    return seen


async def _tokens(town: Town, *viewers: str) -> dict[str, str]:
    tokens = {viewer: await town.token(viewer) for viewer in viewers}
    for viewer, token in tokens.items():
        assert await _seen(town, token) == set(KNOWS[viewer].split()), viewer
    return tokens


async def test_whoever_leaves_an_organization_sees_nothing_of_it_with_tokens_issued_before(
    town: Town,
) -> None:
    tokens = await _tokens(
        town,
        "member",
        "member@Works",
        "member@Furniture",
        "admin@Works",
        "admin@Lighting",
        "both",
        "both@Works",
    )
    members = {town.studio.people[name].row.id for name in ("member", "admin", "both")}

    await town.execute(
        delete(Membership).where(
            col(Membership.organization_id) == town.rows["Works"], col(Membership.user_id).in_(members)
        )
    )

    seen = {viewer: await _seen(town, token) for viewer, token in tokens.items()}
    assert seen.pop("both") == {"Rivals", "Secrets"}
    assert all(left == set() for left in seen.values()), seen
    for viewer, token in tokens.items():
        answer = await _send(town.studio, token, FOR_ORGANIZATION, organization=town.ids["Works"])
        code = "FORBIDDEN" if "@" in viewer else "NOT_FOUND"
        assert answer.errors == [(code, "issueOrganizationToken")], viewer


async def test_whoever_leaves_a_workspace_sees_nothing_of_it_with_tokens_issued_before(town: Town) -> None:
    tokens = await _tokens(town, "member", "member@Works", "member@Furniture")

    await town.execute(
        delete(WorkspaceMembership).where(
            col(WorkspaceMembership.user_id) == town.studio.people["member"].row.id
        )
    )

    for viewer, token in tokens.items():
        assert await _seen(town, token) == {"Works"}, viewer


async def test_an_admin_who_becomes_a_member_sees_what_a_member_sees(town: Town) -> None:
    tokens = await _tokens(town, "admin", "admin@Works", "admin@Furniture", "admin@Lighting")
    admin = town.studio.people["admin"].row.id

    await town.execute(update(Membership).where(col(Membership.user_id) == admin).values(role=Role.MEMBER))

    for viewer, token in tokens.items():
        assert await _seen(town, token) == {"Works"}, viewer


async def test_a_token_for_what_was_deleted_is_nobodys(town: Town) -> None:
    tokens = {viewer: await town.token(viewer) for viewer in ("admin@Lighting", "admin@Works")}

    await town.execute(delete(Workspace).where(col(Workspace.id) == town.rows["Lighting"]))
    of_workspace = await _send(town.studio, tokens["admin@Lighting"], "{ viewer { username } }")
    await town.execute(delete(Organization).where(col(Organization.id) == town.rows["Works"]))
    of_organization = await _send(town.studio, tokens["admin@Works"], "{ viewer { username } }")

    for answer in (of_workspace, of_organization):
        assert answer.errors == [("UNAUTHENTICATED", "viewer")]


async def test_the_workspaces_of_many_organizations_take_as_many_statements_as_those_of_one(
    town: Town,
) -> None:
    query = f"{{ organizations(first: 50) {{ totalCount edges {{ node {{ name {LISTED} }} }} }} }}"
    stranger, now = town.studio.people["stranger"].row.id, town.studio.clock.now
    counts = []
    for more in (1, 19):
        async with town.studio.services.database.writing() as session:
            tenant = Tenant()
            session.add(tenant)
            await session.flush()
            added = [
                Organization(
                    public_id=uuid7(now), tenant_id=tenant.id, name=f"{more}.{number}", created_at=now
                )
                for number in range(more)
            ]
            session.add_all(added)
            await session.flush()
            session.add_all(
                Membership(organization_id=row.id, user_id=stranger, role=Role.ADMIN, created_at=now)
                for row in added
            )
        with town.studio.statements() as statements:
            answer = await town.ask("stranger", query)
        counts.append((answer.data["organizations"]["totalCount"], len(statements)))

    assert counts == [(1, 6), (20, 6)]


async def test_two_workspaces_in_a_filter_take_as_many_statements_as_one(studio: Studio) -> None:
    taken = []
    for named in (studio.workspaces[:1], studio.workspaces):
        with studio.statements() as statements:
            answer = await studio.ask(
                """query($o: ID!, $w: [ID!]) { organization(id: $o) {
                  metrics(range: {start: "2023-06-01", end: "2023-06-30"}, workspaceIds: $w) {
                    total3DViews } } }""",
                "admin",
                o=studio.organization,
                w=named,
            )
        assert answer.data["organization"]["metrics"] == {"total3DViews": 0}
        taken.append(len(statements))
    assert taken[0] == taken[1]
