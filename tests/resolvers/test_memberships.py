"""Roles change and members leave; an organization keeps an owner."""

from asyncio import gather

import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from auth.tokens import Claims
from base.ids import parse_global_id
from database import table_of
from models import Membership, Organization, Role
from resolvers.locked_roles import lock_organization
from tests.resolvers.figures import FORBIDDEN, NOT_FOUND, SIGN_IN_FIRST, unchanged
from tests.studio import Answer, Studio
from tests.waiting import overtaken

CHANGE = """mutation($o: ID!, $u: ID!, $r: Role!) {
  changeMemberRole(input: {organizationId: $o, userId: $u, role: $r}) {
    member { role joinedAt user { username } workspaces { edges { node { name } } } } } }"""
INVITE = """mutation($o: ID!, $u: ID!) {
  inviteMember(input: {organizationId: $o, userId: $u}) { invitation { id } } }"""
INVITE_TO_WORKSPACE = (
    "mutation($w: ID!, $u: ID!) { inviteToWorkspace(workspaceId: $w, userId: $u) { invitation { id } } }"
)
WITHDRAW = "mutation($i: ID!) { withdrawInvitation(id: $i) { id } }"
LEAVE = "mutation($o: ID!) { leaveOrganization(organizationId: $o) { id } }"
REMOVE = """mutation($o: ID!, $u: ID!) {
  removeMember(input: {organizationId: $o, userId: $u}) { user { username } } }"""
LEAVE_WORKSPACE = "mutation($w: ID!) { leaveWorkspace(workspaceId: $w) { id } }"
REMOVE_FROM = (
    "mutation($w: ID!, $u: ID!) { removeFromWorkspace(workspaceId: $w, userId: $u) { user { username } } }"
)
LEAVE_PUBLICATION = """mutation($p: ID!) { leavePublication(publicationId: $p) {
  publication { coCreators { username } } } }"""
LAST_OWNER = {"code": "CONFLICT", "reason": "LAST_OWNER"}
LIGHTING = "query($w: ID!) { workspace(id: $w) { name } }"


async def change(studio: Studio, user: str, role: str, by: str | None, organization: str = "") -> Answer:
    ids = {"o": organization or studio.organization, "u": studio.people[user].id}
    return await studio.ask(CHANGE, by, **ids, r=role)


async def owned(studio: Studio, **roles: str) -> str:
    """An organization of the owner's, with these members."""
    made = await studio.ask(
        'mutation { createOrganization(input: {name: "Mine"}) { organization { id } } }', "owner"
    )
    id: str = made.data["createOrganization"]["organization"]["id"]
    for user, role in roles.items():
        await studio.add_member(user, "owner", organizationId=id, role=role)
    return id


async def test_an_admin_gives_roles_but_none_of_an_owner(studio: Studio) -> None:
    mine = await owned(studio, admin="ADMIN", member="MEMBER", stranger="OWNER")

    async with unchanged(studio):
        for user, role in (
            ("member", "OWNER"),
            ("owner", "MEMBER"),
            ("stranger", "ADMIN"),
            ("admin", "OWNER"),
        ):
            assert (await change(studio, user, role, "admin", mine)).extensions == FORBIDDEN
        assert (await change(studio, "member", "ADMIN", "member", mine)).extensions == FORBIDDEN
        assert (await change(studio, "member", "ADMIN", None, mine)).extensions == SIGN_IN_FIRST
        assert (await change(studio, "member", "ADMIN", "cocreator", mine)).extensions == NOT_FOUND
        assert (await change(studio, "cocreator", "ADMIN", "admin", mine)).extensions == NOT_FOUND

    raised = (await change(studio, "member", "ADMIN", "admin", mine)).data["changeMemberRole"]["member"]
    assert raised == {
        "role": "ADMIN",
        "joinedAt": "2023-06-15T12:00:00Z",
        "user": {"username": "member"},
        "workspaces": {"edges": []},
    }
    assert (await change(studio, "admin", "MEMBER", "admin", mine)).errors == []
    assert (await change(studio, "admin", "MEMBER", "admin", mine)).extensions == FORBIDDEN
    assert (await change(studio, "admin", "OWNER", "owner", mine)).errors == []
    assert (await change(studio, "owner", "MEMBER", "admin", mine)).errors == []


@pytest.mark.parametrize(
    "named", ["INVITE", "INVITE_TO_WORKSPACE", "CHANGE", "REMOVE", "REMOVE_FROM", "WITHDRAW", "DELETE_ASSET"]
)
async def test_an_admin_who_is_overtaken_by_a_lower_role_changes_nothing(studio: Studio, named: str) -> None:
    ids = {name: person.id for name, person in studio.people.items()}
    at = {"o": studio.organization, "w": studio.workspaces[1]}
    sent = await studio.ask(INVITE, "admin", o=at["o"], u=ids["owner"])
    chair = await studio.add_asset("Chair")
    query, given = {
        "INVITE": (INVITE, {"o": at["o"], "u": ids["stranger"]}),
        "INVITE_TO_WORKSPACE": (INVITE_TO_WORKSPACE, {"w": at["w"], "u": ids["member"]}),
        "CHANGE": (CHANGE, {"o": at["o"], "u": ids["member"], "r": "ADMIN"}),
        "REMOVE": (REMOVE, {"o": at["o"], "u": ids["member"]}),
        "REMOVE_FROM": (REMOVE_FROM, {"w": studio.workspaces[0], "u": ids["member"]}),
        "WITHDRAW": (WITHDRAW, {"i": sent.data["inviteMember"]["invitation"]["id"]}),
        "DELETE_ASSET": ("mutation($a: ID!) { deleteAsset(id: $a) { id } }", {"a": chair}),
    }[named]
    public_id = parse_global_id(studio.organization)[1]

    async def lower(session: AsyncSession) -> None:
        organization = select(col(Organization.id)).where(col(Organization.public_id) == public_id)
        await lock_organization(session, await session.scalar(organization) or 0)
        its = col(Membership.user_id) == studio.people["admin"].row.id
        await session.execute(update(Membership).where(its).values(role=int(Role.MEMBER)))

    late = await overtaken(studio, lambda: studio.ask(query, "admin", **given), lower)

    assert late.extensions == FORBIDDEN
    counted = [await studio.count(name) for name in ("invitations", "workspace_memberships", "deletions")]
    assert counted == [1, 1, 0]
    async with studio.services.database.snapshot() as connection:
        roles = list(await connection.scalars(select(table_of(Membership).c.role)))
    assert roles == [Role.MEMBER, Role.MEMBER]


async def test_an_organization_keeps_an_owner(studio: Studio) -> None:
    mine = await owned(studio, admin="ADMIN")

    async with unchanged(studio):
        left = await studio.ask(LEAVE, "owner", o=mine)
        removed = await studio.ask(REMOVE, "owner", o=mine, u=studio.people["owner"].id)
        lowered = await change(studio, "owner", "ADMIN", "owner", mine)
        assert [answer.extensions for answer in (left, removed, lowered)] == [LAST_OWNER] * 3
        assert "Make another member an owner first" in left.body["errors"][0]["message"]
    assert (await studio.ask(LEAVE, "admin", o=mine)).data == {"leaveOrganization": {"id": mine}}
    async with unchanged(studio):
        assert (await studio.ask(LEAVE, "owner", o=mine)).extensions == LAST_OWNER
        assert (await studio.ask(LEAVE, "admin", o=mine)).extensions == NOT_FOUND
    await studio.add_member("admin", "owner", organizationId=mine, role="OWNER")
    both = await gather(*(studio.ask(LEAVE, by, o=mine) for by in ("owner", "admin")))
    assert sorted(code for answer in both for code, _ in answer.errors) == ["CONFLICT"]


async def test_a_right_ends_at_once_for_every_token(studio: Studio) -> None:
    claims = [
        Claims(
            studio.people[name].row.public_id,
            parse_global_id(studio.organization)[1],
            parse_global_id(workspace)[1] if workspace else None,
        )
        for name, workspace in (
            ("member", None),
            ("member", studio.workspaces[0]),
            ("admin", studio.workspaces[1]),
        )
    ]
    tokens = [studio.services.signer.issue(one, studio.clock.now).text for one in claims]

    async def sees(token: str, workspace: int) -> bool:
        body = {"query": LIGHTING, "variables": {"w": studio.workspaces[workspace]}}
        return not (await studio.send(body, {"authorization": f"Bearer {token}"})).errors

    assert [await sees(tokens[0], 0), await sees(tokens[1], 0), await sees(tokens[2], 1)] == [True] * 3
    left = await studio.ask(LEAVE_WORKSPACE, "member", w=studio.workspaces[0])
    assert left.data == {"leaveWorkspace": {"id": studio.workspaces[0]}}
    assert [await sees(tokens[0], 0), await sees(tokens[1], 0)] == [False, False]
    assert (await change(studio, "member", "ADMIN", "admin")).errors == []
    assert [await sees(tokens[0], 0), await sees(tokens[1], 0)] == [True, True]
    assert (await change(studio, "admin", "MEMBER", "member")).errors == []
    assert not await sees(tokens[2], 1)


async def test_a_workspace_is_left_and_others_are_removed_by_admins(studio: Studio) -> None:
    furniture, member = studio.workspaces[0], studio.people["member"].id
    async with unchanged(studio):
        for by, refusal in ((None, SIGN_IN_FIRST), ("member", FORBIDDEN), ("stranger", NOT_FOUND)):
            assert (await studio.ask(REMOVE_FROM, by, w=furniture, u=member)).extensions == refusal
        for id in (studio.people["admin"].id, studio.people["stranger"].id):
            assert (await studio.ask(REMOVE_FROM, "admin", w=furniture, u=id)).extensions == NOT_FOUND
        assert (await studio.ask(LEAVE_WORKSPACE, "admin", w=furniture)).extensions == NOT_FOUND

    removed = await studio.ask(REMOVE_FROM, "admin", w=furniture, u=member)
    assert removed.data == {"removeFromWorkspace": {"user": {"username": "member"}}}
    assert (await studio.ask(LIGHTING, "member", w=furniture)).extensions == NOT_FOUND


async def test_a_co_creator_leaves_and_the_owner_cannot(studio: Studio) -> None:
    async with unchanged(studio):
        for by, refusal in ((None, SIGN_IN_FIRST), ("owner", FORBIDDEN), ("stranger", NOT_FOUND)):
            assert (await studio.ask(LEAVE_PUBLICATION, by, p=studio.publication)).extensions == refusal

    left = await studio.ask(LEAVE_PUBLICATION, "cocreator", p=studio.publication)

    assert left.data == {"leavePublication": {"publication": {"coCreators": []}}}
