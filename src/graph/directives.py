from enum import Enum

import strawberry
from strawberry.schema_directive import Location

from auth.access import Access
from graph.enums import described_enum

described_enum(
    Access,
    "A relation between the viewer and an object.",
    AUTHENTICATED="Anyone who is signed in.",
    SELF="The user the object belongs to.",
    OWNER="The owner of the publication.",
    CO_CREATOR="A co-creator of the publication.",
    WORKSPACE_MEMBER="A member of the asset's workspace, with that workspace's token.",
    ORGANIZATION_ADMIN="An owner or admin of the organization: sees all its workspaces.",
)


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION],
    name="auth",
    description=(
        "The field is shown only to viewers who hold one of these relations to the object it stands on. "
        "A denied field is null and adds one error with the code UNAUTHENTICATED or FORBIDDEN at its path; "
        "its siblings are not touched."
    ),
)
class AuthDirective:
    requires: list[Access]


@strawberry.enum(name="CacheControlScope", description="Who may be answered from the same cache.")
class CacheScope(Enum):
    PUBLIC = strawberry.enum_value("PUBLIC", description="Everybody.")
    PRIVATE = strawberry.enum_value("PRIVATE", description="The one viewer who asked.")


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION, Location.OBJECT],
    name="cacheControl",
    description=(
        "How long the field may be served from cache, and whether one viewer or all share it. The lowest "
        "maxAge of an operation wins; one PRIVATE field makes the whole answer PRIVATE. A maxAge is in "
        "seconds; that of a type is for each field that returns it and has none. Without any, a scalar is as "
        "its parent, as is what has inheritMaxAge, and everything else has 0."
    ),
)
class CacheControl:
    max_age: int | None = strawberry.UNSET
    scope: CacheScope | None = strawberry.UNSET
    inherit_max_age: bool | None = strawberry.UNSET


A_MINUTE = CacheControl(max_age=60)
"""Of what everybody may see alike. Who changes it has a token, and does not see it from cache."""
AN_HOUR = CacheControl(max_age=3600)
OF_ITS_PARENT = CacheControl(inherit_max_age=True)
PERSONAL = CacheControl(max_age=0, scope=CacheScope.PRIVATE)
"""Of what depends on who asks."""
