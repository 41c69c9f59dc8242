import json
import re
import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import pytest

from auth.tokens import Claims
from base.ids import parse_global_id, uuid7
from models import Action, Device, Event
from server.graphql import reporting_requests
from server.graphql.manifest import NOTHING_TRUSTED
from server.graphql.persisted_documents import PersistedDocuments
from server.graphql.reporting_requests import reporting_in
from server.graphql.requested_documents import RequestedDocuments
from tests.studio import Answer, Studio
from tests.subjects import ACTIONS, Subjects, add_asset, add_subjects, stored_events, totals

RECORD = """mutation Record($events: [EventInput!]!) {
  recordEvents(events: $events) { stored duplicates dropped results { id status reason } }
}"""
ID = "11111111-1111-4111-8111-111111111111"
OTHER_ID = "22222222-2222-4222-8222-222222222222"
THIRD_ID = "33333333-3333-4333-8333-333333333333"
on_sqlite = pytest.mark.parametrize("engine", ["sqlite"])
"""For what the database has no part in."""
ENUMS = {"action", "deviceCategory", "sourceType"}


def literal(value: Any, name: str = "") -> str:
    """As it is written into a GraphQL document."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {literal(inner, key)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(literal(inner) for inner in value) + "]"
    return value if name in ENUMS and value else json.dumps(value)


def inline(events: list[dict[str, Any]]) -> str:
    return f"""mutation {{ recordEvents(events: {literal(events)}) {{
      stored duplicates dropped results {{ id status reason }}
    }} }}"""


def view(studio: Studio, **given: Any) -> dict[str, Any]:
    return {"subject": {"publicationId": studio.publication}, "action": "VIEW", **given}


async def record(studio: Studio, events: Any, by: str = "owner") -> Any:
    return (await studio.ask(RECORD, by, events=events)).data["recordEvents"]


def reasons(recorded: Any) -> Counter[str | None]:
    return Counter(result["reason"] for result in recorded["results"])


@pytest.fixture
async def subjects(studio: Studio) -> Subjects:
    return await add_subjects(studio)


class Told(NamedTuple):
    """What is stored of an event, but for what differs each time."""

    action: int
    device: int
    occurred_at: datetime
    view_id: UUID | None
    user_id: int | None
    visitor: bytes | None


def told(event: Event) -> Told:
    return Told(event.action, event.device, event.occurred_at, event.view_id, event.user_id, event.visitor)


async def test_variables_and_literals_give_the_same_outcomes(studio: Studio) -> None:
    ids = [f"0188be7a-7d00-7000-8000-00000000000{number}" for number in range(9)]
    sent = [
        view(studio, id=ids[0]),
        view(
            studio,
            id=ids[1],
            occurredAt="2023-06-14T10:00:00+02:00",
            viewId=ID,
            deviceCategory="TABLET",
            domain="https://Shop.example/",
            visitor='Ada "the first" \u2764',
            userId=studio.people["stranger"].id,
        ),
        view(studio, id=ids[0]),
        view(studio, id=ids[2], action="PLAY"),
        view(studio, id=ids[3], domain="two words"),
        view(studio, id=ids[4], userId="usr_nobody"),
        view(studio, id=ids[5], occurredAt="2023-06-15T12:05:01Z"),
        view(studio, id=ids[6], occurredAt="1970-01-01T23:59:59Z"),
        view(studio, id=ids[7], viewId="7"),
        view(studio, id=None, domain=None, deviceCategory=None, occurredAt=None, action="PLAY"),
        {"subject": {"publicationId": "pub_nothing"}, "action": "VIEW", "id": ids[8]},
    ]
    expected = [
        ("STORED", None),
        ("STORED", None),
        ("DUPLICATE", None),
        ("DROPPED", "WRONG_ACTION"),
        ("DROPPED", "INVALID_DOMAIN"),
        ("DROPPED", "UNKNOWN_USER"),
        ("DROPPED", "IN_THE_FUTURE"),
        ("DROPPED", "TOO_OLD"),
        ("DROPPED", "INVALID_ID"),
        ("DROPPED", "WRONG_ACTION"),
        ("DROPPED", "UNKNOWN_SUBJECT"),
    ]

    by_variables = await record(studio, sent)
    seen = [told(event) for event in await stored_events(studio)]
    shifted = json.loads(json.dumps(sent).replace("-7d00-", "-7d01-"))
    by_literals = (await studio.ask(inline(shifted), "owner")).data["recordEvents"]

    assert by_variables == {
        "stored": 2,
        "duplicates": 1,
        "dropped": 8,
        "results": [
            {"id": event["id"] or "", "status": status, "reason": reason}
            for event, (status, reason) in zip(sent, expected, strict=True)
        ],
    }
    assert json.dumps(by_literals).replace("-7d01-", "-7d00-") == json.dumps(by_variables)
    # The time of the first is inside its id, and that of its second version is a millisecond later.
    first, *others = [told(event) for event in await stored_events(studio)][2:]
    later = seen[0].occurred_at + timedelta(milliseconds=1)
    assert [first._replace(occurred_at=later), *others] == [seen[0]._replace(occurred_at=later), *seen[1:]]
    assert seen[1] == Told(
        Action.VIEW,
        Device.TABLET,
        datetime(2023, 6, 14, 8, tzinfo=UTC),
        UUID(ID),
        studio.people["stranger"].row.id,
        seen[1].visitor,
    )
    assert seen[1].visitor is not None
    assert await totals(studio) == {Action.VIEW: 4}


async def test_an_event_without_an_id_is_given_one(studio: Studio) -> None:
    recorded = await record(studio, [view(studio)])

    (event,) = await stored_events(studio)
    assert recorded["results"] == [{"id": str(event.id), "status": "STORED", "reason": None}]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"action": "LOOK"}, "Invalid enum value 'LOOK' - at `$[3].action`"),
        ({"action": None}, "Expected `str`, got `null` - at `$[3].action`"),
        ({"id": 7}, "Expected `str | null`, got `int` - at `$[3].id`"),
        *(
            (
                {"occurredAt": given},
                f"'{given}' is no instant with offset, such as 2023-06-04T23:59:59Z - at `$[3].occurredAt`",
            )
            for given in ("yesterday", "2023-06-15T12:00:00")
        ),
        ({"deviceCategory": "WATCH"}, "Invalid enum value 'WATCH' - at `$[3].deviceCategory`"),
        ({"subject": "pub_x"}, "Expected `object`, got `str` - at `$[3].subject`"),
        ({"subject": {"page": "x"}}, "Object contains unknown field `page` - at `$[3].subject`"),
        ({"colour": "red"}, "Object contains unknown field `colour` - at `$[3]`"),
    ],
)
@on_sqlite
async def test_a_wrong_type_is_named_with_its_place(
    studio: Studio, change: dict[str, Any], words: str
) -> None:
    answer = await studio.ask(
        RECORD, "owner", events=[view(studio)] * 3 + [{**view(studio), **change}, view(studio)]
    )

    assert answer.body["errors"][0]["message"] == f"Variable `$events` is no list of events: {words}."
    assert answer.extensions == {
        "code": "BAD_USER_INPUT",
        "argument": "events",
        "reason": "INVALID_EVENTS",
    }
    assert "data" not in answer.body
    assert await studio.count("events") == 0


@on_sqlite
async def test_an_event_in_the_lists_place_that_is_none_is_named(studio: Studio) -> None:
    answer = await studio.ask(RECORD, "owner", events=[view(studio), "VIEW"])

    assert answer.code == "BAD_USER_INPUT"
    assert "Expected `object`, got `str` - at `$[1]`" in answer.body["errors"][0]["message"]


@pytest.mark.parametrize("events", [None, 7, "VIEW", {"action": "VIEW"}])
@on_sqlite
async def test_what_is_no_list_is_refused_by_graphql_itself(studio: Studio, events: Any) -> None:
    answer = await studio.ask(RECORD, "owner", events=events)

    assert answer.errors == [("BAD_USER_INPUT", "")]


@on_sqlite
async def test_a_known_document_is_answered_as_a_new_one(studio: Studio) -> None:
    """The events of a known document are decoded with the request."""
    whole = view(
        studio,
        id=ID,
        occurredAt="2023-06-14T10:00:00+02:00",
        sentAt="2023-06-15T12:00:00Z",
        viewId="0188BEED-4200-7111-8111-0000000000AB",
        deviceCategory="TABLET",
        domain="https://Shop.example/",
        visitor='Ada "the first" \u2764',
        userId=studio.people["stranger"].id,
    )
    bare = view(studio, id=None, occurredAt=None)
    headers = {"authorization": f"Bearer {studio.token('owner')}"}

    async def answered(document: str, events: Any, id: str, **more: Any) -> Answer:
        variables = {"events": json.loads(json.dumps(events).replace(ID, id))}
        return await studio.send({"query": document, "variables": variables, **more}, headers)

    lists: list[Any] = [
        [whole, bare, {**whole, "action": "PLAY"}],
        [whole] * 60,
        [view(studio)] * 1_001,
        [bare, {**whole, "occurredAt": "yesterday"}],
        [bare, {**whole, "occurredAt": "2023-06-14T10:00:00", "id": None}],
        [bare, {**whole, "sentAt": 7}],
        [bare, {**whole, "subject": {"publicationId": "x", "assetId": "y"}}],
        [bare, {**whole, "subject": {}}],
        [bare, {"action": "VIEW"}],
        [bare, {**whole, "colour": "red"}],
        [bare, "VIEW"],
        [],
        whole,
        None,
    ]
    documents = RequestedDocuments(
        studio.services,
        PersistedDocuments(NOTHING_TRUSTED, only_trusted=False, registered_bytes=0),
        is_logged=False,
    )
    for number, events in enumerate(lists):
        document = f"{RECORD} # {number}"
        body = json.dumps({"query": document, "variables": {"events": [whole] * 60}}).encode()
        assert reporting_in(body, documents) is None
        new = await answered(document, events, ID)
        known = [
            await answered(document, events, OTHER_ID),
            await answered(document, events, THIRD_ID, extensions={"client": "x"}),
        ]

        # Else both ways would be the same.
        assert reporting_in(body, documents)
        for answer in known:
            assert (answer.status, without_ids(answer)) == (new.status, without_ids(new)), events
    stored = Counter([told(event) for event in await stored_events(studio)])
    assert sorted(stored.values()) == [3, 3]


@on_sqlite
async def test_a_document_without_the_events_is_invalid_each_time(studio: Studio) -> None:
    for _ in range(3):
        answer = await studio.ask(
            "mutation($events: [EventInput!]!) { recordEvents { stored } }", "owner", events=[]
        )

        assert {code for code, _ in answer.errors} == {"GRAPHQL_VALIDATION_FAILED"}


def without_ids(answer: Answer) -> str:
    return re.sub("[0-9a-f-]{32,36}", "an id", json.dumps(answer.body))


@on_sqlite
async def test_literals_of_a_wrong_type_do_not_validate(studio: Studio) -> None:
    answer = await studio.ask(inline([view(studio, action="LOOK")]), "owner")

    assert answer.code == "GRAPHQL_VALIDATION_FAILED"


@pytest.mark.parametrize(
    "document",
    [
        "mutation Any($what: [EventInput!]!) { recordEvents(events: $what) { stored } }",
        "mutation($what: [EventInput!] = []) { recordEvents(events: $what) { stored } }",
        "mutation($what: [ EventInput ! ] !) { recordEvents(events: $what) { stored } }",
        "mutation A($what: [EventInput!]!) { ...Kept } "
        "fragment Kept on Mutation { recordEvents(events: $what) { stored } }",
    ],
)
@on_sqlite
async def test_the_list_may_have_any_name(studio: Studio, document: str) -> None:

    answer = await studio.ask(document, "owner", what=[view(studio), view(studio)])

    assert answer.data == {"recordEvents": {"stored": 2}}
    assert await studio.count("events") == 2


@on_sqlite
async def test_one_event_stands_for_a_list_of_one(studio: Studio) -> None:
    answer = await studio.ask(
        "mutation($events: [EventInput!]!) { recordEvents(events: $events) { stored } }",
        "owner",
        events=view(studio),
    )

    assert answer.data == {"recordEvents": {"stored": 1}}


@on_sqlite
async def test_events_may_be_variables_one_by_one(studio: Studio) -> None:
    answer = await studio.ask(
        "mutation($a: EventInput!, $b: EventInput!) { recordEvents(events: [$a, $b]) { stored dropped } }",
        "owner",
        a=view(studio),
        b=view(studio, action="PLAY"),
    )

    assert answer.data == {"recordEvents": {"stored": 1, "dropped": 1}}


@on_sqlite
async def test_parts_of_an_event_may_be_variables(studio: Studio) -> None:
    answer = await studio.ask(
        """mutation($id: ID!, $action: EventAction!) {
          recordEvents(events: [{subject: {publicationId: $id}, action: $action}]) { stored }
        }""",
        "owner",
        id=studio.publication,
        action="SHARE",
    )

    assert answer.data == {"recordEvents": {"stored": 1}}
    assert await totals(studio) == {Action.SHARE: 1}


async def test_two_fields_may_record_the_same_list(studio: Studio) -> None:
    answer = await studio.ask(
        """mutation($events: [EventInput!]!, $more: [EventInput!]!) {
          first: recordEvents(events: $events) { stored duplicates }
          again: recordEvents(events: $events) { stored duplicates }
          other: recordEvents(events: $more) { stored duplicates }
        }""",
        "owner",
        events=[view(studio, id=ID), view(studio, id=str(uuid7(studio.clock.now)))],
        more=[view(studio), view(studio, id=ID)],
    )

    assert answer.data == {
        "first": {"stored": 2, "duplicates": 0},
        "again": {"stored": 0, "duplicates": 2},
        "other": {"stored": 1, "duplicates": 1},
    }
    assert await totals(studio) == {Action.VIEW: 3}


@on_sqlite
async def test_another_operation_may_call_something_else_by_the_same_name(studio: Studio) -> None:
    document = """
        mutation Record($given: [EventInput!]!) { recordEvents(events: $given) { stored } }
        query Look($given: [ID!]!) { nodes(ids: $given) { id } }
    """
    headers = {"authorization": f"Bearer {studio.token('owner')}"}

    async def run(name: str, given: list[Any]) -> Any:
        body = {"query": document, "operationName": name, "variables": {"given": given}}
        return (await studio.send(body, headers)).data

    assert await run("Record", [view(studio)]) == {"recordEvents": {"stored": 1}}
    assert await run("Look", [studio.publication]) == {"nodes": [{"id": studio.publication}]}


async def test_what_else_a_document_asks_for_does_not_change_the_answer(studio: Studio) -> None:
    """Documents that only record are answered without an executor; a directive asks for it."""
    asked = """mutation($events: [EventInput!]!) {
      done: recordEvents(events: $events) %s {
        __typename dropped results { reason kind: __typename status id } duplicates stored
      }
    }"""
    sent = [view(studio, id=ID), view(studio, id=ID), view(studio, id="7")]

    short = await studio.ask(asked % "", "owner", events=sent)
    other = json.loads(json.dumps(sent).replace(ID, OTHER_ID))
    whole = await studio.ask(asked % "@include(if: true)", "owner", events=other)

    assert list(short.data["done"]) == ["__typename", "dropped", "results", "duplicates", "stored"]
    assert json.dumps(short.body).replace(ID, OTHER_ID) == json.dumps(whole.body)


@on_sqlite
async def test_while_events_wait_only_their_ids_are_left_of_what_was_decoded(studio: Studio) -> None:
    decoded = tracemalloc.Filter(inclusive=True, filename_pattern=reporting_requests.__file__)
    held: list[int] = []

    @contextmanager
    def watched(_: int) -> Iterator[None]:
        traces = tracemalloc.take_snapshot().filter_traces([decoded])
        held.append(sum(trace.size for trace in traces.traces))
        yield

    await record(studio, [view(studio)])
    events = [view(studio, id=str(uuid7(studio.clock.now)), visitor=f"visitor {n}") for n in range(1_000)]
    studio.services.buffer.around_batch = watched
    tracemalloc.start()
    try:
        await record(studio, events)
    finally:
        tracemalloc.stop()

    assert 80 * len(events) < sum(held) < 100 * len(events)


async def test_a_thousand_events_are_the_most_at_once(studio: Studio) -> None:
    refused = await studio.ask(RECORD, "owner", events=[view(studio)] * 1_001)
    assert refused.extensions == {
        "code": "BAD_USER_INPUT",
        "argument": "events",
        "reason": "TOO_MANY_EVENTS",
    }
    assert await studio.count("events") == 0

    taken = await record(studio, [view(studio)] * 1_000)
    assert (taken["stored"], taken["duplicates"], taken["dropped"]) == (1_000, 0, 0)
    assert len({result["id"] for result in taken["results"]}) == 1_000
    assert await totals(studio) == {Action.VIEW: 1_000}


@on_sqlite
@pytest.mark.parametrize("asked", ["id status reason", "reason", "first: id clockCorrection again: id", "id"])
@pytest.mark.parametrize("spelled", [str, str.upper, lambda id: f"{{{id}}}"])
async def test_results_of_many_are_told_as_those_of_few(
    studio: Studio, asked: str, spelled: Callable[[str], str]
) -> None:
    """If all of many are stored, their results are written as one text."""
    document = f"""mutation($events: [EventInput!]!) {{
      recordEvents(events: $events) {{ stored results {{ {asked} }} }}
    }}"""
    ids = [f"0188be7a-7d00-7000-8000-0000000000{number:02}" for number in range(60)]

    async def told_of(events: list[Any]) -> Any:
        return (await studio.ask(document, "owner", events=events)).data["recordEvents"]

    many = await told_of([view(studio, id=spelled(id)) for id in ids])
    few = [await told_of([view(studio, id=spelled(id.replace("7d00", "7d01")))]) for id in ids[-3:]]

    assert (many["stored"], len(many["results"])) == (60, 60)
    assert json.dumps(many["results"][-3:]).replace("7d00", "7d01") == json.dumps(
        [one["results"][0] for one in few]
    )


@on_sqlite
async def test_an_empty_list_is_no_harm(studio: Studio) -> None:
    assert await record(studio, []) == {"stored": 0, "duplicates": 0, "dropped": 0, "results": []}


async def test_nobody_records_without_signing_in(studio: Studio) -> None:
    by_variables = await studio.ask(RECORD, events=[view(studio)])
    by_literals = await studio.ask(inline([view(studio)]))

    assert by_variables.errors == by_literals.errors == [("UNAUTHENTICATED", "recordEvents")]
    assert await studio.count("events") == 0


WRITERS = {
    "publication": {"owner", "cocreator"},
    "asset": {"admin", "member"},
    "profile": {"stranger"},
    "work": {"stranger"},
}


async def test_everybody_records_for_what_is_theirs_alone(studio: Studio, subjects: Subjects) -> None:
    sent = [
        (kind, {"subject": subject, "action": action})
        for kind, subject in subjects._asdict().items()
        for action in ACTIONS[kind]
    ]
    for person in studio.people:
        recorded = await record(studio, [event for _, event in sent], person)

        outcomes = [(result["status"], result["reason"]) for result in recorded["results"]]
        assert outcomes == [
            ("STORED", None) if person in WRITERS[kind] else ("DROPPED", "UNKNOWN_SUBJECT")
            for kind, _ in sent
        ], person

    writers = Counter({Action[event["action"]]: len(WRITERS[kind]) for kind, event in sent})
    assert await totals(studio) == writers


async def test_a_member_records_for_their_own_workspaces_alone(studio: Studio) -> None:
    assets = [await add_asset(studio, workspace=number) for number in range(2)]
    sent = [{"subject": {"assetId": id}, "action": "VIEW_3D"} for id in assets]

    by_member = await record(studio, sent, "member")
    by_admin = await record(studio, sent, "admin")

    assert [result["reason"] for result in by_member["results"]] == [None, "UNKNOWN_SUBJECT"]
    assert [result["reason"] for result in by_admin["results"]] == [None, None]


async def test_a_co_creator_of_one_publication_records_for_no_other_of_its_owner(studio: Studio) -> None:
    other = await studio.add_publication("other-studio", "owner")
    sent = [view(studio), view(studio, subject={"publicationId": other})]

    by_co_creator = await record(studio, sent, "cocreator")
    by_owner = await record(studio, sent, "owner")

    assert [result["reason"] for result in by_co_creator["results"]] == [None, "UNKNOWN_SUBJECT"]
    assert [result["reason"] for result in by_owner["results"]] == [None, None]


async def test_a_workspaces_token_records_for_that_workspace_alone(studio: Studio) -> None:
    assets = [await add_asset(studio, workspace=number) for number in range(2)]
    sent = [{"subject": {"assetId": id}, "action": "VIEW_3D"} for id in assets]
    _, organization = parse_global_id(studio.organization)
    _, workspace = parse_global_id(studio.workspaces[1])
    claims = Claims(studio.people["admin"].row.public_id, organization, workspace)
    token = studio.services.signer.issue(claims, studio.clock.now).text

    answer: Answer = await studio.send(
        {"query": RECORD, "variables": {"events": sent}}, {"authorization": f"Bearer {token}"}
    )

    results = answer.data["recordEvents"]["results"]
    assert [result["reason"] for result in results] == ["UNKNOWN_SUBJECT", None]


async def test_whoever_makes_a_publication_no_longer_records_no_longer(studio: Studio) -> None:
    """At once, unless they recorded for it within the last seconds."""
    left = await studio.ask(
        "mutation($p: ID!, $u: ID!) { removeCoCreator(publicationId: $p, userId: $u) { __typename } }",
        "owner",
        p=studio.publication,
        u=studio.people["cocreator"].id,
    )
    assert left.data

    assert reasons(await record(studio, [view(studio)], "cocreator")) == {"UNKNOWN_SUBJECT": 1}


@on_sqlite
async def test_a_server_may_tell_of_any_time(studio: Studio) -> None:

    recorded = await record(studio, [view(studio, occurredAt="1999-12-31T23:59:59.999999Z")])

    assert recorded["stored"] == 1
    (event,) = await stored_events(studio)
    assert event.occurred_at == datetime(1999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)


async def test_a_wrong_clock_is_put_right_and_the_answer_says_so(studio: Studio) -> None:
    """By a list in a variable with nothing else, with something else, and in the document."""
    now, hour = studio.clock.now, timedelta(hours=1)
    fields = "stored dropped corrected results { status reason clockCorrection }"
    alone = f"mutation($events: [EventInput!]!) {{ recordEvents(events: $events) {{ {fields} }} }}"
    beside = f"{alone[:-1]} __typename }}"
    sent = [
        view(studio, occurredAt=(now + 2 * hour).isoformat(), sentAt=(now + 3 * hour).isoformat()),
        view(studio, occurredAt=(now - hour).isoformat(), sentAt=now.isoformat()),
        view(studio, occurredAt=now.isoformat(), sentAt=(now + timedelta(days=31, seconds=1)).isoformat()),
    ]
    expected = {
        "stored": 2,
        "dropped": 1,
        "corrected": 1,
        "results": [
            {"status": "STORED", "reason": None, "clockCorrection": -10_800},
            {"status": "STORED", "reason": None, "clockCorrection": None},
            {"status": "DROPPED", "reason": "WRONG_CLOCK", "clockCorrection": None},
        ],
    }
    written = f"mutation {{ recordEvents(events: {literal(sent)}) {{ {fields} }} }}"
    answers = [
        await studio.ask(alone, "owner", events=sent),
        await studio.ask(beside, "owner", events=sent),
        await studio.ask(written, "owner"),
    ]

    assert [answer.data["recordEvents"] for answer in answers] == [expected] * 3
    assert {event.occurred_at for event in await stored_events(studio)} == {now - hour}
    assert await totals(studio) == {Action.VIEW: 6}


async def test_a_named_visitor_is_the_same_for_ever_and_for_one_tenant(
    studio: Studio, subjects: Subjects
) -> None:
    played = {"subject": subjects.work, "action": "PLAY", "visitor": "ada"}
    for _ in range(2):
        await record(studio, [view(studio, visitor="ada")])
        studio.clock.advance(days=3)
    await record(studio, [played], "stranger")

    first, again, other = [event.visitor for event in await stored_events(studio)]
    assert first == again
    assert None not in (first, other)
    assert first != other


async def test_what_is_recorded_is_seen_at_once(studio: Studio) -> None:
    ask = '{ publication(url: "ai-research-studio") { metrics { totalViews totalShares } } }'
    before = await studio.ask(ask, "owner")
    await record(studio, [view(studio), view(studio), view(studio, action="SHARE")])
    after = await studio.ask(ask, "owner")

    assert before.data["publication"]["metrics"] == {"totalViews": 0, "totalShares": 0}
    assert after.data["publication"]["metrics"] == {"totalViews": 2, "totalShares": 1}
