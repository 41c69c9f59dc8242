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
    """The last event is before this time."""
    users: list[User]
    publications: list[PublicationRow]


def acting_as(services: Services, at: datetime, user: User) -> Context:
    return Context(services, at, viewer=Viewer(user.id))


def publication_id(row: PublicationRow) -> str:
    return global_id(Kind.PUBLICATION, row.public_id)
