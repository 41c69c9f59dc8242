"""Lists of who belongs to what, and of what people leave: members, keys, appointments and comments."""

from typing import Any
from uuid import uuid4

import pytest

from auth.tokens import Claims
from base.ids import parse_global_id, uuid7
from models import Membership, Role, User, WorkspaceMembership
from tests.studio import Answer, Studio

BOOK = """mutation($p: ID!, $from: DateTime!, $to: DateTime!) {
  bookAppointment(input: {publicationId: $p, startsAt: $from, endsAt: $to}) { appointment { id } } }"""
COMMENT = """mutation($p: ID!, $body: String!) {
  commentOnPublication(input: {publicationId: $p, body: $body}) { comment { id } } }"""
CANCEL = "mutation($id: ID!) { cancelAppointment(id: $id) { appointment { id } } }"
BOOKED = "edges { node { startsAt bookedBy { username } publication { customUrl } } }"
WRITTEN = "edges { node { body author { username } } }"


async def book(studio: Studio, by: str, publication: str, day: int) -> str:
    """For an hour of a day in July, a minute after whatever was made before."""
    studio.clock.advance(minutes=1)
    slot = {"from": f"2023-07-{day:02}T10:00:00Z", "to": f"2023-07-{day:02}T11:00:00Z"}
    answer = await studio.ask(BOOK, by, p=publication, **slot)
    id: str = answer.data["bookAppointment"]["appointment"]["id"]
    return id


async def comment(studio: Studio, by: str, publication: str, body: str) -> None:
    studio.clock.advance(minutes=1)
    assert (await studio.ask(COMMENT, by, p=publication, body=body)).errors == []


def nodes(connection: Any) -> list[Any]:
    return [edge["node"] for edge in connection["edges"]]


def days(connection: Any) -> list[int]:
    return [int(node["startsAt"][8:10]) for node in nodes(connection)]


@pytest.fixture
async def booked(studio: Studio) -> Studio:
    """Slots and comments on two publications of the owner's, and on one of the stranger's."""
    second = await studio.add_publication("second", "owner", allow_bookings=True)
    strangers = await studio.add_publication("strangers", "stranger", allow_bookings=True)
    await book(studio, "stranger", studio.publication, 9)
    await book(studio, "member", second, 7)
    cancelled = await book(studio, "stranger", second, 8)
    await book(studio, "owner", strangers, 6)
    await book(studio, "member", studio.publication, 5)
    assert (await studio.ask(CANCEL, "owner", id=cancelled)).errors == []
    for by, publication, body in (
        ("stranger", studio.publication, "One"),
        ("owner", strangers, "Two"),
        ("cocreator", second, "Three"),
        ("member", studio.publication, "Four"),
    ):
        await comment(studio, by, publication, body)
    return studio


async def test_makers_list_what_was_booked_and_written_and_owners_across_publications(booked: Studio) -> None:
    of_publication = f"""{{ publication(url: "ai-research-studio") {{
      appointments {{ totalCount {BOOKED} }} comments {{ totalCount {WRITTEN} }} }} }}"""
    of_owner = f"""{{ viewer {{ receivedAppointments {{ totalCount {BOOKED} }}
      receivedComments {{ totalCount {WRITTEN} }} }} }}"""

    for by in ("owner", "cocreator"):
        shown = (await booked.ask(of_publication, by)).data["publication"]
        assert (shown["appointments"]["totalCount"], days(shown["appointments"])) == (2, [9, 5])
        assert nodes(shown["comments"]) == [
            {"body": "One", "author": {"username": "stranger"}},
            {"body": "Four", "author": {"username": "member"}},
        ]
    owners = (await booked.ask(of_owner, "owner")).data["viewer"]
    assert owners["receivedAppointments"]["totalCount"] == 4
    assert [
        (node["bookedBy"]["username"], node["publication"]["customUrl"])
        for node in nodes(owners["receivedAppointments"])
    ] == [
        ("stranger", "ai-research-studio"),
        ("member", "second"),
        ("stranger", "second"),
        ("member", "ai-research-studio"),
    ]
    assert [node["body"] for node in nodes(owners["receivedComments"])] == ["One", "Three", "Four"]
    none = (await booked.ask(of_owner, "cocreator")).data["viewer"]
    assert none["receivedAppointments"] == none["receivedComments"] == {"totalCount": 0, "edges": []}


async def test_whoever_books_lists_their_own_appointments_with_those_that_were_cancelled(
    booked: Studio,
) -> None:
    query = "{ viewer { bookedAppointments { edges { node { startsAt cancelledAt } } } } }"

    found = {
        by: nodes((await booked.ask(query, by)).data["viewer"]["bookedAppointments"])
        for by in ("stranger", "owner", "admin")
    }

    cancelled = {"startsAt": "2023-07-08T10:00:00Z", "cancelledAt": "2023-06-15T12:05:00Z"}
    assert found == {
        "stranger": [{"startsAt": "2023-07-09T10:00:00Z", "cancelledAt": None}, cancelled],
        "owner": [{"startsAt": "2023-07-06T10:00:00Z", "cancelledAt": None}],
        "admin": [],
    }


LISTS = {
    "owner": ["bookedAppointments", "receivedAppointments", "receivedComments", "authenticationKeys"],
    "admin": ["members"],
}


async def test_each_list_is_walked_from_either_end(booked: Studio) -> None:
    for name in ("one", "two", "three"):
        made = f'mutation {{ createAuthenticationKey(input: {{name: "{name}"}}) {{ secret }} }}'
        assert (await booked.ask(made, "owner")).errors == []
    of_publication = 'publication(url: "ai-research-studio") { %s }'
    of_organization = f'organization(id: "{booked.organization}") {{ %s }}'
    lists = [
        *(("owner", "viewer { %s }", name) for name in LISTS["owner"]),
        *(("cocreator", of_publication, name) for name in ("appointments", "comments")),
        ("admin", of_organization, "members"),
    ]

    async def page(by: str, around: str, name: str, arguments: str) -> Any:
        asked = f"{name}({arguments}) {{ totalCount pageInfo {{ hasNextPage }} edges {{ cursor }} }}"
        (found,) = (await booked.ask(f"{{ {around % asked} }}", by)).data.values()
        return found[name]

    for by, around, name in lists:
        whole = await page(by, around, name, "first: 100")
        cursors = [edge["cursor"] for edge in whole["edges"]]
        assert len(set(cursors)) == len(cursors) == whole["totalCount"] > 0, name
        walked, after = [], ""
        while True:
            one = await page(by, around, name, f"first: 1{after}")
            walked += [edge["cursor"] for edge in one["edges"]]
            after = f', after: "{walked[-1]}"'
            if not one["pageInfo"]["hasNextPage"]:
                break
        assert walked == cursors, name
        assert [edge["cursor"] for edge in (await page(by, around, name, "last: 1"))["edges"]] == cursors[-1:]


async def test_keys_are_listed_without_what_they_are(studio: Studio) -> None:
    make = """mutation($name: String!, $days: Int!) {
      createAuthenticationKey(input: {name: $name, days: $days}) {
        secret authenticationKey { id name createdAt expiresAt revokedAt lastUsedAt } } }"""
    made = []
    for name, lifetime in (("import", 30), ("nightly", 90)):
        made.append(
            (await studio.ask(make, "owner", name=name, days=lifetime)).data["createAuthenticationKey"]
        )
        studio.clock.advance(hours=1)
    revoke = "mutation($id: ID!) { revokeAuthenticationKey(id: $id) { id } }"
    for _ in range(2):
        assert (await studio.ask(revoke, "owner", id=made[0]["authenticationKey"]["id"])).errors == []
        studio.clock.advance(hours=1)

    listed = await studio.ask(
        """{ viewer { authenticationKeys { edges { node {
          id name createdAt expiresAt revokedAt lastUsedAt } } } } }""",
        "owner",
    )

    first, second = (key["authenticationKey"] for key in made)
    assert (second["createdAt"], second["expiresAt"]) == ("2023-06-15T13:00:00Z", "2023-09-13T13:00:00Z")
    revoked = {**first, "revokedAt": "2023-06-15T14:00:00Z"}
    assert nodes(listed.data["viewer"]["authenticationKeys"]) == [revoked, second]
    assert not [key for key in made if key["secret"].removeprefix("vgk_") in str(listed.body)]


MEMBERS = """query($id: ID!) { organization(id: $id) { name members(first: 100) { totalCount edges { node {
  role joinedAt user { username } workspaces { edges { node { name } } } } } } } }"""


async def _as(studio: Studio, name: str, workspace: str | None = None) -> Answer:
    """With a token for the organization, or for one workspace of it."""
    organization = parse_global_id(studio.organization)[1]
    within = None if workspace is None else parse_global_id(workspace)[1]
    claims = Claims(studio.people[name].row.public_id, organization, within)
    token = studio.services.signer.issue(claims, studio.clock.now).text
    body = {"query": MEMBERS, "variables": {"id": studio.organization}}
    return await studio.send(body, {"authorization": f"Bearer {token}"})


async def test_admins_list_members_with_their_roles_and_workspaces(studio: Studio) -> None:
    answer = await studio.ask(MEMBERS, "admin", id=studio.organization)
    # Both joined at the same instant.
    answer.data["organization"]["members"]["edges"].sort(key=lambda edge: edge["node"]["role"])

    members = {
        "totalCount": 2,
        "edges": [
            {
                "node": {
                    "role": role,
                    "joinedAt": "2023-06-15T12:00:00Z",
                    "user": {"username": name},
                    "workspaces": {"edges": [{"node": {"name": one}} for one in workspaces]},
                }
            }
            for name, role, workspaces in (("admin", "ADMIN", []), ("member", "MEMBER", ["Furniture"]))
        ],
    }
    assert answer.data == {"organization": {"name": "Works", "members": members}}
    assert (await _as(studio, "admin")).data["organization"]["members"]["totalCount"] == 2
    for refused in (await _as(studio, "admin", studio.workspaces[0]), await _as(studio, "member")):
        assert refused.errors == [("FORBIDDEN", "organization.members")]
        assert refused.body["data"] == {"organization": {"name": "Works", "members": None}}


async def test_fifty_members_take_as_many_statements_as_two(studio: Studio) -> None:
    async def taken() -> int:
        with studio.statements() as statements:
            answer = await studio.ask(f"{MEMBERS} # {uuid4()}", "admin", id=studio.organization)
        assert answer.errors == []
        return len(statements)

    for_two = await taken()
    now = studio.clock.now
    async with studio.services.database.writing() as session:
        users = [
            User(
                public_id=uuid7(now),
                tenant_id=studio.people["admin"].row.tenant_id,
                email=f"m{number}@example.com",
                username=f"m{number}",
                created_at=now,
            )
            for number in range(48)
        ]
        session.add_all(users)
        await session.flush()
        connection = await session.connection()
        organization = (await connection.exec_driver_sql("SELECT min(id) FROM organizations")).scalar_one()
        workspace = (await connection.exec_driver_sql("SELECT min(id) FROM workspaces")).scalar_one()
        for user in users:
            session.add(
                Membership(organization_id=organization, user_id=user.id, role=Role.MEMBER, created_at=now)
            )
            session.add(WorkspaceMembership(workspace_id=workspace, user_id=user.id, created_at=now))

    assert await taken() == for_two
    answer = await studio.ask(MEMBERS, "admin", id=studio.organization)
    members = answer.data["organization"]["members"]
    assert members["totalCount"] == len(members["edges"]) == 50
    assert {len(node["workspaces"]["edges"]) for node in nodes(members)} == {0, 1}
