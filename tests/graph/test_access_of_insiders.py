"""Who sees what of assets and of insights, by the same table as everywhere."""

from typing import Any

import pytest

from tests.studio import Studio

TABLE = """
field                        anonymous        stranger   cocreator  owner      admin      member
Organization.metrics         UNAUTHENTICATED  NOT_FOUND  NOT_FOUND  NOT_FOUND  shown      FORBIDDEN
Workspace.metrics            UNAUTHENTICATED  NOT_FOUND  NOT_FOUND  NOT_FOUND  shown      FORBIDDEN
Organization.auditTrail      UNAUTHENTICATED  NOT_FOUND  NOT_FOUND  NOT_FOUND  shown      FORBIDDEN
Organization.members         UNAUTHENTICATED  NOT_FOUND  NOT_FOUND  NOT_FOUND  shown      FORBIDDEN
Organization.invitations     UNAUTHENTICATED  NOT_FOUND  NOT_FOUND  NOT_FOUND  shown      FORBIDDEN
User.auditTrail              UNAUTHENTICATED  FORBIDDEN  FORBIDDEN  shown      FORBIDDEN  FORBIDDEN
User.invitations             UNAUTHENTICATED  FORBIDDEN  FORBIDDEN  shown      FORBIDDEN  FORBIDDEN
User.authenticationKeys      UNAUTHENTICATED  FORBIDDEN  FORBIDDEN  shown      FORBIDDEN  FORBIDDEN
User.bookedAppointments      UNAUTHENTICATED  FORBIDDEN  FORBIDDEN  shown      FORBIDDEN  FORBIDDEN
User.receivedAppointments    UNAUTHENTICATED  FORBIDDEN  FORBIDDEN  shown      FORBIDDEN  FORBIDDEN
User.receivedComments        UNAUTHENTICATED  FORBIDDEN  FORBIDDEN  shown      FORBIDDEN  FORBIDDEN
Organization.domainAliases   UNAUTHENTICATED  NOT_FOUND  NOT_FOUND  NOT_FOUND  shown      FORBIDDEN
User.domainAliases           UNAUTHENTICATED  FORBIDDEN  FORBIDDEN  shown      FORBIDDEN  FORBIDDEN
User.linkedIdentities        UNAUTHENTICATED  FORBIDDEN  FORBIDDEN  shown      FORBIDDEN  FORBIDDEN
Asset.metrics                UNAUTHENTICATED  NOT_FOUND  NOT_FOUND  NOT_FOUND  shown      FORBIDDEN
UserInsight.profileViews     UNAUTHENTICATED  FORBIDDEN  FORBIDDEN  shown      FORBIDDEN  FORBIDDEN
UserInsight.profileSearches  UNAUTHENTICATED  FORBIDDEN  FORBIDDEN  shown      FORBIDDEN  FORBIDDEN
"""
"""`shown`, or the code of the error: in the field's place, or where the object itself is not to be known of.

A member without the workspace's token may know of the workspace and its assets, no more.
"""

RANGE = 'range: {start: "2023-06-01", end: "2023-06-30"}'
ASK = {
    "Organization.domainAliases": "organization(id: $organization) { name domainAliases { domain } }",
    "Organization.auditTrail": "organization(id: $organization) { name auditTrail { totalCount } }",
    "Organization.members": "organization(id: $organization) { name members { totalCount } }",
    "Organization.invitations": "organization(id: $organization) { name invitations { totalCount } }",
    **{
        f"User.{list}": f"user(by: {{id: $owner}}) {{ name {list} {{ totalCount }} }}"
        for list in (
            *("auditTrail", "authenticationKeys", "bookedAppointments"),
            *("receivedAppointments", "receivedComments"),
            "invitations",
        )
    },
    "User.domainAliases": "user(by: {id: $owner}) { name domainAliases { domain } }",
    "User.linkedIdentities": "user(by: {id: $owner}) { name linkedIdentities { subject } }",
    "Organization.metrics": f"organization(id: $organization) {{ name metrics({RANGE}) {{ total3DViews }} }}",
    "Workspace.metrics": f"workspace(id: $workspace) {{ name metrics({RANGE}) {{ total3DViews }} }}",
    "Asset.metrics": f"asset(id: $asset) {{ name metrics({RANGE}) {{ total3DViews }} }}",
    "UserInsight.profileViews": "userInsight(userId: $owner) { connects profileViews }",
    "UserInsight.profileSearches": "userInsight(userId: $owner) { connects profileSearches }",
}


def _table() -> dict[str, dict[str, str]]:
    (_, *viewers), *rows = [line.split() for line in TABLE.strip().splitlines()]
    return {field: dict(zip(viewers, seen, strict=True)) for field, *seen in rows}


WHO_SEES = _table()


@pytest.fixture
async def ids(studio: Studio) -> dict[str, str]:
    asset = await studio.add_asset("Chair")
    await studio.report([{"subject": {"assetId": asset}, "action": "VIEW_3D"}])
    told = await studio.ask(
        """mutation { createUserInsight(input: {connects: 2, profileViews: 8, profileSearches: 7}) {
          userInsight { id } } }""",
        "owner",
    )
    assert told.data
    return {
        "organization": studio.organization,
        "workspace": studio.workspaces[0],
        "asset": asset,
        "owner": studio.people["owner"].id,
    }


@pytest.mark.parametrize("field", WHO_SEES)
async def test_a_viewer_sees_what_the_table_says(studio: Studio, ids: dict[str, str], field: str) -> None:
    variables = "$organization: ID!, $workspace: ID!, $asset: ID!, $owner: ID!"
    used = ", ".join(part for part in variables.split(", ") if part.partition(":")[0] in ASK[field])
    root, name = ASK[field].partition("(")[0], field.partition(".")[2]
    given = {key: value for key, value in ids.items() if f"${key}" in ASK[field]}
    for viewer, seen in WHO_SEES[field].items():
        by = None if viewer == "anonymous" else viewer

        answer = await studio.ask(f"query({used}) {{ {ASK[field]} }}", by, **given)

        found = answer.body["data"][root]
        if seen == "shown":
            assert (answer.errors, found[name] is not None) == ([], True), viewer
        elif found is None:
            assert answer.errors == [(seen, root)], viewer
        else:
            assert answer.errors == [(seen, f"{root}.{name}")], viewer
            assert found[name] is None
            assert sorted(found) == sorted({name, "connects" if "Insight" in field else "name"})


METRICS = """query($o: ID!, $w: ID!, $a: ID!, $other: ID!) {
  organization(id: $o) { metrics(%s) { total3DViews } }
  workspace(id: $w) { metrics(%s) { total3DViews } }
  asset(id: $a) { metrics(%s) { total3DViews } }
  other: workspace(id: $other) { metrics(%s) { total3DViews } }
}"""


async def test_a_member_with_a_workspaces_token_sees_that_workspace_alone(
    studio: Studio, ids: dict[str, str]
) -> None:
    lamp = await studio.add_asset("Lamp", workspace=1)
    await studio.report([{"subject": {"assetId": lamp}, "action": "VIEW_3D"}])
    issued = await studio.ask(
        """mutation($o: ID!, $w: ID!) {
          issueWorkspaceToken(organizationId: $o, workspaceId: $w) { accessToken } }""",
        "member",
        o=studio.organization,
        w=studio.workspaces[0],
    )
    token = issued.data["issueWorkspaceToken"]["accessToken"]
    variables: dict[str, Any] = {
        "o": studio.organization,
        "w": studio.workspaces[0],
        "a": ids["asset"],
        "other": studio.workspaces[1],
    }

    answer = await studio.send(
        {"query": METRICS.replace("%s", RANGE), "variables": variables}, {"authorization": f"Bearer {token}"}
    )

    one = {"metrics": {"total3DViews": 1}}
    assert answer.body["data"] == {"organization": one, "workspace": one, "asset": one, "other": None}
    assert answer.errors == [("NOT_FOUND", "other")]


@pytest.mark.parametrize(
    ("argument", "reason"), [("workspaceIds", "INVALID_WORKSPACE"), ("assetIds", "INVALID_ASSET")]
)
async def test_a_filter_finds_nothing_of_another_organization(
    studio: Studio, ids: dict[str, str], argument: str, reason: str
) -> None:
    made = await studio.ask(
        'mutation { createOrganization(input: {name: "Other"}) { organization { id } } }', "stranger"
    )
    other = made.data["createOrganization"]["organization"]["id"]
    named = ids["workspace" if argument == "workspaceIds" else "asset"]

    answer = await studio.ask(
        f"query($o: ID!, $id: ID!) {{ organization(id: $o) {{ name "
        f"metrics({RANGE}, {argument}: [$id]) {{ total3DViews }} }} }}",
        "stranger",
        o=other,
        id=named,
    )

    assert answer.body["data"] == {"organization": {"name": "Other", "metrics": None}}
    assert answer.extensions == {"code": "NOT_FOUND", "argument": argument, "reason": reason}
