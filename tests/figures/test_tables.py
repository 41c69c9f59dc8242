"""The tables of figures, beside the schema and the reports that are made from them."""

from collections import Counter
from decimal import Decimal

import pytest
from graphql import GraphQLObjectType

from figures.assets import ASSETS, ENGAGED_VIEWS, VIEWS_3D, Ranking, ranked
from figures.engagement import ACTIONS, ACTIVE_USERS, BOOKMARKS, ENGAGEMENT, LIKES, TAKEN_BACK
from figures.figure import Figure, Figures, in_schema, values
from figures.folds import ActiveUsers, Ratio, Sum, Together
from figures.reference import BY_TYPE
from graph.schema import schema
from models import Action

SCALARS = {int: "BigInt", float: "Float", int | None: "BigInt", Decimal: "Decimal"}


def fields_of(type: str) -> GraphQLObjectType:
    found = schema._schema.type_map[type]
    assert isinstance(found, GraphQLObjectType)
    return found


@pytest.mark.parametrize("type", [*BY_TYPE, "RankedAsset"])
def test_every_figure_is_in_the_schema_with_its_words(type: str) -> None:
    figures = in_schema(BY_TYPE.get(type, ASSETS))
    fields = fields_of(type).fields

    for figure in figures:
        words = fields[figure.name].description
        assert words
        # A protected one also says who sees it.
        assert words.partition(" Only for ")[0] == figure.words
        assert str(fields[figure.name].type).removesuffix("!") == SCALARS[figure.value]


@pytest.mark.parametrize("figures", BY_TYPE.values(), ids=BY_TYPE)
def test_a_name_stands_once_in_a_table(figures: Figures) -> None:
    names = Counter(figure.name for figure in figures)

    assert set(names.values()) == {1}


TOTALS = Counter(
    {
        Action.VIEW: 9,
        Action.LIKE: 5,
        Action.UNLIKE: 2,
        Action.BOOKMARK: 4,
        Action.BOOK: 3,
        Action.CANCEL: 3,
    }
)


def test_figures_of_a_publication_are_what_stands() -> None:
    totals = Counter[object](TOTALS)
    totals[ActiveUsers(days=30)] = 6

    assert values(ENGAGEMENT, totals) == {
        "totalViews": 9,
        "totalLikes": 3,
        "totalBookmarks": 4,
        "totalShares": 0,
        "totalComments": 0,
        "totalAppointments": 0,
        "monthlyActiveUsers": 6,
    }
    assert values(TAKEN_BACK, totals) == {"likes": 2, "bookmarks": 0, "comments": 0, "appointments": 3}


def test_what_has_to_be_counted_is_what_the_figures_are_made_of() -> None:
    assert set(ACTIONS) == {
        *(Action.VIEW, Action.LIKE, Action.BOOKMARK, Action.SHARE, Action.COMMENT, Action.BOOK),
        *(Action.UNLIKE, Action.UNBOOKMARK, Action.UNCOMMENT, Action.CANCEL),
    }
    assert (ActiveUsers(days=30),) == ACTIVE_USERS


def test_figures_can_be_made_of_figures() -> None:
    reactions = Figure("totalReactions", Together(LIKES, BOOKMARKS), "reactions", "Likes and bookmarks.")
    views = Figure("totalViews", Sum(Action.VIEW), "views", "Views.")
    of_each = Figure("reactionsPerView", Ratio(reactions, views), "reactions per view", "Some.")

    assert values([reactions, of_each], TOTALS) == {"totalReactions": 7, "reactionsPerView": 7 / 9}
    assert of_each.of(Counter[Action]()) == 0.0
    assert str(of_each.fold) == "`totalReactions` / `totalViews`"
    assert str(reactions.fold) == "`totalLikes` + `totalBookmarks`"
    assert set(of_each.keys) == {
        *(Action.LIKE, Action.UNLIKE, Action.BOOKMARK, Action.UNBOOKMARK, Action.VIEW),
    }


def test_equals_are_ranked_by_when_they_were_made_and_zeros_not_at_all() -> None:
    by_asset = {
        id: Counter({Action.VIEW_3D: views, Action.ENGAGED_VIEW: engaged})
        for id, views, engaged in [(1, 2, 0), (2, 5, 1), (3, 2, 1), (4, 0, 9)]
    }

    def places(ranking: Ranking, first: int) -> list[tuple[int, int, int]]:
        return [
            (one.rank, one.asset_id, ranking.value.of(one.totals)) for one in ranked(by_asset, ranking, first)
        ]

    assert places(Ranking.TOTAL_3D_VIEWS, 10) == [(1, 2, 5), (2, 1, 2), (3, 3, 2)]
    assert places(Ranking.USER_ENGAGEMENT, 2) == [(1, 4, 9), (2, 2, 1)]
    assert places(Ranking.TOTAL_AR_VIEWS, 10) == []
    assert (Ranking.TOTAL_3D_VIEWS.value, Ranking.USER_ENGAGEMENT.value) == (VIEWS_3D, ENGAGED_VIEWS)
