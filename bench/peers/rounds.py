"""What is measured: each server alone, in rounds whose order is drawn anew."""

import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from random import Random
from statistics import median
from time import perf_counter
from typing import NamedTuple

from bench.peers.answers import Answers
from bench.peers.load import CONNECTIONS, load
from bench.peers.peers import Peer, Site
from bench.peers.questions import Question
from bench.peers.running import Running
from bench.peers.usage import used
from bench.peers.world import World

_WARM_SECONDS = 1
_WIDE_REQUESTS = 3


class Plan(NamedTuple):
    peers: list[Peer]
    questions: tuple[Question, ...]
    world: World
    answers: Answers
    site: Site
    database: int | None
    """PostgreSQL's first process."""
    rounds: int
    seconds: int


class Case(NamedTuple):
    peer: str
    question: str
    connections: int


class Taken(NamedTuple):
    requests_per_second: float
    p50: float
    """Milliseconds, as are `p99` and the CPU of a request."""
    p99: float
    server: float
    database: float
    megabytes: float
    """Afterwards; where what is asked is wide, at most."""
    others: float
    """Cores that were busy with something else."""
    has_same_bytes: bool


def measured(
    plan: Plan, measure: Callable[[Plan, Peer, Running, Question], Iterator[tuple[int, Taken]]]
) -> dict[Case, list[Taken]]:
    """Of each case, a value a round."""
    taken: dict[Case, list[Taken]] = defaultdict(list)
    random = Random(7)  # noqa: S311
    for number in range(plan.rounds):
        for peer in random.sample(plan.peers, len(plan.peers)):
            print(f"round {number + 1} of {plan.rounds}: {peer.name}", file=sys.stderr, flush=True)
            for question in random.sample(plan.questions, len(plan.questions)):
                for connections, one in _alone(plan, peer, question, measure):
                    taken[Case(peer.name, question.name, connections)].append(one)
    return taken


def _alone(
    plan: Plan,
    peer: Peer,
    question: Question,
    measure: Callable[[Plan, Peer, Running, Question], Iterator[tuple[int, Taken]]],
) -> list[tuple[int, Taken]]:
    """A server that is started for this question alone, and whose answers are compared before and after."""
    with peer.start(plan.site) as server:
        before = plan.answers.has_same_bytes(server, peer, question, plan.world)
        found = list(measure(plan, peer, server, question))
        after = plan.answers.has_same_bytes(server, peer, question, plan.world)
    return [(connections, one._replace(has_same_bytes=before and after)) for connections, one in found]


def narrow(plan: Plan, peer: Peer, server: Running, question: Question) -> Iterator[tuple[int, Taken]]:
    """By wrk, at one connection and at 32."""
    requests = peer.requests(question, plan.world)
    load(server, requests, max(CONNECTIONS), _WARM_SECONDS)
    for connections in CONNECTIONS:
        with used(server, plan.database) as share:
            done = load(server, requests, connections, plan.seconds)
        spent = share(done.requests)
        yield (
            connections,
            Taken(
                done.requests / done.seconds,
                done.p50,
                done.p99,
                *spent[:2],
                server.megabytes(),
                spent.others,
                has_same_bytes=False,
            ),
        )


def wide(plan: Plan, peer: Peer, server: Running, question: Question) -> Iterator[tuple[int, Taken]]:
    """One by one: an answer takes longer than wrk would wait for."""
    (request,) = peer.requests(question, plan.world)
    times = []
    with used(server, plan.database) as share:
        for _ in range(_WIDE_REQUESTS):
            began = perf_counter()
            server.ask(request)
            times.append(1000 * (perf_counter() - began))
    spent = share(_WIDE_REQUESTS)
    yield (
        1,
        Taken(
            1000 * len(times) / sum(times),
            median(times),
            max(times),
            *spent[:2],
            server.megabytes("VmHWM"),
            spent.others,
            has_same_bytes=False,
        ),
    )
