"""The dashboard of a publication, for its owner and co-creators."""

from datetime import datetime
from typing import Annotated, Any

from msgspec import Meta, Struct

from rest.apis import STUDIO_METRICS
from rest.ids import Identified
from rest.route import Asked, Route

_DOCUMENT = """query StudioMetrics($url: String!) {
  publication(url: $url) {
    id
    legacyId
    name
    custom_url: customUrl
    created_at: createdAt
    allow_bookings: allowBookings
    experience_counts: experienceCounts {
      AI_EXPERT: aiExpert
      AI_NOTE: aiNote
      QUEST: quest
      PODCAST: podcast
      total
    }
    metrics {
      total_views: totalViews
      total_likes: totalLikes
      total_bookmarks: totalBookmarks
      total_shares: totalShares
      total_comments: totalComments
      total_appointments: totalAppointments
      monthly_active_users: monthlyActiveUsers
      generated_at: generatedAt
    }
    social_metrics: socialMetrics {
      followers_count: followersCount
      following_count: followingCount
    }
  }
}
"""


class StudioUrl(Struct):
    url: Annotated[str, Meta(description="The publication's custom URL.", examples=["ai-research-studio"])]


class PublicationInfo(Struct):
    id: int
    name: str
    custom_url: str
    created_at: datetime
    allow_bookings: bool


class ExperienceCounts(Struct):
    AI_EXPERT: int
    AI_NOTE: int
    QUEST: int
    PODCAST: int
    total: int


class EngagementMetrics(Struct):
    total_views: int
    total_likes: int
    total_bookmarks: int
    total_shares: int
    total_comments: int
    total_appointments: Annotated[int, Meta(description="Appointments that were booked and not cancelled.")]
    monthly_active_users: int


class SocialMetrics(Struct):
    followers_count: int
    following_count: int


class StudioMetrics(Struct):
    """The figures of a publication, of all time."""

    publication: PublicationInfo
    experience_counts: ExperienceCounts
    metrics: EngagementMetrics
    social_metrics: SocialMetrics
    generated_at: Annotated[
        datetime, Meta(description="The figures have not changed since then. At most an hour ago.")
    ]


class _Metrics(EngagementMetrics):
    generated_at: datetime


class _Publication(Identified):
    name: str
    custom_url: str
    created_at: datetime
    allow_bookings: bool
    experience_counts: ExperienceCounts
    metrics: _Metrics
    social_metrics: SocialMetrics


class _Data(Struct):
    publication: _Publication


def _variables(asked: Asked[StudioUrl]) -> dict[str, Any]:
    return {"url": asked.body.url}


def _answer(_: Asked[StudioUrl], data: _Data) -> StudioMetrics:
    found = data.publication
    counted = found.metrics
    return StudioMetrics(
        PublicationInfo(found.number(), found.name, found.custom_url, found.created_at, found.allow_bookings),
        found.experience_counts,
        EngagementMetrics(*(getattr(counted, name) for name in EngagementMetrics.__struct_fields__)),
        found.social_metrics,
        counted.generated_at,
    )


ROUTES = (
    Route(
        "POST",
        "/api/v1/aistudios/metrics/",
        "aistudios-metrics-create",
        "The dashboard of a publication, for its owner and co-creators",
        STUDIO_METRICS,
        _DOCUMENT,
        StudioUrl,
        _variables,
        _Data,
        _answer,
        StudioMetrics,
    ),
)
