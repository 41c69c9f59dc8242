"""The measurements of abuse and of faults run, and judge: each by a few requests."""

from uuid import UUID

import pytest
from typer import BadParameter

from bench.abuse import HEAD, chosen, measured, p99
from bench.abuser import KINDS
from bench.ledger import Ledger
from bench.neighbours import made_neighbours
from bench.soak import soak


# How it is measured does not depend on the engine.
@pytest.mark.parametrize("engine", ["sqlite"])
async def test_a_client_that_behaves_is_served_beside_one_that_does_not(database_url: str) -> None:
    neighbours = await made_neighbours(database_url)

    row = measured("series", neighbours, seconds=1, rate=20, share=0.2)

    assert row.refused == {}
    assert row.answers["200 COST_ESTIMATED_TOO_EXPENSIVE"] > 0
    assert min(row.held_cpu, row.alone, row.beside, row.before, row.after) > 0
    assert row.line().count("|") == HEAD.splitlines()[0].count("|")


def test_kinds_are_chosen_by_their_names() -> None:
    assert chosen(None) == list(KINDS)
    assert chosen("pings,series") == ["pings", "series"]
    with pytest.raises(BadParameter, match="anything"):
        chosen("series,anything")


def test_the_99th_of_100_is_the_last_but_one() -> None:
    assert p99([float(number) for number in range(1, 101)]) == 100
    assert p99([3.0]) == 3


def test_nothing_is_lost_or_wrong_in_a_short_soak(engine: str) -> None:
    outcome = soak(engine, seconds=2, pause=1, most=40)

    assert (outcome.lost, outcome.wrong) == (0, [])
    assert len(outcome.faults) == 1
    assert outcome.load.answered.total() > 0
    assert "\nlost       0\nwrong      0\n" in outcome.text()


def test_a_figure_is_wrong_below_what_was_acknowledged_and_above_what_was_sent() -> None:
    ledger = Ledger()
    ledger.send("a", 3)
    ledger.acknowledge("a", [UUID(int=1), UUID(int=2)])
    with ledger.asking() as bounds:
        ledger.send("a", 1)
        for told in (1, 2, 4, 5):
            bounds.views("views", told, ["a"])
        ledger.like("a", 1, least=0, most=1)
        ledger.like("a", 1, least=1, most=1)
        for told in (0, 1, 2):
            bounds.likes("likes", told, "a")

    assert ledger.wrong == [
        "views: told 1, which is not in 2 to 4",
        "views: told 5, which is not in 2 to 4",
        "likes: told 2, which is not in 0 to 1",
    ]
