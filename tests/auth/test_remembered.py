"""Who asks is remembered for queries, and forgotten as soon as any process changes it."""

from asyncio import sleep
from collections.abc import Awaitable, Callable
from functools import partial
from uuid import uuid4

from sqlalchemy import delete

from database import table_of
from models import Membership, User
from tests.auth.asking import NOBODY, new_key, who
from tests.studio import Answer, Studio

REVOKE = "mutation($id: ID!) { revokeAuthenticationKey(id: $id) { id } }"
ORGANIZATION = "query($id: ID!) { organization(id: $id) { name } }"
PATIENCE = 500


async def until_refused(changing: Studio, here: Studio, ask: Callable[[], Awaitable[Answer]]) -> Answer:
    """The first answer that differs. In the process of the change it is the very next one."""
    first = await ask()
    if changing is here:
        return first
    for _ in range(PATIENCE):
        if "errors" in first.body:
            return first
        await sleep(0.01)
        first = await ask()
    raise TimeoutError("it was not forgotten")


async def test_who_asks_is_looked_up_once(here: Studio) -> None:
    secret, _ = await new_key(here)
    for authorization in (f"Bearer {here.token('owner')}", f"Token {secret}"):
        counts = []
        for _ in range(3):
            with here.statements() as seen:
                answer = await who(here, authorization=authorization)
            assert answer.data == {"viewer": {"username": "owner"}}
            counts.append(len(seen))
        assert counts == [2, 1, 1]


async def test_what_the_viewer_may_do_is_looked_up_once(here: Studio) -> None:
    counts = []
    body = {"query": f"{ORGANIZATION} # {uuid4()}", "variables": {"id": here.organization}}
    headers = {"authorization": f"Bearer {here.token('admin')}"}
    for _ in range(3):
        with here.statements() as seen:
            answer = await here.send(body, headers)
        assert answer.data == {"organization": {"name": "Works"}}
        counts.append(len(seen))
    assert counts == [3, 1, 1]


async def test_what_was_remembered_expires_on_time(here: Studio) -> None:
    secret, _ = await new_key(here, days=1)
    for authorization, seconds in ((f"Bearer {here.token('owner')}", 3600), (f"Token {secret}", 82_800)):
        assert (await who(here, authorization=authorization)).data == {"viewer": {"username": "owner"}}
        here.clock.advance(seconds=seconds)
        assert (await who(here, authorization=authorization)).errors == [("UNAUTHENTICATED", "viewer")]


async def test_a_revoked_key_is_forgotten(here: Studio, changing: Studio) -> None:
    secret, id = await new_key(here)
    ask = partial(who, here, authorization=f"Token {secret}")
    for _ in range(2):
        assert (await ask()).data == {"viewer": {"username": "owner"}}

    assert (await changing.ask(REVOKE, "owner", id=id)).data

    assert (await until_refused(changing, here, ask)).errors == [("UNAUTHENTICATED", "viewer")]


async def test_a_user_who_is_gone_is_forgotten(here: Studio, changing: Studio) -> None:
    ask = partial(who, here, authorization=f"Bearer {here.token('stranger')}")
    for _ in range(2):
        assert (await ask()).data == {"viewer": {"username": "stranger"}}

    async with changing.services.database.writing() as session:
        users = table_of(User)
        await session.execute(delete(users).where(users.c.id == here.people["stranger"].row.id))

    assert (await until_refused(changing, here, ask)).body["data"] == NOBODY


async def test_a_member_who_was_removed_sees_nothing_more(here: Studio, changing: Studio) -> None:
    ask = partial(here.ask, ORGANIZATION, "member", id=here.organization)
    for _ in range(2):
        assert (await ask()).data == {"organization": {"name": "Works"}}

    async with changing.services.database.writing() as session:
        memberships = table_of(Membership)
        await session.execute(
            delete(memberships).where(memberships.c.user_id == here.people["member"].row.id)
        )

    assert (await until_refused(changing, here, ask)).errors == [("NOT_FOUND", "organization")]


async def test_a_role_that_was_changed_counts_at_once(here: Studio, changing: Studio) -> None:
    """Also for a token that was issued before."""
    token = here.token("owner")
    query = "query($id: ID!) { organization(id: $id) { members { totalCount } } }"

    async def ask() -> Answer:
        body = {"query": query, "variables": {"id": here.organization}}
        return await here.send(body, {"authorization": f"Bearer {token}"})

    await here.add_member("owner", role="ADMIN")
    for _ in range(2):
        assert (await ask()).data == {"organization": {"members": {"totalCount": 3}}}

    change = """mutation($o: ID!, $u: ID!) {
      changeMemberRole(input: {organizationId: $o, userId: $u, role: MEMBER}) { member { role } } }"""
    assert (await changing.ask(change, "admin", o=here.organization, u=here.people["owner"].id)).data

    assert (await until_refused(changing, here, ask)).errors == [("FORBIDDEN", "organization.members")]


async def test_nothing_is_remembered_while_nobody_knows_what_others_do(studio: Studio) -> None:
    query = f"{ORGANIZATION} # {uuid4()}"
    for _ in range(2):
        with studio.statements() as seen:
            answer = await studio.ask(query, "admin", id=studio.organization)
        assert answer.data
        assert len(seen) == 3
