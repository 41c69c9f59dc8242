"""Who did what: the audit trail. `record` is called in the transaction that does it."""

from audit.actors import Actor, ActorKind, operator
from audit.acts import Act
from audit.entries import Change, amend, record
from audit.owners import owner_of

__all__ = ["Act", "Actor", "ActorKind", "Change", "amend", "operator", "owner_of", "record"]
