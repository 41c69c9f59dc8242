"""The numbers that the demo's users and publications had in another system: 1, 2, 3 and so on."""

from sqlalchemy import update
from sqlmodel import col

from models import Publication, User
from server.demo.studio import Studio

_SEVENTH = "member"
"""The examples of the documented REST APIs show the user 7. This one can sign in."""


async def number_people_and_publications(studio: Studio) -> None:
    async with studio.services.database.writing() as session:
        for id, number in numbers_of(studio.users).items():
            await session.execute(update(User).where(col(User.id) == id).values(legacy_id=number))
        for place, row in enumerate(studio.publications, start=1):
            await session.execute(
                update(Publication).where(col(Publication.id) == row.id).values(legacy_id=str(place))
            )


def numbers_of(users: list[User]) -> dict[int, str]:
    """By the ids of the users: in the order in which they were made, but for the seventh."""
    order = [user for user in users if user.username != _SEVENTH]
    order[6:6] = [user for user in users if user.username == _SEVENTH]
    return {user.id: str(number) for number, user in enumerate(order, start=1)}
