"""What the makers of the demo's publications say about themselves, and what other networks say of them."""

from datetime import timedelta
from random import Random
from typing import Any, NamedTuple

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from base.ids import Kind, global_id
from ingest.wire import WireAction, WireEvent, WireSource, WireSubject, WireWork
from models import SourceType, User, UserInsight, Work
from resolvers import insights
from resolvers.insights import Given, GivenWork
from server.demo.legacy_ids import numbers_of
from server.demo.reports import report, send, some_time
from server.demo.studio import Studio, acting_as
from social.targets import ACCOUNTS

YOUTUBE, SOUNDCLOUD = SourceType.YOUTUBE, SourceType.SOUNDCLOUD


class _Maker(NamedTuple):
    given: Given
    followers: tuple[int, int, int]
    """On X, of the Facebook page, and on Instagram."""
    plays_elsewhere: tuple[int | None, ...]
    """Of each work."""
    popularity: int = 0
    """How many events there are of each kind in the year."""


# With these numbers the answer is the one that the documented API shows.
_GIGPRO = _Maker(
    Given(
        has_about=False,
        number_of_roles=1,
        number_of_acts=8,
        profile_views=8,
        profile_searches=7,
        connects=2,
        facebook_page_id=4546477,
        twitter_handle="gigpro",
        instagram_handle="gigpro",
        works=[
            GivenWork(YOUTUBE, "l4WNrvVjiTw", is_individual_work=True, in_app_plays=7),
            GivenWork(SOUNDCLOUD, "l4WNrvVjiTw", is_individual_work=False, in_app_plays=30),
        ],
    ),
    (4546, 4546, 4564),
    (30, 230),
)
_SPECIAL = {"member": _GIGPRO}


async def make_insights(studio: Studio) -> None:
    """The insight has the number of its user."""
    numbers = numbers_of(studio.users)
    for user in studio.makers():
        maker = _SPECIAL.get(user.username) or _maker(user)
        context = acting_as(studio.services, studio.first_day, user)
        row = await insights.create_insight(context, maker.given)
        async with studio.services.database.writing() as session:
            await _tell_networks(session, studio, row.id, maker)
            numbered = update(UserInsight).where(col(UserInsight.id) == row.id)
            await session.execute(numbered.values(legacy_id=numbers[user.id]))
        await send(studio.services, studio.end, user, _year_of(studio, user, maker))


def _maker(user: User) -> _Maker:
    random = Random(f"maker {user.username}")  # noqa: S311
    works = [_work(random, number) for number in range(random.randint(2, 4))]
    return _Maker(
        Given(
            has_about=True,
            number_of_roles=random.randint(1, 5),
            number_of_acts=random.randint(3, 30),
            connects=random.randint(10, 400),
            facebook_page_id=random.randint(10**6, 10**7),
            twitter_handle=user.username,
            instagram_handle=f"{user.username}.studio",
            works=works,
        ),
        (random.randint(200, 20_000), random.randint(100, 9_000), random.randint(500, 60_000)),
        tuple(random.randint(50, 90_000) if random.random() < 0.9 else None for _ in works),
        popularity=random.randint(20, 60),
    )


def _work(random: Random, number: int) -> GivenWork:
    source = SOUNDCLOUD if number % 3 == 2 else YOUTUBE
    letters = "abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
    return GivenWork(source, "".join(random.choices(letters, k=11)), number % 2 == 0, in_app_plays=0)


async def _tell_networks(session: AsyncSession, studio: Studio, insight_id: int, maker: _Maker) -> None:
    """The counts, as the networks told them in the last night of the year."""
    at = studio.end - timedelta(hours=3)
    told: dict[str, Any] = {}
    for account, count in zip(ACCOUNTS, maker.followers, strict=True):
        told |= {f"{account}_followers_count": count, f"{account}_refreshed_at": at}
        told[f"{account}_asked_at"] = at
    await session.execute(update(UserInsight).where(col(UserInsight.id) == insight_id).values(told))
    for work, plays in zip(maker.given["works"] or (), maker.plays_elsewhere, strict=True):
        await session.execute(
            update(Work)
            .where(
                col(Work.insight_id) == insight_id,
                col(Work.source_type) == work.source_type,
                col(Work.item_id) == work.item_id,
            )
            .values(non_app_plays=plays, refreshed_at=at if plays else None, asked_at=at)
        )


def _year_of(studio: Studio, user: User, maker: _Maker) -> list[WireEvent]:
    """Profiles are opened and found, and works are played, all over the year."""
    random = Random(f"profile {user.username}")  # noqa: S311
    id = global_id(Kind.USER, user.public_id)
    profile = WireSubject(profile_user_id=id)
    happened = [(profile, WireAction.PROFILE_VIEW), (profile, WireAction.PROFILE_SEARCH)]
    for work in maker.given["works"] or ():
        named = WireWork(id, WireSource[work.source_type.name], work.item_id)
        happened.append((WireSubject(work=named), WireAction.PLAY))
    return [
        report(random, subject, action, some_time(random, studio.first_day, studio.end - studio.first_day))
        for subject, action in happened
        for _ in range(maker.popularity)
    ]
