from datetime import datetime
from typing import Self

import strawberry

from base.ids import Kind, global_id
from graph.directives import A_MINUTE
from graph.faces import shows
from graph.fields import described
from graph.types.node import Node
from loaders.publications import ExperienceRow
from models import ExperienceType


@shows(ExperienceRow)
@strawberry.type(
    description="Something that a publication offers to do, read or hear. Everybody may see it.",
    directives=[A_MINUTE],
)
class Experience(Node):
    type: ExperienceType = described("What kind of experience it is.")
    title: str = described("What its makers call it. Not unique.")
    published_at: datetime = described("When it was published.")

    @classmethod
    def of(cls, row: ExperienceRow) -> Self:
        return cls(
            id=strawberry.ID(global_id(Kind.EXPERIENCE, row.public_id)),
            type=ExperienceType(row.type),
            title=row.title,
            published_at=row.published_at,
        )
