"""Two sides that share nothing: the studio's, and the rivals'. What the studio's side has bears a mark."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from sqlalchemy import select, update
from sqlmodel import col

from auth.tokens import Claims
from base.ids import parse_global_id, uuid7
from models import AuditEntry, Membership, Role
from tests.everything import everything
from tests.studio import PASSWORD, Answer, Studio

MARK = "Vermilion"
"""Stands in each name that nobody outside may know."""


class Caller(NamedTuple):
    """Whose credentials are shown, and for what they are."""

    name: str
    person: str | None = None
    organization: str | None = None
    workspace: str | None = None
    has_key: bool = False

    @property
    def scope(self) -> str:
        if self.workspace:
            return "WORKSPACE"
        return "ORGANIZATION" if self.organization else "USER"


CALLERS = [
    Caller("anonymous"),
    *(Caller(name, name) for name in ("owner", "cocreator", "stranger", "admin", "chief", "member")),
    *(Caller(name, name) for name in ("rival", "passer-by")),
    Caller("rival's key", "rival", has_key=True),
    Caller("rival@Rivals", "rival", "Rivals"),
    Caller("rival@Secrets", "rival", "Rivals", "Secrets"),
    Caller("owner@Owned Works", "owner", "Owned Works"),
    Caller("admin@Rivals", "admin", "Rivals"),
    Caller("admin@Works", "admin", "Works"),
    Caller("admin@Furniture", "admin", "Works", "Furniture"),
    Caller("chief@Furniture", "chief", "Works", "Furniture"),
    Caller("member@Works", "member", "Works"),
    Caller("member@Furniture", "member", "Works", "Furniture"),
]


class World:
    def __init__(self, studio: Studio) -> None:
        self.studio = studio
        self.ids: dict[str, str] = {}
        self.key = ""

    async def ask(self, caller: Caller, query: str, variables: Mapping[str, Any] | None = None) -> Answer:
        body = {"query": query, "variables": variables or {}}
        return await self.studio.send(body, self.headers(caller))

    def headers(self, caller: Caller) -> dict[str, str]:
        if caller.has_key:
            return {"authorization": f"Token {self.key}"}
        if caller.person is None:
            return {}
        organization, workspace = (
            parse_global_id(self.ids[name])[1] if name else None
            for name in (caller.organization, caller.workspace)
        )
        claims = Claims(self.studio.people[caller.person].row.public_id, organization, workspace)
        token = self.studio.services.signer.issue(claims, self.studio.clock.now)
        return {"authorization": f"Bearer {token.text}"}

    async def do(self, by: str, mutation: str, **variables: Any) -> Any:
        """What is told of the one mutation of a document, which works."""
        (told,) = (await self.studio.ask(mutation, by, **variables)).data.values()
        return told

    async def acts(self) -> list[str]:
        """What the audit trail tells, in the order in which it was done."""
        async with self.studio.services.database.snapshot() as connection:
            statement = select(col(AuditEntry.act)).order_by(col(AuditEntry.id))
            return list(await connection.scalars(statement))

    async def everything(self) -> dict[str, list[str]]:
        """All rows of all tables."""
        return await everything(self.studio.services.database)


async def made_world(studio: Studio) -> World:
    world = World(studio)
    for name in ("chief", "rival"):
        await studio.add_person(name)
    await studio.add_person("passer-by", password=PASSWORD)
    world.ids |= {name: person.id for name, person in studio.people.items()}
    world.ids |= {"publication": studio.publication, "Works": studio.organization}
    world.ids |= dict(zip(("Furniture", "Lighting"), studio.workspaces, strict=True))
    await _add_organizations(world)
    await _add_invitations(world)
    await _add_what_people_have(world)
    world.key = (
        await world.do("rival", 'mutation { createAuthenticationKey(input: {name: "CI"}) { secret } }')
    )["secret"]
    return world


async def _add_organizations(world: World) -> None:
    organization = "mutation($n: String!) { createOrganization(input: {name: $n}) { organization { id } } }"
    workspace = """mutation($o: ID!, $n: String!) {
      createWorkspace(input: {organizationId: $o, name: $n}) { workspace { id } } }"""
    for by, name, within in (("rival", "Rivals", "Secrets"), ("owner", "Owned Works", "Cellar")):
        made = await world.do(by, organization, n=name)
        world.ids[name] = made["organization"]["id"]
        made = await world.do(by, workspace, o=world.ids[name], n=within)
        world.ids[within] = made["workspace"]["id"]
    await world.studio.add_member("chief", role="ADMIN")
    async with world.studio.services.database.writing() as session:
        chief = col(Membership.user_id) == world.studio.people["chief"].row.id
        await session.execute(update(Membership).where(chief).values(role=Role.OWNER))
    await world.studio.add_member("admin", "rival", organizationId=world.ids["Rivals"], role="ADMIN")
    asset = """mutation($w: ID!, $n: String!) {
      createAsset(input: {workspaceId: $w, name: $n}) { asset { id } } }"""
    for by, name, within in (
        ("admin", f"{MARK} chair", "Furniture"),
        ("admin", f"{MARK} lamp", "Lighting"),
        ("rival", "Plans", "Secrets"),
    ):
        made = await world.do(by, asset, w=world.ids[within], n=name)
        world.ids[name.removeprefix(f"{MARK} ")] = made["asset"]["id"]
    for by, name, count in (("admin", "chair", 7), ("admin", "lamp", 5), ("rival", "Plans", 3)):
        seen = {"subject": {"assetId": world.ids[name]}, "action": "VIEW_3D", "domain": "shop.example"}
        await world.studio.report([seen] * count, by)


async def _add_invitations(world: World) -> None:
    to_works = """mutation($o: ID!, $u: ID!) {
      inviteMember(input: {organizationId: $o, userId: $u}) { invitation { id } } }"""
    sent = await world.do("admin", to_works, o=world.ids["Works"], u=world.ids["stranger"])
    world.ids["invitation"] = sent["invitation"]["id"]
    to_publication = """mutation($p: ID!, $u: ID!) {
      inviteCoCreator(publicationId: $p, userId: $u) { invitation { id } } }"""
    sent = await world.do("owner", to_publication, p=world.ids["publication"], u=world.ids["stranger"])
    world.ids["to publication"] = sent["invitation"]["id"]


async def _add_what_people_have(world: World) -> None:
    publication = world.ids["publication"]
    view = {"subject": {"publicationId": publication}, "action": "VIEW"}
    world.ids["a view"] = str(uuid7(world.studio.clock.now))
    await world.studio.report([{**view, "id": world.ids["a view"]}, *[view] * 8], "owner")
    insight = """mutation { createUserInsight(input: {profileViews: 7777, profileSearches: 7778, works: [
      {itemId: "dQw4w9WgXcQ", sourceType: YOUTUBE, isIndividualWork: true}]}) { userInsight { id } } }"""
    world.ids["insight"] = (await world.do("owner", insight))["userInsight"]["id"]
    on = {"p": publication}
    booked = await world.do(
        "stranger",
        """mutation($p: ID!) { bookAppointment(input: {publicationId: $p, startsAt: "2023-07-01T10:00:00Z",
          endsAt: "2023-07-01T11:00:00Z"}) { appointment { id } } }""",
        **on,
    )
    world.ids["appointment"] = booked["appointment"]["id"]
    written = await world.do(
        "stranger",
        """mutation($p: ID!) {
          commentOnPublication(input: {publicationId: $p, body: "Good"}) { comment { id } } }""",
        **on,
    )
    world.ids["comment"] = written["comment"]["id"]
    published = await world.do(
        "owner",
        """mutation($p: ID!) { publishExperience(input: {publicationId: $p, type: QUEST, title: "A quest"}) {
          experience { id } } }""",
        **on,
    )
    world.ids["experience"] = published["experience"]["id"]
    own_key = 'mutation { createAuthenticationKey(input: {name: "CI"}) { authenticationKey { id } } }'
    world.ids["key"] = (await world.do("owner", own_key))["authenticationKey"]["id"]
