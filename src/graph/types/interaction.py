"""What people leave on a publication."""

from datetime import datetime
from typing import Self

import strawberry

from base.ids import Kind, global_id
from graph.directives import PERSONAL
from graph.faces import shows
from graph.fields import described, loaded
from graph.types.node import Node
from graph.types.publication import Publication, User
from loaders.people import UserById
from loaders.publications import AppointmentRow, CommentRow, PublicationById


@shows(CommentRow)
@strawberry.type(description="What somebody wrote about a publication.")
class Comment(Node):
    row: strawberry.Private[CommentRow]
    body: str = described("Plain text, with its line breaks: not HTML.")
    created_at: datetime = described("When it was written.")

    @loaded(UserById, User)
    def author(self) -> int:
        """The user who wrote it."""
        return self.row.author_id

    @loaded(PublicationById, Publication)
    def publication(self) -> int:
        """The publication that it is on."""
        return self.row.publication_id

    @classmethod
    def of(cls, row: CommentRow) -> Self:
        return cls(
            row=row,
            id=strawberry.ID(global_id(Kind.COMMENT, row.public_id)),
            body=row.body,
            created_at=row.created_at,
        )


@shows(AppointmentRow)
@strawberry.type(
    description=(
        "A slot booked with the makers of a publication, from `startsAt` up to, not including, `endsAt`. "
        "Only the user who booked it and the makers can see it."
    ),
    directives=[PERSONAL],
)
class Appointment(Node):
    row: strawberry.Private[AppointmentRow]
    starts_at: datetime = described("The first instant of the slot.")
    ends_at: datetime = described("The end of the slot, which is not part of it: this instant is free again.")
    created_at: datetime = described("When it was booked.")
    cancelled_at: datetime | None = described(
        "When it was cancelled, which frees the slot; null if it was not."
    )

    @loaded(UserById, User)
    def booked_by(self) -> int:
        """The user who booked it."""
        return self.row.user_id

    @loaded(PublicationById, Publication)
    def publication(self) -> int:
        """The publication whose makers are booked."""
        return self.row.publication_id

    @classmethod
    def of(cls, row: AppointmentRow) -> Self:
        return cls(
            row=row,
            id=strawberry.ID(global_id(Kind.APPOINTMENT, row.public_id)),
            starts_at=row.starts_at,
            ends_at=row.ends_at,
            created_at=row.created_at,
            cancelled_at=row.cancelled_at,
        )
