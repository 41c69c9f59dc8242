"""The audit trail: who did what to whom."""

from datetime import datetime
from typing import Annotated, Any, Self

import strawberry

from audit import Act, ActorKind
from audit.entries import NamedChange, changes_in
from auth.access import Access
from graph.directives import PERSONAL
from graph.faces import shows
from graph.fields import argument, described, loaded
from graph.types.connection import PageOf, connection_of, listed
from loaders.audit_entries import (
    AUDIT_OF_ACCOUNT,
    AUDIT_OF_ORGANIZATION,
    AUDIT_OF_PUBLICATION,
    AuditEntryRow,
)
from loaders.pages import Listing, PageKey
from loaders.people import UserById

Acts = Annotated[list[Act] | None, argument("Only entries of these acts; all when null.")]

_Connection = connection_of("AuditEntry", "graph.types.audit")


@strawberry.type(
    description="A value that an act of the audit trail changed. It is never a secret.", directives=[PERSONAL]
)
class AuditChange:
    name: str = described("What was changed, such as `role`.")
    before: str | None = described("The value before; null if there was none, or if it was not noted.")
    after: str | None = described("The value from then on; null if there is none.")

    @classmethod
    def of(cls, change: NamedChange) -> Self:
        return cls(name=change.name, before=_text(change.before), after=_text(change.after))


@shows(AuditEntryRow)
@strawberry.type(
    description="An act that changed who may do what, or what is there: an entry of an audit trail.",
    directives=[PERSONAL],
)
class AuditEntry:
    row: strawberry.Private[AuditEntryRow]
    act: Act | None = described("What was done; null for an act that only a newer version knows.")
    done_at: datetime = described("When it was done.")
    by: ActorKind = described("What kind of caller did it.")
    key_id: strawberry.ID | None = described(
        "The global id of the authentication key that the request showed; null if it showed a token."
    )
    command: str | None = described("What the operator ran, without its arguments; null for others.")
    object_id: strawberry.ID | None = described(
        "The global id of what it was done to, which may be gone by now; null if it has none."
    )
    changes: list[AuditChange] = described("What values it changed, of those that are noted.")

    @loaded(UserById, strawberry.LazyType("User", "graph.types.publication") | None)
    def user(self) -> int | None:
        """The user who did it; null for an operator, and if the account is gone."""
        return self.row.user_id

    @classmethod
    def of(cls, row: AuditEntryRow) -> Self:
        return cls(
            row=row,
            act=Act.__members__.get(row.act),
            done_at=row.created_at,
            by=ActorKind(row.actor),
            key_id=None if row.key is None else strawberry.ID(row.key),
            command=row.command,
            object_id=None if row.object is None else strawberry.ID(row.object),
            changes=[AuditChange.of(change) for change in changes_in(row.changes)],
        )


def _text(value: str | int | None) -> str | None:
    return None if value is None else str(value)


def _trail(listing: Listing, requires: Access, words: str) -> Any:
    """The field `auditTrail` of a type whose rows have such trails."""

    def key(self: Any, page: PageOf, acts: Acts = None) -> PageKey:
        names = None if acts is None else tuple(sorted({act.name for act in acts}))
        return PageKey(listing, page(descending=True), self.row.id, names)

    key.__doc__ = words
    return listed(_Connection | None, requires=[requires])(key)


of_organization = _trail(
    AUDIT_OF_ORGANIZATION,
    Access.ORGANIZATION_ADMIN,
    "Who changed its members, workspaces and other rights, newest first.",
)
of_publication = _trail(
    AUDIT_OF_PUBLICATION,
    Access.OWNER,
    "Who changed its co-creators, what everybody sees of it, and other rights, newest first.",
)
of_account = _trail(AUDIT_OF_ACCOUNT, Access.SELF, "Who changed this account and its keys, newest first.")
