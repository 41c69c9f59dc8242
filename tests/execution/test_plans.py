"""When a plan answers, and when GraphQL's own executor does."""

import gc
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from uuid import uuid4
from weakref import ref

import pytest
from graphql.language.visitor import EnterLeaveVisitor

from execution.plans import FIRST, PLANNED, UNPLANNED
from graph.parsing import _MOST_WEIGHT, _documents
from server.garbage import loaded_kept
from tests.conftest import client_of
from tests.events import record, view
from tests.live.served import served
from tests.studio import Studio

RANGE = 'range: {start: "2023-06-01", end: "2023-06-30"}'


def new(query: str) -> str:
    """As nobody has asked for it: documents are kept by their text."""
    return f"{query} # {uuid4()}"


@asynccontextmanager
async def without_plans(studio: Studio) -> AsyncIterator[Studio]:
    services = replace(studio.services, plans_after=None)
    async with client_of(services) as client:
        yield replace(studio, services=services, client=client)


async def test_a_query_that_was_asked_for_before_is_planned(studio: Studio) -> None:
    query = new('{ publication(url: "ai-research-studio") { planned: name owner { username } } }')

    answers = [(await studio.ask(query)).body for _ in range(3)]

    assert (
        answers
        == [{"data": {"publication": {"planned": "Ai Research Studio", "owner": {"username": "owner"}}}}] * 3
    )
    assert studio.services.plans == {FIRST: 1, PLANNED: 2}


async def test_without_plans_graphql_answers_each_time(studio: Studio) -> None:
    query = new('{ unplanned: publication(url: "ai-research-studio") { name } }')
    async with without_plans(studio) as usual:
        answers = [(await usual.ask(query)).data for _ in range(3)]

    assert answers == [{"unplanned": {"name": "Ai Research Studio"}}] * 3
    assert not studio.services.plans


async def test_root_fields_of_mutations_and_introspection_are_not_planned(studio: Studio) -> None:
    mutation = new("mutation { __typename }")
    introspection = new('{ limits { maxCost } __type(name: "User") { name } }')
    for _ in range(3):
        assert (await studio.ask(mutation)).data == {"__typename": "Mutation"}
        assert (await studio.ask(introspection)).data["__type"] == {"name": "User"}

    assert studio.services.plans == {FIRST: 1, UNPLANNED: 2}


async def test_conditions_choose_what_is_answered(studio: Studio) -> None:
    query = new("""query Chosen($named: Boolean!, $short: Boolean! = false) {
      publication(url: "ai-research-studio") { customUrl @skip(if: $short) ...N @include(if: $named) } }
      fragment N on Publication { name }""")
    url, name = {"customUrl": "ai-research-studio"}, {"name": "Ai Research Studio"}

    for _ in range(2):
        assert (await studio.ask(query, named=True)).data == {"publication": {**url, **name}}
        assert (await studio.ask(query, named=False)).data == {"publication": url}
        assert (await studio.ask(query, named=True, short=True)).data == {"publication": name}
        assert (await studio.ask(query, named=False, short=True)).data == {"publication": {}}
    assert studio.services.plans == {FIRST: 1, PLANNED: 7}


async def test_an_operation_has_few_plans(studio: Studio) -> None:
    declared = ", ".join(f"$v{number}: Boolean!" for number in range(4))
    selected = " ".join(f"f{number}: maxCost @include(if: $v{number})" for number in range(4))
    query = new(f"query Many({declared}) {{ limits {{ maxNodes {selected} }} }}")

    for number in range(17):
        chosen = {f"v{place}": bool(number >> place & 1) for place in range(4)}
        names = [f"f{place}" for place in range(4) if number >> place & 1]
        assert list((await studio.ask(query, **chosen)).data["limits"]) == ["maxNodes", *names]

    assert studio.services.plans == {FIRST: 1, PLANNED: 8, UNPLANNED: 8}


async def test_an_error_leaves_what_stands_beside_it(studio: Studio) -> None:
    query = new(f"""{{ publications(first: 1) {{ edges {{ node {{ beside: name
      metrics({RANGE}) {{ totalViews }} socialMetrics {{ followersCount }} }} }} }}
      nobody: publication(url: "x") {{ name }} }}""")

    answers = [(await studio.ask(query, "stranger")) for _ in range(2)]

    assert studio.services.plans == {FIRST: 1, PLANNED: 1}
    node = {"beside": "Ai Research Studio", "metrics": None, "socialMetrics": None}
    for answer in answers:
        assert answer.body["data"] == {"publications": {"edges": [{"node": node}]}, "nobody": None}
        assert answer.errors == [
            ("FORBIDDEN", "publications.edges.0.node.metrics"),
            ("FORBIDDEN", "publications.edges.0.node.socialMetrics"),
            ("NOT_FOUND", "nobody"),
        ]


async def test_an_error_may_make_more_null_than_its_field(studio: Studio) -> None:
    query = new(f"""query($t: RangeBound!) {{ asked: organization(id: "{studio.organization}") {{ name
      metrics({RANGE}) {{ views(viewType: VIEW_3D, interval: DAY, actionTypes: []) {{ count }} }} }}
      publication(url: "ai-research-studio") {{
        views(range: {{start: $t, end: $t}}, interval: DAY) {{ count }} }} }}""")

    answers = [await studio.ask(query, "admin", t="2023-06-01") for _ in range(2)]

    assert studio.services.plans == {FIRST: 1, PLANNED: 1}
    for answer in answers:
        assert answer.body["data"] == {
            "asked": {"name": "Works", "metrics": None},
            "publication": {"views": None},
        }
        assert answer.errors == [
            ("BAD_USER_INPUT", "asked.metrics.views"),
            ("FORBIDDEN", "publication.views"),
        ]


async def test_all_objects_of_a_level_are_read_by_one_statement(studio: Studio) -> None:
    for number in range(30):
        await studio.add_publication(f"more-{number}", "owner")
    studio.services.plans.clear()
    query = new("""{ publications(first: 40) { totalCount edges { cursor node {
      counted: coCreators { username } owner { username publications(first: 3) { edges { node { name } } } }
      experienceCounts { total } } } } }""")
    counts = []
    answers = []
    for _ in range(2):
        with studio.statements() as statements:
            answers.append(await studio.ask(query, "cocreator"))
        counts.append(len(statements))

    assert answers[0].body["data"] == answers[1].body["data"]
    assert answers[0].errors == answers[1].errors
    assert studio.services.plans == {FIRST: 1, PLANNED: 1}
    assert counts[1] <= counts[0] < 15


async def test_long_lists_are_answered_alike(studio: Studio) -> None:
    """Of pools that are completed in several pieces, with objects and errors in order."""
    for number in range(60):
        await studio.add_publication(f"long-{number}", "owner")
    studio.services.plans.clear()
    query = new("""{ publications(first: 61) { edges { node { customUrl owner { publications(first: 61) {
      edges { node { name createdAt } } } } socialMetrics { followersCount } } } } }""")

    answers = [await studio.ask(query, "cocreator") for _ in range(2)]

    assert studio.services.plans == {FIRST: 1, PLANNED: 1}
    assert answers[0].body["data"] == answers[1].body["data"]
    assert [error["path"] for error in answers[0].body["errors"]] == [
        error["path"] for error in answers[1].body["errors"]
    ]
    assert len(answers[0].errors) == 60


async def test_what_is_selected_of_a_mutation_is_planned_and_its_root_field_runs_once(studio: Studio) -> None:
    mutation = new(f"""mutation($input: CreatePublicationInput!) {{ made: createPublication(input: $input) {{
      publication {{ name owner {{ username }} metrics {{ totalViews }} metricsOf: metrics({RANGE}) {{
        totalLikes }} owned: owner {{ publications(first: -1) {{ totalCount }} }} }} }} }}""")
    answers = []
    for number in range(2):
        studio.services.plans.clear()
        given = {"name": "Planned", "customUrl": f"planned-{number}"}
        answers.append(await studio.ask(mutation, "owner", input=given))

    assert studio.services.plans == {PLANNED: 1}
    listed = await studio.ask("{ publications(first: 10) { edges { node { customUrl } } } }")
    urls = [edge["node"]["customUrl"] for edge in listed.data["publications"]["edges"]]
    assert sorted(urls) == ["ai-research-studio", "planned-0", "planned-1"]
    assert answers[0].body["data"] == answers[1].body["data"]
    assert answers[0].errors == answers[1].errors != []


async def test_each_event_of_a_subscription_is_answered_by_the_plan_of_its_document(studio: Studio) -> None:
    selected = "name owner { username } metrics { totalViews totalLikes }"
    watched = new(
        f'subscription {{ now: publicationMetricsChanged(url: "ai-research-studio") {{ {selected} }} }}'
    )
    query = f'{{ publication(url: "ai-research-studio") {{ {selected} }} }}'
    async with served(studio.services) as server, server.socket(studio.token("owner")) as socket:
        await socket.subscribe(watched)
        seen = [(await socket.next())["data"]["now"]]
        for _ in range(2):
            await record(studio, [view("2023-06-15T11:00:00")])
            seen.append((await socket.next())["data"]["now"])
            studio.clock.advance(minutes=1)
        planned = studio.services.plans[PLANNED]

    assert [one["metrics"]["totalViews"] for one in seen] == [0, 1, 2]
    assert planned == 3
    assert (await studio.ask(query, "owner")).data == {"publication": seen[-1]}


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_documents_that_never_come_again_are_not_planned_and_do_not_stay(studio: Studio) -> None:
    filler = " ".join(f"f{number}: name" for number in range(400))
    for _ in range(100):
        await studio.ask(new(f'{{ publication(url: "ai-research-studio") {{ {filler} }} }}'))

    assert studio.services.plans == {FIRST: 100}
    assert sum(document.weight for document in _documents.values()) <= _MOST_WEIGHT
    # There is no room for all of them, and nothing else is kept beside them.
    assert 0 < len(_documents) < 100


@pytest.fixture
def no_collector() -> Iterator[None]:
    """Only reference counts free what is not used."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("no_collector")
@pytest.mark.parametrize("engine", ["sqlite"])
async def test_a_document_that_is_not_kept_any_more_is_freed_at_once(studio: Studio) -> None:
    query = new(
        '{ publication(url: "ai-research-studio") { id name owner { username } ...More } } '
        "fragment More on Publication { metrics { totalViews } }"
    )
    for _ in range(3):
        await studio.ask(query)
    kept = [ref(document) for document in _documents.values() if document.text == query]

    filler = " ".join(f"f{number}: name" for number in range(400))
    for _ in range(100):
        await studio.ask(new(f'{{ publication(url: "ai-research-studio") {{ {filler} }} }}'))

    assert studio.services.plans[PLANNED] == 2
    assert [one() for one in kept] == [None]


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_nothing_that_validates_a_document_grows_old(studio: Studio) -> None:
    gc.collect()
    # The collector works as in a server.
    with loaded_kept(8_000, 2):
        for _ in range(60):
            query = new('{ publication(url: "ai-research-studio") { name owner { username } } }')
            for _ in range(2):
                await studio.ask(query)
        old = [one for one in gc.get_objects(2) if isinstance(one, EnterLeaveVisitor)]

    assert not old
