"""What is measured: each server alone, in rounds whose order is drawn anew."""

import os
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from statistics import median
from time import perf_counter
from typing import NamedTuple

from bench.cpu import cpu_seconds
from bench.peers.answers import Answers
from bench.peers.load import CONNECTIONS, load
from bench.peers.peers import Peer, Site
from bench.peers.questions import Question
from bench.peers.running import Running
from bench.peers.world import World

_WARM_SECONDS = 1
_WIDE_REQUESTS = 3
_TICKS = os.sysconf("SC_CLK_TCK")


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
        with used(plan, server) as share:
            done = load(server, requests, connections, plan.seconds)
        server_cpu, database_cpu, others = share(done.requests)
        yield (
            connections,
            Taken(
                done.requests / done.seconds,
                done.p50,
                done.p99,
                server_cpu,
                database_cpu,
                server.megabytes(),
                others,
                has_same_bytes=False,
            ),
        )


def wide(plan: Plan, peer: Peer, server: Running, question: Question) -> Iterator[tuple[int, Taken]]:
    """One by one: an answer takes longer than wrk would wait for."""
    (request,) = peer.requests(question, plan.world)
    times = []
    with used(plan, server) as share:
        for _ in range(_WIDE_REQUESTS):
            began = perf_counter()
            server.ask(request)
            times.append(1000 * (perf_counter() - began))
    server_cpu, database_cpu, others = share(_WIDE_REQUESTS)
    yield (
        1,
        Taken(
            1000 * len(times) / sum(times),
            median(times),
            max(times),
            server_cpu,
            database_cpu,
            server.megabytes("VmHWM"),
            others,
            has_same_bytes=False,
        ),
    )


@contextmanager
def used(plan: Plan, server: Running) -> Iterator[Callable[[int], tuple[float, float, float]]]:
    """Tells afterwards the CPU of a request, of server and database, and how many cores others took."""
    began, before = perf_counter(), _read(plan, server)
    yield lambda requests: _share(
        [after - one for after, one in zip(_read(plan, server), before, strict=True)],
        perf_counter() - began,
        requests,
    )


def _read(plan: Plan, server: Running) -> tuple[float, float, float]:
    """Seconds of CPU of the server, of the database, and of all the machine but this process and wrk."""
    return (
        cpu_seconds(server.process),
        cpu_seconds(plan.database) if plan.database else 0.0,
        _busy() - _ours(),
    )


def _share(spent: list[float], seconds: float, requests: int) -> tuple[float, float, float]:
    server, database, machine = spent
    others = max(0.0, (machine - server - database) / seconds)
    return 1000 * server / requests, 1000 * database / requests, others


def _busy() -> float:
    """Seconds in which cores of the machine were not idle."""
    _, *ticks = Path("/proc/stat").read_text().splitlines()[0].split()
    user, nice, system, _, _, irq, softirq, *_ = map(int, ticks)
    return (user + nice + system + irq + softirq) / _TICKS


def _ours() -> float:
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system
