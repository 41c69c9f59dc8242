"""Finds the objects that rows of a catalog name, for many rows at once.

A row names an object by the id that it had in the other system, by a global id or the UUID in that, a user
also by an email, and a publication also by its custom URL.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from typing import Any, Final, NamedTuple, TypeAlias

from base.ids import Kind, legacy_id_in, public_id_in, uuid_in
from models import Asset, Organization, Publication, User, UserInsight, Workspace
from resolvers.catalog.tables import Columns, Find, Found, Key, Model, Names
from resolvers.catalog.verdicts import Refused
from resolvers.text_arguments import is_custom_url


class Target(Enum):
    """What a field names."""

    model: Model
    kind: Kind
    others: Names
    """Other columns by which it may be named."""

    def __init__(self, model: Model, kind: Kind, *others: str) -> None:
        self.model, self.kind, self.others = model, kind, others

    USER = User, Kind.USER, "email"
    PUBLICATION = Publication, Kind.PUBLICATION, "custom_url"
    ORGANIZATION = Organization, Kind.ORGANIZATION
    WORKSPACE = Workspace, Kind.WORKSPACE
    ASSET = Asset, Kind.ASSET
    INSIGHT = UserInsight, Kind.USER_INSIGHT
    """It is named by its user."""


class Reference(NamedTuple):
    target: Target
    text: str
    within: str | None = None
    """The organization, if the row names it: two organizations may have brought the same id."""


Resolved: TypeAlias = Mapping[Reference, Columns | Refused]
_PUBLIC: Final = ("public_id",)
_LEGACY: Final = ("legacy_id",)
_LONGEST: Final = 100


async def resolved(find: Find, references: Iterable[Reference]) -> Resolved:
    """The row that each of them names, or why there is none."""
    asked = set(references)
    insights = {one for one in asked if one.target is Target.INSIGHT}
    asked |= {Reference(Target.ORGANIZATION, one.within) for one in asked if one.within is not None}
    asked |= {one._replace(target=Target.USER) for one in insights}
    known = await _found(find, asked - insights)
    return {**known, **await _insights(find, insights, known)}


async def _found(find: Find, asked: set[Reference]) -> Resolved:
    keys: defaultdict[tuple[Model, Names], set[Key]] = defaultdict(set)
    for one in asked:
        for names, key in _ways(one):
            keys[one.target.model, names].add(key)
    rows = {(model, names): await find(model, names, given) for (model, names), given in keys.items()}
    known: dict[Reference, Columns | Refused] = {}
    for one in sorted(asked, key=lambda one: one.within is not None):
        known[one] = _row_of(one, rows, known)
    return known


async def _insights(find: Find, asked: set[Reference], known: Resolved) -> Resolved:
    users = {one: known[one._replace(target=Target.USER)] for one in asked}
    ids = {(user["id"],) for user in users.values() if not isinstance(user, Refused)}
    rows = await find(UserInsight, ("user_id",), ids)

    def insight_of(one: Reference, user: Columns | Refused) -> Columns | Refused:
        if isinstance(user, Refused):
            return user
        found = rows[user["id"],]
        return found[0] if found else _unknown(one)

    return {one: insight_of(one, user) for one, user in users.items()}


def _ways(one: Reference) -> Iterator[tuple[Names, Key]]:
    """The columns in which it may stand. The first in which it does is meant."""
    text = one.text
    # Most are numbers, which are told apart in no time.
    if not text.isdecimal() and (public_id := public_id_in(text, one.target.kind) or uuid_in(text)):
        yield _PUBLIC, (public_id,)
    if legacy_id := legacy_id_in(text):
        yield _LEGACY, (legacy_id,)
    if "email" in one.target.others and "@" in text and "\0" not in text:
        yield ("email",), (text.strip().lower(),)
    if "custom_url" in one.target.others and is_custom_url(text):
        yield ("custom_url",), (text,)


def _row_of(
    one: Reference, rows: Mapping[tuple[Model, Names], Found], known: Mapping[Reference, Columns | Refused]
) -> Columns | Refused:
    word = one.target.kind.word
    organization_id: Any = None
    if one.within is not None:
        organization = known[Reference(Target.ORGANIZATION, one.within)]
        if isinstance(organization, Refused):
            return organization
        organization_id = organization["id"]
    for names, key in _ways(one):
        found = rows[one.target.model, names][key]
        if organization_id is not None:
            found = [row for row in found if row["organization_id"] == organization_id]
        if len(found) == 1:
            return found[0]
        if found:
            return Refused(
                f"AMBIGUOUS_{word.upper()}",
                f"Several organizations have brought the {word} {one.text!r}: name the `organization`, too.",
            )
    return _unknown(one)


def _unknown(one: Reference) -> Refused:
    word = one.target.kind.word
    words = "There is no insight of the user" if one.target is Target.INSIGHT else f"There is no {word}"
    return Refused(f"UNKNOWN_{word.upper()}", f"{words} {one.text[:_LONGEST]!r}.")
