"""Who sees what: every protected field of the schema, as every kind of viewer, at every door to it."""

from collections.abc import Iterator
from copy import deepcopy
from datetime import timedelta
from typing import Any, NamedTuple
from uuid import uuid4

import pytest
from graphql import FieldDefinitionNode, NonNullTypeNode, ObjectTypeDefinitionNode, parse, print_ast

from auth.tokens import Claims, Signer
from base.ids import Kind, global_id, uuid7
from graph.schema import schema
from models import CoCreator, Publication
from tests.graph import test_access_of_insiders
from tests.studio import Answer, Studio

TABLE = """
field                         anonymous        stranger   cocreator  owner  admin      member
Publication.actions           UNAUTHENTICATED  FORBIDDEN  shown      shown  FORBIDDEN  FORBIDDEN
Publication.appointments      UNAUTHENTICATED  FORBIDDEN  shown      shown  FORBIDDEN  FORBIDDEN
Publication.auditTrail        UNAUTHENTICATED  FORBIDDEN  FORBIDDEN  shown  FORBIDDEN  FORBIDDEN
Publication.comments          UNAUTHENTICATED  FORBIDDEN  shown      shown  FORBIDDEN  FORBIDDEN
Publication.invitations       UNAUTHENTICATED  FORBIDDEN  FORBIDDEN  shown  FORBIDDEN  FORBIDDEN
Publication.experienceCounts  UNAUTHENTICATED  FORBIDDEN  shown      shown  FORBIDDEN  FORBIDDEN
Publication.metrics           UNAUTHENTICATED  FORBIDDEN  shown      shown  FORBIDDEN  FORBIDDEN
Publication.socialMetrics     UNAUTHENTICATED  FORBIDDEN  shown      shown  FORBIDDEN  FORBIDDEN
Publication.views             UNAUTHENTICATED  FORBIDDEN  shown      shown  FORBIDDEN  FORBIDDEN
"""
"""Who sees which protected field: `shown`, or the code of the error in its place."""

ASKED = {
    "Publication.actions": (
        'actions(action: LIKE, range: {start: "2023-06-01", end: "2023-06-30"}, interval: MONTH) { count }'
    ),
    "Publication.appointments": "appointments { edges { node { startsAt } } }",
    "Publication.auditTrail": "auditTrail { edges { node { act by changes { name } } } }",
    "Publication.comments": "comments { edges { node { body } } }",
    "Publication.invitations": "invitations { totalCount }",
    "Publication.experienceCounts": "experienceCounts { quest total }",
    "Publication.metrics": "metrics { totalViews totalLikes monthlyActiveUsers }",
    "Publication.socialMetrics": "socialMetrics { followersCount followingCount }",
    "Publication.views": 'views(range: {start: "2023-06-01", end: "2023-06-30"}, interval: MONTH) { count }',
}
SHOWN: dict[str, Any] = {
    "Publication.actions": {"count": 1},
    "Publication.appointments": {"edges": [{"node": {"startsAt": "2023-07-20T10:00:00Z"}}]},
    "Publication.auditTrail": {
        "edges": [
            {"node": {"act": act, "by": "USER", "changes": []}}
            for act in ("CO_CREATOR_ADDED", "CO_CREATOR_INVITED", "PUBLICATION_CREATED")
        ]
    },
    "Publication.comments": {"edges": [{"node": {"body": "Ah."}}]},
    "Publication.invitations": {"totalCount": 0},
    "Publication.experienceCounts": {"quest": 1, "total": 1},
    "Publication.metrics": {"totalViews": 1, "totalLikes": 1, "monthlyActiveUsers": 1},
    "Publication.socialMetrics": {"followersCount": 1, "followingCount": 0},
    "Publication.views": {"count": 1},
}
SIBLINGS = "name customUrl createdAt allowBookings owner { username } coCreators { username }"
PUBLIC = {
    "name": "Ai Research Studio",
    "customUrl": "ai-research-studio",
    "createdAt": "2023-06-15T12:00:00Z",
    "allowBookings": True,
    "owner": {"username": "owner"},
    "coCreators": [{"username": "cocreator"}],
}


def _table() -> dict[str, dict[str, str]]:
    (_, *viewers), *rows = [line.split() for line in TABLE.strip().splitlines()]
    return {field: dict(zip(viewers, seen, strict=True)) for field, *seen in rows}


WHO_SEES = _table()
VIEWERS = ["anonymous", "stranger", "cocreator", "owner", "admin", "member"]


def _fields() -> Iterator[tuple[str, FieldDefinitionNode]]:
    for definition in parse(schema.as_str()).definitions:
        if isinstance(definition, ObjectTypeDefinitionNode):
            for field in definition.fields or ():
                yield f"{definition.name.value}.{field.name.value}", field


def _protected() -> dict[str, FieldDefinitionNode]:
    return {
        name: field
        for name, field in _fields()
        if any(directive.name.value == "auth" for directive in field.directives or ())
    }


def test_every_protected_field_of_the_schema_stands_in_the_table() -> None:
    assert sorted(_protected()) == sorted([*WHO_SEES, *test_access_of_insiders.WHO_SEES])
    assert sorted(WHO_SEES) == sorted(ASKED) == sorted(SHOWN)


def test_the_table_knows_every_kind_of_viewer() -> None:
    assert [list(row) for row in WHO_SEES.values()] == [VIEWERS] * len(WHO_SEES)


def test_every_protected_field_may_be_null() -> None:
    assert [name for name, field in _protected().items() if isinstance(field.type, NonNullTypeNode)] == []


@pytest.fixture
async def busy(studio: Studio) -> Studio:
    """Where every protected figure is another than 0."""
    answer = await studio.ask(
        """mutation($publication: ID!, $owner: ID!) {
          likePublication(publicationId: $publication) { publication { id } }
          followUser(userId: $owner) { user { id } }
          commentOnPublication(input: {publicationId: $publication, body: "Ah."}) { comment { id } }
          bookAppointment(input: {
            publicationId: $publication, startsAt: "2023-07-20T10:00:00Z", endsAt: "2023-07-20T11:00:00Z"
          }) { appointment { id } }
        }""",
        "stranger",
        publication=studio.publication,
        owner=studio.people["owner"].id,
    )
    assert answer.data
    answer = await studio.ask(
        """mutation($publication: ID!) {
          publishExperience(input: {publicationId: $publication, type: QUEST, title: "Q"}) {
            experience { id }
          }
          recordEvents(events: [{subject: {publicationId: $publication}, action: VIEW}]) { stored }
        }""",
        "owner",
        publication=studio.publication,
    )
    assert answer.data
    return studio


ALL = f'{{ publication(url: "ai-research-studio") {{ {" ".join(ASKED.values())} {SIBLINGS} }} }}'


def _by(viewer: str) -> str | None:
    return None if viewer == "anonymous" else viewer


def _name(field: str) -> str:
    return field.partition(".")[2]


def _expected(viewer: str) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """The publication, and the errors in order of their paths."""
    publication = dict(PUBLIC)
    errors = []
    for field, seen in WHO_SEES.items():
        publication[_name(field)] = SHOWN[field] if seen[viewer] == "shown" else None
        if seen[viewer] != "shown":
            errors.append((seen[viewer], f"publication.{_name(field)}"))
    return publication, sorted(errors)


async def test_a_viewer_sees_what_the_table_says_and_each_denied_field_is_one_error(busy: Studio) -> None:
    for viewer in VIEWERS:
        answer = await busy.ask(ALL, _by(viewer))

        publication, errors = _expected(viewer)
        assert (answer.status, answer.body["data"]) == (200, {"publication": publication}), viewer
        assert answer.errors == errors, viewer


async def test_a_denied_field_nulls_itself_alone(busy: Studio) -> None:
    for field, row in WHO_SEES.items():
        for viewer, seen in row.items():
            asked = f'publication(url: "ai-research-studio") {{ name seen: {ASKED[field]} }}'
            answer = await busy.ask(f"{{ {asked} limits {{ maxNodes }} }}", _by(viewer))

            value = SHOWN[field] if seen == "shown" else None
            assert answer.body["data"] == {
                "publication": {"name": "Ai Research Studio", "seen": value},
                "limits": {"maxNodes": 100},
            }, (field, viewer)
            assert answer.errors == ([] if seen == "shown" else [(seen, "publication.seen")]), (field, viewer)


async def test_each_alias_of_a_denied_field_is_an_error_of_its_own(busy: Studio) -> None:
    answer = await busy.ask(
        """{ publication(url: "ai-research-studio") {
          a: metrics { totalViews } ... on Publication { b: metrics { totalLikes } } name
        } }""",
        "stranger",
    )

    assert answer.body["data"] == {"publication": {"a": None, "b": None, "name": "Ai Research Studio"}}
    assert answer.errors == [("FORBIDDEN", "publication.a"), ("FORBIDDEN", "publication.b")]


async def test_a_denial_says_who_would_be_let_in(busy: Studio) -> None:
    query = '{ publication(url: "ai-research-studio") { metrics { totalViews } } }'
    stranger, nobody = await busy.ask(query, "stranger"), await busy.ask(query)

    assert _message(stranger) == "Only for the owner of the publication and its co-creators."
    assert _message(nobody) == "Sign in to see this."


def _message(answer: Answer) -> str:
    (message,) = {error["message"] for error in answer.body["errors"]}
    return str(message)


# ------------------------------------------------------------------ credentials


async def _refused_credentials(studio: Studio) -> dict[str, tuple[dict[str, str], str]]:
    """Each of them the owner's, and none of them good: the headers, and what the viewer is told."""
    now, signer = studio.clock.now, studio.services.signer
    claims = Claims(studio.people["owner"].row.public_id)
    hour = timedelta(hours=1)
    foreign = Signer(
        ["another secret, of somebody else's"], lifetime=hour, issuer="viewgraph", audience="viewgraph"
    )
    expired_key, _ = await _key(studio, days=1)
    revoked_key, revoked_id = await _key(studio, days=30)
    studio.clock.advance(days=1)
    answer = await studio.ask(
        "mutation($id: ID!) { revokeAuthenticationKey(id: $id) { id } }", "owner", id=revoked_id
    )
    assert answer.data == {"revokeAuthenticationKey": {"id": revoked_id}}
    good = studio.token("owner")
    invalid_token, invalid_key = "The access token is not valid.", "The authentication key is not valid."
    return {
        "an expired token": (
            {"authorization": f"Bearer {signer.issue(claims, now).text}"},
            "The access token has expired. Sign in again.",
        ),
        "a token that somebody else signed": (
            {"authorization": f"Bearer {foreign.issue(claims, studio.clock.now).text}"},
            invalid_token,
        ),
        "a token that was changed": ({"authorization": f"Bearer {good[:-4]}AAAA"}, invalid_token),
        "a token of a user who is gone": (
            {"authorization": f"Bearer {signer.issue(Claims(uuid4()), studio.clock.now).text}"},
            "The access token is for somebody or something that is gone.",
        ),
        "an expired key": ({"authorization": f"Token {expired_key}"}, "The authentication key has expired."),
        "a revoked key": ({"authorization": f"Token {revoked_key}"}, invalid_key),
        "a key that never was": ({"authorization": "Token vgk_guessed"}, invalid_key),
        "a token as a key": ({"authorization": f"Token {good}"}, invalid_key),
        "another scheme": (
            {"authorization": "Basic b3duZXI6cGFzc3dvcmQ="},
            "Send `Authorization: Bearer <token>` or `Authorization: Token <key>`.",
        ),
    }


async def _key(studio: Studio, *, days: int) -> tuple[str, str]:
    """The secret of a new key of the owner's, and its id."""
    answer = await studio.ask(
        """mutation($days: Int!) { createAuthenticationKey(input: {name: "CI", days: $days}) {
          secret authenticationKey { id }
        } }""",
        "owner",
        days=days,
    )
    created = answer.data["createAuthenticationKey"]
    return created["secret"], created["authenticationKey"]["id"]


async def test_credentials_that_do_not_count_show_what_is_public_and_say_why(busy: Studio) -> None:
    publication, errors = _expected("anonymous")
    for kind, (headers, why) in (await _refused_credentials(busy)).items():
        answer = await busy.send({"query": ALL}, headers)

        assert (answer.status, answer.body["data"]) == (200, {"publication": publication}), kind
        assert answer.errors == errors, kind
        assert _message(answer) == why, kind


async def test_a_key_sees_what_its_owner_sees(busy: Studio) -> None:
    secret, _ = await _key(busy, days=1)

    answer = await busy.send({"query": ALL}, {"authorization": f"Token {secret}"})

    assert answer.data == {"publication": _expected("owner")[0]}


async def test_a_token_for_an_organization_or_a_workspace_opens_no_publication(busy: Studio) -> None:
    organization, workspace = await _token_for_organization(busy), await _token_for_workspace(busy)

    for token in (organization, workspace):
        answer = await busy.send({"query": ALL}, {"authorization": f"Bearer {token}"})

        publication, errors = _expected("member")
        assert answer.body["data"] == {"publication": publication}
        assert answer.errors == errors


async def _token_for_organization(studio: Studio) -> str:
    answer = await studio.ask(
        "mutation($id: ID!) { issueOrganizationToken(organizationId: $id) { accessToken } }",
        "member",
        id=studio.organization,
    )
    return str(answer.data["issueOrganizationToken"]["accessToken"])


async def _token_for_workspace(studio: Studio) -> str:
    answer = await studio.ask(
        """mutation($organization: ID!, $workspace: ID!) {
          issueWorkspaceToken(organizationId: $organization, workspaceId: $workspace) { accessToken }
        }""",
        "member",
        organization=studio.organization,
        workspace=studio.workspaces[0],
    )
    return str(answer.data["issueWorkspaceToken"]["accessToken"])


# ------------------------------------------------------------------------ doors


class Door(NamedTuple):
    """A way to a publication. `...Seen` stands where the publication is. They are tried in order."""

    field: str
    """The field of the schema that gives the publication."""
    operation: str
    path: str


def _payload(mutation: str) -> Door:
    return Door(
        "PublicationPayload.publication",
        f"mutation {{ {mutation}(publicationId: $publication) {{ publication {{ ...Seen }} }} }}",
        f"{mutation}.publication",
    )


LISTED = "{ edges { node { ...Seen } } }"
SLOT = 'startsAt: "2023-06-17T10:00:00Z", endsAt: "2023-06-17T11:00:00Z"'
DOORS = [
    Door("Query.publication", '{ publication(url: "ai-research-studio") { ...Seen } }', "publication"),
    Door("Query.node", "{ node(id: $publication) { ...Seen } }", "node"),
    Door("Query.nodes", "{ nodes(ids: [$owner, $publication]) { ...Seen } }", "nodes.1"),
    Door("PublicationEdge.node", f"{{ publications {LISTED} }}", "publications.edges.0.node"),
    Door("PublicationEdge.node", f"{{ publications(last: 1) {LISTED} }}", "publications.edges.0.node"),
    Door(
        "PublicationEdge.node",
        f'{{ user(by: {{username: "owner"}}) {{ publications {LISTED} }} }}',
        "user.publications.edges.0.node",
    ),
    Door(
        "PublicationEdge.node",
        f"{{ node(id: $owner) {{ ... on User {{ publications {LISTED} }} }} }}",
        "node.publications.edges.0.node",
    ),
    Door(
        "PublicationEdge.node",
        f'{{ publication(url: "ai-research-studio") {{ owner {{ publications {LISTED} }} }} }}',
        "publication.owner.publications.edges.0.node",
    ),
    Door(
        "Comment.publication",
        "{ node(id: $comment) { ... on Comment { publication { ...Seen } } } }",
        "node.publication",
    ),
    Door(
        "Comment.publication",
        'mutation { commentOnPublication(input: {publicationId: $publication, body: "Hm."}) '
        "{ comment { publication { ...Seen } } } }",
        "commentOnPublication.comment.publication",
    ),
    Door(
        "Appointment.publication",
        "{ node(id: $appointment) { ... on Appointment { publication { ...Seen } } } }",
        "node.publication",
    ),
    Door(
        "Appointment.publication",
        f"mutation {{ bookAppointment(input: {{publicationId: $publication, {SLOT}}}) "
        "{ appointment { publication { ...Seen } } } }",
        "bookAppointment.appointment.publication",
    ),
    Door(
        "Appointment.publication",
        "mutation { cancelAppointment(id: $appointment) { appointment { publication { ...Seen } } } }",
        "cancelAppointment.appointment.publication",
    ),
    Door(
        "DeleteCommentPayload.publication",
        "mutation { deleteComment(id: $comment) { publication { ...Seen } } }",
        "deleteComment.publication",
    ),
    Door(
        "PublicationEdge.node",
        f"mutation {{ followUser(userId: $owner) {{ user {{ publications {LISTED} }} }} }}",
        "followUser.user.publications.edges.0.node",
    ),
    *map(
        _payload,
        [
            "likePublication",
            "unlikePublication",
            "bookmarkPublication",
            "unbookmarkPublication",
            "sharePublication",
        ],
    ),
]
MAKERS_DOORS = {
    "CreatePublicationPayload.publication",
    "UpdatePublicationPayload.publication",
    "DeleteExperiencePayload.publication",
}
"""Of mutations that nobody but a maker can do."""
LIVE_DOORS = {"Subscription.publicationMetricsChanged"}
"""They stay open: tests/live/test_sockets.py goes through them."""

SEEN = "fragment Seen on Publication { customUrl metrics { totalViews } }"


INVITED_DOORS = {"Invitation.publication", "AcceptInvitationPayload.publication"}


async def test_who_is_invited_sees_the_figures_after_the_yes(busy: Studio) -> None:
    invite = """mutation($p: ID!, $u: ID!) { inviteCoCreator(publicationId: $p, userId: $u) {
      invitation { id } } }"""
    sent = await busy.ask(invite, "owner", p=busy.publication, u=busy.people["stranger"].id)
    id = sent.data["inviteCoCreator"]["invitation"]["id"]
    seen = (
        f"query($id: ID!) {{ node(id: $id) {{ ... on Invitation {{ publication {{ ...Seen }} }} }} }} {SEEN}"
    )

    before = await busy.ask(seen, "stranger", id=id)
    accept = f"mutation($id: ID!) {{ acceptInvitation(id: $id) {{ publication {{ ...Seen }} }} }} {SEEN}"
    after = await busy.ask(accept, "stranger", id=id)

    hidden = {"customUrl": "ai-research-studio", "metrics": None}
    assert before.body["data"]["node"]["publication"] == hidden
    assert before.errors == [("FORBIDDEN", "node.publication.metrics")]
    assert after.data["acceptInvitation"]["publication"]["metrics"] == {"totalViews": 1}


def test_every_field_that_leads_to_a_publication_is_a_door_of_these_tests() -> None:
    leading = {
        name for name, field in _fields() if print_ast(field.type).strip("[]!") in ("Publication", "Node")
    }

    assert leading == {door.field for door in DOORS} | MAKERS_DOORS | LIVE_DOORS | INVITED_DOORS


@pytest.fixture
async def ids(busy: Studio) -> dict[str, str]:
    """What the stranger left on the publication."""
    answer = await busy.ask(
        """mutation($publication: ID!) {
          commentOnPublication(input: {publicationId: $publication, body: "Hm."}) { comment { id } }
          bookAppointment(input: {
            publicationId: $publication, startsAt: "2023-06-16T10:00:00Z", endsAt: "2023-06-16T11:00:00Z"
          }) { appointment { id } }
        }""",
        "stranger",
        publication=busy.publication,
    )
    return {
        "$publication": busy.publication,
        "$owner": busy.people["owner"].id,
        "$comment": answer.data["commentOnPublication"]["comment"]["id"],
        "$appointment": answer.data["bookAppointment"]["appointment"]["id"],
    }


def _at(data: Any, path: str) -> Any:
    for step in path.split("."):
        data = data[int(step)] if isinstance(data, list) else data[step]
    return data


@pytest.mark.parametrize(("viewer", "metrics"), [("stranger", None), ("cocreator", {"totalViews": 1})])
async def test_the_same_rule_holds_at_every_door(
    busy: Studio, ids: dict[str, str], viewer: str, metrics: dict[str, int] | None
) -> None:
    for door in DOORS:
        operation = f"{door.operation} {SEEN}"
        for name, id in ids.items():
            operation = operation.replace(name, f'"{id}"')

        answer = await busy.ask(operation, viewer)

        errors = [] if metrics else [("FORBIDDEN", f"{door.path}.metrics")]
        assert answer.errors == errors, door
        seen = _at(answer.body["data"], door.path)
        assert seen == {"customUrl": "ai-research-studio", "metrics": metrics}, door


async def test_whoever_makes_a_publication_sees_its_figures_in_the_answer(studio: Studio) -> None:
    created = await studio.ask(
        f"""mutation {{ createPublication(input: {{name: "Own", customUrl: "own-studio"}}) {{
          publication {{ ...Seen }}
        }} }} {SEEN}""",
        "stranger",
    )
    updated = await studio.ask(
        f"""mutation($id: ID!) {{ updatePublication(input: {{id: $id, name: "New"}}) {{
          publication {{ ...Seen }}
        }} }} {SEEN}""",
        "cocreator",
        id=studio.publication,
    )

    views = {"totalViews": 0}
    assert created.data == {
        "createPublication": {"publication": {"customUrl": "own-studio", "metrics": views}}
    }
    assert updated.data == {
        "updatePublication": {"publication": {"customUrl": "ai-research-studio", "metrics": views}}
    }


async def test_a_list_denies_what_is_of_others_and_shows_what_is_own(busy: Studio) -> None:
    busy.clock.advance(seconds=1)
    await busy.add_publication("strangers-own", "stranger")

    answer = await busy.ask(f"{{ publications {{ edges {{ node {{ ...Seen }} }} }} }} {SEEN}", "stranger")

    assert answer.body["data"]["publications"]["edges"] == [
        {"node": {"customUrl": "ai-research-studio", "metrics": None}},
        {"node": {"customUrl": "strangers-own", "metrics": {"totalViews": 0}}},
    ]
    assert answer.errors == [("FORBIDDEN", "publications.edges.0.node.metrics")]


REMOVE = """mutation($publication: ID!, $user: ID!) {
  removeCoCreator(publicationId: $publication, userId: $user) { publication { ...Seen } }
} """


@pytest.mark.parametrize("by", ["owner", "cocreator"])
async def test_a_co_creator_sees_nothing_from_the_moment_of_going(busy: Studio, by: str) -> None:
    query = f'{{ publication(url: "ai-research-studio") {{ ...Seen }} }} {SEEN}'
    before = await busy.ask(query, "cocreator")
    assert before.data["publication"]["metrics"] == {"totalViews": 1}

    removed = await busy.ask(
        REMOVE + SEEN, by, publication=busy.publication, user=busy.people["cocreator"].id
    )
    after = await busy.ask(query, "cocreator")

    metrics = {"totalViews": 1} if by == "owner" else None
    assert removed.body["data"]["removeCoCreator"]["publication"]["metrics"] == metrics
    assert removed.errors == ([] if by == "owner" else [("FORBIDDEN", "removeCoCreator.publication.metrics")])
    assert after.body["data"]["publication"] == {"customUrl": "ai-research-studio", "metrics": None}
    assert after.errors == [("FORBIDDEN", "publication.metrics")]


KNOWS_APPOINTMENT = {
    "anonymous": False,
    "stranger": True,  # who booked it
    "cocreator": True,
    "owner": True,
    "admin": False,
    "member": False,
}


async def test_only_the_makers_and_whoever_booked_it_can_tell_an_appointment_from_none(
    busy: Studio, ids: dict[str, str]
) -> None:
    query = "query($id: ID!) { node(id: $id) { ... on Appointment { startsAt bookedBy { username } } } }"
    another = global_id(Kind.APPOINTMENT, uuid4())

    for viewer, knows in KNOWS_APPOINTMENT.items():
        answer, none = [await busy.ask(query, _by(viewer), id=id) for id in (ids["$appointment"], another)]

        assert none.body["data"] == {"node": None}, viewer
        assert none.errors == [("NOT_FOUND", "node")], viewer
        if knows:
            booked = {"startsAt": "2023-06-16T10:00:00Z", "bookedBy": {"username": "stranger"}}
            assert answer.data == {"node": booked}, viewer
        else:
            assert _told(answer) == _told(none), viewer


def _told(answer: Answer) -> dict[str, Any]:
    """All that an answer says, but for the request's id."""
    body = deepcopy(answer.body)
    for error in body.get("errors", ()):
        del error["extensions"]["requestId"]
    return body


# ------------------------------------------------------------------- statements


def _tables(statements: list[str]) -> list[str]:
    """The first table that each statement reads."""
    return [statement.partition("FROM ")[2].split()[0].strip("(") for statement in statements]


WHO, WHAT, RELATION = "users", "publications", "co_creators"
"""Who asks, what is asked about, and how the two relate: what any answer needs."""


async def test_a_denied_field_runs_no_statement_of_its_own(busy: Studio) -> None:
    """Without a plan, which reads the relation together with the publication."""
    query = f'{{ publication(url: "ai-research-studio") {{ {" ".join(ASKED.values())} }} }}'
    needed = {None: [WHAT], "stranger": [WHO, WHAT, RELATION], "admin": [WHO, WHAT, RELATION]}

    for viewer, tables in needed.items():
        with busy.statements() as statements:
            answer = await busy.ask(f"{query} # {uuid4()}", viewer)

        assert len(answer.errors) == len(ASKED)
        assert _tables(statements) == tables


async def test_a_denied_field_says_nothing_about_its_arguments(busy: Studio) -> None:
    query = """{ publication(url: "ai-research-studio") {
      metrics(range: {start: "2023-06-30", end: "2023-06-01"}) { totalViews }
    } }"""

    stranger, owner = await busy.ask(query, "stranger"), await busy.ask(query, "owner")

    assert stranger.errors == [("FORBIDDEN", "publication.metrics")]
    assert owner.errors == [("BAD_USER_INPUT", "publication.metrics")]


async def _add_publications(studio: Studio, count: int) -> None:
    """Of the owner's, with the co-creator."""
    now = studio.clock.now
    async with studio.services.database.writing() as session:
        added = [
            Publication(
                public_id=uuid7(now),
                owner_id=studio.people["owner"].row.id,
                name=f"Number {number}",
                custom_url=f"number-{number}",
                allow_bookings=False,
                created_at=now,
            )
            for number in range(count)
        ]
        session.add_all(added)
        await session.flush()
        maker = studio.people["cocreator"].row.id
        session.add_all(CoCreator(publication_id=row.id, user_id=maker, created_at=now) for row in added)


STATEMENTS = {"anonymous": 1, "stranger": 3, "cocreator": 11, "owner": 13}
"""Of a list with every protected field. The owner is known without asking for the relation."""


async def test_the_relation_to_50_publications_is_asked_in_one_statement(studio: Studio) -> None:
    for_one = {viewer: await _list(studio, viewer, length=1) for viewer in STATEMENTS}
    await _add_publications(studio, 49)
    for_fifty = {viewer: await _list(studio, viewer, length=50) for viewer in STATEMENTS}

    assert {viewer: len(tables) for viewer, tables in for_one.items()} == STATEMENTS
    assert {viewer: len(tables) for viewer, tables in for_fifty.items()} == STATEMENTS
    asked = {viewer: tables.count(RELATION) for viewer, tables in for_fifty.items()}
    assert asked == {"anonymous": 0, "stranger": 1, "cocreator": 1, "owner": 0}


async def _list(studio: Studio, viewer: str, *, length: int) -> list[str]:
    """The tables that it takes to answer without a plan."""
    selected = " ".join(ASKED.values())
    query = f"{{ publications(first: 50) {{ edges {{ node {{ {selected} }} }} }} }} # {uuid4()}"
    studio.clock.advance(hours=2)  # Nothing is in the cache any more.
    with studio.statements() as statements:
        answer = await studio.ask(query, _by(viewer))

    assert len(answer.body["data"]["publications"]["edges"]) == length
    assert answer.errors == sorted(
        (row[viewer], f"publications.edges.{number}.node.{_name(field)}")
        for number in range(length)
        for field, row in WHO_SEES.items()
        if row[viewer] != "shown"
    )
    return _tables(statements)
