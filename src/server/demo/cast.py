"""The demo's users and their publications."""

from datetime import datetime, timedelta
from random import Random

from base.ids import Kind, global_id
from loaders.publications import PublicationRow
from models import User
from resolvers import invitation_answers, invitations, publications
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
    password_hash = await services.passwords.hash(PASSWORD)
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
        invited = await invitations.invite_co_creator(
            context, publication_id(row), global_id(Kind.USER, helper.public_id)
        )
        await invitation_answers.accept(
            acting_as(services, context.now, helper), global_id(Kind.INVITATION, invited.public_id)
        )
        made.append(row)
    return made
