from asyncio import gather, sleep, wait_for

import pytest

from base.ids import Kind
from tests.resolvers.figures import (
    NOT_FOUND,
    SIGN_IN_FIRST,
    URL,
    bad_input,
    ids_of_no,
    unchanged,
)
from tests.studio import Answer, Studio

FOLLOW = "mutation($u: ID!) { followUser(userId: $u) { user { id username } } }"
UNFOLLOW = "mutation($u: ID!) { unfollowUser(userId: $u) { user { id username } } }"
SOCIAL = "query($url: String!) { publication(url: $url) { socialMetrics { followersCount followingCount } } }"
WAITING = (
    "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
)


async def follow(studio: Studio, by: str | None, user: str) -> Answer:
    id = studio.people[user].id if user in studio.people else user
    return await studio.ask(FOLLOW, by, u=id)


async def unfollow(studio: Studio, by: str | None, user: str) -> Answer:
    id = studio.people[user].id if user in studio.people else user
    return await studio.ask(UNFOLLOW, by, u=id)


async def social(studio: Studio, by: str = "owner", url: str = URL) -> tuple[int, int]:
    """Followers, and how many are followed."""
    answer = await studio.ask(SOCIAL, by, url=url)
    followers, following = answer.data["publication"]["socialMetrics"].values()
    return followers, following


async def test_followers_and_the_followed_are_counted(studio: Studio) -> None:
    answer = await follow(studio, "stranger", "owner")
    stranger, owner = studio.people["stranger"].id, studio.people["owner"].id
    assert answer.data == {"followUser": {"user": {"id": owner, "username": "owner"}}}
    for by in ("admin", "member"):
        await follow(studio, by, "owner")
    answer = await follow(studio, "owner", "stranger")
    assert answer.data == {"followUser": {"user": {"id": stranger, "username": "stranger"}}}
    await follow(studio, "admin", "stranger")

    assert await social(studio) == (3, 1)
    assert await studio.count("follows") == 5

    answer = await unfollow(studio, "admin", "owner")
    assert answer.data == {"unfollowUser": {"user": {"id": owner, "username": "owner"}}}
    studio.clock.advance(hours=1)
    assert await social(studio) == (2, 1)
    assert await studio.count("follows") == 4


async def test_following_twice_and_unfollowing_nobody_change_nothing(studio: Studio) -> None:
    await follow(studio, "stranger", "owner")
    studio.clock.advance(minutes=1)

    async with unchanged(studio):
        assert (await follow(studio, "stranger", "owner")).errors == []
        assert (await unfollow(studio, "stranger", "admin")).errors == []
        assert (await unfollow(studio, "member", "member")).errors == []


async def test_a_refused_follow_follows_nobody(studio: Studio) -> None:
    await follow(studio, "stranger", "owner")

    async with unchanged(studio):
        for change in (follow, unfollow):
            assert (await change(studio, None, "owner")).extensions == SIGN_IN_FIRST
            for id in ids_of_no(Kind.USER, studio.publication):
                assert (await change(studio, "stranger", id)).extensions == NOT_FOUND
        for by in ("owner", "stranger"):
            assert (await follow(studio, by, by)).extensions == bad_input("userId", "ONESELF")


async def test_whom_an_owner_follows_is_seen_at_once_in_all_their_publications(studio: Studio) -> None:
    await studio.add_publication("second-studio", "owner")
    seen = []
    for change, user in ((follow, "admin"), (follow, "member"), (unfollow, "admin"), (follow, "stranger")):
        await change(studio, "owner", user)
        seen.append((await social(studio), await social(studio, url="second-studio")))

    assert seen == [((0, 1), (0, 1)), ((0, 2), (0, 2)), ((0, 1), (0, 1)), ((0, 2), (0, 2))]


async def test_that_a_co_creator_follows_the_owner_is_seen_at_once(studio: Studio) -> None:
    seen = [await social(studio)]
    await follow(studio, "cocreator", "owner")
    seen.append(await social(studio))
    await unfollow(studio, "cocreator", "owner")
    seen.append(await social(studio))

    assert seen == [(0, 0), (1, 0), (0, 0)]


async def test_that_others_follow_the_owner_is_seen_at_once(studio: Studio) -> None:
    assert await social(studio) == (0, 0)
    await follow(studio, "stranger", "owner")
    assert await social(studio) == (1, 0)


async def test_following_one_user_many_times_at_once_follows_once(studio: Studio) -> None:
    answers = await gather(*(follow(studio, "owner", "stranger") for _ in range(15)))

    assert [answer.errors for answer in answers] == [[]] * 15
    assert await studio.count("follows") == 1
    assert await social(studio) == (0, 1)


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
async def test_the_publications_of_an_owner_are_locked_in_the_order_of_their_ids(studio: Studio) -> None:
    """Writers that lock in different orders would wait for each other in a circle: a deadlock."""
    await studio.add_publication("second-studio", "owner")
    async with studio.services.database.engine.connect() as other:
        # From now on the first publication lies behind the second.
        await other.exec_driver_sql(
            "UPDATE publications SET name = 'Moved' WHERE custom_url = 'ai-research-studio'"
        )
        await other.commit()
        await other.exec_driver_sql(
            "SELECT id FROM publications WHERE custom_url = 'ai-research-studio' FOR UPDATE"
        )

        async def follow_meanwhile() -> Answer:
            return await follow(studio, "owner", "admin")

        async def is_second_free() -> bool:
            while not (await other.exec_driver_sql(WAITING)).scalar_one():
                await other.exec_driver_sql("SELECT pg_stat_clear_snapshot()")
                await sleep(0.01)
            free = "SELECT id FROM publications WHERE custom_url = 'second-studio' FOR UPDATE SKIP LOCKED"
            rows = (await other.exec_driver_sql(free)).all()
            await other.rollback()
            return len(rows) == 1

        answer, free = await wait_for(gather(follow_meanwhile(), is_second_free()), 10)

    assert answer.errors == []
    assert free


RENAME = "mutation($name: String!) { updateViewer(input: {username: $name}) { user { username } } }"
BY_NAME = "query($name: String!) { user(by: {username: $name}) { username } }"


async def test_a_username_is_changed_but_not_to_one_that_looks_like_anothers(studio: Studio) -> None:
    done = await studio.ask(RENAME, "owner", name="Mary.Ann")
    found = [await studio.ask(BY_NAME, name=name) for name in ("mary.ann", "MARY.ANN", "\uff4dary.ann")]
    gone = await studio.ask(BY_NAME, name="owner")
    alike = [
        await studio.ask(RENAME, "stranger", name=name) for name in ("mary.ann", "rnary.ann", "m\u0430ry.ann")
    ]
    same = await studio.ask(RENAME, "owner", name="MARY.ANN")
    # The older name is free.
    taken = await studio.ask(RENAME, "stranger", name="owner")

    assert done.data == {"updateViewer": {"user": {"username": "mary.ann"}}}
    assert [answer.data for answer in found] == [{"user": {"username": "mary.ann"}}] * 3
    assert gone.code == "NOT_FOUND"
    assert [answer.errors for answer in alike] == [[("CONFLICT", "updateViewer")]] * 3
    assert same.data == done.data
    assert taken.data == {"updateViewer": {"user": {"username": "owner"}}}
