from datetime import datetime
from typing import Self

import strawberry

from base.ids import Kind, global_id
from graph.directives import PERSONAL
from graph.faces import shows
from graph.fields import described
from loaders.credentials import OwnKeyRow


@shows(OwnKeyRow)
@strawberry.type(
    description="A key by which a program signs in. A program that has it acts as its owner.",
    directives=[PERSONAL],
)
class AuthenticationKey:
    id: strawberry.ID = described("The global id by which the key is revoked. It is not the key itself.")
    name: str = described("What the key is for, in the words of its owner.")
    created_at: datetime = described("When it was made.")
    expires_at: datetime = described("From this instant on the key is refused.")
    revoked_at: datetime | None = described(
        "When it was revoked: from then on it is refused. Null if it was not revoked."
    )

    last_used_at: datetime | None = described(
        "When it was last used, to the hour in UTC: the start of that hour. Some minutes pass until a use is "
        "shown. Null if it was not used."
    )

    @classmethod
    def of(cls, row: OwnKeyRow) -> Self:
        return cls(
            id=strawberry.ID(global_id(Kind.AUTHENTICATION_KEY, row.public_id)),
            name=row.name,
            created_at=row.created_at,
            expires_at=row.expires_at,
            revoked_at=row.revoked_at,
            last_used_at=row.last_used_at,
        )
