"""The demo's studio, which the modules that fill it share."""

from datetime import datetime
from random import Random
from typing import NamedTuple

from auth.viewer import Viewer
from base.ids import Kind, global_id
from loaders.publications import PublicationRow
from models import User
from resolvers.context import Context, Services

DAYS = 365


class Studio(NamedTuple):
    services: Services
    random: Random
    first_day: datetime
    end: datetime
    """The last event of the year is before this time: the midnight before now."""
    users: list[User]
    publications: list[PublicationRow]

    def named(self, username: str) -> User:
        return next(user for user in self.users if user.username == username)

    def makers(self) -> list[User]:
        """Those who own a publication, one each."""
        return [self.maker_of(row) for row in self.publications]

    def maker_of(self, row: PublicationRow) -> User:
        return next(user for user in self.users if user.id == row.owner_id)


def acting_as(services: Services, at: datetime, user: User) -> Context:
    return Context(services, at, viewer=Viewer(user.id))


def publication_id(row: PublicationRow) -> str:
    return global_id(Kind.PUBLICATION, row.public_id)
