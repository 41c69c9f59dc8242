"""The numbers in SmallInteger columns. A number keeps its meaning for ever once it is used."""

from enum import IntEnum


class ExperienceType(IntEnum):
    AI_EXPERT = 1
    AI_NOTE = 2
    QUEST = 3
    PODCAST = 4


class Role(IntEnum):
    OWNER = 1
    ADMIN = 2
    MEMBER = 3


class AssetFormatType(IntEnum):
    GLB = 1
    USDZ = 2
    FBX = 3
    STEP = 4
    OBJ = 5
    IMAGE = 6
    VIDEO = 7


class SourceType(IntEnum):
    YOUTUBE = 1
    SOUNDCLOUD = 2


class Network(IntEnum):
    """A network that is asked for the counts of works and accounts."""

    YOUTUBE = 1
    SOUNDCLOUD = 2
    X = 3
    FACEBOOK = 4
    INSTAGRAM = 5


class Device(IntEnum):
    UNKNOWN = 0
    DESKTOP = 1
    MOBILE = 2
    TABLET = 3


class SubjectKind(IntEnum):
    PUBLICATION = 1
    ASSET = 2
    PROFILE = 3
    WORK = 4


class Action(IntEnum):
    """What happened. An action belongs to one kind of subject, so (action, subject id) names the subject.

    An UN... action and CANCEL take back an earlier event. They have the time of that event, so that it no
    longer counts on the day on which it was counted.
    """

    VIEW = 1
    LIKE = 2
    BOOKMARK = 3
    SHARE = 4
    COMMENT = 5
    BOOK = 6
    UNLIKE = 7
    UNBOOKMARK = 8
    UNCOMMENT = 9
    CANCEL = 10
    VIEW_3D = 20
    AR_CLICK = 21
    AR_SCAN = 22
    INTERACTION = 23
    ENGAGED_VIEW = 24
    """A view, at its first interaction. It is in totals alone."""
    PROFILE_VIEW = 30
    PROFILE_SEARCH = 31
    PLAY = 40


SUBJECT_OF = {
    Action.VIEW: SubjectKind.PUBLICATION,
    Action.LIKE: SubjectKind.PUBLICATION,
    Action.BOOKMARK: SubjectKind.PUBLICATION,
    Action.SHARE: SubjectKind.PUBLICATION,
    Action.COMMENT: SubjectKind.PUBLICATION,
    Action.BOOK: SubjectKind.PUBLICATION,
    Action.UNLIKE: SubjectKind.PUBLICATION,
    Action.UNBOOKMARK: SubjectKind.PUBLICATION,
    Action.UNCOMMENT: SubjectKind.PUBLICATION,
    Action.CANCEL: SubjectKind.PUBLICATION,
    Action.VIEW_3D: SubjectKind.ASSET,
    Action.AR_CLICK: SubjectKind.ASSET,
    Action.AR_SCAN: SubjectKind.ASSET,
    Action.INTERACTION: SubjectKind.ASSET,
    Action.ENGAGED_VIEW: SubjectKind.ASSET,
    Action.PROFILE_VIEW: SubjectKind.PROFILE,
    Action.PROFILE_SEARCH: SubjectKind.PROFILE,
    Action.PLAY: SubjectKind.WORK,
}

TAKES_BACK = {
    Action.UNLIKE: Action.LIKE,
    Action.UNBOOKMARK: Action.BOOKMARK,
    Action.UNCOMMENT: Action.COMMENT,
    Action.CANCEL: Action.BOOK,
}
