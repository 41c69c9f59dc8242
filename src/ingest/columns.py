"""The columns of the tables that ingest reads and writes. Each name stands for the columns of one table."""

from database import table_of
from models import (
    ActiveUser,
    Attendance,
    DayTotal,
    Domain,
    EngagedView,
    Event,
    Experience,
    ExperienceTotal,
    FoldedHours,
    Follow,
    FollowTotal,
    HourTotal,
    ImportedTotal,
    LinkedVisit,
    MonthTotal,
    Organization,
    Publication,
    SubjectTotal,
    Tenant,
    User,
    VisitorLink,
    VisitorSalt,
    VisitorSketch,
    ZoneRules,
)

EVENTS = table_of(Event).c
DAYS = table_of(DayTotal).c
HOUR_TOTALS = table_of(HourTotal).c
FOLDED = table_of(FoldedHours).c
ATTENDANCES = table_of(Attendance).c
MONTHS = table_of(MonthTotal).c
SUBJECTS = table_of(SubjectTotal).c
IMPORTED = table_of(ImportedTotal).c
ACTIVE = table_of(ActiveUser).c
VIEWS = table_of(EngagedView).c
SKETCHES = table_of(VisitorSketch).c
LINKS = table_of(VisitorLink).c
VISITS = table_of(LinkedVisit).c
SALTS = table_of(VisitorSalt).c
DOMAINS = table_of(Domain).c
TENANTS = table_of(Tenant).c
RULES = table_of(ZoneRules).c
USERS = table_of(User).c
ORGANIZATIONS = table_of(Organization).c
PUBLICATIONS = table_of(Publication).c
FOLLOWS = table_of(Follow).c
FOLLOW_TOTALS = table_of(FollowTotal).c
EXPERIENCES = table_of(Experience).c
EXPERIENCE_TOTALS = table_of(ExperienceTotal).c
