"""The audit trail: who changed rights, keys and roles, as those see it whom it concerns."""

from typing import Any

import pytest
from sqlalchemy import update
from sqlmodel import SQLModel, col

from models import Membership, Role
from tests.studio import Studio

ENTRY = (
    "edges { node { act doneAt by user { username } keyId command objectId changes { name before after } } }"
)
OF_ORGANIZATION = f"""query($id: ID!, $acts: [AuditAct!]) {{
  organization(id: $id) {{ auditTrail(acts: $acts) {{ totalCount {ENTRY} }} }} }}"""
OF_PUBLICATION = f'{{ publication(url: "ai-research-studio") {{ auditTrail {{ {ENTRY} }} }} }}'
OF_ACCOUNT = f"{{ viewer {{ auditTrail {{ {ENTRY} }} }} }}"
ADD = """mutation($o: ID!, $u: ID!, $r: Role!, $w: [ID!]) {
  inviteMember(input: {organizationId: $o, userId: $u, role: $r, workspaceIds: $w}) {
    invitation { id } } }"""
REMOVE = (
    "mutation($o: ID!, $u: ID!) { removeMember(input: {organizationId: $o, userId: $u}) { user { id } } }"
)
MAKE_KEY = 'mutation { createAuthenticationKey(input: {name: "CI"}) { secret authenticationKey { id } } }'
REVOKE = "mutation($id: ID!) { revokeAuthenticationKey(id: $id) { id } }"
SHARE = """mutation($id: ID!, $f: [PublicationFigure!]!) {
  updatePublication(input: {id: $id, sharedFigures: $f}) { publication { id } } }"""


def entry(act: str, object: str, user: str, at: str, **changes: Any) -> dict[str, Any]:
    """`changes` are values of after, or of before and after."""
    pairs = {name: value if isinstance(value, tuple) else (None, value) for name, value in changes.items()}
    return {
        "act": act,
        "doneAt": at,
        "by": "USER",
        "user": {"username": user},
        "keyId": None,
        "command": None,
        "objectId": object,
        "changes": [{"name": name, "before": one, "after": other} for name, (one, other) in pairs.items()],
    }


def nodes(answer: Any) -> list[Any]:
    (whose,) = answer.data.values()
    return [edge["node"] for edge in whose["auditTrail"]["edges"]]


@pytest.fixture
async def owned(studio: Studio) -> Studio:
    """Where the admin owns the organization, so that others may leave it."""
    async with studio.services.database.writing() as session:
        admin = col(Membership.user_id) == studio.people["admin"].row.id
        await session.execute(update(Membership).where(admin).values(role=Role.OWNER))
    return studio


async def test_admins_see_who_changed_what_newest_first(owned: Studio) -> None:
    studio = owned
    id, stranger = studio.organization, studio.people["stranger"].id
    joins = {"o": id, "u": stranger, "r": "MEMBER", "w": studio.workspaces}
    sent = await studio.ask(ADD, "admin", **joins)
    assert (await studio.ask(ADD, "admin", **joins)).code == "CONFLICT"
    assert (await studio.ask(ADD, "member", **joins)).code == "FORBIDDEN"
    await studio.accept("stranger", sent.data["inviteMember"]["invitation"]["id"])
    studio.clock.advance(minutes=1)
    assert (await studio.ask(REMOVE, "stranger", o=id, u=stranger)).errors == []
    asset = await studio.add_asset("Chair")
    update = """mutation($i: UpdateAssetInput!) { updateAsset(input: $i) { asset { id } } }"""
    studio.clock.advance(minutes=1)
    for changes in ({"name": "Sofa"}, {"domains": ["shop.example", "www.shop.example"]}):
        assert (await studio.ask(update, "admin", i={"id": asset, **changes})).errors == []

    told = await studio.ask(OF_ORGANIZATION, "admin", id=id)

    expected = [
        entry("SITES_CHANGED", asset, "admin", "2023-06-15T12:02:00Z", sites="2"),
        entry("MEMBER_REMOVED", stranger, "stranger", "2023-06-15T12:01:00Z", role=("MEMBER", None)),
        entry("MEMBER_ADDED", stranger, "stranger", "2023-06-15T12:00:00Z", role="MEMBER", workspaces="2"),
        entry("MEMBER_INVITED", stranger, "admin", "2023-06-15T12:00:00Z", role="MEMBER", workspaces="2"),
    ]
    assert nodes(told) == expected
    assert told.data["organization"]["auditTrail"]["totalCount"] == 4
    some = await studio.ask(OF_ORGANIZATION, "admin", id=id, acts=["MEMBER_ADDED", "SITES_CHANGED"])
    assert nodes(some) == [expected[0], expected[2]]
    assert some.data["organization"]["auditTrail"]["totalCount"] == 2
    assert nodes(await studio.ask(OF_ORGANIZATION, "admin", id=id, acts=[])) == []


async def test_a_trail_is_walked_from_either_end(studio: Studio) -> None:
    for name in "abc":
        studio.clock.advance(minutes=1)
        make = "mutation($i: CreateWorkspaceInput!) { createWorkspace(input: $i) { workspace { id } } }"
        made = await studio.ask(make, "admin", i={"organizationId": studio.organization, "name": name})
        assert made.errors == []
    walk = """query($id: ID!, $first: Int, $after: String, $last: Int, $before: String) {
      organization(id: $id) { auditTrail(first: $first, after: $after, last: $last, before: $before) {
        edges { cursor node { doneAt } } } } }"""

    async def page(**ends: Any) -> list[Any]:
        told = await studio.ask(walk, "admin", id=studio.organization, **ends)
        edges: list[Any] = told.data["organization"]["auditTrail"]["edges"]
        return edges

    newest = await page(first=2)
    assert [edge["node"]["doneAt"][14:16] for edge in newest] == ["03", "02"]
    rest = await page(first=2, after=newest[1]["cursor"])
    assert [edge["node"]["doneAt"][14:16] for edge in rest] == ["01"]
    assert await page(last=2, before=rest[0]["cursor"]) == newest


async def test_an_owner_sees_who_may_what_with_a_publication(studio: Studio) -> None:
    for figures in (["TOTAL_VIEWS", "TOTAL_LIKES"], []):
        studio.clock.advance(minutes=1)
        assert (await studio.ask(SHARE, "owner", id=studio.publication, f=figures)).errors == []
    renamed = 'mutation($id: ID!) { updatePublication(input: {id: $id, name: "A"}) { publication { id } } }'
    assert (await studio.ask(renamed, "cocreator", id=studio.publication)).errors == []

    told = nodes(await studio.ask(OF_PUBLICATION, "owner"))

    publication, start = studio.publication, "2023-06-15T12:00:00Z"
    shown = "TOTAL_VIEWS,TOTAL_LIKES"
    assert told == [
        entry("FIGURES_SHARED", publication, "owner", "2023-06-15T12:02:00Z", figures=(shown, None)),
        entry("FIGURES_SHARED", publication, "owner", "2023-06-15T12:01:00Z", figures=(None, shown)),
        entry("CO_CREATOR_ADDED", studio.people["cocreator"].id, "cocreator", start),
        entry("CO_CREATOR_INVITED", studio.people["cocreator"].id, "owner", start),
        entry("PUBLICATION_CREATED", publication, "owner", start),
    ]
    denied = await studio.ask(OF_PUBLICATION, "cocreator")
    assert denied.errors == [("FORBIDDEN", "publication.auditTrail")]


async def test_an_account_tells_of_its_keys_but_never_what_they_are(studio: Studio) -> None:
    # Entries of one instant have an order only if one process made them without going back in time.
    studio.clock.advance(minutes=1)
    made = (await studio.ask(MAKE_KEY, "stranger")).data["createAuthenticationKey"]
    key = made["authenticationKey"]["id"]
    studio.clock.advance(minutes=1)
    header = {"authorization": f"Token {made['secret']}"}
    second = (await studio.send({"query": MAKE_KEY}, header)).data["createAuthenticationKey"]
    studio.clock.advance(minutes=1)
    for _ in "twice":
        assert (await studio.ask(REVOKE, "stranger", id=key)).errors == []
    assert (await studio.ask(REVOKE, "owner", id=key)).code == "NOT_FOUND"

    told = nodes(await studio.ask(OF_ACCOUNT, "stranger"))

    by_key = entry(
        "KEY_CREATED", second["authenticationKey"]["id"], "stranger", "2023-06-15T12:02:00Z", days="90"
    ) | {"by": "KEY", "keyId": key}
    account = entry("ACCOUNT_CREATED", studio.people["stranger"].id, "", "2023-06-15T12:00:00Z")
    assert told == [
        entry("KEY_REVOKED", key, "stranger", "2023-06-15T12:03:00Z"),
        by_key,
        entry("KEY_CREATED", key, "stranger", "2023-06-15T12:01:00Z", days="90"),
        account | {"by": "OPERATOR", "command": "user create", "user": None},
    ]
    assert nodes(await studio.ask(OF_ACCOUNT, "owner")) == [
        account
        | {"by": "OPERATOR", "command": "user create", "user": None, "objectId": studio.people["owner"].id}
    ]
    async with studio.services.database.snapshot() as connection:
        stored = (await connection.execute(SQLModel.metadata.tables["audit_entries"].select())).all()
    assert not [row for row in stored if "vgk_" in repr(row) or "example.com" in repr(row)]


async def test_fifty_entries_take_as_many_statements_as_two(owned: Studio) -> None:
    studio = owned

    async def taken(first: int) -> int:
        query = OF_ORGANIZATION.replace("auditTrail(", f"auditTrail(first: {first}, ")
        with studio.statements() as statements:
            answer = await studio.ask(query, "admin", id=studio.organization)
        assert len(nodes(answer)) == first
        return len(statements)

    for number in range(17):
        joins = {"o": studio.organization, "u": studio.people["stranger"].id, "r": "ADMIN"}
        studio.clock.advance(minutes=1)
        sent = await studio.ask(ADD, "admin", **joins)
        await studio.accept("stranger", sent.data["inviteMember"]["invitation"]["id"])
        assert (
            await studio.ask(REMOVE, "stranger" if number % 2 else "admin", o=joins["o"], u=joins["u"])
        ).errors == []

    assert await taken(2) == await taken(50)
