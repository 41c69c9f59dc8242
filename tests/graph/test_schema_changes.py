"""What changed between two versions of a schema, and whom it breaks."""

from datetime import date, timedelta
from enum import Enum
from typing import Annotated

import pytest
import strawberry
from graphql import GraphQLSyntaxError

from graph.deprecation import deprecated, removal_day
from graph.enums import described_enum
from graph.fields import argument, described, field
from graph.schema import schema
from graph.schema_changes import Change, Criticality, changes_between

TODAY = date(2027, 3, 1)
IN_TIME = "2027-06-01"
"""92 days from today."""

BASE = """
directive @auth(requires: [Access!]!) on FIELD_DEFINITION
directive @cacheControl(maxAge: Int, scope: Scope) on FIELD_DEFINITION | OBJECT
enum Access { AUTHENTICATED OWNER CO_CREATOR }
enum Scope { PUBLIC PRIVATE }
interface Node { id: ID! }
type Query { node(id: ID!): Node thing(by: By!, size: Size = SMALL, first: Int! = 10): Thing old: Old }
input By { id: ID name: String = "x" }
enum Size { SMALL LARGE }
type Thing implements Node { id: ID! name: String! secret: String @auth(requires: [OWNER]) }
type Old { value: Int part: Part }
type Part { size: OnlyThere }
enum OnlyThere { ONE }
"""


def changed(*replaced: tuple[str, str], base: str = BASE) -> str:
    for before, after in replaced:
        assert base.count(before) == 1, before
        base = base.replace(before, after)
    return base


def found(old: str, new: str, today: date = TODAY) -> list[str]:
    return [f"{change.criticality}: {change.description}" for change in changes_between(old, new, today)]


def since_base(*replaced: tuple[str, str]) -> list[str]:
    return found(BASE, changed(*replaced))


# What documents notice


def test_the_same_schema_has_no_changes() -> None:
    assert found(BASE, BASE) == []
    assert found(schema.as_str(), schema.as_str()) == []


@pytest.mark.parametrize(
    ("before", "after", "changes"),
    [
        ("name: String! ", "", ["breaking: Field Thing.name was removed."]),
        (
            "name: String! ",
            "name: String ",
            ["breaking: Field Thing.name changed type from String! to String."],
        ),
        (", first: Int! = 10", "", ["breaking: Argument Query.thing(first:) was removed."]),
        ("SMALL LARGE", "SMALL", ["breaking: Enum value Size.LARGE was removed."]),
        ("input By { id: ID ", "input By { ", ["breaking: Field By.id was removed."]),
        ("input By { ", "input By { size: Size! ", ["breaking: A required field By.size was added."]),
        (
            "type Thing implements Node { id",
            "type Thing { id",
            ["breaking: Thing no longer implements interface Node."],
        ),
        ("SMALL LARGE", "SMALL LARGE HUGE", ["dangerous: Enum value Size.HUGE was added."]),
        ("thing(", "thing(of: ID, ", ["dangerous: An optional argument Query.thing(of:) was added."]),
        (
            "size: Size = SMALL",
            "size: Size = LARGE",
            ["dangerous: Query.thing(size:) has changed defaultValue from SMALL to LARGE."],
        ),
        ('= "x"', '= "y"', ['dangerous: By.name has changed defaultValue from "x" to "y".']),
        ("name: String! ", "name: String! size: Size ", ["safe: Field Thing.size was added."]),
        ("value: Int ", "value: Int! ", ["safe: Field Old.value changed type from Int to Int!."]),
        ("type Part", '"New words." type Part', []),
    ],
)
def test_what_documents_notice_has_its_criticality(before: str, after: str, changes: list[str]) -> None:
    assert since_base((before, after)) == changes


def test_a_default_that_goes_breaks_whoever_relied_on_it() -> None:
    assert since_base(("first: Int! = 10", "first: Int!")) == [
        "breaking: Query.thing(first:) has to be given: its default was removed.",
        "dangerous: Query.thing(first:) defaultValue was removed.",
    ]
    assert since_base(("size: Size = SMALL", "size: Size")) == [
        "dangerous: Query.thing(size:) defaultValue was removed.",
    ]


def test_the_most_critical_change_comes_first() -> None:
    several = changed(
        ("name: String! ", ""), ("SMALL LARGE", "SMALL LARGE HUGE"), ("value: Int ", "value: Int! ")
    )

    criticalities = [change.criticality for change in changes_between(BASE, several, TODAY)]
    assert criticalities == [Criticality.BREAKING, Criticality.DANGEROUS, Criticality.SAFE]


# Who sees it, and from whose cache


@pytest.mark.parametrize(
    ("before", "after", "changes"),
    [
        ("", " @auth(requires: [OWNER])", ["breaking: Thing.name is no longer shown to everybody."]),
        ("", " @auth(requires: [AUTHENTICATED])", ["breaking: Thing.name is no longer shown to everybody."]),
        (
            " @auth(requires: [CO_CREATOR, OWNER])",
            " @auth(requires: [OWNER])",
            ["breaking: Thing.name is no longer shown to CO_CREATOR."],
        ),
        (
            " @auth(requires: [AUTHENTICATED])",
            " @auth(requires: [OWNER])",
            ["breaking: Thing.name is no longer shown to AUTHENTICATED."],
        ),
        (
            " @auth(requires: [OWNER])",
            " @auth(requires: [CO_CREATOR])",
            [
                "breaking: Thing.name is no longer shown to OWNER.",
                "dangerous: Thing.name is now shown to CO_CREATOR, too.",
            ],
        ),
        (
            " @auth(requires: [OWNER])",
            " @auth(requires: [OWNER, CO_CREATOR, AUTHENTICATED])",
            ["dangerous: Thing.name is now shown to AUTHENTICATED and CO_CREATOR, too."],
        ),
        (
            " @auth(requires: [OWNER])",
            " @auth(requires: [AUTHENTICATED])",
            ["dangerous: Thing.name is now shown to AUTHENTICATED, too."],
        ),
        (" @auth(requires: [OWNER])", "", ["dangerous: Thing.name is now shown to everybody, too."]),
        (" @auth(requires: [AUTHENTICATED])", "", ["dangerous: Thing.name is now shown to everybody, too."]),
        (" @auth(requires: [AUTHENTICATED])", " @auth(requires: [AUTHENTICATED, OWNER])", []),
        (" @auth(requires: [CO_CREATOR, OWNER])", " @auth(requires: [OWNER, CO_CREATOR])", []),
    ],
)
def test_whoever_loses_sight_of_a_field_is_broken_and_whoever_gains_it_is_named(
    before: str, after: str, changes: list[str]
) -> None:
    old, new = (changed(("name: String!", f"name: String{rule}")) for rule in (before, after))

    assert found(old, new) == changes


@pytest.mark.parametrize(
    ("before", "after", "changes"),
    [
        (
            "(maxAge: 60, scope: PRIVATE)",
            "(maxAge: 60)",
            [
                "dangerous: X is no longer PRIVATE: an answer made for one viewer may be shown to others.",
            ],
        ),
        (
            "(maxAge: 60, scope: PRIVATE)",
            "(maxAge: 60, scope: PUBLIC)",
            [
                "dangerous: X is no longer PRIVATE: an answer made for one viewer may be shown to others.",
            ],
        ),
        ("(maxAge: 60)", "(maxAge: 3600)", ["dangerous: X may be 3600 seconds old, not 60."]),
        ("(maxAge: 60)", "(maxAge: 5)", ["safe: X may be 5 seconds old, not 60."]),
        (
            "(maxAge: 60)",
            "(maxAge: 60, scope: PRIVATE)",
            ["safe: X is PRIVATE: cached for each viewer alone."],
        ),
        ("(scope: PUBLIC)", "(maxAge: 0)", []),
    ],
)
@pytest.mark.parametrize(("place", "name"), [("name: String!", "Thing.name"), ("type Old", "Old")])
def test_a_cache_that_may_show_more_is_named(
    before: str, after: str, changes: list[str], place: str, name: str
) -> None:
    old, new = (changed((place, f"{place} @cacheControl{hint}")) for hint in (before, after))

    assert found(old, new) == [change.replace("X", name, 1) for change in changes]


def test_a_field_that_comes_into_a_cache_or_leaves_it_is_named() -> None:
    private = ("name: String!", "name: String! @cacheControl(maxAge: 60, scope: PRIVATE)")

    assert since_base(private) == [
        "dangerous: Thing.name may be 60 seconds old, not 0.",
        "safe: Thing.name is PRIVATE: cached for each viewer alone.",
    ]
    assert found(changed(private), BASE) == [
        "dangerous: Thing.name is no longer PRIVATE: an answer made for one viewer may be shown to others.",
        "safe: Thing.name may be 0 seconds old, not 60.",
    ]


def test_an_input_that_becomes_a_choice_breaks_whoever_gave_several() -> None:
    choice = changed(("input By { id: ID name", "input By @oneOf { id: ID name"), (' = "x"', ""))
    several = changed((' = "x"', ""))

    assert found(several, choice) == ["breaking: By takes exactly one of its fields, no longer several."]
    assert found(choice, several) == ["safe: By no longer takes exactly one of its fields."]


# Notice


def deprecation(until: str | None) -> str:
    reason = "Use `size`." + (f" Removed on {until} or later." if until else "")
    return f' @deprecated(reason: "{reason}") '


PLACES = {
    "Thing.name": ("name: String! ", "name: String!%s"),
    "Query.thing(size:)": ("size: Size = SMALL", "size: Size = SMALL%s"),
    "By.name": ('name: String = "x"', 'name: String = "x"%s'),
    "Size.LARGE": ("LARGE", "LARGE%s"),
}
each_place = pytest.mark.parametrize("place", PLACES)


def with_deprecation(place: str, until: str | None) -> str:
    before, after = PLACES[place]
    return changed((before, after % deprecation(until)))


@each_place
def test_whatever_is_deprecated_names_a_day_three_months_from_now(place: str) -> None:
    assert found(BASE, with_deprecation(place, None)) == [
        f"breaking: {place} is deprecated without a day of its removal."
    ]
    assert found(BASE, with_deprecation(place, "2027-02-30")) == [
        f"breaking: {place} is deprecated without a day of its removal."
    ]
    assert found(BASE, with_deprecation(place, "2027-05-31")) == [
        f"breaking: {place} is deprecated until 2027-05-31, less than three months from now."
    ]
    assert found(BASE, with_deprecation(place, IN_TIME)) == [f"safe: {place} is deprecated until {IN_TIME}."]


@each_place
def test_a_day_that_was_named_is_not_moved_forward(place: str) -> None:
    named = with_deprecation(place, "2027-02-01")

    assert found(named, with_deprecation(place, "2027-01-31")) == [
        f"breaking: {place} may be gone on 2027-01-31, no longer on 2027-02-01."
    ]
    assert found(named, with_deprecation(place, IN_TIME)) == [
        f"safe: {place} stays until {IN_TIME}, no longer only until 2027-02-01."
    ]
    assert found(named, named) == []
    assert found(named, BASE) == [f"safe: {place} is no longer deprecated."]


@each_place
def test_what_was_deprecated_may_be_gone_from_the_day_on_that_was_named(place: str) -> None:
    old = with_deprecation(place, IN_TIME)
    gone = changed((PLACES[place][0], ""))
    day = date.fromisoformat(IN_TIME)

    (too_early,) = changes_between(old, gone, day - timedelta(days=1))
    assert too_early.criticality is Criticality.BREAKING
    assert changes_between(old, gone, day) == [
        Change(Criticality.SAFE, f"{place} was removed, as was announced for {IN_TIME}.")
    ]
    (never_said,) = changes_between(with_deprecation(place, None), gone, day)
    assert never_said.criticality is Criticality.BREAKING


OLD = """type Old { value: Int part: Part }
type Part { size: OnlyThere }
enum OnlyThere { ONE }
"""


def test_types_that_only_a_removed_field_led_to_go_with_it() -> None:
    announced = changed(("old: Old }", f"old: Old {deprecation('2027-02-01')} }}"))
    without = changed(("old: Old }", "}"), (OLD, ""))

    assert found(announced, without) == ["safe: Query.old was removed, as was announced for 2027-02-01."]
    assert found(BASE, without) == [
        "breaking: Field Query.old was removed.",
        "breaking: Old was removed.",
        "breaking: OnlyThere was removed.",
        "breaking: Part was removed.",
    ]


def test_a_type_that_another_field_leads_to_stays() -> None:
    used = changed(("name: String! ", "name: String! part: Part "))
    announced = changed(("old: Old }", f"old: Old {deprecation('2027-02-01')} }}"), base=used)
    without = changed(("old: Old }", "}"), (OLD, ""), ("part: Part ", ""), base=used)

    assert found(announced, without) == [
        "breaking: Field Thing.part was removed.",
        "breaking: OnlyThere was removed.",
        "breaking: Part was removed.",
        "safe: Query.old was removed, as was announced for 2027-02-01.",
    ]


def test_a_type_that_fragments_find_goes_when_all_of_its_fields_were_announced() -> None:
    until = deprecation("2027-02-01")
    led_to = ("thing(by: By!, size: Size = SMALL, first: Int! = 10): Thing", "")
    thing = "type Thing implements Node { id: ID! name: String! secret: String @auth(requires: [OWNER]) }\n"
    field_alone = changed(("): Thing", f"): Thing {until}"))
    all_fields = changed(
        ("id: ID! name: String! ", f"id: ID! {until} name: String! {until}"),
        ("[OWNER])", f"[OWNER]) {until}"),
        base=field_alone,
    )
    without = changed(
        led_to,
        (thing, ""),
        ('input By { id: ID name: String = "x" }\n', ""),
        ("enum Size { SMALL LARGE }\n", ""),
    )

    assert "breaking: Thing was removed." in found(field_alone, without)
    assert [change for change in found(all_fields, without) if not change.startswith("safe")] == []


# What is written in code


until = deprecated("Use `size`.", removal=date(2027, 6, 1))


class Shape(Enum):
    ROUND = "ROUND"
    FLAT = "FLAT"


described_enum(Shape, "Words.", ROUND="Words.", FLAT="Words.")
until(Shape.__strawberry_definition__.values[1])  # type: ignore[attr-defined]


@strawberry.input(description="Words.")
class By:
    name: str | None = until(described("Words."))


@strawberry.type(description="Words.")
class Thing:
    plain: int = until(described("Words."))

    @until
    @field
    def made(self, of: Annotated[Shape | None, until(argument("Words."))] = None) -> int:
        """Words."""
        return 1 if of else 2


def test_a_part_is_deprecated_in_code_with_its_day() -> None:
    printed = " ".join(strawberry.Schema(query=Thing, types=[By]).as_str().split())

    mark = '@deprecated(reason: "Use `size`. Removed on 2027-06-01 or later.")'
    for part in ("plain: Int!", "): Int!", "of: Shape", "name: String", "FLAT"):
        assert f"{part} {mark}" in printed
    assert printed.count(mark) == 5
    assert removal_day("Use `size`. Removed on 2027-06-01 or later.") == date(2027, 6, 1)
    assert removal_day("Removed at some time.") is None


def test_what_is_no_schema_is_refused() -> None:
    with pytest.raises(GraphQLSyntaxError):
        changes_between("# Notes", BASE, TODAY)
    with pytest.raises(TypeError, match="Unknown type: 'Nothing'"):
        changes_between("type Query { a: Nothing }", BASE, TODAY)
