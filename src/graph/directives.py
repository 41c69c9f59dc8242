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
