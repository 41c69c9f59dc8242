"""Servers are compared by the same questions, and no answer that differs goes unseen."""

import json
from pathlib import Path

import pytest
from graphql import build_schema, parse, validate

from bench.peers import report
from bench.peers.answers import Answers, values
from bench.peers.load import judged, script
from bench.peers.peers import everybody
from bench.peers.questions import BY_ASSET, DASHBOARD, NARROW, SERIES, WIDE, bodies
from bench.peers.rounds import Case, Taken
from bench.peers.running import Request
from bench.peers.usage import Seconds, usage
from bench.peers.world import LAST, PUBLICATIONS, World, custom_url, follows
from bench.trees import Tree
from graph.schema import schema

ROOT = Path(__file__).parents[2]
WORLD = World(
    "a key", [custom_url(number) for number in range(PUBLICATIONS)], "org_1", ["ast_1", "ast_2"], 731
)
TAKEN = Taken(1000, 1.5, 12.345, 0.5, 0.25, 234.5, 0.01, has_same_bytes=True)


def test_our_questions_are_valid() -> None:
    for question in (*NARROW, *WIDE):
        assert validate(schema._schema, parse(question.documents["viewgraph"])) == []


def test_questions_of_peers_are_valid() -> None:
    plain = build_schema((ROOT / "bench/peers/schema.graphql").read_text())
    for question in (*NARROW, *WIDE):
        assert validate(plain, parse(question.documents["plain"])) == []


def test_each_dialect_is_asked_for_the_same_in_the_same_order() -> None:
    ours, plain = (
        [json.loads(body)["variables"] for body in bodies(SERIES, dialect, WORLD)]
        for dialect in ("viewgraph", "plain")
    )

    assert [one["id"] for one in ours] == ["ast_1", "ast_2"]
    assert [one["id"] for one in plain] == [1, 2]
    assert {one["end"] for one in ours} == {f"{LAST}"}
    assert {one["end"] for one in plain} == {int(f"{LAST:%Y%m%d}")}
    assert len(bodies(DASHBOARD, "postgraphile", WORLD)) == PUBLICATIONS
    assert len(bodies(BY_ASSET, "plain", WORLD)) == 1


def test_nobody_follows_themselves_and_not_everybody_is_followed_alike() -> None:
    pairs = list(follows())

    assert all(follower != followed for follower, followed in pairs)
    assert len({sum(one == followed for _, one in pairs) for _, followed in pairs}) > 1


def test_answers_are_the_same_however_they_write_instants_and_order_keys() -> None:
    assert values(b'{"at": "2026-11-28T15:30:00.120000+00:00", "n": 1}') == values(
        b'{"n": 1, "at": "2026-11-28T15:30:00.12Z"}'
    )
    assert values(b'{"at": "2026-11-28T15:30:00Z"}') == values(b'{"at":"2026-11-28T15:30:00.000Z"}')
    assert values(b'{"n": 1}') != values(b'{"n": 2}')


def test_a_script_of_wrk_has_each_request_and_the_headers() -> None:
    written = script(
        {"authorization": "Token one"}, [Request("POST", "/a", b'{"a": [[2]]}'), Request("GET", "/b?c", b"")]
    )

    assert '{"POST", "/a", [==[{"a": [[2]]}]==]}, {"GET", "/b?c", [==[]==]}' in written
    assert '["authorization"] = "Token one"' in written
    assert "% #requests" in written
    assert "%%" not in written


def test_what_wrk_tells_is_read_from_its_last_line() -> None:
    told = (
        'Running 1s test\n  2 threads\n{"requests": 8, "seconds": 2.0, "p50": 1.5, "p99": 3.0, "failed": 0}\n'
    )

    assert judged(told) == (8, 2.0, 1.5, 3.0, 0)


def test_a_run_with_a_failed_request_does_not_count() -> None:
    told = '{"requests": 8, "seconds": 2.0, "p50": 1.5, "p99": 3.0, "failed": 1}'

    with pytest.raises(RuntimeError, match="1 of 8 requests failed"):
        judged(told)


def test_a_row_has_the_medians_of_the_rounds_and_the_cheapest_server_comes_first() -> None:
    dear = TAKEN._replace(server=3.0, has_same_bytes=False)
    taken = {
        Case(peer, "list", connections): [one._replace(p99=1), one, one._replace(p99=20)]
        for peer, one in (("dear", dear), ("cheap", TAKEN))
        for connections in (1, 32)
    }

    head, ruler, first, second = report.narrow("list", taken)

    assert head.startswith("| server | requests/s at 1 | p50 ms at 1 | p99 ms at 1 |")
    assert ruler == "|" + " --- |" * 13
    figures = "1,000 | 1.50 | 12.3 | 0.50 | 0.25"
    assert first == f"| cheap | {figures} | {figures} | 234 | same bytes |"
    assert second.startswith("| dear | ")
    assert second.endswith(" | same values |")


def test_a_row_of_what_is_wide_has_the_most_memory() -> None:
    rows = list(report.wide("by asset", {Case("ours", "by asset", 1): [TAKEN._replace(database=0.0414)]}))

    assert rows[-1] == "| ours | 1.50 | 0.50 | 0.041 | 234 | same bytes |"


def test_cpu_is_told_for_each_request_and_the_rest_as_cores_that_others_took() -> None:
    before, after = Seconds(100, 5, 7, 50), Seconds(110, 7, 8, 58)

    assert usage(before, after, 1000) == (2.0, 1.0, 0.5)


def test_trees_have_rows_of_their_own_only_where_there_are_several() -> None:
    one = [peer.name for peer in everybody([Tree(ROOT)])]
    two = [peer.name for peer in everybody([Tree(ROOT), Tree(ROOT)])]

    assert "Viewgraph, cold" in one
    assert f"Viewgraph of {ROOT.name}, cold" in two
    assert len(two) == len(one) + 4


def test_an_answer_that_differs_ends_the_run() -> None:
    class Server:
        def ask(self, _: Request) -> bytes:
            return b'{"data": {"publication": null}}'

    peer = next(everybody([Tree(ROOT)]))
    right = Answers({"dashboard": [b'{"data": {"publication": {"name": "One"}}}']})

    with pytest.raises(RuntimeError, match="answers dashboard otherwise"):
        right.has_same_bytes(Server(), peer, DASHBOARD, WORLD)  # type: ignore[arg-type]
