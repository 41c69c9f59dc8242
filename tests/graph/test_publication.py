from tests.studio import Studio

DASHBOARD = """{ publication(url: "ai-research-studio") {
  name customUrl createdAt allowBookings owner { username }
  experienceCounts { aiExpert aiNote quest podcast total }
  metrics { totalViews totalLikes totalBookmarks totalShares totalComments totalAppointments
            monthlyActiveUsers generatedAt }
  socialMetrics { followersCount followingCount }
} }"""


async def test_the_owner_sees_the_whole_dashboard(studio: Studio) -> None:
    answer = await studio.ask(DASHBOARD, "owner")

    assert answer.data == {
        "publication": {
            "name": "Ai Research Studio",
            "customUrl": "ai-research-studio",
            "createdAt": "2023-06-15T12:00:00Z",
            "allowBookings": True,
            "owner": {"username": "owner"},
            "experienceCounts": {"aiExpert": 0, "aiNote": 0, "quest": 0, "podcast": 0, "total": 0},
            "metrics": {
                "totalViews": 0,
                "totalLikes": 0,
                "totalBookmarks": 0,
                "totalShares": 0,
                "totalComments": 0,
                "totalAppointments": 0,
                "monthlyActiveUsers": 0,
                "generatedAt": "2023-06-15T12:00:00Z",
            },
            "socialMetrics": {"followersCount": 0, "followingCount": 0},
        }
    }


async def test_a_url_that_nobody_can_have_does_not_hide_another(studio: Studio) -> None:
    answer = await studio.ask(
        """query($b: String!) {
          a: publication(url: "ai-research-studio") { customUrl }
          b: publication(url: $b) { customUrl }
        }""",
        b="x\0",
    )

    assert answer.body["data"] == {"a": {"customUrl": "ai-research-studio"}, "b": None}
    assert answer.errors == [("NOT_FOUND", "b")]
