"""The numbers that the demo's users and publications had in another system: 1, 2, 3 and so on."""

from sqlalchemy import update
from sqlmodel import col

from models import Publication, User
from server.demo.studio import Studio


async def number_people_and_publications(studio: Studio) -> None:
    """In the order in which they were made."""
    async with studio.services.database.writing() as session:
        for number, user in enumerate(studio.users, start=1):
            await session.execute(update(User).where(col(User.id) == user.id).values(legacy_id=str(number)))
        for number, row in enumerate(studio.publications, start=1):
            await session.execute(
                update(Publication).where(col(Publication.id) == row.id).values(legacy_id=str(number))
            )
