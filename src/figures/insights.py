"""The figures of what is known of a user: told by the user, raised by events, or told by other networks."""

from typing import Any, ClassVar, NamedTuple

from figures.figure import Figure, Figures
from models import Action


class Ever(NamedTuple):
    """How often something has ever happened."""

    all: int
    scored: int
    """Of each month, so many at most count in a score: anybody may report, and as often as they like."""

    def plus(self, told: "Ever") -> "Ever":
        return Ever(self.all + told.all, max(0, self.scored + told.scored))


NEVER = Ever(0, 0)


class Raised:
    """What the user told, and each event since.

    The row has it without the events that there were by then: once without all of them, and once without
    those that count in a score.
    """

    value: ClassVar[Any] = int

    def __init__(self, column: str, action: Action) -> None:
        self.column = column
        self.action = action

    @property
    def keys(self) -> tuple[Action, ...]:
        return (self.action,)

    def told(self, row: Any) -> Ever:
        """Without a number for the score of its own, it is the same."""
        told, scored = getattr(row, self.column), getattr(row, f"{self.column}_scored")
        return Ever(told, told if scored is None else scored)

    def columns(self, count: int, ever: Ever) -> dict[str, int]:
        """What the row has when it is told to be `count`, after so many events."""
        return {self.column: count - ever.all, f"{self.column}_scored": count - ever.scored}

    def of(self, ever: Ever, /) -> int:
        return ever.all

    def __str__(self) -> str:
        return f"what was told + `{self.action.name}`"


class Latest:
    """What a network last told; null before it first told."""

    value: ClassVar[Any] = int | None
    keys: ClassVar[tuple[()]] = ()

    def __init__(self, column: str) -> None:
        self._column = column

    def of(self, row: Any, /) -> int | None:
        count: int | None = getattr(row, self._column)
        return count

    def __str__(self) -> str:
        return "what the network last told"


PLAYED = Raised("in_app_plays", Action.PLAY)
VIEWED = Raised("profile_views", Action.PROFILE_VIEW)
SEARCHED = Raised("profile_searches", Action.PROFILE_SEARCH)

PLAYS = Figure(
    "inAppPlays",
    PLAYED,
    "plays",
    "Plays here: what the user told, and each event PLAY since, counted once.",
)
PLAYS_ELSEWHERE = Figure(
    "nonAppPlays",
    Latest("non_app_plays"),
    "plays",
    "Plays on the source's own site, as it last told; null before it first told.",
)
PROFILE_VIEWS = Figure(
    "profileViews",
    VIEWED,
    "views",
    "How often the profile was opened: what the user told, and each event PROFILE_VIEW since.",
)
PROFILE_SEARCHES = Figure(
    "profileSearches",
    SEARCHED,
    "searches",
    "How often a search found the profile: what the user told, and each event PROFILE_SEARCH since.",
)
FOLLOWERS: tuple[Figure[int | None], ...] = (
    Figure(
        "twitterFollowersCount",
        Latest("twitter_followers_count"),
        "followers",
        "Followers on X, as it last told; null before it first told.",
    ),
    Figure(
        "facebookPageFollowersCount",
        Latest("facebook_page_followers_count"),
        "followers",
        "Followers of the Facebook page, as Facebook last told; null before it first told.",
    ),
    Figure(
        "instagramFollowersCount",
        Latest("instagram_followers_count"),
        "followers",
        "Followers on Instagram, as it last told; null before it first told.",
    ),
)
WORK: Figures = (PLAYS, PLAYS_ELSEWHERE)
INSIGHT: Figures = (PROFILE_VIEWS, PROFILE_SEARCHES, *FOLLOWERS)
