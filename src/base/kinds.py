"""The tables of kinds: kinds of objects that have global ids, and kinds of subjects that events happen to.

To add a kind of subject, give it a number, actions and an entry in `SUBJECTS`, and a field in
`ingest.wire.WireSubject`. If one of them is missing, the program does not start.
"""

from collections.abc import Mapping
from enum import Enum, IntEnum, StrEnum
from typing import NamedTuple, Self


class Kind(StrEnum):
    """The kind of an object. Its value is the prefix of global ids, from which `node(id:)` knows the type."""

    word: str
    """The name of such an object in errors."""

    def __new__(cls, prefix: str, word: str = "") -> Self:
        kind = str.__new__(cls, prefix)
        kind._value_ = prefix
        kind.word = word
        return kind

    USER = "usr", "user"
    PUBLICATION = "pub", "publication"
    EXPERIENCE = "exp", "experience"
    COMMENT = "com", "comment"
    APPOINTMENT = "apt", "appointment"
    ORGANIZATION = "org", "organization"
    WORKSPACE = "wsp", "workspace"
    ASSET = "ast", "asset"
    USER_INSIGHT = "ins", "insight"
    AUTHENTICATION_KEY = "key", "authentication key"
    INVITATION = "inv", "invitation"


class SubjectKind(IntEnum):
    """The numbers stand in SmallInteger columns. Once it is used, a number keeps its meaning for ever."""

    PUBLICATION = 1
    ASSET = 2
    PROFILE = 3
    WORK = 4


class Action(IntEnum):
    """What happened. Each action belongs to one kind of subject, so (action, subject id) names the subject.

    UNLIKE, UNBOOKMARK, UNCOMMENT and CANCEL take back an earlier event and have the time of that event. So
    the day that counted the event no longer counts it. The numbers stand in SmallInteger columns. Once it is
    used, a number keeps its meaning for ever.
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
    """Only in totals: a view, at its first interaction."""
    PROFILE_VIEW = 30
    PROFILE_SEARCH = 31
    PLAY = 40


TAKES_BACK = {
    Action.UNLIKE: Action.LIKE,
    Action.UNBOOKMARK: Action.BOOKMARK,
    Action.UNCOMMENT: Action.COMMENT,
    Action.CANCEL: Action.BOOK,
}


class Reporters(Enum):
    """Who may report what happens to a subject.

    If a browser reports acts of the subject's makers, they do not count.
    """

    OWNER = "the user it belongs to, who made it"
    CO_CREATORS = "the user it belongs to, and the co-creators"
    WORKSPACE = "everybody who may enter the workspace it belongs to; nobody is its maker"


class SubjectEntry(NamedTuple):
    """A path is the name of a column. In front stand the references that lead to its table:
    `owner_id.tenant_id`.
    """

    field: str
    """The field that names a subject of this kind, in the subject of an event."""
    words: str
    """What the schema says of that field."""
    id: Kind
    """The kind of the global id in that field."""
    table: str
    owner: str
    """The path to the id of the user, or of the workspace, that it belongs to."""
    tenant: str
    """The path to the id of its tenant."""
    reporters: Reporters
    reported: Mapping[Action, str]
    """The actions that may be reported, and what the schema says of each."""
    key: tuple[str, ...] = ("public_id",)
    """The paths to the columns by which it is found: the public id, then what else its field names."""
    domains: str | None = None
    """The table of the sites from which its events count. Without a table, or without a row in it, all sites
    count.
    """
    others: tuple[Action, ...] = ()
    """The actions that come from mutations, or stand only in totals."""

    @property
    def actions(self) -> tuple[Action, ...]:
        return (*self.reported, *self.others)


SUBJECTS = {
    SubjectKind.PUBLICATION: SubjectEntry(
        field="publication_id",
        words="The global id of a publication that the caller owns or co-creates.",
        id=Kind.PUBLICATION,
        table="publications",
        owner="owner_id",
        tenant="owner_id.tenant_id",
        reporters=Reporters.CO_CREATORS,
        reported={
            Action.VIEW: "A publication was opened.",
            Action.SHARE: "A publication was shared.",
        },
        others=(
            Action.LIKE,
            Action.BOOKMARK,
            Action.COMMENT,
            Action.BOOK,
            Action.UNLIKE,
            Action.UNBOOKMARK,
            Action.UNCOMMENT,
            Action.CANCEL,
        ),
    ),
    SubjectKind.ASSET: SubjectEntry(
        field="asset_id",
        words="The global id of an asset in a workspace that the caller may enter.",
        id=Kind.ASSET,
        table="assets",
        owner="workspace_id",
        tenant="organization_id.tenant_id",
        domains="asset_domains",
        reporters=Reporters.WORKSPACE,
        reported={
            Action.VIEW_3D: "Somebody looked at a 3D asset on a page: it was loaded, and at least half of it "
            "was in sight for a second.",
            Action.AR_CLICK: "Somebody went from the page to augmented reality, on the device at hand.",
            Action.AR_SCAN: "Somebody scanned a code that leads to augmented reality.",
            Action.INTERACTION: "Somebody turned, zoomed or otherwise touched a 3D asset. Its `viewId` is "
            "that of the VIEW_3D.",
        },
        others=(Action.ENGAGED_VIEW,),
    ),
    SubjectKind.PROFILE: SubjectEntry(
        field="profile_user_id",
        words="The caller's own profile, by the caller's global id.",
        id=Kind.USER,
        table="users",
        owner="id",
        tenant="tenant_id",
        reporters=Reporters.OWNER,
        reported={
            Action.PROFILE_VIEW: "A profile was opened.",
            Action.PROFILE_SEARCH: "A profile was found by a search.",
        },
    ),
    SubjectKind.WORK: SubjectEntry(
        field="work",
        words="A work of the caller.",
        id=Kind.USER,
        table="works",
        owner="insight_id.user_id",
        tenant="insight_id.user_id.tenant_id",
        key=("insight_id.user_id.public_id", "source_type", "item_id"),
        reporters=Reporters.OWNER,
        reported={Action.PLAY: "A work was played."},
    ),
}
assert SUBJECTS.keys() == set(SubjectKind), "each kind of subject has an entry"

SUBJECT_OF = dict(sorted((action, kind) for kind, entry in SUBJECTS.items() for action in entry.actions))
assert list(SUBJECT_OF) == sorted(Action), "each action belongs to a kind of subject"
assert len(SUBJECT_OF) == sum(len(entry.actions) for entry in SUBJECTS.values()), "and to one only"

REPORTED = {action: words for entry in SUBJECTS.values() for action, words in entry.reported.items()}
"""All actions that may be reported, and what the schema says of each."""
