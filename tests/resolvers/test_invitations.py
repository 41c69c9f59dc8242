"""Who is invited, joins by saying yes alone."""

from asyncio import gather
from typing import Any

import pytest
from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from base.ids import Kind, parse_global_id
from database import table_of
from ingest.deletions.tombstones import bury_publications
from models import AuditEntry, Invitation, Membership, Publication, Role
from resolvers.co_creators import add_co_creator
from resolvers.locked_roles import lock_organization
from tests.resolvers.figures import FORBIDDEN, NOT_FOUND, SIGN_IN_FIRST, ids_of_no, unchanged
from tests.studio import Answer, Studio
from tests.waiting import overtaken

WHAT = """id target organizationName workspaceName role createdAt expiresAt declinedAt
  user { username } invitedBy { username } publication { customUrl }"""
MEMBER = (
    f"mutation($input: InviteMemberInput!) {{ inviteMember(input: $input) {{ invitation {{ {WHAT} }} }} }}"
)
WORKSPACE = f"""mutation($w: ID!, $u: ID!) {{
  inviteToWorkspace(workspaceId: $w, userId: $u) {{ invitation {{ {WHAT} }} }} }}"""
CO_CREATOR = f"""mutation($p: ID!, $u: ID!) {{
  inviteCoCreator(publicationId: $p, userId: $u) {{ invitation {{ {WHAT} }} }} }}"""
ACCEPT = """mutation($id: ID!) { acceptInvitation(id: $id) {
  id organization { name } workspace { name } publication { customUrl } } }"""
DECLINE = "mutation($id: ID!) { declineInvitation(id: $id) { id } }"
WITHDRAW = "mutation($id: ID!) { withdrawInvitation(id: $id) { id } }"
NODE = f"query($id: ID!) {{ node(id: $id) {{ ... on Invitation {{ {WHAT} }} }} }}"
RECEIVED = "{ viewer { invitations { totalCount edges { node { id } } } } }"
OF_ORGANIZATION = """query($id: ID!) { organization(id: $id) {
  invitations { totalCount edges { node { id } } } } }"""
OF_PUBLICATION = """{ publication(url: "ai-research-studio") {
  invitations { totalCount edges { node { id } } } } }"""
MEMBERS = """query($id: ID!) { organization(id: $id) { members { edges { node {
  role joinedAt user { username } workspaces { edges { node { name } } } } } } } }"""


async def member(studio: Studio, user: str, by: str | None = "admin", **input: Any) -> Answer:
    id = studio.people[user].id if user in studio.people else user
    given = {"organizationId": studio.organization, "userId": id, **input}
    return await studio.ask(MEMBER, by, input=given)


async def to_workspace(studio: Studio, user: str, by: str | None = "admin", *, workspace: int = 1) -> Answer:
    ids = {"w": studio.workspaces[workspace], "u": studio.people[user].id}
    return await studio.ask(WORKSPACE, by, **ids)


async def co_creator(studio: Studio, user: str, by: str | None = "owner") -> Answer:
    return await studio.ask(CO_CREATOR, by, p=studio.publication, u=studio.people[user].id)


def invitation(answer: Answer) -> Any:
    ((_, payload),) = answer.data.items()
    return payload["invitation"]


def ids(answer: Answer) -> list[str]:
    ((_, shown),) = answer.data.items()
    listed = shown["invitations"]
    assert listed["totalCount"] == len(listed["edges"])
    return [edge["node"]["id"] for edge in listed["edges"]]


async def members(studio: Studio) -> dict[str, tuple[str, list[str]]]:
    """The role and the workspaces of each."""
    answer = await studio.ask(MEMBERS, "admin", id=studio.organization)
    nodes = [edge["node"] for edge in answer.data["organization"]["members"]["edges"]]
    return {
        node["user"]["username"]: (
            node["role"],
            sorted(edge["node"]["name"] for edge in node["workspaces"]["edges"]),
        )
        for node in nodes
    }


async def test_an_invitation_makes_nobody_a_member_before_the_yes(studio: Studio) -> None:
    before = await members(studio)
    sent = invitation(await member(studio, "stranger", workspaceIds=studio.workspaces[1:]))
    id = sent.pop("id")

    assert sent == {
        "target": "ORGANIZATION",
        "organizationName": "Works",
        "workspaceName": None,
        "role": "MEMBER",
        "createdAt": "2023-06-15T12:00:00Z",
        "expiresAt": "2023-06-29T12:00:00Z",
        "declinedAt": None,
        "user": {"username": "stranger"},
        "invitedBy": {"username": "admin"},
        "publication": None,
    }
    assert await members(studio) == before
    hidden = await studio.ask(OF_ORGANIZATION, "stranger", id=studio.organization)
    assert hidden.errors == [("NOT_FOUND", "organization")]
    assert ids(await studio.ask(RECEIVED, "stranger")) == [id]
    assert ids(await studio.ask(OF_ORGANIZATION, "admin", id=studio.organization)) == [id]
    for by in ("stranger", "admin"):
        assert (await studio.ask(NODE, by, id=id)).data == {"node": {"id": id, **sent}}

    studio.clock.advance(hours=1)
    joined = await studio.ask(ACCEPT, "stranger", id=id)
    assert joined.data["acceptInvitation"] == {
        "id": id,
        "organization": {"name": "Works"},
        "workspace": None,
        "publication": None,
    }
    assert await members(studio) == {**before, "stranger": ("MEMBER", ["Lighting"])}
    assert ids(await studio.ask(RECEIVED, "stranger")) == []
    assert await studio.count("invited_workspaces") == 0
    assert (await studio.ask(ACCEPT, "stranger", id=id)).extensions == NOT_FOUND


async def test_a_member_is_invited_to_another_workspace(studio: Studio) -> None:
    sent = invitation(await to_workspace(studio, "member"))
    named = {name: sent[name] for name in ("target", "organizationName", "workspaceName", "role")}
    lighting = {"target": "WORKSPACE", "organizationName": "Works", "workspaceName": "Lighting", "role": None}
    assert named == lighting
    assert (await members(studio))["member"] == ("MEMBER", ["Furniture"])
    assert ids(await studio.ask(OF_ORGANIZATION, "admin", id=studio.organization)) == [sent["id"]]

    joined = (await studio.ask(ACCEPT, "member", id=sent["id"])).data["acceptInvitation"]
    assert (joined["organization"], joined["workspace"]) == ({"name": "Works"}, {"name": "Lighting"})
    assert (await members(studio))["member"] == ("MEMBER", ["Furniture", "Lighting"])

    async with unchanged(studio):
        for user in ("member", "admin"):
            assert (await to_workspace(studio, user)).code == "CONFLICT"
        assert (await to_workspace(studio, "stranger")).extensions == NOT_FOUND
        for by, refusal in ((None, SIGN_IN_FIRST), ("member", FORBIDDEN), ("stranger", NOT_FOUND)):
            assert (await to_workspace(studio, "member", by, workspace=0)).extensions == refusal


async def test_the_old_mutations_invite_too(studio: Studio) -> None:
    add = "mutation($i: AddMemberInput!) { addMember(input: $i) { user { username } } }"
    given = {"organizationId": studio.organization, "userId": studio.people["stranger"].id}
    added = await studio.ask(add, "admin", i=given)
    assert added.data == {"addMember": {"user": {"username": "stranger"}}}
    studio.clock.advance(minutes=1)
    add = """mutation($p: ID!, $u: ID!) { addCoCreator(publicationId: $p, userId: $u) {
      publication { coCreators { username } } } }"""
    added = await studio.ask(add, "owner", p=studio.publication, u=studio.people["stranger"].id)
    only = {"publication": {"coCreators": [{"username": "cocreator"}]}}
    assert added.data == {"addCoCreator": only}

    received = ids(await studio.ask(RECEIVED, "stranger"))
    assert len(received) == 2
    assert received[1:] == ids(await studio.ask(OF_PUBLICATION, "owner"))
    for id in received:
        await studio.accept("stranger", id)
    assert (await members(studio))["stranger"] == ("MEMBER", [])


async def test_who_declines_is_not_asked_again_before_the_invitation_ends(studio: Studio) -> None:
    id = invitation(await co_creator(studio, "stranger"))["id"]
    async with unchanged(studio):
        again = await co_creator(studio, "stranger")
        assert again.extensions == {"code": "CONFLICT", "reason": "INVITED"}
        assert "2023-06-29 12:00 UTC" in again.body["errors"][0]["message"]
    for hours in (1, 2):
        assert (await studio.ask(DECLINE, "stranger", id=id)).data == {"declineInvitation": {"id": id}}
        studio.clock.advance(hours=hours)
    assert (await studio.ask(NODE, "owner", id=id)).data["node"]["declinedAt"] == "2023-06-15T12:00:00Z"
    assert ids(await studio.ask(RECEIVED, "stranger")) == []
    assert ids(await studio.ask(OF_PUBLICATION, "owner")) == [id]
    async with unchanged(studio):
        assert (await co_creator(studio, "stranger")).extensions == {"code": "CONFLICT", "reason": "DECLINED"}
        refused = await studio.ask(WITHDRAW, "owner", id=id)
        assert refused.extensions == {"code": "CONFLICT", "reason": "DECLINED"}

    studio.clock.now = studio.clock.now.replace(day=29, hour=11, minute=59)
    await studio.accept("stranger", id)  # Somebody may think better of it.
    assert (await co_creator(studio, "stranger")).code == "CONFLICT"


async def test_an_invitation_ends_after_14_days(studio: Studio) -> None:
    for asked, target in ((co_creator, OF_PUBLICATION), (member, OF_ORGANIZATION)):
        by, variables = ("owner", {}) if asked is co_creator else ("admin", {"id": studio.organization})
        id = invitation(await asked(studio, "stranger"))["id"]
        studio.clock.advance(days=14)
        async with unchanged(studio):
            for query, who in (
                (ACCEPT, "stranger"),
                (DECLINE, "stranger"),
                (NODE, "stranger"),
                (WITHDRAW, by),
            ):
                assert (await studio.ask(query, who, id=id)).extensions == NOT_FOUND
        assert (
            ids(await studio.ask(RECEIVED, "stranger"))
            == ids(await studio.ask(target, by, **variables))
            == []
        )
        newer = invitation(await asked(studio, "stranger"))["id"]
        assert ids(await studio.ask(RECEIVED, "stranger")) == [newer]
        assert (await studio.ask(WITHDRAW, by, id=newer)).data == {"withdrawInvitation": {"id": newer}}
    assert await studio.count("invitations") == 0


async def test_nobody_answers_for_somebody_else(studio: Studio) -> None:
    to_works = invitation(await member(studio, "stranger"))["id"]
    to_publication = invitation(await co_creator(studio, "stranger"))["id"]

    async with unchanged(studio):
        for id, sender, others in (
            (to_works, "admin", ("member", "owner")),
            (to_publication, "owner", ("cocreator", "admin")),
        ):
            for query in (ACCEPT, DECLINE):
                assert (await studio.ask(query, None, id=id)).extensions == SIGN_IN_FIRST
                assert (await studio.ask(query, sender, id=id)).extensions == FORBIDDEN
                for other in others:
                    assert (await studio.ask(query, other, id=id)).extensions == NOT_FOUND
            assert (await studio.ask(WITHDRAW, "stranger", id=id)).extensions == FORBIDDEN
            for other in others:
                assert (await studio.ask(WITHDRAW, other, id=id)).extensions == NOT_FOUND
                assert (await studio.ask(NODE, other, id=id)).extensions == NOT_FOUND
        for id in ids_of_no(Kind.INVITATION, studio.people["stranger"].id):
            assert (await studio.ask(ACCEPT, "stranger", id=id)).extensions == NOT_FOUND
        assert (await studio.ask(OF_PUBLICATION, "cocreator")).extensions == FORBIDDEN
        of_works = await studio.ask(OF_ORGANIZATION, "member", id=studio.organization)
        assert of_works.extensions == FORBIDDEN
        theirs = await studio.ask(
            '{ user(by: {username: "stranger"}) { invitations { totalCount } } }', "owner"
        )
        assert theirs.extensions == FORBIDDEN


async def test_only_owners_invite_owners_and_take_that_back(studio: Studio) -> None:
    async with unchanged(studio):
        for by in ("admin", "member"):
            assert (await member(studio, "stranger", by, role="OWNER")).extensions == FORBIDDEN
        for id in ids_of_no(Kind.USER, studio.publication):
            assert (await member(studio, id)).extensions == NOT_FOUND
        for user in ("admin", "member"):
            assert (await member(studio, user)).code == "CONFLICT"
    made = await studio.ask(
        'mutation { createOrganization(input: {name: "Mine"}) { organization { id } } }', "owner"
    )
    mine = made.data["createOrganization"]["organization"]["id"]
    await studio.add_member("admin", "owner", organizationId=mine, role="ADMIN")
    id = invitation(await member(studio, "stranger", "owner", organizationId=mine, role="OWNER"))["id"]

    async with unchanged(studio):
        assert (await studio.ask(WITHDRAW, "admin", id=id)).extensions == FORBIDDEN
    assert (await studio.ask(WITHDRAW, "owner", id=id)).errors == []
    assert (await studio.ask(ACCEPT, "stranger", id=id)).extensions == NOT_FOUND


async def test_what_somebody_sent_ends_with_the_right_to_send_it(studio: Studio) -> None:
    await studio.add_member("owner", role="ADMIN")
    sent = invitation(await member(studio, "stranger", "owner", role="ADMIN"))["id"]
    kept = invitation(await member(studio, "cocreator"))["id"]
    change = """mutation($o: ID!, $u: ID!) {
      changeMemberRole(input: {organizationId: $o, userId: $u, role: MEMBER}) { member { role } } }"""

    changed = await studio.ask(change, "admin", o=studio.organization, u=studio.people["owner"].id)

    assert changed.data["changeMemberRole"]["member"] == {"role": "MEMBER"}
    assert (await studio.ask(ACCEPT, "stranger", id=sent)).extensions == NOT_FOUND
    assert ids(await studio.ask(OF_ORGANIZATION, "admin", id=studio.organization)) == [kept]
    waiting = invitation(await to_workspace(studio, "owner"))["id"]
    leave = "mutation($o: ID!) { leaveOrganization(organizationId: $o) { id } }"
    assert (await studio.ask(leave, "owner", o=studio.organization)).data
    assert (await studio.ask(ACCEPT, "owner", id=waiting)).extensions == NOT_FOUND


@pytest.mark.parametrize("answers", [(ACCEPT, ACCEPT), (ACCEPT, WITHDRAW), (ACCEPT, DECLINE)])
async def test_of_two_answers_at_once_one_counts(studio: Studio, answers: tuple[str, str]) -> None:
    sent = [invitation(await member(studio, user))["id"] for user in ("stranger", "owner", "cocreator")]
    for user, id in zip(("stranger", "owner", "cocreator"), sent, strict=True):
        first, second = answers
        both = await gather(
            studio.ask(first, user, id=id), studio.ask(second, "admin" if second is WITHDRAW else user, id=id)
        )

        done = sorted(answer.errors for answer in both)
        is_member = user in await members(studio)
        assert (done[0], is_member) == ([], second is not WITHDRAW or not both[0].errors)
        # Declining and then accepting is well; the other way round there is no invitation any more.
        assert [code for code, _ in done[1]] in (["NOT_FOUND"], *([[]] if second is DECLINE else []))
    assert await studio.count("invitations") == 0


async def test_nobody_enters_a_workspace_who_has_left_its_organization_meanwhile(studio: Studio) -> None:
    id = invitation(await to_workspace(studio, "member"))["id"]
    user_id = studio.people["member"].row.id
    entered = await studio.count("workspace_memberships")

    async def leave(session: AsyncSession) -> None:
        """As if the invitation had been made only after that."""
        its = col(Membership.user_id) == user_id
        organization_id = await session.scalar(select(col(Membership.organization_id)).where(its))
        await lock_organization(session, organization_id or 0)
        await session.execute(delete(Membership).where(its))

    late = await overtaken(studio, lambda: studio.ask(ACCEPT, "member", id=id), leave)

    assert late.extensions == NOT_FOUND
    assert await studio.count("workspace_memberships") == entered


async def test_who_is_a_member_already_is_not_added_once_more_in_the_audit_trail(studio: Studio) -> None:
    id = invitation(await member(studio, "stranger"))["id"]
    rows, entries = table_of(Membership), table_of(AuditEntry).c
    async with studio.services.database.writing() as session:
        of_admin = rows.c.user_id == studio.people["admin"].row.id
        known = (await session.execute(select(rows).where(of_admin))).one()
        added = {
            **known._mapping,
            "user_id": studio.people["stranger"].row.id,
            "role": int(Role.ADMIN),
        }
        await session.execute(insert(Membership).values(added))

    assert (await studio.ask(ACCEPT, "stranger", id=id)).data

    async with studio.services.database.snapshot() as connection:
        stranger = entries.object == studio.people["stranger"].id
        acts = list(await connection.scalars(select(entries.act).where(stranger)))
    assert acts == ["ACCOUNT_CREATED", "MEMBER_INVITED"]
    assert (await members(studio))["stranger"][0] == "ADMIN"


async def test_nobody_is_invited_to_a_publication_that_was_deleted_meanwhile(studio: Studio) -> None:
    public_id = parse_global_id(studio.publication)[1]

    async def bury(session: AsyncSession) -> None:
        rows = table_of(Publication).c
        found = await session.execute(select(rows.id, rows.custom_url).where(rows.public_id == public_id))
        id, url = found.one()
        await bury_publications(session, {id: url}, studio.clock.now, studio.clock.now)

    late = await overtaken(studio, lambda: co_creator(studio, "stranger"), bury)

    assert late.extensions == NOT_FOUND
    assert await studio.count("invitations") == 0


async def test_who_accepted_meanwhile_is_not_invited_again(studio: Studio) -> None:
    """The second invitation has read everything before."""
    assert (await co_creator(studio, "stranger")).data
    user_id = studio.people["stranger"].row.id

    async def accept(session: AsyncSession) -> None:
        rows, invitations = table_of(Publication).c, table_of(Invitation)
        public_id = parse_global_id(studio.publication)[1]
        publication_id = await session.scalar(select(rows.id).where(rows.public_id == public_id))
        await add_co_creator(session, publication_id or 0, user_id, studio.clock.now)
        await session.execute(delete(invitations).where(invitations.c.user_id == user_id))

    late = await overtaken(studio, lambda: co_creator(studio, "stranger"), accept)

    assert late.code == "CONFLICT"
    assert await studio.count("invitations") == 0
