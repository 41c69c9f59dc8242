"""The acts of the demo's signed-in people: they publish, like, bookmark, comment, book and follow."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from random import Random
from typing import NamedTuple, TypeAlias

from base.errors import Conflict
from base.ids import Kind, global_id
from models import ExperienceType, User
from resolvers import appointments, people, publications, reactions
from resolvers.context import Context
from server.demo.studio import Studio, publication_id

_COMMENTS = (
    "This is what I was looking for.", "The second part helped me most.", "More of this, please.",
    "I do not agree with the ending.", "Shared it with my class.",
)  # fmt: skip


Play: TypeAlias = Callable[[Context], Awaitable[object]]


class Act(NamedTuple):
    at: datetime
    number: int
    play: Play
    user: User


def acts_of(studio: Studio) -> list[Act]:
    """All acts of signed-in people, each with its time."""
    random = studio.random
    acts: list[Act] = []

    def plan(user: User, play: Play, at: datetime | None = None) -> datetime:
        when = at or studio.first_day + random.random() * (studio.end - studio.first_day)
        acts.append(Act(when, len(acts), play, user))
        return when

    for row in studio.publications:
        id = publication_id(row)
        maker = studio.maker_of(row)
        for type_ in ExperienceType:
            for count in range(random.randint(1, 6 - type_)):
                plan(maker, _publish(id, type_, count))
        for user in studio.users:
            if random.random() < 0.5:
                _plan_reactions(plan, studio, user, id)
        if row.allow_bookings:
            for _ in range(random.randint(4, 9)):
                plan(random.choice(studio.users), _book(random, id, cancelled=random.random() < 0.2))
    for follower in studio.users:
        for followed in random.sample(studio.users, 4):
            if followed is not follower:
                plan(follower, _follow(global_id(Kind.USER, followed.public_id)))
    return acts


def _plan_reactions(plan: Callable[..., datetime], studio: Studio, user: User, id: str) -> None:
    random = studio.random
    liked_at = plan(user, lambda context: reactions.like(context, id))
    if random.random() < 0.1:
        after = liked_at + random.random() * (studio.end - liked_at)
        plan(user, lambda context: reactions.unlike(context, id), after)
    if random.random() < 0.5:
        plan(user, lambda context: reactions.bookmark(context, id))
    if random.random() < 0.5:
        plan(user, _comment(id, random.choice(_COMMENTS)))


def _publish(id: str, type_: ExperienceType, count: int) -> Play:
    title = f"{type_.name.replace('_', ' ').title()} {count + 1}"
    return lambda context: publications.publish_experience(context, id, type=type_, title=title)


def _comment(id: str, body: str) -> Play:
    return lambda context: reactions.comment(context, id, body)


def _follow(id: str) -> Play:
    return lambda context: people.follow(context, id)


def _book(random: Random, id: str, *, cancelled: bool) -> Play:
    days, half_hours = random.randint(1, 14), random.randint(16, 34)

    async def play(context: Context) -> None:
        midnight = context.now.replace(hour=0, minute=0, second=0, microsecond=0)
        start = midnight + timedelta(days=days, minutes=30 * half_hours)
        try:
            booked = await appointments.book(
                context, id, starts_at=start, ends_at=start + timedelta(minutes=30)
            )
        except Conflict:
            return
        if cancelled:
            await appointments.cancel(context, global_id(Kind.APPOINTMENT, booked.public_id))

    return play
