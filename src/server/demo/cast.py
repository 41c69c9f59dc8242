"""The demo's users, their publications, and the organization for which some of them work."""

from datetime import datetime, timedelta
from random import Random

from auth.passwords import hash_password
from base.ids import Kind, global_id, uuid7
from loaders.publications import PublicationRow
from models import Asset, Membership, Organization, Role, Tenant, User, Workspace, WorkspaceMembership
from resolvers import publications
from resolvers.context import Services
from server.accounts import add_user
from server.demo.sign_ins import ACCOUNTS, PASSWORD, email_of
from server.demo.studio import acting_as, publication_id

_OTHERS = (
    "ada", "boris", "chen", "dalia", "emeka", "farah", "goran", "hana", "ines", "jonas", "kofi", "lena",
    "mira", "noor", "otto",
)  # fmt: skip
_TITLES = (
    "AI Research Studio", "Ocean Notes", "Quest Atlas", "Morning Podcast", "Clay and Code", "Night Sky Club",
    "Garden Robots", "Paper Engines", "City Sounds", "Small Models",
)  # fmt: skip


async def make_users(services: Services, at: datetime) -> list[User]:
    """Accounts that can sign in share one password hash, because making one takes a quarter of a second."""
    password_hash = await hash_password(PASSWORD)
    hashes = dict.fromkeys(ACCOUNTS, password_hash) | dict.fromkeys(_OTHERS)
    return [
        await add_user(
            services.database,
            at,
            email=email_of(name),
            username=name,
            name=name.title(),
            password_hash=hash_,
        )
        for name, hash_ in hashes.items()
    ]


async def make_publications(
    services: Services, at: datetime, users: list[User], random: Random
) -> list[PublicationRow]:
    """The first publication belongs to the owner and the co-creator. The last two people make none."""
    owner, co_creator, *others = users
    made = []
    for number, title in enumerate(_TITLES):
        maker = owner if number == 0 else others[number]
        context = acting_as(services, at + timedelta(minutes=number), maker)
        row = await publications.create_publication(
            context, name=title, custom_url=title.lower().replace(" ", "-"), allow_bookings=number % 3 == 0
        )
        helper = co_creator if number == 0 else random.choice(users[:2])
        await publications.add_co_creator(
            context, publication_id(row), global_id(Kind.USER, helper.public_id)
        )
        made.append(row)
    return made


async def make_organization(services: Services, at: datetime, users: list[User]) -> None:
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
