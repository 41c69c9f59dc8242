"""Every mutation, with every kind of credentials: who may not, changes nothing."""

from collections.abc import Callable
from typing import Any

import pytest
from graphql import EnumValueNode, FieldDefinitionNode, ObjectTypeDefinitionNode, parse, print_ast

from audit import Act
from graph.schema import schema
from tests.isolation.world import CALLERS, Caller, World
from tests.studio import PASSWORD

WIDEST_FIRST = ["USER", "ORGANIZATION", "WORKSPACE"]
MUTATIONS: dict[str, FieldDefinitionNode] = {
    field.name.value: field
    for definition in parse(schema.as_str()).definitions
    if isinstance(definition, ObjectTypeDefinitionNode) and definition.name.value == "Mutation"
    for field in definition.fields or ()
}


def narrowest(mutation: str) -> str:
    (scope,) = [one for one in MUTATIONS[mutation].directives or () if one.name.value == "scope"]
    (argument,) = scope.arguments or ()
    assert isinstance(argument.value, EnumValueNode)
    return argument.value.value


def of_publication(world: World) -> dict[str, Any]:
    return {"publicationId": world.ids["publication"]}


def of_profile(world: World) -> dict[str, Any]:
    return {"userId": world.ids["owner"]}


def given(**values: Any) -> Callable[[World], dict[str, Any]]:
    """As an `input`; a value that names something of the world is its id."""
    return lambda world: {"input": {name: _known(world, value) for name, value in values.items()}}


def bare(**values: Any) -> Callable[[World], dict[str, Any]]:
    return lambda world: {name: _known(world, value) for name, value in values.items()}


def _known(world: World, value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _known(world, one) for name, one in value.items()}
    if isinstance(value, list):
        return [_known(world, one) for one in value]
    return world.ids.get(value, value) if isinstance(value, str) else value


def events(world: World) -> dict[str, Any]:
    asset = {"subject": {"assetId": world.ids["lamp"]}, "action": "VIEW_3D"}
    profile = {"subject": {"profileUserId": world.ids["owner"]}, "action": "PROFILE_VIEW"}
    view = {"subject": {"publicationId": world.ids["publication"]}, "action": "VIEW"}
    return {"events": [asset, profile, view]}


# What is asked of the studio's side, and who there may do so. `ANYONE`: whoever is signed in as a person.
ANYONE = "ANYONE"
MAKERS = {"owner", "cocreator"}
ADMINS = {"admin", "chief", "admin@Works"}
ASKED: dict[str, tuple[Callable[[World], dict[str, Any]], set[str]]] = {
    "login": (given(authenticationKey="vgk_wrong"), set()),
    # What strangers may ask, and only by a secret or a setting.
    "refreshAccessToken": (bare(refreshToken="vgr_wrong"), set()),
    "requestPasswordReset": (bare(email="owner@example.com"), set()),
    "resetPassword": (given(token="vgl_wrong", password="a password of a stranger"), set()),
    "signUp": (given(email="a@b.example", username="new", password="a password of a stranger"), set()),
    "confirmEmail": (bare(token="vgl_wrong"), set()),
    # One of them has a password, and no mail is sent.
    "changePassword": (
        given(currentPassword=PASSWORD, newPassword="a password of a stranger"),
        {"passer-by"},
    ),
    "changeEmail": (given(email="taken@example.com", password=PASSWORD), set()),
    "linkIdentity": (bare(token="of nobody"), set()),
    "unlinkIdentity": (bare(subject="owner"), set()),
    "signOut": (bare(), {caller.name for caller in CALLERS if caller.person and not caller.has_key}),
    "signOutEverywhere": (bare(), {ANYONE}),
    "issueOrganizationToken": (bare(organizationId="Works"), {"admin", "chief", "member"}),
    "issueWorkspaceToken": (
        bare(organizationId="Works", workspaceId="Lighting"),
        {"admin", "chief", "admin@Works"},
    ),
    "issueStreamTicket": (bare(), {caller.name for caller in CALLERS if caller.person}),
    "createAuthenticationKey": (given(name="mine"), {ANYONE}),
    "revokeAuthenticationKey": (bare(id="key"), {"owner"}),
    # Others' are dropped, one by one: below.
    "recordEvents": (events, {"owner", "cocreator", "admin", "chief", "admin@Works"}),
    "removeEvents": (
        bare(subject={"publicationId": "publication"}, eventIds=["a view"]),
        MAKERS,
    ),
    "createPublication": (given(name="Mine", customUrl="mine"), {ANYONE}),
    "updatePublication": (given(id="publication", name="Taken"), MAKERS),
    "inviteCoCreator": (bare(publicationId="publication", userId="passer-by"), {"owner"}),
    "addCoCreator": (bare(publicationId="publication", userId="passer-by"), {"owner"}),
    "leavePublication": (of_publication, {"cocreator"}),
    "removeCoCreator": (bare(publicationId="publication", userId="cocreator"), MAKERS),
    "publishExperience": (
        given(publicationId="publication", type="QUEST", title="A"),
        MAKERS,
    ),
    "likePublication": (of_publication, {ANYONE}),
    "unlikePublication": (of_publication, {ANYONE}),
    "bookmarkPublication": (of_publication, {ANYONE}),
    "unbookmarkPublication": (of_publication, {ANYONE}),
    "sharePublication": (of_publication, {ANYONE}),
    "commentOnPublication": (given(publicationId="publication", body="Well done"), {ANYONE}),
    "deleteComment": (bare(id="comment"), {"owner", "cocreator", "stranger"}),
    "bookAppointment": (
        given(publicationId="publication", startsAt="2023-08-01T10:00:00Z", endsAt="2023-08-01T11:00:00Z"),
        {ANYONE},
    ),
    "cancelAppointment": (bare(id="appointment"), {"owner", "cocreator", "stranger"}),
    "followUser": (of_profile, {ANYONE}),
    "unfollowUser": (of_profile, {ANYONE}),
    "updateViewer": (given(name="Mine"), {ANYONE}),
    "createUserInsight": (given(numberOfRoles=1), {ANYONE}),
    "updateUserInsight": (given(numberOfRoles=2), {"owner"}),
    "createOrganization": (given(name="Mine"), {ANYONE}),
    "createWorkspace": (given(organizationId="Works", name="More"), ADMINS),
    "inviteMember": (given(organizationId="Works", userId="rival", role="ADMIN"), ADMINS),
    "addMember": (given(organizationId="Works", userId="rival", role="ADMIN"), ADMINS),
    "inviteToWorkspace": (bare(workspaceId="Lighting", userId="member"), ADMINS),
    "changeMemberRole": (given(organizationId="Works", userId="member", role="ADMIN"), ADMINS),
    "removeMember": (given(organizationId="Works", userId="member"), ADMINS),
    "leaveOrganization": (bare(organizationId="Works"), {*ADMINS, "member", "member@Works"}),
    "removeFromWorkspace": (bare(workspaceId="Furniture", userId="member"), ADMINS),
    "leaveWorkspace": (bare(workspaceId="Furniture"), {"member", "member@Works"}),
    "acceptInvitation": (bare(id="invitation"), {"stranger"}),
    "declineInvitation": (bare(id="invitation"), {"stranger"}),
    "withdrawInvitation": (bare(id="invitation"), ADMINS),
    "createAsset": (given(workspaceId="Lighting", name="A lamp"), ADMINS),
    "setDomainAliases": (
        given(organizationId="Works", aliases=[{"domain": "www.taken.example", "name": "taken.example"}]),
        {"admin", "chief", "admin@Works"},
    ),
    "setOwnDomainAliases": (
        given(aliases=[{"domain": "www.mine.example", "name": "mine.example"}]),
        {ANYONE},
    ),
    "deleteExperience": (bare(id="experience"), MAKERS),
    "deletePublication": (bare(publicationId="publication"), {"owner"}),
    "deleteAsset": (bare(id="lamp"), {"admin", "chief", "admin@Works"}),
    "deleteWorkspace": (bare(id="Lighting"), {"admin", "chief", "admin@Works"}),
    "deleteOrganization": (bare(organizationId="Works"), {"chief"}),
    "exportAccount": (bare(), {ANYONE}),
    "deleteAccount": (given(password=PASSWORD), {ANYONE}),
    "updateAsset": (given(id="lamp", name="Taken"), {"admin", "chief", "admin@Works"}),
}
RECORDED: dict[str, Act] = {
    "changePassword": Act.PASSWORD_CHANGED,
    "signOutEverywhere": Act.SIGN_INS_ENDED,
    "createAuthenticationKey": Act.KEY_CREATED,
    "revokeAuthenticationKey": Act.KEY_REVOKED,
    "createPublication": Act.PUBLICATION_CREATED,
    "inviteCoCreator": Act.CO_CREATOR_INVITED,
    "addCoCreator": Act.CO_CREATOR_INVITED,
    "leavePublication": Act.CO_CREATOR_REMOVED,
    "removeCoCreator": Act.CO_CREATOR_REMOVED,
    "deleteComment": Act.COMMENT_DELETED,
    "removeEvents": Act.EVENTS_REMOVED,
    "createOrganization": Act.ORGANIZATION_CREATED,
    "createWorkspace": Act.WORKSPACE_CREATED,
    "inviteMember": Act.MEMBER_INVITED,
    "addMember": Act.MEMBER_INVITED,
    "inviteToWorkspace": Act.WORKSPACE_MEMBER_INVITED,
    "acceptInvitation": Act.MEMBER_ADDED,
    "declineInvitation": Act.INVITATION_DECLINED,
    "withdrawInvitation": Act.INVITATION_WITHDRAWN,
    "changeMemberRole": Act.ROLE_CHANGED,
    "leaveOrganization": Act.MEMBER_REMOVED,
    "removeFromWorkspace": Act.WORKSPACE_MEMBER_REMOVED,
    "leaveWorkspace": Act.WORKSPACE_MEMBER_REMOVED,
    "removeMember": Act.MEMBER_REMOVED,
    "setDomainAliases": Act.ALIASES_CHANGED,
    "setOwnDomainAliases": Act.ALIASES_CHANGED,
    "deletePublication": Act.PUBLICATION_DELETED,
    "deleteExperience": Act.EXPERIENCE_DELETED,
    "deleteAsset": Act.ASSET_DELETED,
    "deleteWorkspace": Act.WORKSPACE_DELETED,
    "deleteOrganization": Act.ORGANIZATION_DELETED,
    "deleteAccount": Act.ACCOUNT_DELETED,
    "exportAccount": Act.ACCOUNT_EXPORTED,
}
"""What the audit trail tells of each mutation, when it is asked as above."""
UNRECORDED = {
    # Who signs in changes nobody's rights.
    *("login", "issueOrganizationToken", "issueWorkspaceToken", "issueStreamTicket"),
    *("refreshAccessToken", "signOut"),
    # Nobody may do these as above. What is told of them is tested with accounts.
    *("requestPasswordReset", "resetPassword", "signUp", "confirmEmail", "changeEmail"),
    *("linkIdentity", "unlinkIdentity"),
    # What people do, and say of themselves, is theirs, and stands where it is stored.
    *("recordEvents", "likePublication", "unlikePublication", "bookmarkPublication", "unbookmarkPublication"),
    *("sharePublication", "commentOnPublication", "bookAppointment", "cancelAppointment"),
    *("followUser", "unfollowUser", "updateViewer", "createUserInsight", "updateUserInsight"),
    # Nobody may see or do more or less by it. What of an update changes that is tested with the trail.
    *("publishExperience", "createAsset", "updatePublication", "updateAsset"),
}
"""Mutations of which the audit trail tells nothing, when they are asked as above, and why."""
LEAVES = {("removeMember", "member"), ("removeMember", "member@Works")}
DENIED = {"UNAUTHENTICATED", "FORBIDDEN", "NOT_FOUND"}


def document(mutation: str) -> str:
    field = MUTATIONS[mutation]
    types = {
        argument.name.value: print_ast(argument.type)
        for argument in field.arguments or ()
        if argument.default_value is None
    }
    declared = ", ".join(f"${name}: {type_}" for name, type_ in types.items())
    passed = ", ".join(f"{name}: ${name}" for name in types)
    if not types:
        return f"mutation {{ {mutation} {{ __typename }} }}"
    return f"mutation({declared}) {{ {mutation}({passed}) {{ __typename }} }}"


def may(caller: Caller, mutation: str) -> bool:
    _, rightful = ASKED[mutation]
    if caller.name in rightful or (mutation, caller.name) in LEAVES:
        return True
    return ANYONE in rightful and caller.person is not None and caller.scope == "USER"


def test_the_table_knows_every_mutation_and_each_says_with_which_tokens() -> None:
    assert set(ASKED) == set(MUTATIONS)
    assert sorted([*RECORDED, *UNRECORDED]) == sorted(MUTATIONS)
    assert {narrowest(mutation) for mutation in MUTATIONS} == set(WIDEST_FIRST)


async def test_who_may_not_changes_nothing(world: World, engine: str) -> None:
    denied = 0
    before = await world.everything()
    for mutation, (arguments, _) in ASKED.items():
        # So many tries in a row would be too many.
        world.studio.clock.advance(hours=1)
        for caller in CALLERS:
            if may(caller, mutation):
                continue
            answer = await world.ask(caller, document(mutation), arguments(world))
            assert await world.everything() == before, (mutation, caller)
            codes = {code for code, _ in answer.errors}
            if mutation == "recordEvents" and caller.person is not None:
                assert codes == set(), (caller, codes)
            elif caller.person and WIDEST_FIRST.index(caller.scope) > WIDEST_FIRST.index(narrowest(mutation)):
                assert codes == {"FORBIDDEN"}, (mutation, caller, codes)
            else:
                assert len(codes) == 1, (mutation, caller, codes)
                assert codes < DENIED, (mutation, caller, codes)
            denied += 1

    allowed = sum(may(caller, mutation) for mutation in ASKED for caller in CALLERS)
    print(  # noqa: T201
        f"{engine}: {len(ASKED)} mutations x {len(CALLERS)} kinds of credentials: "
        f"{denied} denied and without effect, {allowed} allowed"
    )
    assert denied + allowed == len(ASKED) * len(CALLERS)


async def test_only_the_owner_says_what_everybody_sees(world: World) -> None:
    before = await world.everything()
    sharing = given(id="publication", name="Taken", sharedFigures=["TOTAL_VIEWS"])(world)
    for caller in CALLERS:
        if caller.name != "owner":
            answer = await world.ask(caller, document("updatePublication"), sharing)
            assert {code for code, _ in answer.errors} < DENIED, caller
            assert await world.everything() == before, caller


@pytest.mark.parametrize("mutation", [mutation for mutation, (_, rightful) in ASKED.items() if rightful])
@pytest.mark.parametrize("engine", ["sqlite"])
async def test_who_may_is_not_denied(world: World, mutation: str) -> None:
    """One of them, each in a world of its own. The audit trail tells of what it says above."""
    arguments, rightful = ASKED[mutation]
    name = "passer-by" if ANYONE in rightful else min(rightful)
    (caller,) = [one for one in CALLERS if one.name == name]
    before = await world.everything()
    known = len(await world.acts())

    answer = await world.ask(caller, document(mutation), arguments(world))

    assert answer.errors == []
    assert (await world.acts())[known:] == ([RECORDED[mutation].name] if mutation in RECORDED else [])
    changes_nothing = mutation.startswith(("issue", "un", "export"))
    assert changes_nothing or await world.everything() != before


async def test_events_are_recorded_by_those_whose_they_are(world: World) -> None:
    stored = {}
    for caller in CALLERS:
        query = "mutation($events: [EventInput!]!) { recordEvents(events: $events) { stored } }"
        answer = await world.ask(caller, query, events(world))
        told = answer.body["data"]["recordEvents"]
        stored[caller.name] = told and told["stored"]

    # One event each of the lamp, the owner's profile and the publication.
    assert stored == {
        "anonymous": None,
        "owner": 2,
        "cocreator": 1,
        "admin": 1,
        "chief": 1,
        "admin@Works": 1,
    } | dict.fromkeys(
        ("stranger", "member", "rival", "passer-by", "rival's key", "rival@Rivals", "rival@Secrets"), 0
    ) | dict.fromkeys(
        ("owner@Owned Works", "admin@Rivals", "admin@Furniture", "chief@Furniture"), 0
    ) | dict.fromkeys(("member@Works", "member@Furniture"), 0)
