"""The tables. Import models from here, never from their modules."""

from models.analytics import ActiveUser, DayTotal, Domain, Event, MonthTotal
from models.enums import (
    SUBJECT_OF,
    TAKES_BACK,
    Action,
    AssetFormatType,
    Device,
    ExperienceType,
    Role,
    SourceType,
    SubjectKind,
)
from models.organizations import Asset, AssetFormat, Membership, Organization, Workspace, WorkspaceMembership
from models.people import AuthenticationKey, Follow, Tenant, User, UserInsight, Work
from models.publications import Appointment, Bookmark, CoCreator, Comment, Experience, Like, Publication
from models.types import Day, EventId, Id, Instant

__all__ = [
    "SUBJECT_OF",
    "TAKES_BACK",
    "Action",
    "ActiveUser",
    "Appointment",
    "Asset",
    "AssetFormat",
    "AssetFormatType",
    "AuthenticationKey",
    "Bookmark",
    "CoCreator",
    "Comment",
    "Day",
    "DayTotal",
    "Device",
    "Domain",
    "Event",
    "EventId",
    "Experience",
    "ExperienceType",
    "Follow",
    "Id",
    "Instant",
    "Like",
    "Membership",
    "MonthTotal",
    "Organization",
    "Publication",
    "Role",
    "SourceType",
    "SubjectKind",
    "Tenant",
    "User",
    "UserInsight",
    "Work",
    "Workspace",
    "WorkspaceMembership",
]
