"""What is deleted is found by nobody from the commit on, and its rows go in the background."""

import json
from asyncio import create_task, sleep, timeout, to_thread
from datetime import timedelta
from tempfile import TemporaryFile
from typing import Any

import pytest
from sqlalchemy import func, select, update
from sqlmodel import SQLModel, col

from base.ids import uuid7
from base.kinds import SUBJECTS
from database import Database, table_of
from ingest.deletions.lease import LASTS, RESTS, deletions_of
from ingest.deletions.tenants import OWNED
from ingest.deletions.tombstones import Doomed, bury_user
from ingest.deletions.work import KEPT, delete_buried, delete_one
from ingest.events import NewEvent
from ingest.folding import fold_all
from models import (
    Action,
    DeletedKind,
    Deletion,
    Event,
    FormerUrl,
    HourTotal,
    Membership,
    Organization,
    Role,
    SubjectKind,
    Tenant,
    User,
)
from tests import commands
from tests.deletions.life import discrepancies, do, erased
from tests.locks import waits
from tests.server.forks import fork
from tests.server.program import ROOT, environment
from tests.studio import PASSWORD, Studio
from tests.waiting import overtaken

VIEWS = """query($id: ID!) {
  organization(id: $id) { metrics(range: {start: "2023-06-01", end: "2023-06-30"}) {
    total3DViews uniqueVisitors { estimate } } } }"""
NODE = "query($id: ID!) { node(id: $id) { id } }"
RECORD = """mutation($e: [EventInput!]!) { recordEvents(events: $e) {
  stored dropped results { status reason } } }"""


async def done(*arguments: str, **variables: str) -> str:
    return await to_thread(commands.done, *arguments, **variables)


async def mistake(*arguments: str, **variables: str) -> str:
    return await to_thread(commands.mistake, *arguments, **variables)


async def rows_of(database: Database, kind: SubjectKind, id: int) -> dict[str, int]:
    """How many rows the tables of tenants have of a subject."""
    found = {}
    actions = list(map(int, SUBJECTS[kind].actions))
    async with database.snapshot() as connection:
        for model in OWNED:
            table = table_of(model)
            if "subject_id" not in table.c:
                continue
            conditions = [table.c.subject_id == id]
            if "action" in table.c:
                conditions.append(table.c.action.in_(actions))
            if "subject_kind" in table.c:
                conditions.append(table.c.subject_kind == int(kind))
            number = await connection.scalar(select(func.count()).select_from(table).where(*conditions))
            if number:
                found[table.name] = number
    return found


async def number(database: Database, model: type[SQLModel], *conditions: Any) -> int:
    async with database.snapshot() as connection:
        statement = select(func.count()).select_from(table_of(model)).where(*conditions)
        return await connection.scalar(statement) or 0


def seen(asset: str, visitor: str, action: str = "VIEW_3D", **more: Any) -> dict[str, Any]:
    return {"subject": {"assetId": asset}, "action": action, "visitor": visitor, **more}


async def furnished(studio: Studio) -> list[str]:
    """Two lamps in one workspace, a chair in the other, and people who look at them."""
    ids = [await studio.add_asset("A lamp"), await studio.add_asset("Another lamp")]
    ids.append(await studio.add_asset("A chair", workspace=1))
    view = {"id": str(uuid7(studio.clock.now)), "occurredAt": studio.clock.now.isoformat()}
    await studio.report(
        [
            seen(ids[0], "ada", **view),
            seen(ids[0], "ada", "INTERACTION", viewId=view["id"], userId=studio.people["stranger"].id),
            seen(ids[0], "bea", domain="shop.example"),
            seen(ids[1], "ada"),
            seen(ids[2], "cleo"),
        ]
    )
    return ids


async def own(studio: Studio) -> None:
    """The admin becomes the organization's owner."""
    async with studio.services.database.writing() as session:
        await session.execute(update(Membership).values(role=Role.OWNER))


async def figures(studio: Studio) -> Any:
    answer = await studio.ask(VIEWS, "admin", id=studio.organization)
    return answer.data["organization"]["metrics"]


async def test_a_deleted_asset_is_gone_with_its_figures_and_the_others_stay(studio: Studio) -> None:
    lamp, _, chair = await furnished(studio)
    database = studio.services.database
    studio.clock.advance(days=1)
    await fold_all(database, studio.clock)
    assert await number(database, HourTotal) == 6
    assert await figures(studio) == {"total3DViews": 4, "uniqueVisitors": {"estimate": 3}}
    assert await rows_of(database, SubjectKind.ASSET, 1) != {}

    assert await do(studio, "admin", "mutation($id: ID!) { deleteAsset(id: $id) { id } }", id=lamp) == {
        "id": lamp
    }

    # From the commit on.
    assert (await studio.ask(NODE, "admin", id=lamp)).code == "NOT_FOUND"
    assert (await figures(studio))["total3DViews"] == 2
    again = await studio.ask("mutation($id: ID!) { deleteAsset(id: $id) { id } }", "admin", id=lamp)
    assert again.code == "NOT_FOUND"
    # This process still remembers the asset, and so may others.
    told = await do(studio, "admin", RECORD, e=[seen(lamp, "dora"), seen(chair, "dora")])
    assert told == {
        "stored": 1,
        "dropped": 1,
        "results": [
            {"status": "DROPPED", "reason": "UNKNOWN_SUBJECT"},
            {"status": "STORED", "reason": None},
        ],
    }
    # In the background.
    assert await erased(studio) == 1
    assert await rows_of(database, SubjectKind.ASSET, 1) == {}
    assert await discrepancies(database) == []
    assert await figures(studio) == {"total3DViews": 3, "uniqueVisitors": {"estimate": 3}}
    told = await do(studio, "admin", RECORD, e=[seen(lamp, "dora")])
    assert told["results"] == [{"status": "DROPPED", "reason": "UNKNOWN_SUBJECT"}]
    # The id is not given again, although it may have been the highest.
    assert lamp != await studio.add_asset("A third lamp")
    # Later nobody remembers that it was there.
    studio.clock.advance(seconds=KEPT.total_seconds())
    assert await erased(studio) == 0
    assert await number(database, Deletion) == 0
    assert await number(database, Tenant, col(Tenant.subject_deleted_at).is_not(None)) == 0


async def test_what_a_later_deletion_has_noted_stays_noted(studio: Studio) -> None:
    lamp = await studio.add_asset("A lamp")
    database = studio.services.database
    await do(studio, "admin", "mutation($id: ID!) { deleteAsset(id: $id) { id } }", id=lamp)
    assert await erased(studio) == 1
    studio.clock.advance(seconds=KEPT.total_seconds())
    async with database.writing() as session:
        # As by a burial that is committed while old deletions are forgotten: PostgreSQL then sees its
        # tenant's row, and not its deletion.
        noted = update(Tenant).where(col(Tenant.subject_deleted_at).is_not(None))
        await session.execute(noted.values(subject_deleted_at=studio.clock.now))

    assert await erased(studio) == 0

    assert await number(database, Deletion) == 0
    assert await number(database, Tenant, col(Tenant.subject_deleted_at).is_not(None)) == 1


async def test_no_id_is_given_twice(studio: Studio) -> None:
    highest = await studio.add_asset("The newest")
    await do(studio, "admin", "mutation($id: ID!) { deleteAsset(id: $id) { id } }", id=highest)
    await erased(studio)
    await studio.add_asset("Another")

    async with studio.services.database.snapshot() as connection:
        ids = list(await connection.scalars(select(SQLModel.metadata.tables["assets"].c.id)))
    assert ids == [2]


async def test_a_workspace_goes_with_its_assets_and_an_organization_with_its_tenant(studio: Studio) -> None:
    lamp, _, chair = await furnished(studio)
    database = studio.services.database

    workspace = studio.workspaces[0]
    await do(studio, "admin", "mutation($id: ID!) { deleteWorkspace(id: $id) { id } }", id=workspace)
    assert (await studio.ask(NODE, "admin", id=lamp)).code == "NOT_FOUND"
    # All visitors together are known by one sketch, which is not made anew yet.
    assert await figures(studio) == {"total3DViews": 1, "uniqueVisitors": {"estimate": 4}}
    assert await erased(studio) == 1
    assert await figures(studio) == {"total3DViews": 1, "uniqueVisitors": {"estimate": 1}}
    assert await discrepancies(database) == []

    mutation = "mutation($id: ID!) { deleteOrganization(organizationId: $id) { id } }"
    assert (await studio.ask(mutation, "admin", id=studio.organization)).code == "FORBIDDEN"
    await own(studio)
    await do(studio, "admin", mutation, id=studio.organization)
    assert (await studio.ask(VIEWS, "admin", id=studio.organization)).code == "NOT_FOUND"
    told = await do(studio, "admin", RECORD, e=[seen(chair, "dora")])
    assert told["results"] == [{"status": "DROPPED", "reason": "UNKNOWN_SUBJECT"}]
    assert await erased(studio) == 1
    for table in ("assets", "workspaces", "organizations", "memberships", "workspace_memberships"):
        assert await studio.count(table) == 0, table
    for model in OWNED:
        assert await number(database, model) == 0, model


async def test_a_publication_goes_with_what_people_left_on_it(studio: Studio) -> None:
    mine = studio.publication
    for mark in ("likePublication", "bookmarkPublication", "sharePublication"):
        await do(
            studio, "stranger", f"mutation($p: ID!) {{ {mark}(publicationId: $p) {{ __typename }} }}", p=mine
        )
    comment = """mutation($p: ID!) {
      commentOnPublication(input: {publicationId: $p, body: "Well done"}) { comment { id } } }"""
    comment = (await do(studio, "stranger", comment, p=mine))["comment"]["id"]
    publish = """mutation($p: ID!) {
      publishExperience(input: {publicationId: $p, type: QUEST, title: "A quest"}) { experience { id } } }"""
    quests = [(await do(studio, "owner", publish, p=mine))["experience"]["id"] for _ in range(2)]
    drop = "mutation($id: ID!) { deleteExperience(id: $id) { publication { experienceCounts { quest } } } }"
    assert await do(studio, "owner", drop, id=quests[0]) == {
        "publication": {"experienceCounts": {"quest": 1}}
    }

    mutation = "mutation($id: ID!) { deletePublication(publicationId: $id) { id } }"
    assert (await studio.ask(mutation, "cocreator", id=mine)).code == "FORBIDDEN"
    await do(studio, "owner", mutation, id=mine)

    for id in (mine, quests[1]):
        assert (await studio.ask(NODE, "owner", id=id)).code == "NOT_FOUND"
    url = '{ publication(url: "ai-research-studio") { id } }'
    assert (await studio.ask(url, "owner")).code == "NOT_FOUND"
    deleting = "mutation($id: ID!) { deleteComment(id: $id) { id } }"
    assert (await studio.ask(deleting, "stranger", id=comment)).code == "NOT_FOUND"
    assert await erased(studio) == 1
    for table in ("publications", "likes", "bookmarks", "comments", "co_creators", "experiences"):
        assert await studio.count(table) == 0, table
    assert await rows_of(studio.services.database, SubjectKind.PUBLICATION, 1) == {}
    assert await discrepancies(studio.services.database) == []


async def test_a_custom_url_leads_on_and_is_kept_for_a_while(studio: Studio) -> None:
    make = """mutation($url: String!) {
      createPublication(input: {name: "Mine", customUrl: $url}) { publication { id } } }"""
    move = """mutation($id: ID!, $url: String!) {
      updatePublication(input: {id: $id, customUrl: $url}) { publication { customUrl } } }"""
    read = "query($url: String!) { publication(url: $url) { id customUrl } }"
    old, new = "ai-research-studio", "ai-studio"

    await do(studio, "owner", move, id=studio.publication, url=new)

    assert (await studio.ask(read, url=old)).data["publication"] == {
        "id": studio.publication,
        "customUrl": new,
    }
    assert (await studio.ask(make, "stranger", url=old)).code == "CONFLICT"
    # It is the publication's own, there and back.
    await do(studio, "owner", move, id=studio.publication, url=old)
    await do(studio, "owner", move, id=studio.publication, url=new)
    assert await studio.count("former_urls") == 1
    studio.clock.advance(days=89)
    mutation = "mutation($id: ID!) { deletePublication(publicationId: $id) { id } }"
    await do(studio, "owner", mutation, id=studio.publication)
    for url in (old, new):
        assert (await studio.ask(make, "stranger", url=url)).code == "CONFLICT", url
    studio.clock.advance(days=1)
    assert (await studio.ask(make, "stranger", url=new)).code == "CONFLICT"
    await do(studio, "stranger", make, url=old)
    studio.clock.advance(days=89)
    await do(studio, "stranger", make, url=new)
    assert await number(studio.services.database, FormerUrl) == 0


@pytest.mark.parametrize("engine", ["postgresql"])
async def test_a_deletion_waits_while_the_tenant_is_counted_anew(studio: Studio) -> None:
    lamp, _, _ = await furnished(studio)
    database = studio.services.database
    before = await rows_of(database, SubjectKind.ASSET, 1)
    await do(studio, "admin", "mutation($id: ID!) { deleteAsset(id: $id) { id } }", id=lamp)
    async with database.engine.connect() as counting:
        await counting.execute(select(col(Tenant.id)).with_for_update())
        deleting = create_task(erased(studio))
        await waits(deleting, counting)
        assert await rows_of(database, SubjectKind.ASSET, 1) == before
        await counting.rollback()

    assert await deleting == 1
    assert await rows_of(database, SubjectKind.ASSET, 1) == {}


async def _begun(database: Database, events: int) -> None:
    while await number(database, Event) == events:  # noqa: ASYNC110  # another process does it
        await sleep(0.005)


async def test_a_killed_deletion_goes_on_where_it_was(studio: Studio, database_url: str) -> None:
    await studio.add_asset("A lamp")
    database, now = studio.services.database, studio.clock.now
    async with database.snapshot() as connection:
        tenant: int = (await connection.scalars(select(table_of(Organization).c.tenant_id))).one()
    views = [
        NewEvent(tenant, uuid7(now), 1, Action.VIEW_3D, now - timedelta(minutes=n)) for n in range(9_000)
    ]
    await studio.services.buffer.add(views)
    await own(studio)
    await do(
        studio,
        "admin",
        "mutation($id: ID!) { deleteOrganization(organizationId: $id) { id } }",
        id=studio.organization,
    )

    with TemporaryFile() as said:
        variables = environment({"VIEWGRAPH_DATABASE_URL": database_url})
        program = await to_thread(fork, ["deletions", "--finish"], ROOT, variables, said, said)
    async with timeout(60):
        await _begun(database, len(views))
    program.kill()
    await to_thread(program.wait)

    left = await number(database, Event)
    assert 0 < left < len(views)
    # Its lease is still good, and its id is still there.
    studio.clock.to_now()
    assert await delete_buried(database, studio.services.topics, studio.clock) == 0
    assert "Another process" in await mistake("deletions", "--finish", VIEWGRAPH_DATABASE_URL=database_url)
    assert "not finished" in await done("deletions", VIEWGRAPH_DATABASE_URL=database_url)
    studio.clock.advance(seconds=LASTS.total_seconds())
    assert await delete_buried(database, studio.services.topics, studio.clock) == 1
    assert await number(database, Event) == 0
    (deletion,) = await deletions_of(database)
    assert deletion.finished_at is not None


async def test_a_deletion_that_fails_holds_up_no_other(studio: Studio) -> None:
    database = studio.services.database
    mutation = "mutation($id: ID!) { deleteAsset(id: $id) { id } }"
    lamps = [await studio.add_asset("A lamp"), await studio.add_asset("Another lamp")]
    for lamp in lamps:
        await do(studio, "admin", mutation, id=lamp)
    async with database.writing() as session:
        # There is no such kind.
        await session.execute(update(Deletion).where(col(Deletion.object_id) == 1).values(kind=99))

    with pytest.raises(ValueError, match="99"):
        await erased(studio)

    assert await erased(studio) == 1
    first, second = await deletions_of(database)
    assert (first.finished_at, second.finished_at is None) == (None, False)
    # It waits, and an operator does not.
    assert await erased(studio) == 0
    with pytest.raises(ValueError, match="99"):
        await delete_one(database, studio.services.topics, studio.clock, first)
    studio.clock.advance(seconds=RESTS.total_seconds())
    async with database.writing() as session:
        await session.execute(update(Deletion).values(kind=int(DeletedKind.ASSET)))
    assert await erased(studio) == 1


async def test_operators_delete_and_export_by_commands(
    studio: Studio, database_url: str, tmp_path: Any
) -> None:
    lamp = await studio.add_asset("A lamp")
    given = {"VIEWGRAPH_DATABASE_URL": database_url}

    assert (
        await mistake("delete", "asset", "ast_AAAAAAAAAAAAAAAAAAAAAA", **given) == "There is no such asset.\n"
    )
    assert await done("delete", "asset", lamp, **given) == (
        "Nobody finds this asset any more.\nRows deleted: 1.\n"
    )
    assert await done("delete", "publication", "ai-research-studio", "--later", **given) == (
        "Nobody finds this publication any more.\n"
    )
    listed = (await done("deletions", **given)).splitlines()
    assert listed[-1].split(", ")[2] == "not finished"
    file = tmp_path / "owner.json"
    told = await done("person", "export", "owner", str(file), **given)
    assert told.startswith(f"Wrote {file}: ")
    assert json.loads(file.read_bytes())["tables"]["users"][0]["username"] == "owner"
    assert file.stat().st_mode & 0o777 == 0o600
    assert "File exists" in await mistake("person", "export", "owner", str(file), **given)


@pytest.mark.parametrize("engine", ["sqlite"])
async def test_an_operator_erases_a_person_at_once(studio: Studio, database_url: str) -> None:
    told = await done("person", "erase", "stranger@example.com", VIEWGRAPH_DATABASE_URL=database_url)

    assert told.startswith("Nobody finds this account any more.\nRows deleted: ")
    async with studio.services.database.snapshot() as connection:
        names = list(await connection.scalars(select(SQLModel.metadata.tables["users"].c.username)))
    assert sorted(names) == ["admin", "cocreator", "member", "owner"]


async def test_after_an_account_is_deleted_the_rest_of_an_operation_is_nobodys(studio: Studio) -> None:
    await studio.add_person("dora", password="a password of the tests")
    query = """mutation {
      deleteAccount(input: {password: "a password of the tests"}) { id }
      createAuthenticationKey(input: {name: "kept"}) { secret }
      createOrganization(input: {name: "Kept"}) { organization { id } }
    }"""
    organizations = await studio.count("organizations")

    answer = await studio.ask(query, "dora")

    assert answer.body["data"]["deleteAccount"] == {"id": studio.people["dora"].id}
    assert answer.errors == [
        ("UNAUTHENTICATED", "createAuthenticationKey"),
        ("UNAUTHENTICATED", "createOrganization"),
    ]
    assert answer.body["errors"][0]["message"] == "You have deleted your account."
    assert await studio.count("authentication_keys") == 0
    assert await studio.count("organizations") == organizations


async def test_an_account_without_a_password_is_not_deleted_by_its_tokens_alone(studio: Studio) -> None:
    """A refresh token is kept beside the access token, so it shows nothing more."""
    dora = (await studio.add_person("dora", password="a password of the tests")).row
    answer = await studio.ask(
        """mutation { login(staySignedIn: true, input: {
          password: {email: "dora@example.com", password: "a password of the tests"}}) { refreshToken } }"""
    )
    async with studio.services.database.writing() as session:
        await session.execute(update(User).where(col(User.id) == dora.id).values(password_hash=None))
    key = 'mutation { createAuthenticationKey(input: {name: "CI"}) { secret } }'
    secret = (await do(studio, "dora", key))["secret"]
    delete = "deleteAccount(input: {}) { id }"

    refreshed = await studio.ask(
        f"mutation($t: String!) {{ refreshAccessToken(refreshToken: $t) {{ accessToken }} {delete} }}",
        t=answer.data["login"]["refreshToken"],
    )
    by_key = f"mutation($k: String!) {{ login(input: {{authenticationKey: $k}}) {{ accessToken }} {delete} }}"
    # Whoever found the token may have made the key.
    new = await studio.ask(by_key, k=secret)
    by_key_alone = await studio.send(
        {"query": f"mutation {{ {delete} }}"}, {"authorization": f"Token {secret}"}
    )
    studio.clock.advance(hours=24)
    signed_in = await studio.ask(by_key, k=secret)

    assert new.errors == [("CONFLICT", "deleteAccount")]
    assert new.extensions == {"code": "CONFLICT", "reason": "SIGN_IN_TOO_NEW"}
    assert "try again from 2023-06-16 12:00:00 UTC" in new.body["errors"][0]["message"]
    assert by_key_alone.errors == [("BAD_USER_INPUT", "deleteAccount")]
    assert refreshed.errors == [("BAD_USER_INPUT", "deleteAccount")]
    assert refreshed.body["data"]["refreshAccessToken"]
    assert signed_in.data["deleteAccount"] == {"id": studio.people["dora"].id}


async def test_what_is_overtaken_by_the_end_of_its_account_makes_nothing(studio: Studio) -> None:
    dora = (await studio.add_person("dora")).row
    key = 'mutation { createAuthenticationKey(input: {name: "kept"}) { secret } }'
    doomed = Doomed(DeletedKind.ACCOUNT, dora.id, dora.public_id, dora.tenant_id)

    late = await overtaken(
        studio,
        lambda: studio.ask(key, "dora"),
        lambda session: bury_user(session, doomed, studio.clock.now),
    )

    assert late.errors == [("UNAUTHENTICATED", "createAuthenticationKey")]
    assert await studio.count("authentication_keys") == 0


async def test_an_account_is_not_deleted_before_others_have_what_they_need(studio: Studio) -> None:
    delete = "mutation($i: DeleteAccountInput!) { deleteAccount(input: $i) { id } }"

    async def refused(by: str, **input: Any) -> tuple[str, str | None]:
        answer = await studio.ask(delete, by, i=input)
        return answer.code, answer.extensions.get("reason")

    await studio.add_person("dora", password=PASSWORD)
    before = await studio.count("users")
    assert await refused("dora") == ("BAD_USER_INPUT", "PASSWORD_REQUIRED")
    assert await refused("dora", password="wrong") == ("UNAUTHENTICATED", None)
    await studio.add_publication("doras-own", "dora")
    right = {"password": PASSWORD}
    assert await refused("dora", **right) == ("CONFLICT", "OWNS_PUBLICATIONS")
    make = 'mutation { createOrganization(input: {name: "Dora and others"}) { organization { id } } }'
    organization = (await do(studio, "dora", make))["organization"]["id"]
    await studio.add_member("member", "dora", organizationId=organization, role="ADMIN")
    assert await refused("dora", **right, deletePublications=True) == ("CONFLICT", "LAST_OWNER")
    assert await studio.count("users") == before
    assert await studio.count("deletions") == 0
    await studio.add_member("stranger", "dora", organizationId=organization, role="OWNER")
    assert (await studio.ask(delete, "dora", i={**right, "deletePublications": True})).data
    assert await erased(studio) == 1
    assert await studio.count("users") == before - 1
    assert await studio.count("organizations") == 2
