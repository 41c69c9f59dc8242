"""How long an answer may be kept, and for whom: Apollo's rules on a schema made for them, and on ours."""

from collections.abc import Iterator
from typing import Any

import pytest
import strawberry
from graphql import (
    GraphQLField,
    GraphQLNamedType,
    GraphQLSchema,
    get_named_type,
    get_operation_ast,
    is_interface_type,
    is_object_type,
    parse,
)
from strawberry.schema.schema_converter import GraphQLCoreConverter

from graph.cache_control import lifetime_of
from graph.directives import AuthDirective, CacheControl, CacheScope
from graph.schema import schema
from resolvers.execution import Lifetime

OURS = schema._schema


def lifetime(document: str, of: GraphQLSchema = OURS, operation: str | None = None) -> Lifetime | None:
    parsed = parse(document)
    found = get_operation_ast(parsed, operation)
    assert found
    return lifetime_of(of, parsed, found)


# Apollo's rules


def cached(
    max_age: int | None = strawberry.UNSET,
    scope: CacheScope | None = strawberry.UNSET,
    inherit: bool | None = strawberry.UNSET,
) -> list[object]:
    return [CacheControl(max_age=max_age, scope=scope, inherit_max_age=inherit)]


@strawberry.interface
class Thing:
    id: str


@strawberry.type(directives=cached(30))
class Short(Thing):
    name: str
    secret: str = strawberry.field(directives=cached(scope=CacheScope.PRIVATE))


@strawberry.type(directives=cached(90))
class Long(Thing):
    name: str
    fresh: str = strawberry.field(directives=cached(5))
    plain: "Plain"
    inheriting: "Plain" = strawberry.field(directives=cached(inherit=True))
    personal: "Plain" = strawberry.field(directives=cached(inherit=True, scope=CacheScope.PRIVATE))
    short: Short = strawberry.field(directives=cached(inherit=True))
    list: "Page"


@strawberry.type
class Plain:
    name: str
    hinted: str = strawberry.field(directives=cached(7))


@strawberry.type(directives=cached(inherit=True))
class Page:
    total: int
    long: Long


@strawberry.type
class Query:
    scalar: int
    hinted_scalar: int = strawberry.field(directives=cached(40))
    plain: Plain
    short: Short
    longer: Short = strawberry.field(directives=cached(50))
    whose: Short = strawberry.field(directives=cached(scope=CacheScope.PRIVATE))
    everybodys: Short = strawberry.field(directives=cached(scope=CacheScope.PUBLIC))
    long: Long
    thing: Thing
    either: "Short | Long"
    page: Page


@strawberry.type
class Mutation:
    long: Long


MADE = strawberry.Schema(Query, Mutation, types=[Short, Long])._schema


@pytest.mark.parametrize(
    ("document", "seconds", "is_private"),
    [
        # Roots have 0, and so has what is not a scalar.
        ("{ scalar }", 0, False),
        ("{ hintedScalar }", 40, False),
        ("{ hintedScalar scalar }", 0, False),
        ("{ plain { name } }", 0, False),
        ("{ long { plain { name } } }", 0, False),
        # A type's hint is its fields', unless a field says otherwise.
        ("{ long { name } }", 90, False),
        ("{ longer { name } }", 50, False),
        # The lowest wins.
        ("{ long { name fresh } }", 5, False),
        ("{ long { name } short { name } }", 30, False),
        # What is inherited adds nothing, but what stands in it does; a type's own hint goes before it.
        ("{ long { inheriting { name } } }", 90, False),
        ("{ long { inheriting { hinted } } }", 7, False),
        ("{ long { short { name } } }", 30, False),
        ("{ long { list { total } } }", 90, False),
        ("{ page { total } }", 0, False),
        # One PRIVATE makes all so.
        ("{ short { name } whose { name } }", 30, True),
        ("{ short { secret } }", 30, True),
        ("{ long { personal { name } } }", 90, True),
        ("{ everybodys { name } }", 30, False),
        ("{ everybodys { secret } }", 30, True),
        # Each type counts that may come.
        ("{ thing { id } }", 30, False),
        ("{ thing { ... on Long { name } } }", 30, False),
        ("{ either { ... on Long { fresh } } }", 5, False),
        ("{ either { ... on Short { secret } } }", 30, True),
        # Nothing can be asked for in a way that is not looked through.
        ("{ ...A } fragment A on Query { long { ...B } } fragment B on Long { fresh }", 5, False),
        ("{ a: long { b: fresh } }", 5, False),
        ("{ ... { long { ... { fresh } } } }", 5, False),
        ("query($no: Boolean = false) { long { name fresh @include(if: $no) } }", 5, False),
        ("{ long { name fresh @skip(if: true) } }", 5, False),
        # What the schema says of itself.
        ("{ __typename }", 0, False),
        ("{ long { __typename } }", 90, False),
        ("{ __schema { types { name } } }", 300, False),
        ('{ __type(name: "Query") { name } long { fresh } }', 5, False),
    ],
)
def test_the_most_restrictive_field_decides(document: str, seconds: int, is_private: bool) -> None:
    assert lifetime(document, MADE) == Lifetime(seconds, is_private)


def test_of_several_operations_the_one_that_is_executed_counts() -> None:
    both = "query A { long { name } } query B { long { fresh } }"

    assert lifetime(both, MADE, "A") == Lifetime(90, is_private=False)
    assert lifetime(both, MADE, "B") == Lifetime(5, is_private=False)


def test_nothing_is_kept_of_a_mutation() -> None:
    assert lifetime("mutation { long { name } }", MADE) is None


def test_fragments_that_name_each_other_many_times_are_looked_through_once() -> None:
    chain = "".join(f"fragment F{n} on Long {{ ...F{n + 1} ...F{n + 1} a{n}: name }} " for n in range(60))

    assert lifetime(f"{{ long {{ ...F0 }} }} {chain} fragment F60 on Long {{ fresh }}", MADE) == Lifetime(
        5, is_private=False
    )


# Our schema

PUBLIC = {
    "Experience",
    "ExperienceConnection",
    "ExperienceEdge",
    "InsightScoreParts",
    "Limits",
    "PageInfo",
    "Publication",
    "PublicationConnection",
    "PublicationEdge",
    "SharedFigure",
    "User",
    "UserInsight",
    "Work",
}
"""Types that answer everybody alike, but for their fields with @auth. To add one is to have thought of it."""
PUBLIC_ROOTS = {"limits", "publication", "publications", "user", "userInsight"}


def ways() -> dict[str, list[str]]:
    """For each `Type.field` that can be asked for a way to it, as selections from the root; by what is
    public, where it can be."""
    assert OURS.query_type
    found: dict[str, list[str]] = {}
    roots = fields(OURS.query_type)
    for root in sorted(roots, key=lambda name: name not in PUBLIC_ROOTS):
        found[f"Query.{root}"] = [root]
        waiting = [([root], roots[root])]
        while waiting:
            way, field = waiting.pop(0)
            for returned in returned_by(field):
                is_narrowed = returned is not get_named_type(field.type)
                to_it = [*way, f"... on {returned.name}"] if is_narrowed else way
                for name, of_it in fields(returned).items():
                    if f"{returned.name}.{name}" not in found:
                        found[f"{returned.name}.{name}"] = [*to_it, name]
                        waiting.append(([*to_it, name], of_it))
    return found


def fields(type_: Any) -> dict[str, GraphQLField]:
    declared: dict[str, GraphQLField] = type_.fields
    return declared


def returned_by(field: GraphQLField) -> Iterator[GraphQLNamedType]:
    type_ = get_named_type(field.type)
    if is_interface_type(type_):
        yield from OURS.get_possible_types(type_)
    elif is_object_type(type_):
        yield type_


def selected(way: list[str], field: GraphQLField) -> str:
    """Arguments are left out: nobody looks at them here."""
    last = " { __typename }" if list(returned_by(field)) else ""
    return " { ".join(way) + last + " }" * (len(way) - 1)


def all_fields() -> Iterator[tuple[str, str, GraphQLField]]:
    """Each with its name and how to ask for it."""
    for name, way in ways().items():
        type_name, _, field_name = name.partition(".")
        field = fields(OURS.type_map[type_name])[field_name]
        yield name, selected(way, field), field


def is_protected(field: GraphQLField) -> bool:
    definition = field.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
    return any(isinstance(directive, AuthDirective) for directive in getattr(definition, "directives", ()))


def test_what_is_protected_is_private_whatever_stands_around_it() -> None:
    around = '__typename limits { maxNodes } publication(url: "x") { name } __schema { queryType { name } }'
    protected = {name: asked for name, asked, field in all_fields() if is_protected(field)}

    assert sorted(protected) == [
        "Asset.metrics",
        "Organization.auditTrail",
        "Organization.domainAliases",
        "Organization.invitations",
        "Organization.members",
        "Organization.metrics",
        "Publication.actions",
        "Publication.appointments",
        "Publication.auditTrail",
        "Publication.comments",
        "Publication.experienceCounts",
        "Publication.invitations",
        "Publication.metrics",
        "Publication.socialMetrics",
        "Publication.views",
        "User.auditTrail",
        "User.authenticationKeys",
        "User.bookedAppointments",
        "User.domainAliases",
        "User.invitations",
        "User.linkedIdentities",
        "User.receivedAppointments",
        "User.receivedComments",
        "UserInsight.profileSearches",
        "UserInsight.profileViews",
        "Workspace.metrics",
    ]
    for asked in protected.values():
        for document in (
            f"{{ {asked} }}",
            f"{{ {around} {asked} }}",
            f"{{ {around} ...F }} fragment F on Query {{ ... @include(if: false) {{ {asked} }} }}",
        ):
            assert lifetime(document) == Lifetime(0, is_private=True), document


def test_only_what_answers_everybody_alike_may_be_kept_for_all() -> None:
    kept = {
        name for name, asked, _ in all_fields() if (found := lifetime(f"{{ {asked} }}")) and found.seconds
    }

    assert {name for name in kept if name.startswith("Query.")} == {f"Query.{name}" for name in PUBLIC_ROOTS}
    assert {name.partition(".")[0] for name in kept} - {"Query"} == PUBLIC


def test_what_is_not_kept_for_all_is_private() -> None:
    """But for what nobody has thought of, of which nothing is kept at all."""
    found = {name: lifetime(f"{{ {asked} }}") for name, asked, _ in all_fields()}

    assert {name for name, kept in found.items() if kept == Lifetime(0, is_private=False)} == set()
    assert {kept.seconds for kept in found.values() if kept and kept.is_private} == {0}
