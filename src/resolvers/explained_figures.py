"""How each figure that `viewgraph explain` knows is made of actions. By its name in the schema."""

from enum import Enum
from typing import NamedTuple

from models import TAKES_BACK, Action, SubjectKind


class Fold(Enum):
    SUM = "sum"
    RATIO = "ratio"
    ACTIVE_USERS = "active users"
    VISITORS = "visitors"


class Recipe(NamedTuple):
    actions: tuple[Action, ...] = ()
    less: tuple[Action, ...] = ()
    """Taken off; of a RATIO, what it is divided by."""
    fold: Fold = Fold.SUM

    @property
    def all_actions(self) -> tuple[Action, ...]:
        return self.actions + self.less

    @property
    def formula(self) -> str:
        together = " + ".join(action.name for action in self.actions)
        apart = " + ".join(action.name for action in self.less)
        match self.fold:
            case Fold.ACTIVE_USERS:
                return "different signed-in users in 30 days of 24 hours"
            case Fold.VISITORS:
                return "different visitors, estimated from daily sketches"
            case Fold.RATIO:
                return f"{together} divided by {apart}"
        return f"{together} less {apart}" if apart else together


def _standing(action: Action) -> Recipe:
    return Recipe((action,), tuple(taking for taking, taken in TAKES_BACK.items() if taken is action))


FIGURES = {
    SubjectKind.PUBLICATION: {
        "totalViews": _standing(Action.VIEW),
        "totalLikes": _standing(Action.LIKE),
        "totalBookmarks": _standing(Action.BOOKMARK),
        "totalShares": _standing(Action.SHARE),
        "totalComments": _standing(Action.COMMENT),
        "totalAppointments": _standing(Action.BOOK),
        "takenBack.likes": Recipe((Action.UNLIKE,)),
        "takenBack.bookmarks": Recipe((Action.UNBOOKMARK,)),
        "takenBack.comments": Recipe((Action.UNCOMMENT,)),
        "takenBack.appointments": Recipe((Action.CANCEL,)),
        "monthlyActiveUsers": Recipe(fold=Fold.ACTIVE_USERS),
        "uniqueVisitors": Recipe(fold=Fold.VISITORS),
    },
    SubjectKind.ASSET: {
        "total3DViews": Recipe((Action.VIEW_3D,)),
        "totalARViews": Recipe((Action.AR_CLICK, Action.AR_SCAN)),
        "userEngagement": Recipe((Action.ENGAGED_VIEW,)),
        "avgNumberInteractions": Recipe((Action.INTERACTION,), (Action.ENGAGED_VIEW,), Fold.RATIO),
        "uniqueVisitors": Recipe(fold=Fold.VISITORS),
    },
    SubjectKind.PROFILE: {
        "profileViews": Recipe((Action.PROFILE_VIEW,)),
        "profileSearches": Recipe((Action.PROFILE_SEARCH,)),
    },
    SubjectKind.WORK: {"inAppPlays": Recipe((Action.PLAY,))},
}
