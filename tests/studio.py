"""A small world that tests ask about, and the door by which they ask: HTTP."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import httpx
from argon2 import PasswordHasher

from auth.key_uses import KeyUses
from auth.links import LinkSigner
from auth.passwords import Passwords
from auth.sign_in_limiter import SignInLimiter, SignInRates
from auth.tokens import Claims, Signer
from base.ids import Kind, global_id, uuid7
from database import Database, channel_of
from ingest.buffer import Buffer
from ingest.subject_cache import SubjectCache
from ingest.topics import Topics
from ingest.visitors import Salts, VisitorKeys
from loaders.figure_cache import FigureCache
from models import Membership, Organization, Role, Tenant, User, Workspace, WorkspaceMembership
from resolvers.context import Limits, Services
from server.accounts import create_user

QUICK_HASHER = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
SECRET = "a secret of the tests, long enough to sign with"
START = datetime(2023, 6, 15, 12, 0, tzinfo=UTC)
PASSWORD = "a password of the tests"


class Clock:
    """The time by which the services go: it stands still until it is moved."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **by: float) -> None:
        self.now += timedelta(**by)

    def to_now(self) -> None:
        """By the clock of the machine, as other processes have it."""
        self.now = datetime.now(UTC)


def services_for(database_url: str, clock: Clock, limits: Limits | None = None) -> Services:
    database = Database(database_url)
    topics = Topics(channel_of(database.url))
    visitor_keys = VisitorKeys([SECRET.encode()])
    return Services(
        database=database,
        topics=topics,
        buffer=Buffer(database, topics),
        salts=Salts(database, visitor_keys),
        subjects=SubjectCache(),
        figure_cache=FigureCache(timer=lambda: clock.now.timestamp()),
        signer=Signer([SECRET], lifetime=timedelta(hours=1), issuer="viewgraph", audience="viewgraph"),
        links=LinkSigner([SECRET]),
        sign_in_limiter=SignInLimiter(
            SignInRates("5 per 15 minutes", "10 per 15 minutes", "20 per 15 minutes"), SECRET.encode(), clock
        ),
        key_uses=KeyUses(database),
        # Hashing takes as little time as argon2 allows.
        passwords=Passwords(QUICK_HASHER),
        visitor_keys=visitor_keys,
        limits=limits or Limits(),
        clock=clock,
    )


class Person(NamedTuple):
    row: User
    id: str
    """The global id."""


class Answer(NamedTuple):
    status: int
    headers: httpx.Headers
    body: dict[str, Any]

    @property
    def data(self) -> Any:
        """Of an answer without errors."""
        assert "errors" not in self.body, self.body["errors"]
        return self.body["data"]

    @property
    def errors(self) -> list[tuple[str, str]]:
        """The code of each error, and its path, such as `publication.metrics`; in order of the paths."""
        return sorted(
            (error["extensions"]["code"], ".".join(str(step) for step in error.get("path", ())))
            for error in self.body.get("errors", ())
        )

    @property
    def code(self) -> str:
        """Of the one error."""
        ((code, _),) = self.errors
        return code

    @property
    def extensions(self) -> dict[str, Any]:
        """Of the one error, without the request's id."""
        (error,) = self.body["errors"]
        return {name: value for name, value in error["extensions"].items() if name != "requestId"}


@dataclass
class Studio:
    services: Services
    client: httpx.AsyncClient
    clock: Clock
    people: dict[str, Person] = field(default_factory=dict)
    publication: str = ""
    """The global id of `ai-research-studio`: the owner's, made with the co-creator, open for bookings."""
    organization: str = ""
    workspaces: list[str] = field(default_factory=list)
    """Of the organization; the member was added to the first only."""

    async def ask(self, query: str, by: str | None = None, /, **variables: Any) -> Answer:
        """As one of the people, or anonymously."""
        headers = {"authorization": f"Bearer {self.token(by)}"} if by else {}
        return await self.send({"query": query, "variables": variables}, headers)

    async def send(self, body: Any, headers: dict[str, str] | None = None) -> Answer:
        response = await self.client.post("/graphql", json=body, headers=headers or {})
        return Answer(response.status_code, response.headers, response.json())

    async def add_asset(self, name: str, *, workspace: int = 0) -> str:
        """By the admin; its global id."""
        answer = await self.ask(
            "mutation($input: CreateAssetInput!) { createAsset(input: $input) { asset { id } } }",
            "admin",
            input={"workspaceId": self.workspaces[workspace], "name": name},
        )
        id: str = answer.data["createAsset"]["asset"]["id"]
        return id

    async def report(self, events: list[dict[str, Any]], by: str = "admin") -> None:
        """All of them are stored."""
        answer = await self.ask(
            "mutation($events: [EventInput!]!) { recordEvents(events: $events) { stored } }",
            by,
            events=events,
        )
        assert answer.data["recordEvents"]["stored"] == len(events)

    def token(self, name: str, *, lifetime: timedelta = timedelta(0)) -> str:
        claims = Claims(self.people[name].row.public_id)
        return self.services.signer.issue(claims, self.clock.now + lifetime).text

    async def add_person(self, name: str, *, password: str | None = None) -> Person:
        row = await create_user(
            self.services.database,
            self.clock.now,
            email=f"{name}@example.com",
            username=name,
            password=password,
            name=name.title(),
        )
        person = self.people[name] = Person(row, global_id(Kind.USER, row.public_id))
        return person

    async def add_publication(self, url: str, by: str, *, allow_bookings: bool = False) -> str:
        """Its global id."""
        answer = await self.ask(
            """mutation($input: CreatePublicationInput!) {
              createPublication(input: $input) { publication { id } }
            }""",
            by,
            input={"name": url.replace("-", " ").title(), "customUrl": url, "allowBookings": allow_bookings},
        )
        id: str = answer.data["createPublication"]["publication"]["id"]
        return id

    async def add_co_creator(self, user: str, publication: str | None = None, *, by: str = "owner") -> None:
        """The user is invited, and accepts."""
        answer = await self.ask(
            """mutation($p: ID!, $u: ID!) {
              inviteCoCreator(publicationId: $p, userId: $u) { invitation { id } } }""",
            by,
            p=publication or self.publication,
            u=self.people[user].id,
        )
        await self.accept(user, answer.data["inviteCoCreator"]["invitation"]["id"])

    async def add_member(self, user: str, by: str = "admin", **input: Any) -> None:
        """The user is invited to the organization, unless `input` names another one, and accepts."""
        given = {"organizationId": self.organization, "userId": self.people[user].id, **input}
        answer = await self.ask(
            "mutation($input: InviteMemberInput!) { inviteMember(input: $input) { invitation { id } } }",
            by,
            input=given,
        )
        await self.accept(user, answer.data["inviteMember"]["invitation"]["id"])

    async def accept(self, user: str, invitation: str) -> None:
        accepting = "mutation($id: ID!) { acceptInvitation(id: $id) { id } }"
        assert (await self.ask(accepting, user, id=invitation)).data["acceptInvitation"]["id"] == invitation

    @contextmanager
    def statements(self) -> Iterator[list[str]]:
        """The text of each statement that reaches the database meanwhile."""
        seen: list[str] = []
        with self.services.database.observed(seen.append):
            yield seen

    async def count(self, table: str) -> int:
        """Rows of a table, as they are in the database."""
        async with self.services.database.engine.connect() as connection:
            found = await connection.exec_driver_sql(f"SELECT count(*) FROM {table}")  # noqa: S608
            counted: int = found.scalar_one()
            await connection.rollback()
        return counted


async def open_studio(services: Services, client: httpx.AsyncClient, clock: Clock) -> Studio:
    studio = Studio(services, client, clock)
    for name in ("owner", "cocreator", "stranger", "admin", "member"):
        await studio.add_person(name)
    studio.publication = await studio.add_publication("ai-research-studio", "owner", allow_bookings=True)
    await studio.add_co_creator("cocreator")
    await _open_organization(studio)
    return studio


async def _open_organization(studio: Studio) -> None:
    now = studio.clock.now
    admin, member = (studio.people[name].row.id for name in ("admin", "member"))
    async with studio.services.database.writing() as session:
        tenant = Tenant()
        session.add(tenant)
        await session.flush()
        organization = Organization(public_id=uuid7(now), tenant_id=tenant.id, name="Works", created_at=now)
        session.add(organization)
        await session.flush()
        workspaces = [
            Workspace(public_id=uuid7(now), organization_id=organization.id, name=name, created_at=now)
            for name in ("Furniture", "Lighting")
        ]
        session.add_all(
            [
                *workspaces,
                Membership(organization_id=organization.id, user_id=admin, role=Role.ADMIN, created_at=now),
                Membership(organization_id=organization.id, user_id=member, role=Role.MEMBER, created_at=now),
            ]
        )
        await session.flush()
        session.add(WorkspaceMembership(workspace_id=workspaces[0].id, user_id=member, created_at=now))
    studio.organization = global_id(Kind.ORGANIZATION, organization.public_id)
    studio.workspaces = [global_id(Kind.WORKSPACE, workspace.public_id) for workspace in workspaces]
