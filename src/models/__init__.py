"""The tables. Import models from here, never from their modules."""

from base.kinds import SUBJECT_OF, TAKES_BACK, Action, SubjectKind
from models.analytics import (
    ActiveUser,
    DayTotal,
    Domain,
    DomainAlias,
    EngagedView,
    Event,
    MonthTotal,
    VisitorLink,
    VisitorSalt,
    VisitorSketch,
)
from models.columns import NEVER
from models.enums import AssetFormatType, Device, ExperienceType, Network, Role, SourceType
from models.organizations import (
    Asset,
    AssetDomain,
    AssetFormat,
    Membership,
    Organization,
    Workspace,
    WorkspaceMembership,
)
from models.people import AuthenticationKey, Follow, NetworkLease, Tenant, User, UserInsight, Work, ZoneRules
from models.publications import Appointment, Bookmark, CoCreator, Comment, Experience, Like, Publication
from models.rates import RateBucket, SignInNetwork
from models.types import Day, EventId, Id, Instant

__all__ = [
    "NEVER",
    "SUBJECT_OF",
    "TAKES_BACK",
    "Action",
    "ActiveUser",
    "Appointment",
    "Asset",
    "AssetDomain",
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
    "DomainAlias",
    "EngagedView",
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
    "Network",
    "NetworkLease",
    "Organization",
    "Publication",
    "RateBucket",
    "Role",
    "SignInNetwork",
    "SourceType",
    "SubjectKind",
    "Tenant",
    "User",
    "UserInsight",
    "VisitorLink",
    "VisitorSalt",
    "VisitorSketch",
    "Work",
    "Workspace",
    "WorkspaceMembership",
    "ZoneRules",
]
