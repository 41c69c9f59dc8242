from datetime import datetime
from typing import Any, Self

import strawberry

from auth.access import Access
from auth.identities import MOST_IDENTITIES
from graph.directives import PERSONAL, list_of
from graph.faces import shows
from graph.fields import described, loaded
from loaders.credentials import IdentitiesOfUser, OwnIdentityRow


@shows(OwnIdentityRow)
@strawberry.type(
    description="An account at an issuer of OpenID Connect. Tokens of it act as its user here.",
    directives=[PERSONAL],
)
class LinkedIdentity:
    issuer: str = described("The issuer: what its tokens say as iss.")
    subject: str = described("The account there: what its tokens say as sub.")
    linked_at: datetime = described("When it was linked to the user.")

    @classmethod
    def of(cls, row: OwnIdentityRow) -> Self:
        return cls(issuer=row.issuer, subject=row.subject, linked_at=row.linked_at)


@loaded(
    IdentitiesOfUser,
    list[LinkedIdentity] | None,
    requires=[Access.SELF],
    costs=list_of(MOST_IDENTITIES),
)
def of_user(self: Any) -> int:
    """The accounts at issuers of OpenID Connect that stand for this user, the oldest first."""
    id: int = self.row.id
    return id
