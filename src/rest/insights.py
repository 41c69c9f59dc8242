"""What users say about themselves: made, and read."""

from typing import Annotated, Any, Generic, Literal, TypeVar

from msgspec import Meta, Struct, structs

from rest.apis import USER_INSIGHTS
from rest.ids import Identified
from rest.route import Asked, NoBody, Parameter, Route

W = TypeVar("W")

_FIELDS = """
      id
      legacyId
      has_about: hasAbout
      number_of_roles: numberOfRoles
      number_of_acts: numberOfActs
      profile_views: profileViews
      profile_searches: profileSearches
      connects
      facebook_page_id: facebookPageId
      twitter_handle: twitterHandle
      instagram_handle: instagramHandle
      insight_score: insightScore
      twitter_followers_count: twitterFollowersCount
      facebook_page_followers_count: facebookPageFollowersCount
      instagram_followers_count: instagramFollowersCount
      works {
        item_id: itemId
        source_type: sourceType
        is_individual_work: isIndividualWork
        in_app_plays: inAppPlays
"""
_CREATE = f"""mutation CreateUserInsight($input: UserInsightInput!) {{
  created: createUserInsight(input: $input) {{
    userInsight {{{_FIELDS}      }}
    }}
  }}
}}
"""
_READ = f"""query UserInsight($userId: ID!) {{
  userInsight(userId: $userId) {{{_FIELDS}        non_app_plays: nonAppPlays
      }}
  }}
}}
"""
_SOURCES = {1: "YOUTUBE", 2: "SOUNDCLOUD"}
_NUMBERS = {name: number for number, name in _SOURCES.items()}

Count = Annotated[int, Meta(ge=0, le=2**31 - 1)]
LargeCount = Annotated[int, Meta(ge=0, le=10**12)]
# GraphQL checks them, and its errors have the better words.
_ITEM = {"pattern": r"^[^\s\x85\x00-\x1f]([^\x00-\x1f]{0,198}[^\s\x85\x00-\x1f])?$"}
_TWITTER = {"pattern": r"^[ \t\n\r]*@?[A-Za-z0-9_]{1,15}[ \t\n\r]*$"}
_INSTAGRAM = {"pattern": r"^[ \t\n\r]*@?(?!.*\.\.)[A-Za-z0-9_]([A-Za-z0-9_.]{0,28}[A-Za-z0-9_])?[ \t\n\r]*$"}
_WORKS = {"maxItems": 500, "uniqueItems": True}
SourceNumber = Annotated[Literal[1, 2], Meta(description="1 for YouTube, 2 for SoundCloud.")]


class GivenWork(Struct):
    item_id: Annotated[str, Meta(description="The id of the video or track.", extra_json_schema=_ITEM)]
    source_type: SourceNumber
    is_individual_work: bool
    in_app_plays: LargeCount


class GivenInsight(Struct, kw_only=True):
    """All fields are optional. Fields that are only read, such as `insight_score`, are ignored."""

    has_about: bool | None = None
    number_of_roles: Count | None = None
    number_of_acts: Count | None = None
    profile_views: LargeCount | None = None
    profile_searches: LargeCount | None = None
    connects: LargeCount | None = None
    facebook_page_id: Annotated[int, Meta(ge=1, le=2**53 - 1)] | None = None
    twitter_handle: Annotated[str, Meta(extra_json_schema=_TWITTER)] | None = None
    instagram_handle: Annotated[str, Meta(extra_json_schema=_INSTAGRAM)] | None = None
    works: Annotated[
        Annotated[list[GivenWork], Meta(extra_json_schema=_WORKS)] | None,
        Meta(description="No two are the same. In a form, the list is written as JSON."),
    ] = None


class NewWork(Struct):
    item_id: str
    source_type: SourceNumber
    is_individual_work: bool
    in_app_plays: int


class KnownWork(NewWork):
    non_app_plays: Annotated[int | None, Meta(description="As the source last said; null if it never did.")]


class _Insight(Struct, Generic[W]):
    id: int
    has_about: bool
    number_of_roles: int
    number_of_acts: int
    profile_views: Annotated[int | None, Meta(description="Null for anybody but the user.")]
    profile_searches: Annotated[int | None, Meta(description="Null for anybody but the user.")]
    connects: int
    facebook_page_id: int | None
    twitter_handle: str | None
    instagram_handle: str | None
    insight_score: Annotated[
        str, Meta(description="A decimal number as text, from 0.00 to 10.00.", pattern=r"^\d+\.\d\d$")
    ]
    twitter_followers_count: int | None
    works: list[W]
    facebook_page_followers_count: int | None
    instagram_followers_count: int | None


class NewInsight(_Insight[NewWork]):
    """An insight as it was made."""


class KnownInsight(_Insight[KnownWork]):
    """What is known of a user."""


class _Read(Identified):
    """The insight as GraphQL shows it."""

    has_about: bool
    number_of_roles: int
    number_of_acts: int
    profile_views: int | None
    profile_searches: int | None
    connects: int
    facebook_page_id: int | None
    twitter_handle: str | None
    instagram_handle: str | None
    insight_score: str
    twitter_followers_count: int | None
    facebook_page_followers_count: int | None
    instagram_followers_count: int | None
    works: list[dict[str, Any]]


class _Payload(Struct):
    userInsight: _Read


class _CreateData(Struct):
    created: _Payload


class _ReadData(Struct):
    userInsight: _Read


def _input(asked: Asked[GivenInsight]) -> dict[str, Any]:
    given = {_camel(name): value for name, value in structs.asdict(asked.body).items() if value is not None}
    if asked.body.works is not None:
        given["works"] = [_work_input(work) for work in asked.body.works]
    return {"input": given}


def _work_input(work: GivenWork) -> dict[str, Any]:
    return {
        "itemId": work.item_id,
        "sourceType": _SOURCES[work.source_type],
        "isIndividualWork": work.is_individual_work,
        "inAppPlays": work.in_app_plays,
    }


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(map(str.title, rest))


def _created(_: Asked[GivenInsight], data: _CreateData) -> NewInsight:
    read = data.created.userInsight
    return NewInsight(**_fields(read), works=[NewWork(**_work(work)) for work in read.works])


def _known(_: Asked[NoBody], data: _ReadData) -> KnownInsight:
    read = data.userInsight
    return KnownInsight(**_fields(read), works=[KnownWork(**_work(work)) for work in read.works])


def _fields(read: _Read) -> dict[str, Any]:
    fields = structs.asdict(read)
    for name in ("legacyId", "works"):
        del fields[name]
    return {**fields, "id": read.number()}


def _work(work: dict[str, Any]) -> dict[str, Any]:
    return {**work, "source_type": _NUMBERS[work["source_type"]]}


def _user(asked: Asked[NoBody]) -> dict[str, Any]:
    return {"userId": asked.path["user_id"]}


ROUTES = (
    Route(
        "POST",
        "/api/user_insights/",
        "user-insights-create",
        "Makes the caller's insight",
        USER_INSIGHTS,
        _CREATE,
        GivenInsight,
        _input,
        _CreateData,
        _created,
        NewInsight,
        status=201,
        takes_forms=True,
    ),
    Route(
        "GET",
        "/api/user_insights/{user_id}",
        "user-insights-read",
        "What is known of a user",
        USER_INSIGHTS,
        _READ,
        NoBody,
        _user,
        _ReadData,
        _known,
        KnownInsight,
        parameters=(
            Parameter(
                "user_id", "path", "The user: the legacy id (mostly a number), a UUID or a global id.", "7"
            ),
        ),
        fields_for_others=frozenset({"userInsight.profile_views", "userInsight.profile_searches"}),
    ),
)
