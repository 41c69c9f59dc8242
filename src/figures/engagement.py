"""The figures of what people do with a publication.

A row that is added to `TOTALS` is in `EngagementMetrics` and in its `previous`.
"""

from figures.figure import Figure, Figures, keys_of
from figures.folds import ActiveUsers, Standing, Sum
from models import Action

VIEWS = Figure("totalViews", Sum(Action.VIEW), "views", "How often it was opened: events VIEW.")
LIKES = Figure(
    "totalLikes",
    Standing(Action.LIKE),
    "likes",
    "Likes that stand; within a range, by when they were given.",
)
BOOKMARKS = Figure(
    "totalBookmarks",
    Standing(Action.BOOKMARK),
    "bookmarks",
    "Bookmarks that stand; within a range, by when they were set.",
)
SHARES = Figure(
    "totalShares",
    Sum(Action.SHARE),
    "shares",
    "How often it was shared. A share cannot be taken back.",
)
COMMENTS = Figure(
    "totalComments",
    Standing(Action.COMMENT),
    "comments",
    "Comments that were not deleted; within a range, by when they were written.",
)
APPOINTMENTS = Figure(
    "totalAppointments",
    Standing(Action.BOOK),
    "appointments",
    "Appointments booked and not cancelled; within a range, by when they were booked, not by when they are.",
)
TOTALS: Figures = (VIEWS, LIKES, BOOKMARKS, SHARES, COMMENTS, APPOINTMENTS)

TAKEN_BACK: Figures = (
    Figure(
        "likes",
        Sum(Action.UNLIKE),
        "likes",
        f"Likes that were taken back; {LIKES} are those that stand.",
    ),
    Figure(
        "bookmarks",
        Sum(Action.UNBOOKMARK),
        "bookmarks",
        f"Bookmarks that were taken back; {BOOKMARKS} are those that stand.",
    ),
    Figure(
        "comments",
        Sum(Action.UNCOMMENT),
        "comments",
        f"Comments that were deleted; {COMMENTS} are those that stand.",
    ),
    Figure(
        "appointments",
        Sum(Action.CANCEL),
        "appointments",
        f"Appointments that were cancelled; {APPOINTMENTS} are those that stand.",
    ),
)
"""In the type TakenBack."""

USERS: Figures = (
    Figure(
        "monthlyActiveUsers",
        ActiveUsers(days=30),
        "people",
        "Distinct signed-in people active on the publication (view, like, bookmark, share, comment or "
        "booking) in the 30 days of 24 hours that end now, or at the range's end.",
    ),
)

ENGAGEMENT = (*TOTALS, *USERS)
"""All of EngagementMetrics, but for what is in types of its own."""

_KEYS = keys_of((*ENGAGEMENT, *TAKEN_BACK))
ACTIONS = tuple(key for key in _KEYS if isinstance(key, Action))
"""What has to be counted for them."""
ACTIVE_USERS = tuple(key for key in _KEYS if isinstance(key, ActiveUsers))
"""What has to be counted person by person."""
