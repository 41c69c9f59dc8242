"""The figures of what is known of a user. The user gives some, events raise some, and other networks
report some."""

from typing import Any, ClassVar, NamedTuple

from figures.figure import Figure, Figures
from models import Action


class AllTimeCount(NamedTuple):
    """How often something has happened, of all time."""

    all: int
    scored: int
    """The part that counts in a score: at most `MOST_SCORED` events of each month, because anybody may
    report as many as they like."""

    def plus(self, given: "AllTimeCount") -> "AllTimeCount":
        return AllTimeCount(self.all + given.all, max(0, self.scored + given.scored))


NO_COUNT = AllTimeCount(0, 0)


class Raised:
    """The number that the user gave, and one more for each event since.

    The row keeps that number minus the events that there were when the user gave it: in `column` minus all of
    them, and in `column` with `_scored` minus those that count in a score.
    """

    value: ClassVar[Any] = int

    def __init__(self, column: str, action: Action) -> None:
        self.column = column
        self.action = action

    @property
    def keys(self) -> tuple[Action, ...]:
        return (self.action,)

    def given(self, row: Any) -> AllTimeCount:
        """What the row keeps. If it has no number for the score, both are the same."""
        given, scored = getattr(row, self.column), getattr(row, f"{self.column}_scored")
        return AllTimeCount(given, given if scored is None else scored)

    def columns(self, count: int, total: AllTimeCount) -> dict[str, int]:
        """The columns of the row when the user gives `count` after `total` events."""
        return {self.column: count - total.all, f"{self.column}_scored": count - total.scored}

    def of(self, total: AllTimeCount, /) -> int:
        return total.all

    def __str__(self) -> str:
        return f"what the user gave + `{self.action.name}`"


class Latest:
    """What a network last reported; null until it has reported a number."""

    value: ClassVar[Any] = int | None
    keys: ClassVar[tuple[()]] = ()

    def __init__(self, column: str) -> None:
        self._column = column

    def of(self, row: Any, /) -> int | None:
        count: int | None = getattr(row, self._column)
        return count

    def __str__(self) -> str:
        return "what the network last reported"


PLAYED = Raised("in_app_plays", Action.PLAY)
VIEWED = Raised("profile_views", Action.PROFILE_VIEW)
SEARCHED = Raised("profile_searches", Action.PROFILE_SEARCH)

PLAYS = Figure(
    "inAppPlays",
    PLAYED,
    "plays",
    "Plays here: the number that the user gave, and one more for each event PLAY since.",
)
PLAYS_ELSEWHERE = Figure(
    "nonAppPlays",
    Latest("non_app_plays"),
    "plays",
    "Plays on YouTube or SoundCloud, as last reported there; null until a number is reported.",
)
PROFILE_VIEWS = Figure(
    "profileViews",
    VIEWED,
    "views",
    "How often the profile was opened: the number that the user gave, and one more for each event "
    "PROFILE_VIEW since.",
)
PROFILE_SEARCHES = Figure(
    "profileSearches",
    SEARCHED,
    "searches",
    "How often a search found the profile: the number that the user gave, and one more for each event "
    "PROFILE_SEARCH since.",
)
FOLLOWERS: tuple[Figure[int | None], ...] = (
    Figure(
        "twitterFollowersCount",
        Latest("twitter_followers_count"),
        "followers",
        "Followers on X, as X last reported; null until X reports a number.",
    ),
    Figure(
        "facebookPageFollowersCount",
        Latest("facebook_page_followers_count"),
        "followers",
        "Followers of the Facebook page, as Facebook last reported; null until Facebook reports a number.",
    ),
    Figure(
        "instagramFollowersCount",
        Latest("instagram_followers_count"),
        "followers",
        "Followers on Instagram, as Instagram last reported; null until Instagram reports a number.",
    ),
)
WORK: Figures = (PLAYS, PLAYS_ELSEWHERE)
INSIGHT: Figures = (PROFILE_VIEWS, PROFILE_SEARCHES, *FOLLOWERS)
