"""A person who did everything that a person can do is exported and erased."""

import json
from asyncio import create_task
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update
from sqlmodel import col

from base.ids import uuid7
from ingest.columns import EVENTS
from ingest.events import NewEvent
from ingest.folding import fold, fold_all
from ingest.prune import prune
from ingest.visitors import named_visitor
from models import Action, Appointment
from tests.deletions.life import discrepancies, do, erased, found, lived
from tests.interrupted import Interrupted
from tests.locks import waits
from tests.studio import PASSWORD, SECRET, Studio

DELETE = "mutation($i: DeleteAccountInput!) { deleteAccount(input: $i) { id } }"
FIGURES = """query($range: DateRange) { publication(url: "ai-research-studio") {
  metrics { totalViews totalLikes totalBookmarks totalComments totalAppointments totalShares }
  day: metrics(range: $range) { uniqueVisitors { estimate signedIn } }
  socialMetrics { followersCount followingCount } coCreators { username } } }"""


async def figures(studio: Studio) -> Any:
    answer = await studio.ask(FIGURES, "owner", range={"start": "2023-06-12", "end": "2023-06-12"})
    return answer.data["publication"]


async def test_what_is_kept_of_a_person_is_one_file(studio: Studio) -> None:
    life = await lived(studio)
    make = 'mutation { createOrganization(input: {name: "Guild"}) { organization { id } } }'
    guild = (await do(studio, "stranger", make))["organization"]["id"]
    make = """mutation($o: ID!) {
      createWorkspace(input: {organizationId: $o, name: "Hall"}) { workspace { id } } }"""
    hall = (await do(studio, "stranger", make, o=guild))["workspace"]["id"]
    invite = """mutation($o: ID!, $u: ID!, $w: [ID!]) {
      inviteMember(input: {organizationId: $o, userId: $u, workspaceIds: $w}) { invitation { id } } }"""
    invited = await do(studio, "stranger", invite, o=guild, u=life.person.id, w=[hall])

    url = (await do(studio, "zephyrine", "mutation { exportAccount { url } }"))["url"]
    response = await studio.client.get(url)
    told = json.loads(response.content)["tables"]

    assert response.headers["content-type"] == "application/json"
    assert {name: len(rows) for name, rows in told.items() if rows} == {
        # One by which somebody asked for an account with the same address.
        "account_links": 2,
        "active_users": 2,
        "appointments": 1,
        "audit_entries": 13,
        "authentication_keys": 1,
        "bookmarks": 1,
        "co_creators": 1,
        "comments": 1,
        # Eight by name, and two under the name that a tenant gave.
        "events": 10,
        "external_identities": 1,
        "follow_totals": 1,
        "follows": 2,
        "import_tenants": 1,
        # One sent, and two that wait for a yes.
        "invitations": 3,
        "invited_workspaces": 1,
        "likes": 1,
        # On two days under the name that a tenant gave.
        "linked_visits": 2,
        "memberships": 2,
        # Four of the publication, one of the profile, one of the work.
        "month_totals": 7,
        "publications": 1,
        "sign_in_networks": 1,
        "sign_ins": 1,
        "user_insights": 1,
        "users": 1,
        "visitor_links": 1,
        "works": 1,
        "workspace_memberships": 2,
    }
    assert told["invited_workspaces"] == [{"invitation": invited["invitation"]["id"], "workspace": hall}]
    assert sorted(row["act"] for row in told["audit_entries"]) == [
        "ACCOUNT_CREATED",
        "ACCOUNT_EXPORTED",
        "CO_CREATOR_ADDED",
        # By the person, and twice of the person.
        *["CO_CREATOR_INVITED"] * 3,
        "IDENTITY_LINKED",
        "KEY_CREATED",
        "MEMBER_ADDED",
        *["MEMBER_INVITED"] * 2,
        "ORGANIZATION_CREATED",
        "PUBLICATION_CREATED",
    ]
    assert told["comments"][0]["body"] == "I am Zephyrine"
    assert told["comments"][0]["publication"] == studio.publication
    assert {row["subject"] for row in told["events"]} == {studio.publication, life.lamp}
    assert "password_hash" not in told["users"][0]
    assert "digest" not in told["authentication_keys"][0]
    assert told["external_identities"][0]["subject"] == "Zephyrine there"
    assert {row["email"] for row in told["account_links"]} == {"zephyrine@example.com"}
    assert not [row for row in told["account_links"] if {"digest", "password_hash"} & row.keys()]
    assert not {"digest", "family"} & told["sign_ins"][0].keys()
    assert {(row["user"], row["inviter"]) for row in told["invitations"]} == {
        (studio.people["stranger"].id, life.person.id),
        (life.person.id, studio.people["owner"].id),
        (life.person.id, studio.people["stranger"].id),
    }


async def test_an_erased_person_leaves_no_trace_and_right_totals(studio: Studio) -> None:
    life = await lived(studio)
    before = await figures(studio)
    assert before == {
        "metrics": {
            "totalViews": 6,
            "totalLikes": 1,
            "totalBookmarks": 1,
            "totalComments": 1,
            "totalAppointments": 1,
            "totalShares": 1,
        },
        "day": {"uniqueVisitors": {"estimate": 2, "signedIn": 1}},
        "socialMetrics": {"followersCount": 1, "followingCount": 0},
        "coCreators": [{"username": "cocreator"}, {"username": "zephyrine"}],
    }

    answer = await studio.ask(DELETE, "zephyrine", i={"password": PASSWORD, "deletePublications": True})

    assert answer.data == {"deleteAccount": {"id": life.person.id}}
    assert (await studio.ask("{ viewer { id } }", "zephyrine")).code == "UNAUTHENTICATED"
    assert await erased(studio) == 2
    assert await found(studio.services.database, life) == []
    assert await discrepancies(studio.services.database) == []
    # What stood by name is taken back; views and the share stay, and are nobody's.
    assert await figures(studio) == {
        "metrics": {
            "totalViews": 6,
            "totalLikes": 0,
            "totalBookmarks": 0,
            "totalComments": 0,
            "totalAppointments": 0,
            "totalShares": 1,
        },
        "day": {"uniqueVisitors": {"estimate": 2, "signedIn": 0}},
        "socialMetrics": {"followersCount": 0, "followingCount": 0},
        "coCreators": [{"username": "cocreator"}],
    }


async def test_visits_of_an_erased_person_go_with_their_days(studio: Studio) -> None:
    life, database = await lived(studio), studio.services.database
    tenant = studio.people["owner"].row.tenant_id
    assert await studio.count("linked_visits") == 2
    # One of the days is pruned, and one is not.
    assert (await prune(database, [tenant], studio.clock.now, keep=timedelta(days=2))).events == 4
    assert await studio.count("linked_visits") == 1

    assert (await studio.ask(DELETE, "zephyrine", i={"password": PASSWORD, "deletePublications": True})).data
    assert await erased(studio) == 2

    assert await found(database, life) == []
    assert await studio.count("linked_visits") == 0
    assert await discrepancies(database) == []


async def test_an_erased_person_is_taken_out_of_attendances_that_have_others(studio: Studio) -> None:
    life = await lived(studio)
    studio.clock.advance(days=1)
    services = studio.services
    await fold_all(services.database, studio.clock)
    assert ("attendances", "people") in await found(services.database, life)
    assert (await figures(studio))["day"]["uniqueVisitors"]["signedIn"] == 1
    url = (await do(studio, "zephyrine", "mutation { exportAccount { url } }"))["url"]
    told = json.loads((await studio.client.get(url)).content)["tables"]["attendances"]
    # By name, at 13 and 14 in UTC. On the day of the exports, the person likes, bookmarks and so on.
    assert sorted(((row["subject"], row["day"], row["hours"]) for row in told), key=str) == sorted(
        [
            (studio.publication, "2023-06-12", [13, 14]),
            (life.lamp, "2023-06-12", [13]),
            (studio.publication, "2023-06-15", [12]),
        ],
        key=str,
    )

    assert (await studio.ask(DELETE, "zephyrine", i={"password": PASSWORD, "deletePublications": True})).data
    assert await erased(studio) == 2

    assert await found(services.database, life) == []
    assert await discrepancies(services.database) == []
    assert (await figures(studio))["day"]["uniqueVisitors"]["signedIn"] == 0
    next_day = {"start": "2023-06-13", "end": "2023-06-13"}
    day = (await studio.ask(FIGURES, "owner", range=next_day)).data["publication"]["day"]
    assert day["uniqueVisitors"]["signedIn"] == 1


async def test_a_fold_adds_nobody_who_was_erased_meanwhile(studio: Studio) -> None:
    life = await lived(studio)
    database, tenant_id = studio.services.database, studio.people["owner"].row.tenant_id
    studio.clock.advance(days=1)

    async def erase() -> None:
        asked = await studio.ask(DELETE, "zephyrine", i={"password": PASSWORD, "deletePublications": True})
        assert asked.data
        assert await erased(studio) == 2

    await fold(database, tenant_id, studio.clock, studio.clock.now.date(), Interrupted(erase))

    assert await found(database, life) == []
    assert await discrepancies(database) == []


async def test_what_is_stored_of_an_erased_person_too_late_is_nobodys(studio: Studio) -> None:
    life = await lived(studio)
    assert (await studio.ask(DELETE, "zephyrine", i={"password": PASSWORD, "deletePublications": True})).data
    assert await erased(studio) == 2
    # A process took this in before, and stores it only now.
    tenant, now = studio.people["owner"].row.tenant_id, studio.clock.now
    visitor = named_visitor(SECRET.encode(), tenant, "their own name")
    late = NewEvent(tenant, uuid7(now), 1, Action.VIEW, now, user_id=life.person.row.id, visitor=visitor)
    await studio.services.buffer.add([late])
    assert (await figures(studio))["metrics"]["totalViews"] == 7
    assert await found(studio.services.database, life) == []
    assert await discrepancies(studio.services.database) == []


@pytest.mark.parametrize("engine", ["postgresql"])
async def test_a_booking_that_is_cancelled_while_it_is_erased_is_taken_back_once(studio: Studio) -> None:
    person, starts = await studio.add_person("zoe", password=PASSWORD), studio.clock.now + timedelta(days=1)
    book = "mutation($i: BookAppointmentInput!) { bookAppointment(input: $i) { appointment { id } } }"
    slot = {"startsAt": f"{starts:%FT%TZ}", "endsAt": f"{starts + timedelta(hours=1):%FT%TZ}"}
    await do(studio, "zoe", book, i={"publicationId": studio.publication, **slot})
    assert await do(studio, "zoe", DELETE, i={"password": PASSWORD}) == {"id": person.id}
    async with studio.services.database.engine.connect() as cancelling:
        await cancelling.execute(update(Appointment).values(cancelled_at=studio.clock.now))
        erasing = create_task(erased(studio))
        await waits(erasing, cancelling)
        await cancelling.commit()
    assert await erasing == 1

    async with studio.services.database.snapshot() as connection:
        actions = await connection.scalars(select(EVENTS.action))
        assert list(actions) == [Action.BOOK]
        assert await connection.scalar(select(func.count(col(Appointment.id)))) == 0
