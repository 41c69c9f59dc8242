"""Enums of the layers below, with the words that the schema has for them."""

from enum import Enum

import strawberry

from base.calendar import DateInterval, WeekStart
from ingest.reports import EventStatus
from ingest.wire import WireAction
from loaders.asset_metrics import Group, Ranking
from models import AssetFormatType, Device, ExperienceType, Role, SourceType
from reports import ReportFormat


def described_enum(enum: type[Enum], description: str, *, name: str | None = None, **values: str) -> None:
    """Makes an enum part of the schema. `values` has a description for each name, in order."""
    strawberry.enum(enum, name=name, description=description)
    definition = enum.__strawberry_definition__  # type: ignore[attr-defined]
    for value in definition.values:
        value.description = values.pop(value.name)
    if values:
        raise ValueError(f"{enum.__name__} has no {', '.join(values)}")


described_enum(
    ExperienceType,
    "What kind of experience a publication offers.",
    AI_EXPERT="An expert to talk with, played by a model.",
    AI_NOTE="A note that answers questions about itself.",
    QUEST="A series of tasks.",
    PODCAST="Episodes to listen to.",
)
described_enum(
    DateInterval,
    "How long a bucket of a series is, in the calendar of the asked time zone.",
    DAY="From local midnight to local midnight; keys are YYYYMMDD.",
    WEEK="An ISO week, from Monday; keys are YYYYww, with the ISO year.",
    MONTH="A calendar month; keys are YYYYMM.",
)
described_enum(
    EventStatus,
    "What became of an event.",
    STORED="It is counted, and survives a crash.",
    DUPLICATE="Its id was stored before, so it changed nothing.",
    DROPPED="It was refused, for the `reason` given, and changed nothing.",
)


class DeviceCategory(Enum):
    DESKTOP = Device.DESKTOP
    MOBILE = Device.MOBILE
    TABLET = Device.TABLET

    @classmethod
    def of(cls, device: Device | None) -> "DeviceCategory | None":
        """A device that nobody recognised has no category."""
        return cls(device) if device else None


class ViewType(Enum):
    VIEW_3D = "VIEW_3D"
    VIEW_AR = "VIEW_AR"


class ActionType(Enum):
    VIEW = "VIEW"
    CLICK = "CLICK"
    SCAN = "SCAN"


class PublicationOrderField(Enum):
    CREATED_AT = "created_at"
    NAME = "name"


class OrderDirection(Enum):
    ASC = "ASC"
    DESC = "DESC"


described_enum(
    DeviceCategory,
    "The kind of device that an event came from.",
    DESKTOP="Desktops and laptops.",
    MOBILE="Phones.",
    TABLET="Tablets.",
)
described_enum(
    WireAction,
    "What happened to the subject of an event.",
    name="EventAction",
    VIEW="A publication was opened.",
    SHARE="A publication was shared.",
    VIEW_3D="A 3D asset was shown on a page.",
    AR_CLICK="Somebody went from the page to augmented reality, on the device at hand.",
    AR_SCAN="Somebody scanned a code that leads to augmented reality.",
    INTERACTION="Somebody turned, zoomed or otherwise touched a 3D asset.",
    PROFILE_VIEW="A profile was opened.",
    PROFILE_SEARCH="A profile was found by a search.",
    PLAY="A work was played.",
)
described_enum(
    SourceType,
    "Where a work is published.",
    YOUTUBE="YouTube.",
    SOUNDCLOUD="SoundCloud.",
)
described_enum(
    Group,
    "What the points of a series can be split by.",
    name="ViewDimension",
    DEVICE="The kind of device.",
    DOMAIN="The site that the view came from.",
    ASSET="The asset; not for publications.",
    WORKSPACE="The workspace; not for publications.",
)
described_enum(
    ViewType,
    "Which of two kinds of views of a 3D asset a series has.",
    VIEW_3D="Views on a page.",
    VIEW_AR="Views in augmented reality.",
)
described_enum(
    PublicationOrderField,
    "What publications are sorted by; the id decides between equals.",
    CREATED_AT="When it was made.",
    NAME="Its name, by Unicode code points.",
)
described_enum(
    OrderDirection,
    "Which end of an order comes first.",
    ASC="The smallest, the earliest, A.",
    DESC="The largest, the latest, Z.",
)
described_enum(
    ActionType,
    "How a view of a 3D asset came about.",
    VIEW="It was shown on a page: the one action of VIEW_3D.",
    CLICK="Somebody went from the page to augmented reality: of VIEW_AR.",
    SCAN="Somebody scanned a code: of VIEW_AR.",
)
described_enum(
    Ranking,
    "What assets are ranked by.",
    name="AssetRanking",
    TOTAL_3D_VIEWS="`total3DViews`.",
    TOTAL_AR_VIEWS="`totalARViews`.",
    USER_ENGAGEMENT="`userEngagement`.",
)
described_enum(
    ReportFormat,
    "What a report is written in.",
    XLSX="A workbook with several sheets and charts, for Excel, LibreOffice and others.",
    CSV="The table of assets alone: UTF-8 with a mark at its start, commas, CRLF.",
)
described_enum(
    WeekStart,
    "Where weeks start, and how they are numbered.",
    MONDAY="ISO weeks: week 1 has the year's first Thursday.",
    SUNDAY="By the US rule: week 1 has January 1st.",
)
described_enum(
    AssetFormatType,
    "What a file of a 3D asset is.",
    GLB="glTF, binary.",
    USDZ="USD, zipped: for augmented reality on Apple's devices.",
    FBX="Autodesk FBX.",
    STEP="STEP, for construction.",
    OBJ="Wavefront OBJ.",
    IMAGE="A picture of it.",
    VIDEO="A film of it.",
)
described_enum(
    Role,
    "What a member of an organization may do.",
    OWNER="Everything, and making others owners.",
    ADMIN="Sees all workspaces, adds and removes members.",
    MEMBER="Acts in the workspaces it was added to, with their tokens.",
)
