"""A demo studio: a year in the life of ten publications, played through the product's own doors.

The same day gives the same numbers: what happens is drawn from a seeded source.
"""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from math import sin, tau
from pathlib import Path
from random import Random
from typing import NamedTuple
from uuid import UUID

from auth.tokens import Claims
from auth.viewer import Viewer
from base.errors import Conflict
from base.ids import Kind, global_id, uuid7
from ingest.wire import WireAction, WireDevice, WireEvent, WireSubject
from loaders.publications import PublicationRow
from models import (
    Asset,
    ExperienceType,
    Membership,
    Organization,
    Role,
    Tenant,
    User,
    Workspace,
    WorkspaceMembership,
)
from resolvers import appointments, people, publications, reactions, recording
from resolvers.context import Context, Services
from server import migrations
from server.accounts import create_user
from server.services import close_services, services_of
from server.settings import Settings

DEMO_FILE = "viewgraph-demo.sqlite3"
PASSWORD = "viewgraph-demo"  # noqa: S105
ACCOUNTS = {
    "owner": "owns the publication `ai-research-studio`",
    "cocreator": "makes it together with the owner",
    "stranger": "only reads",
    "admin": "runs the organization Demo Works",
    "member": "works in one of its workspaces",
}
_SEED = 20
_DAYS = 365
_OTHERS = (
    "ada", "boris", "chen", "dalia", "emeka", "farah", "goran", "hana", "ines", "jonas", "kofi", "lena",
    "mira", "noor", "otto",
)  # fmt: skip
_TITLES = (
    "AI Research Studio", "Ocean Notes", "Quest Atlas", "Morning Podcast", "Clay and Code", "Night Sky Club",
    "Garden Robots", "Paper Engines", "City Sounds", "Small Models",
)  # fmt: skip
_DOMAINS = (None, None, "example.com", "news.example.org", "studio.example.net")
_DEVICES = (
    WireDevice.DESKTOP, WireDevice.DESKTOP, WireDevice.MOBILE, WireDevice.MOBILE, WireDevice.MOBILE,
    WireDevice.TABLET,
)  # fmt: skip
_BATCH = 1_000


class _Studio(NamedTuple):
    services: Services
    random: Random
    first_day: datetime
    end: datetime
    """Nothing happens after it."""
    users: list[User]
    publications: list[PublicationRow]


class _Scene(NamedTuple):
    at: datetime
    number: int
    play: Callable[[Context], Awaitable[object]]
    user: User


async def fill(settings: Settings, file: Path, now: datetime) -> None:
    """Makes the file anew; it appears under its name only when it is whole."""
    part = file.with_name(f"{file.name}.part")
    for stale in (part, *(part.with_name(part.name + suffix) for suffix in ("-wal", "-shm"))):
        stale.unlink(missing_ok=True)
    url = f"sqlite:///{part}"
    await migrations.upgrade(url)
    services = services_of(settings.model_copy(update={"database_url": url}))
    try:
        await populate(services, now)
    finally:
        await close_services(services)
    part.replace(file)


async def populate(services: Services, now: datetime) -> None:
    """A year of activity that ends at `now`."""
    random = Random(_SEED)  # noqa: S311
    first_day = now.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=_DAYS)
    users = await _make_users(services, first_day)
    made = await _make_publications(services, first_day, users, random)
    await _make_organization(services, first_day, users)
    studio = _Studio(services, random, first_day, now, users, made)
    for scene in sorted(_scenes(studio)):
        await scene.play(_context(services, scene.at, scene.user))
    await _report_views(studio)


def _context(services: Services, at: datetime, user: User) -> Context:
    return Context(services, at, viewer=Viewer(user.id))


async def _make_users(services: Services, at: datetime) -> list[User]:
    known = [(f"{name}@demo.test", name, PASSWORD) for name in ACCOUNTS]
    others = [(f"{name}@demo.test", name, None) for name in _OTHERS]
    return [
        await create_user(
            services.database, at, email=email, username=name, password=password, name=name.title()
        )
        for email, name, password in (*known, *others)
    ]


async def _make_publications(
    services: Services, at: datetime, users: list[User], random: Random
) -> list[PublicationRow]:
    """The first belongs to the owner and the co-creator; the last two people of all make none."""
    owner, co_creator, *others = users
    made = []
    for number, title in enumerate(_TITLES):
        maker = owner if number == 0 else others[number]
        context = _context(services, at + timedelta(minutes=number), maker)
        row = await publications.create_publication(
            context, name=title, custom_url=title.lower().replace(" ", "-"), allow_bookings=number % 3 == 0
        )
        helper = co_creator if number == 0 else random.choice(users[:2])
        await publications.add_co_creator(context, _id(row), global_id(Kind.USER, helper.public_id))
        made.append(row)
    return made


def _id(row: PublicationRow) -> str:
    return global_id(Kind.PUBLICATION, row.public_id)


async def _make_organization(services: Services, at: datetime, users: list[User]) -> None:
    admin, member = users[3], users[4]
    async with services.database.writing() as session:
        tenant = Tenant()
        session.add(tenant)
        await session.flush()
        organization = Organization(
            public_id=uuid7(at), tenant_id=tenant.id, name="Demo Works", created_at=at
        )
        session.add(organization)
        await session.flush()
        for user, role in ((admin, Role.ADMIN), (member, Role.MEMBER)):
            session.add(
                Membership(organization_id=organization.id, user_id=user.id, role=role, created_at=at)
            )
        workspaces = [
            Workspace(public_id=uuid7(at), organization_id=organization.id, name=name, created_at=at)
            for name in ("Furniture", "Lighting")
        ]
        session.add_all(workspaces)
        await session.flush()
        session.add(WorkspaceMembership(workspace_id=workspaces[0].id, user_id=member.id, created_at=at))
        for name, workspace in (("Oak Chair", 0), ("Round Table", 0), ("Floor Lamp", 1)):
            session.add(
                Asset(
                    public_id=uuid7(at),
                    organization_id=organization.id,
                    workspace_id=workspaces[workspace].id,
                    name=name,
                    created_at=at,
                )
            )


def _scenes(studio: _Studio) -> list[_Scene]:
    """What signed-in people do, at the times at which they do it."""
    random = studio.random
    scenes: list[_Scene] = []

    def plan(
        user: User, play: Callable[[Context], Awaitable[object]], at: datetime | None = None
    ) -> datetime:
        when = at or studio.first_day + random.random() * (studio.end - studio.first_day)
        scenes.append(_Scene(when, len(scenes), play, user))
        return when

    for row in studio.publications:
        id = _id(row)
        maker = next(user for user in studio.users if user.id == row.owner_id)
        for type_ in ExperienceType:
            for count in range(random.randint(1, 9 - type_)):
                plan(maker, _publish(id, type_, count))
        for user in studio.users:
            if random.random() < 0.6:
                _plan_reactions(plan, studio, user, id)
        if row.allow_bookings:
            for _ in range(random.randint(4, 12)):
                plan(random.choice(studio.users), _book(random, id, cancelled=random.random() < 0.2))
    for follower in studio.users:
        for followed in random.sample(studio.users, 6):
            if followed is not follower:
                plan(follower, _follow(global_id(Kind.USER, followed.public_id)))
    return scenes


def _plan_reactions(plan: Callable[..., datetime], studio: _Studio, user: User, id: str) -> None:
    random = studio.random
    liked_at = plan(user, lambda context: reactions.like(context, id))
    if random.random() < 0.1:
        after = liked_at + random.random() * (studio.end - liked_at)
        plan(user, lambda context: reactions.unlike(context, id), after)
    if random.random() < 0.5:
        plan(user, lambda context: reactions.bookmark(context, id))
    for number in range(random.randint(0, 2)):
        plan(user, _comment(id, f"Thought number {number + 1} about this."))
    for _ in range(random.randint(0, 2)):
        plan(user, lambda context: reactions.share(context, id))


def _publish(id: str, type_: ExperienceType, count: int) -> Callable[[Context], Awaitable[object]]:
    title = f"{type_.name.replace('_', ' ').title()} {count + 1}"
    return lambda context: publications.publish_experience(context, id, type=type_, title=title)


def _comment(id: str, body: str) -> Callable[[Context], Awaitable[object]]:
    return lambda context: reactions.comment(context, id, body)


def _follow(id: str) -> Callable[[Context], Awaitable[object]]:
    return lambda context: people.follow(context, id)


def _book(random: Random, id: str, *, cancelled: bool) -> Callable[[Context], Awaitable[object]]:
    days, half_hours = random.randint(1, 14), random.randint(16, 34)

    async def play(context: Context) -> None:
        midnight = context.now.replace(hour=0, minute=0, second=0, microsecond=0)
        start = midnight + timedelta(days=days, minutes=30 * half_hours)
        try:
            booked = await appointments.book(
                context, id, starts_at=start, ends_at=start + timedelta(minutes=30)
            )
        except Conflict:
            return
        if cancelled:
            await appointments.cancel(context, global_id(Kind.APPOINTMENT, booked.public_id))

    return play


async def _report_views(studio: _Studio) -> None:
    """Views as each owner's own server would report them."""
    for number, row in enumerate(studio.publications):
        owner = next(user for user in studio.users if user.id == row.owner_id)
        reports = _views_of(studio, row, popularity=12 / (number + 1) + 2)
        for start in range(0, len(reports), _BATCH):
            context = _context(studio.services, studio.end, owner)
            await recording.record(context, reports[start : start + _BATCH])


def _views_of(studio: _Studio, row: PublicationRow, *, popularity: float) -> list[WireEvent]:
    """More on weekdays, with a slow wave over the year and a slight growth."""
    random = studio.random
    reports = []
    for day in range(_DAYS + 1):
        start = studio.first_day + timedelta(days=day)
        season = 1 + 0.4 * sin(tau * day / 90) + day / _DAYS
        weekday = 0.6 if start.weekday() >= 5 else 1.0
        for _ in range(round(random.gauss(popularity * season * weekday, popularity / 5))):
            at = start + timedelta(seconds=random.random() * 86_400)
            if at <= studio.end:
                reports.append(_view(studio, row, at))
    return reports


def _view(studio: _Studio, row: PublicationRow, at: datetime) -> WireEvent:
    random = studio.random
    milliseconds = int(at.timestamp() * 1000)
    id = UUID(
        int=(milliseconds << 80)
        | (7 << 76)
        | (random.getrandbits(12) << 64)
        | (0b10 << 62)
        | random.getrandbits(62)
    )
    user = random.choice(studio.users) if random.random() < 0.05 else None
    return WireEvent(
        subject=WireSubject(publication_id=_id(row)),
        action=WireAction.VIEW,
        id=str(id),
        occurred_at=at,
        device_category=random.choice(_DEVICES),
        domain=random.choice(_DOMAINS),
        visitor=f"visitor {random.randint(1, 3000)}",
        user_id=global_id(Kind.USER, user.public_id) if user else None,
    )


async def announce(settings: Settings) -> str:
    """What a newcomer needs: where to look, who to be, and a first query to paste."""
    services = services_of(settings)
    try:
        context = Context(services, datetime.now(UTC))
        owner = await context.loaders.user_by_username.load("owner")
        token = services.signer.issue(Claims(owner.public_id), context.now).text if owner else "TOKEN"
    finally:
        await services.database.close()
    address = f"http://{settings.host}:{settings.port}/graphql"
    sign_ins = "\n".join(f"    {name + '@demo.test':20} {words}" for name, words in ACCOUNTS.items())
    return _ANNOUNCEMENT.format(
        address=address, sign_ins=sign_ins, password=PASSWORD, token=token, query=_QUERY
    )


_QUERY = (
    r"{ publication(url: \"ai-research-studio\") { name metrics "
    r"{ totalViews totalLikes monthlyActiveUsers } } }"
)
_ANNOUNCEMENT = """
Viewgraph's demo studio is ready.

  GraphiQL    {address}

  A first query, as the owner (the token is good for a day):

    curl -s {address} \\
      -H 'Content-Type: application/json' \\
      -H 'Authorization: Bearer {token}' \\
      -d '{{"query": "{query}"}}'

  Sign-ins, all with the password `{password}`:

{sign_ins}

  Stop it with Ctrl-C.
"""
