"""Events that were wrong are taken back by their ids: everything counts as if they had never come."""

from asyncio import to_thread
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from base.ids import uuid7
from database import table_of
from ingest.tenants import lock_tenant
from models import Action, CoCreator, Event, Membership, Tenant, VisitorLink
from tests.commands import run
from tests.deletions.life import discrepancies
from tests.studio import Answer, Studio
from tests.subjects import Subjects, add_subjects, counted
from tests.waiting import overtaken

REMOVE = """mutation($subject: EventSubject!, $ids: [ID!]!) {
  removeEvents(subject: $subject, eventIds: $ids) { removed results { id status } } }"""
FIGURES = """{ publication(url: "ai-research-studio") {
  metrics { totalViews uniqueVisitors { estimate } } } }"""
TRAIL = """{ publication(url: "ai-research-studio") {
  auditTrail(acts: [EVENTS_REMOVED]) { edges { node { objectId user { username }
    changes { name after } } } } } }"""


@pytest.fixture
async def subjects(studio: Studio) -> Subjects:
    return await add_subjects(studio)


def an_id(studio: Studio) -> str:
    return str(uuid7(studio.clock.now))


async def ask(studio: Studio, by: str | None, subject: dict[str, Any], *ids: str) -> Answer:
    return await studio.ask(REMOVE, by, subject=subject, ids=list(ids))


async def remove(studio: Studio, by: str, subject: dict[str, Any], *ids: str) -> list[str]:
    """What became of each."""
    told = (await ask(studio, by, subject, *ids)).data["removeEvents"]
    assert [one["id"] for one in told["results"]] == list(ids)
    statuses = [one["status"] for one in told["results"]]
    gone = {id.lower() for id, status in zip(ids, statuses, strict=True) if status == "REMOVED"}
    assert told["removed"] == len(gone)
    return statuses


async def shown(studio: Studio) -> tuple[int, int]:
    """Views and visitors of the publication."""
    metrics = (await studio.ask(FIGURES, "owner")).data["publication"]["metrics"]
    return metrics["totalViews"], metrics["uniqueVisitors"]["estimate"]


def wrong(studio: Studio, subjects: Subjects) -> dict[str, list[dict[str, Any]]]:
    """By who reports them: of every kind of subject and people, on the days around a change of the month."""
    person, view = studio.people["member"].id, an_id(studio)
    days = ("2023-05-30T10:00:00Z", "2023-05-31T10:00:00Z", "2023-06-01T10:00:00Z")
    reported: dict[str, list[dict[str, Any]]] = {
        "owner": [
            {"subject": subjects.publication, "action": "VIEW", "userId": person, "visitor": "their name"},
            {"subject": subjects.publication, "action": "SHARE", "visitor": "ada", "domain": "a.example"},
        ],
        "admin": [
            {"subject": subjects.asset, "action": "VIEW_3D", "viewId": view, "deviceCategory": "MOBILE"},
            {"subject": subjects.asset, "action": "INTERACTION", "viewId": view, "visitor": "bob"},
        ],
        "stranger": [
            {"subject": subjects.profile, "action": "PROFILE_VIEW", "userId": person},
            {"subject": subjects.work, "action": "PLAY", "visitor": "eve"},
        ],
    }
    return {
        by: [{**event, "occurredAt": at, "id": an_id(studio)} for at in days for event in events]
        for by, events in reported.items()
    }


async def test_everything_counts_as_if_they_had_never_come(studio: Studio, subjects: Subjects) -> None:
    for by, events in wrong(studio, subjects).items():
        # Some of the same kind stay, among them the second interactions of views.
        await studio.report(events[2:], by)
    before = await counted(studio)
    mistaken = wrong(studio, subjects)
    for by, events in mistaken.items():
        await studio.report(events, by)
    assert await counted(studio) != before

    for by, events in mistaken.items():
        for name in ("publication", "asset", "profile", "work"):
            subject = getattr(subjects, name)
            ids = [event["id"] for event in events if event["subject"] == subject]
            if ids:
                assert await remove(studio, by, subject, *ids) == ["REMOVED"] * len(ids)
                assert await discrepancies(studio.services.database) == []
                assert await remove(studio, by, subject, *ids) == ["UNKNOWN"] * len(ids)

    assert await counted(studio) == before
    # What was taken back may come again.
    for by, events in mistaken.items():
        await studio.report(events, by)
    assert await discrepancies(studio.services.database) == []


async def test_each_id_is_answered_and_the_trail_tells_how_many_went(studio: Studio) -> None:
    publication = {"publicationId": studio.publication}
    views, other = [an_id(studio) for _ in range(2)], an_id(studio)
    await studio.report([{"subject": publication, "action": "VIEW", "id": id} for id in views], "owner")
    profile = {"profileUserId": studio.people["owner"].id}
    await studio.report([{"subject": profile, "action": "PROFILE_VIEW", "id": other}], "owner")
    like = "mutation($p: ID!) { likePublication(publicationId: $p) { __typename } }"
    assert (await studio.ask(like, "stranger", p=studio.publication)).data
    async with studio.services.database.snapshot() as connection:
        liked = select(table_of(Event).c.id).where(table_of(Event).c.action == int(Action.LIKE))
        like_id = str((await connection.scalars(liked)).one())
    # It is kept, so that what is shown below was made anew.
    assert await shown(studio) == (2, 1)

    told = await remove(
        studio, "cocreator", publication, views[0], other, like_id, "no id", views[0].upper(), an_id(studio)
    )

    assert told == ["REMOVED", "UNKNOWN", "KEPT", "UNKNOWN", "REMOVED", "UNKNOWN"]
    assert await shown(studio) == (1, 1)
    (edge,) = (await studio.ask(TRAIL, "owner")).data["publication"]["auditTrail"]["edges"]
    assert edge["node"] == {
        "objectId": studio.publication,
        "user": {"username": "cocreator"},
        "changes": [{"name": "events", "after": "1"}],
    }
    assert await discrepancies(studio.services.database) == []


async def test_a_visitor_is_the_user_whom_the_events_that_are_left_name(studio: Studio) -> None:
    publication = {"publicationId": studio.publication}
    first, second, third = sorted(an_id(studio) for _ in range(3))
    ada, bob = (studio.people[name].id for name in ("member", "stranger"))
    view = {"subject": publication, "action": "VIEW", "visitor": "a name"}
    await studio.report(
        [{**view, "id": id, "userId": who} for id, who in ((first, ada), (second, ada), (third, bob))],
        "owner",
    )
    await studio.report([view], "owner")

    async def linked() -> list[tuple[int, str]]:
        links = table_of(VisitorLink).c
        async with studio.services.database.snapshot() as connection:
            rows = await connection.execute(select(links.user_id, links.event_id))
            return [(user_id, str(event_id)) for user_id, event_id in rows]

    people = {name: studio.people[name].row.id for name in ("member", "stranger")}
    assert (await linked(), await shown(studio)) == ([(people["member"], first)], (4, 2))
    await remove(studio, "owner", publication, first)
    assert (await linked(), await shown(studio)) == ([(people["member"], second)], (3, 2))
    await remove(studio, "owner", publication, second)
    assert (await linked(), await shown(studio)) == ([(people["stranger"], third)], (2, 1))
    await remove(studio, "owner", publication, third)
    # Whoever has this name is nobody who is known.
    assert (await linked(), await shown(studio)) == ([], (1, 1))


async def test_events_of_pruned_days_stay_in_the_totals(studio: Studio) -> None:
    publication = {"publicationId": studio.publication}
    old = an_id(studio)
    at = studio.clock.now - timedelta(days=40)
    await studio.report(
        [{"subject": publication, "action": "VIEW", "id": old, "occurredAt": at.isoformat()}], "owner"
    )
    tenant = studio.people["owner"].row.tenant_id
    before = (at + timedelta(days=1)).date()
    async with studio.services.database.writing() as session:
        await session.execute(update(Tenant).where(col(Tenant.id) == tenant).values(pruned_before=before))
    start = await counted(studio)

    assert await remove(studio, "owner", publication, old) == ["UNKNOWN"]
    assert await counted(studio) == start


async def test_more_days_than_go_at_once_go_all_the_same(studio: Studio) -> None:
    publication = {"publicationId": studio.publication}
    before = await counted(studio)
    events = [
        {
            "subject": publication,
            "action": "VIEW",
            "id": an_id(studio),
            "visitor": "ada",
            "occurredAt": (studio.clock.now - timedelta(days=day)).isoformat(),
        }
        for day in range(70)
    ]
    await studio.report(events, "owner")

    ids = [str(event["id"]) for event in events]
    assert await remove(studio, "owner", publication, *ids) == ["REMOVED"] * 70
    assert await counted(studio) == before
    assert await discrepancies(studio.services.database) == []


async def test_who_may_not_report_takes_nothing_back(studio: Studio, subjects: Subjects) -> None:
    id = an_id(studio)
    await studio.report([{"subject": subjects.asset, "action": "VIEW_3D", "id": id}])
    before = await counted(studio)

    for by in (None, "owner", "stranger"):
        code = "NOT_FOUND" if by else "UNAUTHENTICATED"
        assert (await ask(studio, by, subjects.asset, id)).code == code
    assert (await ask(studio, "admin", {"assetId": "ast_nothing"}, id)).code == "NOT_FOUND"
    too_many = await ask(studio, "admin", subjects.asset, *[id] * 1_001)
    assert too_many.extensions["reason"] == "TOO_MANY_EVENTS"
    assert await counted(studio) == before
    assert await remove(studio, "member", subjects.asset, id) == ["REMOVED"]


@pytest.mark.parametrize("kind", ["asset", "publication"])
async def test_who_is_overtaken_by_the_end_of_the_right_takes_nothing_back(
    studio: Studio, subjects: Subjects, kind: str
) -> None:
    subject, id = getattr(subjects, kind), an_id(studio)
    action, by = ("VIEW_3D", "admin") if kind == "asset" else ("VIEW", "cocreator")
    await studio.report([{"subject": subject, "action": action, "id": id}], by)
    before = await counted(studio)
    row = studio.people[by].row

    async def end(session: AsyncSession) -> None:
        """A right ends while the tenant is locked by something else."""
        async with studio.services.database.snapshot() as connection:
            tenants = list(await connection.scalars(select(table_of(Event).c.tenant_id)))
        await lock_tenant(session, tenants[0])
        model = Membership if kind == "asset" else CoCreator
        await session.execute(delete(model).where(col(model.user_id) == row.id))

    late = await overtaken(studio, lambda: ask(studio, by, subject, id), end)

    assert late.code == "NOT_FOUND"
    assert await counted(studio) == before


async def test_an_operator_takes_them_back_by_a_command(
    studio: Studio, subjects: Subjects, database_url: str, tmp_path: Path
) -> None:
    before = await counted(studio)
    mistaken = wrong(studio, subjects)
    for by, events in mistaken.items():
        await studio.report(events, by)
    stranger = studio.people["stranger"].id

    async def given(*arguments: str) -> tuple[int, str, str]:
        result = await to_thread(run, "event", "remove", *arguments, "--database-url", database_url)
        return result.exit_code, result.stdout, result.stderr

    told = []
    for by, subject, options in (
        ("owner", studio.publication, []),
        ("admin", subjects.asset["assetId"], []),
        ("stranger", stranger, []),
        ("stranger", stranger, ["--work", "YOUTUBE:dQw4w9WgXcQ"]),
    ):
        file = tmp_path / "ids.txt"
        file.write_text("\n".join(event["id"] for event in mistaken[by]))
        told.append(await given(subject, "unknown", "--file", str(file), *options))

    assert [(code, out) for code, out, _ in told] == [
        (0, "Events taken back: 6.\n"),
        (0, "Events taken back: 6.\n"),
        (0, "Events taken back: 3.\n"),
        (0, "Events taken back: 3.\n"),
    ]
    assert told[0][2] == "UNKNOWN: unknown\n"
    assert await counted(studio) == before
    assert await discrepancies(studio.services.database) == []
    for arguments, words in (
        ([studio.publication], "Give the ids of the events, or a --file with them.\n"),
        (["pub_nothing", "1"], "Events happen to publications, assets, users and their works. Give"),
        ([stranger, "1", "--work", "dQw4"], "Give --work as YOUTUBE:ID or SOUNDCLOUD:ID.\n"),
    ):
        code, out, said = await given(*arguments)
        assert (code, out, said.startswith(words)) == (1, "", True), said
