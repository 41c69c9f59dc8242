"""Enums of the schema, with their descriptions. Most come from the layers below."""

from enum import Enum

import strawberry

from audit import Act, ActorKind
from base.calendar import DateInterval, WeekStart
from base.kinds import REPORTED
from figures.assets import Ranking
from figures.engagement import PublicFigure
from ingest.events_by_id import RemovalStatus
from ingest.outcomes import EventStatus
from ingest.wire import WireAction
from loaders.asset_metrics import Group
from loaders.invitations import InvitationRow
from models import Action, AssetFormatType, Device, ExperienceType, Role, SourceType
from reports import CsvSeparator, ReportFormat, ReportRows


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
    "How long a bucket of a series is, in the calendar of the asked time zone. A range that covers a bucket "
    "only in part counts only that part, so that all intervals of a range have the same sum.",
    HOUR="From one full hour on the clocks to the next: 60 minutes, unless clocks change by a part of an "
    "hour. An hour that clocks show twice is two buckets; an hour that they skip has no bucket. Keys "
    "are YYYYMMDDHH; the second of two equal hours has its offset at the end, such as "
    "2023102902+0100.",
    DAY="From local midnight to local midnight: 23 to 25 hours on days on which clocks change. Keys are "
    "YYYYMMDD.",
    WEEK="Seven days from the day that `weekStart` says, by default an ISO week from Monday. Keys are "
    "YYYYww, where YYYY is the year that the week is counted in: 2021-01-03 is in 202053.",
    MONTH="A calendar month. Keys are YYYYMM.",
)
described_enum(
    RemovalStatus,
    "What became of one event that was to be taken back.",
    name="EventRemovalStatus",
    REMOVED="It was stored, and is gone. It counts nowhere any more.",
    UNKNOWN="No event of this id is stored for the subject. It never was, or was taken back before, or is "
    "older than the raw events that are kept.",
    KEPT="It stands for a like, a bookmark, a comment or an appointment, and changed nothing. Take that back "
    "by its own mutation, such as `unlikePublication`.",
)
described_enum(
    EventStatus,
    "What became of an event.",
    STORED="The event is stored and counted, and survives a crash.",
    DUPLICATE="An event with this id was stored before, so this one changed nothing.",
    DROPPED="The event was refused, for the `reason` given, and changed nothing.",
)


class DeviceCategory(Enum):
    DESKTOP = Device.DESKTOP
    MOBILE = Device.MOBILE
    TABLET = Device.TABLET

    @classmethod
    def of(cls, device: Device | None) -> "DeviceCategory | None":
        """None for a device that was not recognised."""
        return cls(device) if device else None


class ViewType(Enum):
    VIEW_3D = "VIEW_3D"
    VIEW_AR = "VIEW_AR"


class ActionType(Enum):
    VIEW = "VIEW"
    CLICK = "CLICK"
    SCAN = "SCAN"


class PublicationAction(Enum):
    VIEW = Action.VIEW
    LIKE = Action.LIKE
    BOOKMARK = Action.BOOKMARK
    SHARE = Action.SHARE
    COMMENT = Action.COMMENT
    BOOK = Action.BOOK


class AssetAction(Enum):
    VIEW_3D = Action.VIEW_3D
    AR_CLICK = Action.AR_CLICK
    AR_SCAN = Action.AR_SCAN
    INTERACTION = Action.INTERACTION
    ENGAGED_VIEW = Action.ENGAGED_VIEW


class InvitationTarget(Enum):
    ORGANIZATION = "ORGANIZATION"
    WORKSPACE = "WORKSPACE"
    PUBLICATION = "PUBLICATION"

    @classmethod
    def of(cls, row: InvitationRow) -> "InvitationTarget":
        if row.publication_id is not None:
            return cls.PUBLICATION
        return cls.ORGANIZATION if row.workspace_id is None else cls.WORKSPACE


class PublicationOrderField(Enum):
    CREATED_AT = "created_at"
    NAME = "name"


class OrderDirection(Enum):
    ASC = "ASC"
    DESC = "DESC"


described_enum(
    DeviceCategory,
    "The kind of device that an event came from. A device that is not recognised, or is none of these, has "
    "no category.",
    DESKTOP="Desktops and laptops.",
    MOBILE="Phones.",
    TABLET="Tablets, such as iPads.",
)
described_enum(
    PublicationAction,
    "What people do with a publication.",
    VIEW="The publication was opened, as `totalViews` counts.",
    LIKE="The publication was liked, as `totalLikes` counts. A like can be taken back.",
    BOOKMARK="The publication was bookmarked, as `totalBookmarks` counts. A bookmark can be taken back.",
    SHARE="The publication was shared, as `totalShares` counts. A share cannot be taken back.",
    COMMENT="Somebody wrote a comment, as `totalComments` counts. A comment that is deleted counts as taken "
    "back.",
    BOOK="An appointment was booked, as `totalAppointments` counts, at the time of the booking. An "
    "appointment that is cancelled counts as taken back.",
)
described_enum(
    AssetAction,
    "What people do with a 3D asset.",
    VIEW_3D="The asset was shown on a page, as `total3DViews` counts.",
    AR_CLICK="Somebody went from the page to augmented reality on the same device. `totalARViews` counts "
    "this, too.",
    AR_SCAN="Somebody scanned a code that leads to augmented reality. `totalARViews` counts this, too.",
    INTERACTION="Somebody turned, zoomed or otherwise touched the asset.",
    ENGAGED_VIEW="A 3D view had its first interaction, as `userEngagement` counts.",
)
described_enum(
    WireAction,
    "What happened to the subject of an event. Each action is for one kind of subject; with a subject of "
    "another kind, the event is dropped as WRONG_ACTION.",
    name="EventAction",
    **{action.name: words for action, words in REPORTED.items()},
)
described_enum(
    SourceType,
    "Where a work is published.",
    YOUTUBE="YouTube: the item is a video.",
    SOUNDCLOUD="SoundCloud: the item is a track.",
)
described_enum(
    Group,
    "What the points of a series can be split by. With several dimensions, there is a group for each "
    "combination that occurs.",
    name="ViewDimension",
    DEVICE="The kind of device: `ViewPoint.deviceCategory`.",
    DOMAIN="The site that the event came from: `ViewPoint.domain`.",
    ASSET="The asset: `ViewPoint.asset`. In a series of a publication it is BAD_USER_INPUT, with the reason "
    "INVALID_GROUPING.",
    WORKSPACE="The workspace: `ViewPoint.workspace`. In a series of a publication it is BAD_USER_INPUT, "
    "with the reason INVALID_GROUPING.",
)
described_enum(
    ViewType,
    "One of the two kinds of views of a 3D asset.",
    VIEW_3D="Views on a page: events VIEW_3D.",
    VIEW_AR="Views in augmented reality: events AR_CLICK and AR_SCAN.",
)
described_enum(
    PublicationOrderField,
    "What publications are sorted by; the id decides between equals.",
    CREATED_AT="When the publication was made.",
    NAME="The publication's name, by Unicode code points: Z comes before a.",
)
described_enum(
    OrderDirection,
    "Which end of an order comes first.",
    ASC="The smallest first: the earliest, A.",
    DESC="The largest first: the latest, Z.",
)
described_enum(
    ActionType,
    "How somebody came to view a 3D asset.",
    VIEW="The asset was shown on a page. This is the only action of VIEW_3D.",
    CLICK="Somebody went from the page to augmented reality on the same device. This is an action of "
    "VIEW_AR.",
    SCAN="Somebody scanned a code that leads to augmented reality. This is an action of VIEW_AR.",
)
described_enum(
    Ranking,
    "The figure that assets are ranked by, the largest first.",
    name="AssetRanking",
    **{ranking.name: f"By {ranking.value}. {ranking.value.words}" for ranking in Ranking},
)
described_enum(
    PublicFigure,
    "A figure of a publication that its owner may show to everybody.",
    name="PublicationFigure",
    **{figure.name: f"{figure.value} of `EngagementMetrics` without a range." for figure in PublicFigure},
)
described_enum(
    ReportFormat,
    "What a report is written in.",
    XLSX="A workbook with several sheets and charts, for Excel, LibreOffice and others.",
    CSV="Only the table of assets, as UTF-8 with a byte order mark, and with CRLF.",
)
described_enum(
    CsvSeparator,
    "What stands between the cells of a CSV file.",
    COMMA="`,`, as spreadsheets expect where numbers have a decimal point.",
    SEMICOLON="`;`, as spreadsheets expect where numbers have a decimal comma.",
    TAB="Character 9, with which programs copy and paste tables.",
)
described_enum(
    ReportRows,
    "What the table of assets in a report has a row for.",
    DEVICES="Each asset and each kind of device on which something happened to it.",
    DAYS="Each asset and each day of `timeZone` on which something happened to it. Assets and days may make "
    "100,000 rows at most, also those without a row; with more, the file is BAD_USER_INPUT with the reason "
    "TOO_MANY.",
)
described_enum(
    WeekStart,
    "Where weeks start, and how they are numbered.",
    MONDAY="On Monday. ISO weeks: week 1 has the year's first Thursday.",
    SUNDAY="On Sunday. By the US rule: week 1 has January 1st.",
)
described_enum(
    AssetFormatType,
    "What a file of a 3D asset is.",
    GLB="The model in binary glTF.",
    USDZ="The model in zipped USD, for augmented reality on Apple's devices.",
    FBX="The model in Autodesk's FBX.",
    STEP="The model in STEP, for construction.",
    OBJ="The model in Wavefront's OBJ.",
    IMAGE="A picture of the model.",
    VIDEO="A film of the model.",
)
described_enum(
    InvitationTarget,
    "To what a user is invited.",
    ORGANIZATION="To an organization, as a member.",
    WORKSPACE="To a workspace of an organization of which the user is a member.",
    PUBLICATION="To a publication, as a co-creator.",
)
described_enum(
    Role,
    "What a member of an organization may do.",
    OWNER="Does all that an admin may do, and makes other members owners.",
    ADMIN="Acts in all workspaces, makes new ones, and invites and removes members who are not owners.",
    MEMBER="Acts in the workspaces to which the member was added, with their tokens (`issueWorkspaceToken`).",
)
described_enum(
    Act,
    "What an audit trail tells of.",
    name="AuditAct",
    **{act.name: act.value for act in Act},
)
described_enum(
    ActorKind,
    "What kind of caller did something.",
    name="AuditActor",
    USER="A user, with an access token.",
    KEY="A program, with the authentication key of a user.",
    OPERATOR="Whoever runs the server, by a command.",
)
