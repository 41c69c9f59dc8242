"""A demo studio: a year in the life of ten publications, played through the product's own doors.

The same day gives the same numbers: what happens is drawn from a seeded source, and the year ends at
the midnight before.
"""

import os
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from math import sin, tau
from pathlib import Path
from random import Random
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import event

from auth.passwords import hash_password
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
from resolvers import accounts, appointments, people, publications, reactions, recording
from resolvers.context import Context, Services
from server.commands.accounts import add_user
from server.failures import Failure
from server.services import close_services, services_of, services_that_sign_nothing
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
LIMITS = {
    "query_cost_per_user": "30000000 per minute",
    "query_cost_per_address": "30000000 per minute",
    "mutation_cost_per_user": "6000000 per minute",
    "mutation_cost_per_address": "6000000 per minute",
}
"""By the names of settings. The usual ones would stop whoever measures the program on their own machine."""
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
_COMMENTS = (
    "This is what I was looking for.", "The second part helped me most.", "More of this, please.",
    "I do not agree with the ending.", "Shared it with my class.",
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
    _remove(part)
    url = f"sqlite:///{part}"
    from server import migrations

    await migrations.upgrade(url)
    services = services_of(settings.model_copy(update={"database_url": url}), are_patient=True)
    event.listen(services.database.engine.sync_engine, "connect", _hasten)
    try:
        await populate(services, now)
    finally:
        await close_services(services)
    with part.open("rb") as stream:
        os.fsync(stream.fileno())
    # A log that an older file left behind would be taken for the new one's.
    _remove(file)
    part.replace(file)


def _remove(file: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        file.with_name(file.name + suffix).unlink(missing_ok=True)


def _hasten(connection: Any, _record: Any) -> None:
    """Nobody depends on the file before it is whole: what a power cut leaves of it is made anew."""
    connection.execute("PRAGMA synchronous = OFF").close()


async def populate(services: Services, now: datetime) -> None:
    """The 365 days before the day of `now`, in UTC."""
    random = Random(_SEED)  # noqa: S311
    end = now.replace(hour=0, minute=0, second=0, microsecond=0)
    first_day = end - timedelta(days=_DAYS)
    users = await _make_users(services, first_day)
    made = await _make_publications(services, first_day, users, random)
    await _make_organization(services, first_day, users)
    studio = _Studio(services, random, first_day, end, users, made)
    for scene in sorted(_scenes(studio)):
        await scene.play(_context(services, scene.at, scene.user))
    await _report_events(studio)


def _context(services: Services, at: datetime, user: User) -> Context:
    return Context(services, at, viewer=Viewer(user.id))


async def _make_users(services: Services, at: datetime) -> list[User]:
    """Those with a sign-in share its hash: making one takes a quarter of a second."""
    password_hash = await hash_password(PASSWORD)
    hashes = dict.fromkeys(ACCOUNTS, password_hash) | dict.fromkeys(_OTHERS)
    return [
        await add_user(
            services.database,
            at,
            email=f"{name}@demo.test",
            username=name,
            name=name.title(),
            password_hash=hash_,
        )
        for name, hash_ in hashes.items()
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
            for count in range(random.randint(1, 6 - type_)):
                plan(maker, _publish(id, type_, count))
        for user in studio.users:
            if random.random() < 0.5:
                _plan_reactions(plan, studio, user, id)
        if row.allow_bookings:
            for _ in range(random.randint(4, 9)):
                plan(random.choice(studio.users), _book(random, id, cancelled=random.random() < 0.2))
    for follower in studio.users:
        for followed in random.sample(studio.users, 4):
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
    if random.random() < 0.5:
        plan(user, _comment(id, random.choice(_COMMENTS)))


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


async def _report_events(studio: _Studio) -> None:
    """Views and shares, as each owner's own server would report them.

    How many views there are is another with each day of the week, so they come last: shares are the same.
    """
    for number, row in enumerate(studio.publications):
        owner = next(user for user in studio.users if user.id == row.owner_id)
        audience = studio._replace(random=Random(f"audience {number}"))  # noqa: S311
        shares = _shares_of(audience, row, audience.random.randint(5, 25))
        reports = shares + _views_of(audience, row, popularity=8 / (number + 1) + 1)
        for start in range(0, len(reports), _BATCH):
            context = _context(studio.services, studio.end, owner)
            await recording.record(context, reports[start : start + _BATCH])


def _views_of(studio: _Studio, row: PublicationRow, *, popularity: float) -> list[WireEvent]:
    """More on weekdays, with a slow wave over the year and a slight growth."""
    random = studio.random
    reports = []
    for day in range(_DAYS):
        start = studio.first_day + timedelta(days=day)
        season = 1 + 0.4 * sin(tau * day / 90) + day / _DAYS
        weekday = 0.6 if start.weekday() >= 5 else 1.0
        for _ in range(round(random.gauss(popularity * season * weekday, popularity / 5))):
            at = start + timedelta(seconds=random.random() * 86_400)
            reports.append(_report(studio, row, WireAction.VIEW, at))
    return reports


def _shares_of(studio: _Studio, row: PublicationRow, count: int) -> list[WireEvent]:
    year = studio.end - studio.first_day
    instants = [studio.first_day + studio.random.random() * year for _ in range(count)]
    return [_report(studio, row, WireAction.SHARE, at) for at in instants]


def _report(studio: _Studio, row: PublicationRow, action: WireAction, at: datetime) -> WireEvent:
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
        action=action,
        id=str(id),
        occurred_at=at,
        device_category=random.choice(_DEVICES),
        domain=random.choice(_DOMAINS),
        visitor=f"visitor {random.randint(1, 3000)}",
        user_id=global_id(Kind.USER, user.public_id) if user else None,
    )


def sign_ins() -> dict[str, object]:
    """As GraphiQL's page has them."""
    accounts = [
        {"name": name, "email": f"{name}@demo.test", "words": words} for name, words in ACCOUNTS.items()
    ]
    return {"accounts": accounts, "password": PASSWORD}


async def announce(settings: Settings) -> str:
    """What a newcomer needs: where to look, who to be, and a first query to paste."""
    services = services_that_sign_nothing(settings)
    try:
        key = await _owners_key(Context(services, datetime.now(UTC)))
    finally:
        await close_services(services)
    sign_ins = "\n".join(f"  {name + '@demo.test':20}  {words}" for name, words in ACCOUNTS.items())
    address = f"http://{settings.host}:{settings.port}/graphql"
    return _ANNOUNCEMENT.format(address=address, key=key, sign_ins=sign_ins, password=PASSWORD)


async def _owners_key(context: Context) -> str:
    """A key is short enough for a line of a terminal; an access token is not."""
    owner = await context.loaders.account_by_email.load("owner@demo.test")
    if owner is None:
        raise Failure("This database is not the demo's: start it with `viewgraph demo`.")
    context.viewer = Viewer(owner.user_id)
    return (await accounts.create_key(context, name="first query", days=1)).secret


_ANNOUNCEMENT = """
Viewgraph's demo studio is ready.

GraphiQL, in a browser:

  {address}

A first query, as the owner, in another terminal (its key is good for a day):

  curl -s {address} \\
    -H 'Content-Type: application/json' \\
    -H 'Authorization: Token {key}' \\
    -d '{{"variables": {{"u": "ai-research-studio"}}, "query":
    "query($u: String!) {{ publication(url: $u) {{ metrics {{ totalViews }} }} }}"}}'

Sign-ins, all with the password `{password}`:

{sign_ins}

Stop it with Ctrl-C.
"""
