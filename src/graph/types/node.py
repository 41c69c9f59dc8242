from typing import Any, Protocol, TypeAlias

import strawberry

from graph.fields import described

LegacyId: TypeAlias = strawberry.ID | None


class Legacy(Protocol):
    """A row."""

    @property
    def legacy_id(self) -> str | None: ...


@strawberry.interface(description="An object with a global id, by which `node` finds it again.")
class Node:
    id: strawberry.ID = described("A global id: opaque, and stable for as long as the object exists.")


def legacy_id(*, is_taken: bool = True) -> Any:
    """For types whose objects may come from another system. `is_taken`: whether arguments take the id."""
    words = (
        "The id that it had in the system that it came from: a whole number, or a UUID; null if it came from "
        "none."
    )
    taken = " Queries and mutations take it in place of the global id; `node`, `nodes` and events do not."
    return described(words + taken if is_taken else words)


def legacy_id_of(row: Legacy) -> LegacyId:
    return None if row.legacy_id is None else strawberry.ID(row.legacy_id)
