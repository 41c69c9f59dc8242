"""A person who did everything that a person can do, and what is left of them."""

from datetime import timedelta
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, func, select
from sqlmodel import SQLModel

from audit import Actor
from auth.account_links import LinkRow, add_link
from auth.identities import link
from auth.issuer import Identity
from base.attendance import users_in
from base.calendar import AFTER_LAST_DAY, FIRST_DAY
from base.ids import Kind, global_id
from database import Database, table_of
from ingest.deletions.work import delete_buried
from ingest.event_imports import begin_import
from ingest.row_discrepancies import row_discrepancies
from ingest.tenants import tenants_with_events
from ingest.verify import Verification
from ingest.visitors import named_visitor
from models import Attendance, Id, ImportTenant, LinkKind, personal_columns
from tests.studio import PASSWORD, SECRET, Person, Studio

NAME = "Zephyrine"


class Life(NamedTuple):
    person: Person
    publication: str
    lamp: str
    organization: str
    words: list[str]
    """By which the person could be found."""


async def do(studio: Studio, by: str, mutation: str, **variables: Any) -> Any:
    (told,) = (await studio.ask(mutation, by, **variables)).data.values()
    return told


async def lived(studio: Studio) -> Life:
    person = await studio.add_person(NAME.lower(), password=PASSWORD)
    name = NAME.lower()
    login = "mutation($i: LoginInput!) { login(input: $i, staySignedIn: true) { __typename } }"
    asked = {
        "query": login,
        "variables": {"i": {"password": {"email": person.row.email, "password": PASSWORD}}},
    }
    assert (await studio.send(asked)).data
    mine = await studio.add_publication(f"{name}-studio", name)
    await do(studio, name, _RENAME, id=mine, url=f"{name}-house")
    await do(studio, name, _PUBLISH, id=mine)
    await do(studio, name, 'mutation { createAuthenticationKey(input: {name: "CI"}) { secret } }')
    await do(studio, name, _INSIGHT)
    organization = (await do(studio, name, _ORGANIZE))["organization"]["id"]
    lamp = await studio.add_asset("A lamp")
    await studio.add_member(name, workspaceIds=studio.workspaces)
    await studio.add_co_creator(name)
    await do(studio, name, _INVITE, p=mine, u=studio.people["stranger"].id)
    other = await studio.add_publication("another-studio", "owner")
    await do(studio, "owner", _INVITE, p=other, u=person.id)
    await _linked(studio, person)
    for mark in ("likePublication", "bookmarkPublication", "sharePublication"):
        mutation = f"mutation($p: ID!) {{ {mark}(publicationId: $p) {{ __typename }} }}"
        await do(studio, name, mutation, p=studio.publication)
        await do(studio, "owner", mutation, p=mine)
    await do(studio, name, _COMMENT, p=studio.publication)
    await do(studio, "owner", _COMMENT, p=mine)
    starts = studio.clock.now + timedelta(days=1)
    slot = {"startsAt": f"{starts:%FT%TZ}", "endsAt": f"{starts + timedelta(hours=1):%FT%TZ}"}
    await do(studio, name, _BOOK, i={"publicationId": studio.publication, **slot})
    await do(studio, name, _FOLLOW, u=studio.people["owner"].id)
    await do(studio, "cocreator", _FOLLOW, u=person.id)
    await _come(studio, person, lamp)
    await _visited(studio, person, mine)
    return Life(person, mine, lamp, organization, _words(studio, person))


async def _linked(studio: Studio, person: Person) -> None:
    """By mail to the address, by an account elsewhere, and by an import of what belongs to the person."""
    now, database, email = studio.clock.now, studio.services.database, person.row.email
    expires_at = now + timedelta(days=1)
    id = person.row.id
    links = {
        "vgl_reset": LinkRow(LinkKind.RESET_PASSWORD, id, email, None, None, None, 0, expires_at),
        # Somebody asked for an account before there was one.
        "vgl_new": LinkRow(LinkKind.SIGN_UP, None, email, NAME.lower(), NAME, "a hash", None, expires_at),
    }
    issuer = Identity("https://issuer.example", f"{NAME} there", now, expires_at)
    number = await begin_import(database, "events.csv", now)
    async with database.writing() as session:
        for token, row in links.items():
            await add_link(session, token, row, now)
        await link(session, issuer, id, Actor(now, id))
        brought = ImportTenant(
            import_id=number, tenant_id=person.row.tenant_id, first_at=now, last_at=now, events=1
        )
        session.add(brought)


async def _come(studio: Studio, person: Person, lamp: str) -> None:
    """As an actor: by name, under a tenant's own name for them, and as one of several."""
    day = studio.clock.now - timedelta(days=3)
    publication = {"subject": {"publicationId": studio.publication}, "action": "VIEW"}
    asset = {"subject": {"assetId": lamp}, "action": "VIEW_3D"}

    def at(hours: int, **more: Any) -> dict[str, Any]:
        return {"occurredAt": (day + timedelta(hours=hours)).isoformat(), **more}

    await studio.report(
        [
            {**publication, **at(1, userId=person.id, visitor="their own name")},
            {**publication, **at(2, userId=person.id)},
            {**publication, **at(3, visitor="their own name")},
            {**publication, **at(4, visitor="somebody else")},
            {**publication, **at(30, visitor="their own name")},
            {**publication, **at(31, userId=studio.people["stranger"].id)},
        ],
        "owner",
    )
    await studio.report([{**asset, **at(1, userId=person.id)}, {**asset, **at(2, visitor="x")}])


async def _visited(studio: Studio, person: Person, mine: str) -> None:
    """As a subject."""
    name = NAME.lower()
    await studio.report(
        [
            {"subject": {"publicationId": mine}, "action": "VIEW", "userId": studio.people["owner"].id},
            {"subject": {"profileUserId": person.id}, "action": "PROFILE_VIEW", "visitor": "a guest"},
            {
                "subject": {"work": {"userId": person.id, "sourceType": "YOUTUBE", "itemId": "dQw4"}},
                "action": "PLAY",
            },
        ],
        name,
    )


def _words(studio: Studio, person: Person) -> list[str]:
    tenant = studio.people["owner"].row.tenant_id
    network = studio.services.sign_in_limiter.network(person.row.email, "127.0.0.1")
    seen = named_visitor(SECRET.encode(), tenant, "their own name")
    return [
        *(NAME, NAME.lower(), person.row.public_id.hex, str(person.row.public_id)),
        *(repr(seen), seen.hex(), repr(network), network.hex()),
    ]


async def erased(studio: Studio) -> int:
    """The background does it, once no process takes the account for one that is there."""
    studio.clock.advance(seconds=10)
    services = studio.services
    return await delete_buried(services.database, services.topics, services.clock)


async def found(database: Database, life: Life) -> list[tuple[str, str]]:
    """Tables in which the person can still be found, and by what. The list of deletions says which id was
    deleted, for an hour."""
    seen = []
    async with database.snapshot() as connection:
        for table in SQLModel.metadata.sorted_tables:
            text = repr((await connection.execute(select(table))).all())
            seen += [(table.name, word) for word in life.words if word in text and table.name != "deletions"]
        for table, column, _ in personal_columns(SQLModel.metadata):
            if isinstance(table.c[column].type, BigInteger | Id) and column != "insight_id":
                number = select(func.count()).select_from(table)
                if await connection.scalar(number.where(table.c[column] == life.person.row.id)):
                    seen.append((table.name, column))
        attended = await connection.scalars(select(table_of(Attendance).c.people))
        seen += [("attendances", "people") for people in attended if life.person.row.id in users_in(people)]
        for table in SQLModel.metadata.sorted_tables:
            if "tenant_id" in table.c:
                number = select(func.count()).select_from(table)
                if await connection.scalar(number.where(table.c.tenant_id == life.person.row.tenant_id)):
                    seen.append((table.name, "tenant_id"))
    return seen


async def discrepancies(database: Database) -> list[Any]:
    """Of all tenants."""
    rows: list[Any] = [row async for row in row_discrepancies(database, None)]
    for id, name in (await tenants_with_events(database)).items():
        verification = Verification(database, id, name, FIRST_DAY, AFTER_LAST_DAY)
        rows += [row async for row in verification.rows()]
    return rows


_RENAME = """mutation($id: ID!, $url: String!) {
  updatePublication(input: {id: $id, customUrl: $url}) { publication { id } } }"""
_PUBLISH = """mutation($id: ID!) {
  publishExperience(input: {publicationId: $id, type: QUEST, title: "A quest"}) { experience { id } } }"""
_INSIGHT = """mutation { createUserInsight(input: {numberOfRoles: 1, twitterHandle: "zephyrine",
  works: [{itemId: "dQw4", sourceType: YOUTUBE, isIndividualWork: true}]}) { userInsight { id } } }"""
_ORGANIZE = """mutation { createOrganization(input: {name: "Zephyrine's own"}) { organization { id } } }"""
_INVITE = """mutation($p: ID!, $u: ID!) {
  inviteCoCreator(publicationId: $p, userId: $u) { invitation { id } } }"""
_COMMENT = """mutation($p: ID!) {
  commentOnPublication(input: {publicationId: $p, body: "I am Zephyrine"}) { comment { id } } }"""
_BOOK = "mutation($i: BookAppointmentInput!) { bookAppointment(input: $i) { appointment { id } } }"
_FOLLOW = "mutation($u: ID!) { followUser(userId: $u) { user { id } } }"

__all__ = ["Kind", "Life", "discrepancies", "do", "erased", "found", "global_id", "lived"]
