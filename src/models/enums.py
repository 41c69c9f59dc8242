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
