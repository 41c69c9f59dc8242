"""What a person can make has an end, which is told; nothing is made beyond it."""

from asyncio import gather
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest

from resolvers.context import Limits
from resolvers.quotas import Quotas
from server.app import create_app
from server.settings import Settings
from tests.resolvers.figures import unchanged, winners
from tests.studio import Answer, Studio

FEW = Quotas(
    appointment_hours=2,
    appointments=3,
    appointments_of_publication=2,
    publications=3,
    experiences=2,
    comments=2,
    keys=2,
    organizations=2,
    members=3,
    workspaces=3,
    assets=2,
)


@pytest.fixture
def few(studio: Studio) -> Studio:
    services = replace(studio.services, limits=Limits(quotas=FEW))
    transport = httpx.ASGITransport(app=create_app(Settings(), services))
    client = httpx.AsyncClient(transport=transport, base_url="http://test")
    return replace(studio, services=services, client=client)


def mutation(name: str, shown: str) -> str:
    type_ = f"{name[0].upper()}{name[1:]}Input"
    return f"mutation($input: {type_}!) {{ {name}(input: $input) {{ {shown} }} }}"


Make = Callable[[Studio, int], dict[str, Any]]
MAKING: dict[str, tuple[int, str, str, Make]] = {
    # How many may still be made, by whom, and how.
    "createPublication": (
        2,
        "owner",
        "publication { id }",
        lambda _, n: {"name": f"Studio {n}", "customUrl": f"studio-{n}"},
    ),
    "publishExperience": (
        2,
        "cocreator",
        "experience { id }",
        lambda studio, n: {"publicationId": studio.publication, "type": "QUEST", "title": f"Quest {n}"},
    ),
    "createAuthenticationKey": (2, "stranger", "secret", lambda _, n: {"name": f"key {n}"}),
    "createOrganization": (2, "stranger", "organization { id }", lambda _, n: {"name": f"Works {n}"}),
    "createWorkspace": (
        1,
        "admin",
        "workspace { id }",
        lambda studio, n: {"organizationId": studio.organization, "name": f"Room {n}"},
    ),
    "createAsset": (
        2,
        "admin",
        "asset { id }",
        lambda studio, n: {"workspaceId": studio.workspaces[0], "name": f"Chair {n}"},
    ),
    "addMember": (
        1,
        "admin",
        "user { id }",
        lambda studio, n: {
            "organizationId": studio.organization,
            "userId": studio.people[("stranger", "owner", "cocreator")[n]].id,
        },
    ),
    "bookAppointment": (
        2,
        "stranger",
        "appointment { id }",
        lambda studio, n: {"publicationId": studio.publication, **slot(studio, n)},
    ),
}


def slot(studio: Studio, number: int, *, hours: float = 1) -> dict[str, str]:
    start = studio.clock.now + timedelta(days=1, hours=number)
    return {"startsAt": start.isoformat(), "endsAt": (start + timedelta(hours=hours)).isoformat()}


@pytest.mark.parametrize("name", MAKING)
async def test_there_is_a_most_of_everything_that_people_make(few: Studio, name: str) -> None:
    room, by, shown, make = MAKING[name]

    made = [await few.ask(mutation(name, shown), by, input=make(few, n)) for n in range(room)]
    async with unchanged(few):
        refused = await few.ask(mutation(name, shown), by, input=make(few, room))

    assert [answer.errors for answer in made] == [[]] * room
    assert refused.extensions["code"] == "CONFLICT"
    assert refused.extensions["reason"] == "TOO_MANY"
    assert f"There are {refused.extensions['most']} " in refused.body["errors"][0]["message"]


@pytest.mark.parametrize("name", MAKING)
async def test_who_makes_many_at_once_makes_no_more(few: Studio, name: str) -> None:
    room, by, shown, make = MAKING[name]
    tries = 3 if name == "addMember" else 5

    answers = await gather(*(few.ask(mutation(name, shown), by, input=make(few, n)) for n in range(tries)))

    assert winners(answers) == room


COMMENT = "mutation($input: CommentInput!) { commentOnPublication(input: $input) { comment { id } } }"


async def test_a_person_writes_so_many_comments_on_a_publication(few: Studio) -> None:
    async def comment(by: str) -> Answer:
        return await few.ask(COMMENT, by, input={"publicationId": few.publication, "body": "Fine."})

    first = await comment("stranger")
    await comment("stranger")
    async with unchanged(few):
        assert (await comment("stranger")).code == "CONFLICT"
    assert (await comment("member")).errors == []
    id = first.data["commentOnPublication"]["comment"]["id"]
    await few.ask("mutation($id: ID!) { deleteComment(id: $id) { publication { id } } }", "stranger", id=id)
    assert (await comment("stranger")).errors == []


async def test_a_person_has_so_many_appointments_in_all(few: Studio) -> None:
    others = [await few.add_publication(f"studio-{n}", "owner", allow_bookings=True) for n in range(2)]
    book = mutation("bookAppointment", "appointment { id }")

    async def booked(publication: str, number: int) -> Answer:
        return await few.ask(book, "stranger", input={"publicationId": publication, **slot(few, number)})

    first = await booked(few.publication, 0)
    assert [(await booked(id, 0)).errors for id in others] == [[], []]
    assert (await booked(few.publication, 5)).extensions == {
        "code": "CONFLICT",
        "reason": "TOO_MANY",
        "most": 3,
    }
    id = first.data["bookAppointment"]["appointment"]["id"]
    await few.ask(
        "mutation($id: ID!) { cancelAppointment(id: $id) { appointment { id } } }", "stranger", id=id
    )
    assert (await booked(few.publication, 5)).errors == []
    # What is over makes room, too.
    assert (await booked(few.publication, 8)).code == "CONFLICT"
    few.clock.advance(days=1, hours=3)
    assert (await booked(few.publication, 8)).errors == []


async def test_an_appointment_is_as_long_as_is_set(few: Studio) -> None:
    book = mutation("bookAppointment", "appointment { id }")

    longest = await few.ask(
        book, "stranger", input={"publicationId": few.publication, **slot(few, 0, hours=2)}
    )
    async with unchanged(few):
        longer = await few.ask(
            book, "stranger", input={"publicationId": few.publication, **slot(few, 5, hours=2.01)}
        )

    assert longest.errors == []
    assert longer.extensions == {"code": "BAD_USER_INPUT", "argument": "endsAt", "reason": "INVALID_SLOT"}
    assert longer.body["errors"][0]["message"] == "A slot ends after it starts, within 2 hours."


async def test_a_key_that_ended_a_month_ago_makes_room(few: Studio) -> None:
    create = mutation("createAuthenticationKey", "authenticationKey { id }")
    made = [await few.ask(create, "owner", input={"name": "a key", "days": 1}) for _ in range(2)]
    id = made[0].data["createAuthenticationKey"]["authenticationKey"]["id"]
    await few.ask("mutation($id: ID!) { revokeAuthenticationKey(id: $id) { id } }", "owner", id=id)

    few.clock.advance(days=29)
    assert (await few.ask(create, "owner", input={"name": "a key"})).code == "CONFLICT"
    few.clock.advance(days=3)
    assert (await few.ask(create, "owner", input={"name": "a key"})).errors == []
    assert await few.count("authentication_keys") == 1
