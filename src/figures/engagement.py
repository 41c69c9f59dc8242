"""The figures of what people do with a publication.

A figure in `TOTALS` is a field of `EngagementMetrics` and of its `previous`. To let owners share another one,
give it a name in `PublicFigure`.
"""

from enum import Enum

from figures.figure import Figure, Figures, keys_of
from figures.folds import ActiveUsers, Standing, Sum
from models import Action

VIEWS = Figure("totalViews", Sum(Action.VIEW), "views", "How often the publication was opened: events VIEW.")
LIKES = Figure(
    "totalLikes",
    Standing(Action.LIKE),
    "likes",
    "Likes that were not taken back. A range has those that were given in it.",
)
BOOKMARKS = Figure(
    "totalBookmarks",
    Standing(Action.BOOKMARK),
    "bookmarks",
    "Bookmarks that were not taken back. A range has those that were set in it.",
)
SHARES = Figure(
    "totalShares",
    Sum(Action.SHARE),
    "shares",
    "How often the publication was shared. A share cannot be taken back.",
)
COMMENTS = Figure(
    "totalComments",
    Standing(Action.COMMENT),
    "comments",
    "Comments that were not deleted. A range has those that were written in it.",
)
APPOINTMENTS = Figure(
    "totalAppointments",
    Standing(Action.BOOK),
    "appointments",
    "Appointments that were booked and not cancelled. A range has those that were booked in it, whenever "
    "they take place.",
)
TOTALS: Figures = (VIEWS, LIKES, BOOKMARKS, SHARES, COMMENTS, APPOINTMENTS)

TAKEN_BACK: Figures = (
    Figure(
        "likes",
        Sum(Action.UNLIKE),
        "likes",
        f"Likes that were taken back since; a range has those that were given in it. {LIKES} has the other "
        "likes.",
    ),
    Figure(
        "bookmarks",
        Sum(Action.UNBOOKMARK),
        "bookmarks",
        f"Bookmarks that were taken back since; a range has those that were set in it. {BOOKMARKS} has the "
        "other bookmarks.",
    ),
    Figure(
        "comments",
        Sum(Action.UNCOMMENT),
        "comments",
        f"Comments that were deleted since; a range has those that were written in it. {COMMENTS} has the "
        "other comments.",
    ),
    Figure(
        "appointments",
        Sum(Action.CANCEL),
        "appointments",
        f"Appointments that were cancelled since; a range has those that were booked in it. {APPOINTMENTS} "
        "has the other appointments.",
    ),
)
"""The figures of the type TakenBack."""

USERS: Figures = (
    Figure(
        "monthlyActiveUsers",
        ActiveUsers(days=30),
        "people",
        "How many different signed-in users viewed, liked, bookmarked, shared, commented on or booked the "
        "publication in 30 days of 24 hours. These days end now, or at the end of the range.",
    ),
)

ENGAGEMENT = (*TOTALS, *USERS)
"""All figures of EngagementMetrics, except those in types of their own."""

_KEYS = keys_of((*ENGAGEMENT, *TAKEN_BACK))
ACTIONS = tuple(key for key in _KEYS if isinstance(key, Action))
"""The actions that are counted for these figures."""
ACTIVE_USERS = tuple(key for key in _KEYS if isinstance(key, ActiveUsers))
"""The numbers of different people that these figures need."""


class PublicFigure(Enum):
    """Those that an owner may show to everybody. The names stand in the database and in addresses."""

    TOTAL_VIEWS = VIEWS
    TOTAL_LIKES = LIKES
    TOTAL_BOOKMARKS = BOOKMARKS
    TOTAL_SHARES = SHARES
    TOTAL_COMMENTS = COMMENTS
    TOTAL_APPOINTMENTS = APPOINTMENTS
    MONTHLY_ACTIVE_USERS = USERS[0]
