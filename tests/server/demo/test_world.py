"""What the demo has besides publications: a catalog of assets, and insights of their makers."""

from collections import Counter
from typing import Any

from models import Action
from tests.server.demo.conftest import FIRST_DAY, Demo
from tests.studio import Studio

ASSETS = """{ organizations { edges { node { workspaces { edges { node { name } } }
  assets(first: 20) { edges { node { name legacyId formats { type }
    metrics(range: {start: "2022-06-15", end: "2023-06-14"}) { total3DViews totalARViews userEngagement }
  } } }
} } } }"""


async def test_figures_of_assets_are_those_of_their_events(studio: Studio, demo: Demo) -> None:
    (found,) = nodes((await studio.ask(ASSETS, "admin")).data["organizations"])
    assert [one["name"] for one in nodes(found["workspaces"])] == ["Furniture", "Lighting", "Outdoor"]
    counted: dict[str, Counter[Action]] = {}
    for row in demo.rows["assets"]:
        events = [event for event in demo.rows["events"] if event.subject_id == row.id]
        counted[row.name] = Counter(Action(event.action) for event in events)
        turned = {event.view_id for event in events if event.action == Action.INTERACTION}
        counted[row.name][Action.ENGAGED_VIEW] = len(turned)
    shown = {one["name"]: one for one in nodes(found["assets"])}
    assert shown.keys() == counted.keys()
    for number, (name, one) in enumerate(shown.items(), start=101):
        n = counted[name]
        assert one == {
            "name": name,
            "legacyId": f"00000000-0000-4000-8000-{number:012}",
            "formats": [{"type": "GLB"}, {"type": "USDZ"}, {"type": "IMAGE"}],
            "metrics": {
                "total3DViews": n[Action.VIEW_3D],
                "totalARViews": n[Action.AR_CLICK] + n[Action.AR_SCAN],
                "userEngagement": n[Action.ENGAGED_VIEW],
            },
        }
    unseen = [name for name, n in counted.items() if not n[Action.VIEW_3D]]
    assert unseen == ["Oak Chair"]


def nodes(connection: Any) -> list[Any]:
    return [edge["node"] for edge in connection["edges"]]


def test_the_year_of_the_assets_has_a_launch_and_a_dip(demo: Demo) -> None:
    names = {row.id: row.name for row in demo.rows["assets"]}
    looks = [event for event in demo.rows["events"] if event.action == Action.VIEW_3D]

    def seen(first: int, last: int, name: str | None = None) -> int:
        """How often, from one day of the year to another."""
        days = range(first, last + 1)
        return sum(
            (event.occurred_at - FIRST_DAY).days in days and name in (None, names[event.subject_id])
            for event in looks
        )

    assert seen(0, 239, "Sun Lounger") == 0
    assert seen(240, 249, "Sun Lounger") > 2 * seen(300, 309, "Sun Lounger") > 0
    assert 3 * seen(200, 213) < seen(186, 199)
    assert 3 * seen(200, 213) < seen(214, 227)


INSIGHT = """query($id: ID!) { userInsight(userId: $id) {
  legacyId insightScore numberOfRoles numberOfActs connects
  twitterFollowersCount facebookPageFollowersCount instagramFollowersCount works { inAppPlays nonAppPlays }
} }"""


async def test_each_maker_has_an_insight_with_works_and_followers(studio: Studio, demo: Demo) -> None:
    numbers = {name: person.row.legacy_id for name, person in studio.people.items()}
    assert sorted(int(number or 0) for number in numbers.values()) == list(range(1, 21))
    known = ("owner", "cocreator", "stranger", "admin", "member")
    assert [numbers[name] for name in known] == ["1", "2", "3", "4", "7"]
    for name, person in studio.people.items():
        number = str(numbers[name])
        is_maker = any(row.owner_id == person.row.id for row in demo.rows["publications"])
        answer = await studio.ask(INSIGHT, "stranger", id=number)
        if not is_maker:
            assert answer.code == "NOT_FOUND"
            continue
        found = answer.data["userInsight"]
        assert found["legacyId"] == number
        assert 3 <= float(found["insightScore"]) <= 10
        assert len(found["works"]) >= 2
        assert found["twitterFollowersCount"] > 0
