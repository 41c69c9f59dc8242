from enum import Enum
from typing import Any, TypeVar

import strawberry
from graphql import GraphQLDirective, GraphQLOneOfDirective
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.schema_directive import Location
from strawberry.schema_directives import OneOf

from auth.access import Access
from auth.viewer import TokenScope
from graph.enums import described_enum

described_enum(
    Access,
    "A relation between the viewer and the object that has a field.",
    AUTHENTICATED="Anyone who is signed in.",
    SELF="The user that the object belongs to.",
    OWNER="The owner of the publication.",
    CO_CREATOR="A co-creator of the publication.",
    WORKSPACE_MEMBER="A member who acts with the token of the workspace (`issueWorkspaceToken`), only in "
    "that workspace.",
    ORGANIZATION_ADMIN="An owner or admin of the organization: in all its workspaces, or in the one that "
    "the token is for.",
)


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION],
    name="auth",
    description=(
        "The field is shown only to viewers who hold one of these relations to the object of the field. "
        "For others it is null, with an error UNAUTHENTICATED or FORBIDDEN at its path; the fields beside "
        "it are not affected."
    ),
)
class AuthDirective:
    requires: list[Access] = strawberry.field(description="One of these relations is enough.")


described_enum(
    TokenScope,
    "What a token is for.",
    USER="All that its user may do: a token of `login`, or an authentication key.",
    ORGANIZATION="One organization: a token of `issueOrganizationToken`.",
    WORKSPACE="One workspace: a token of `issueWorkspaceToken`.",
)


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION],
    name="scope",
    description=(
        "The mutation needs a token of this scope, or of a wider one. With a narrower token it is null, "
        "with the error FORBIDDEN. A token for an organization or workspace reaches nothing outside of it."
    ),
)
class ScopeDirective:
    narrowest: TokenScope = strawberry.field(description="The narrowest scope that is enough.")


@strawberry.enum(name="CacheControlScope", description="Who may be answered from the same cache.")
class CacheScope(Enum):
    PUBLIC = strawberry.enum_value("PUBLIC", description="Everybody.")
    PRIVATE = strawberry.enum_value("PRIVATE", description="The one viewer who asked.")


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION, Location.OBJECT],
    name="cacheControl",
    description=(
        "How long caches may keep the field, in seconds, and whether all viewers share it. The lowest "
        "maxAge of an operation wins; one PRIVATE field makes the whole answer PRIVATE. The maxAge of a "
        "type holds for each field that returns it and has no maxAge itself. Without any maxAge, scalars "
        "and fields with inheritMaxAge take the maxAge of their parent, and all other fields have 0."
    ),
)
class CacheControl:
    max_age: int | None = strawberry.field(
        description="In seconds. With 0, caches do not keep it.", default=strawberry.UNSET
    )
    scope: CacheScope | None = strawberry.field(description="PUBLIC when absent.", default=strawberry.UNSET)
    inherit_max_age: bool | None = strawberry.field(
        description="Whether the field takes the maxAge of its parent. Not together with maxAge.",
        default=strawberry.UNSET,
    )


A_MINUTE = CacheControl(max_age=60)
"""For what is the same for everybody. A request that changes it has a token, and so is not answered from a
shared cache."""
AN_HOUR = CacheControl(max_age=3600)
OF_ITS_PARENT = CacheControl(inherit_max_age=True)
PERSONAL = CacheControl(max_age=0, scope=CacheScope.PRIVATE)
"""For what depends on who asks."""


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION, Location.OBJECT],
    name="cost",
    description=(
        "What the field, or an object of the type, adds to the cost of an operation. Without this "
        "directive, an object adds 1, and a scalar or an enum value adds a tenth. The sum is rounded up."
    ),
)
class Cost:
    weight: str = strawberry.field(description="A number with one decimal at most.")


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION],
    name="listSize",
    description=(
        "How many items a list can have. The cost of an operation is estimated before it runs: what is "
        "selected of an item is multiplied by this number. A list without this directive counts as 10 "
        "items."
    ),
)
class ListSize:
    assumed_size: int | None = strawberry.field(
        description="The number of items if no argument says it.", default=strawberry.UNSET
    )
    slicing_arguments: list[str] | None = strawberry.field(
        description="Arguments that say the number of items: a number, or a list with as many entries. Of "
        "several arguments, the largest counts.",
        default=strawberry.UNSET,
    )
    sized_fields: list[str] | None = strawberry.field(
        description="The lists one level below that have this many items. When absent, the field is the "
        "list.",
        default=strawberry.UNSET,
    )
    require_one_slicing_argument: bool = strawberry.field(
        description="Whether one argument is required. Here none is.", default=True
    )


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION],
    name="seriesSize",
    description=(
        "The field makes a series. The cost of an operation is estimated before it runs. For this, the "
        "series has a point in each bucket of its range (`range`, `interval`, `timeZone`, `weekStart`) for "
        "each group (`groupBy`, `assetIds`, `workspaceIds`, `domain`); these arguments are on the field or "
        "on fields above it. Each point adds a tenth, and what is selected of a point is multiplied by the "
        "number of points. Every four totals that are read for the points add a tenth, too. A total is the "
        "count of one asset on one day; in a series by hours, in one hour; in a series by months, in one "
        "month."
    ),
)
class SeriesSize:
    sized_fields: list[str] = strawberry.field(description="The lists of points one level below.")


THE_EVENTS = ListSize(
    assumed_size=1_000,
    slicing_arguments=["events"],
    sized_fields=["results"],
    require_one_slicing_argument=False,
)


THE_IDS = ListSize(
    assumed_size=1_000,
    slicing_arguments=["eventIds"],
    sized_fields=["results"],
    require_one_slicing_argument=False,
)


A_PAGE = ListSize(
    assumed_size=20,
    slicing_arguments=["first", "last"],
    sized_fields=["edges"],
    require_one_slicing_argument=False,
)


SEVERAL_STATEMENTS = Cost(weight="5")
"""For figures: what they cost besides the object that holds them."""


A_SERIES = SeriesSize(sized_fields=["points"])


A_POINT = Cost(weight="0.2")


A_WRITE = Cost(weight="100")


A_REMOVAL = Cost(weight="500")
"""What the days of the removed events count is read and made again."""


A_SIGN_IN = Cost(weight="2000")
"""A sign-in with a password: hashing a password takes long on purpose."""


A_LINK = Cost(weight="10")


A_REPORT = Cost(weight="300")


def list_of(assumed: int, *slicing: str) -> ListSize:
    return ListSize(
        assumed_size=assumed,
        slicing_arguments=list(slicing) if slicing else strawberry.UNSET,
        require_one_slicing_argument=False,
    )


D = TypeVar("D", CacheControl, Cost, ListSize, SeriesSize)


def directive_on(declared: Any, kind: type[D]) -> D | None:
    """The directive of this kind on a field or a type of the schema."""
    definition = declared.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
    for directive in getattr(definition, "directives", None) or ():
        if isinstance(directive, kind):
            return directive
    return None


def _definition(directive: type) -> Any:
    return directive.__strawberry_directive__  # type: ignore[attr-defined]


# Strawberry's own directive has no description, and only the words of GraphQL itself are accepted for it.
_definition(OneOf).description = GraphQLOneOfDirective.description


def describe_arguments(made: dict[type, GraphQLDirective]) -> None:
    """Gives the arguments of directives their descriptions, which Strawberry drops."""
    for class_, directive in made.items():
        for field, argument in zip(_definition(class_).fields, directive.args.values(), strict=True):
            argument.description = field.description
