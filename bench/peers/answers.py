"""Whether all servers answer the same."""

import json
import re
from typing import Any, NamedTuple

from bench.peers.peers import Peer
from bench.peers.questions import Question, bodies
from bench.peers.running import Running
from bench.peers.world import World

_COMPARED = 20
"""Of the requests of a question, from the first on."""
_INSTANT = re.compile(r"(\d\dT\d\d:\d\d:\d\d)(\.\d+)?(Z|\+00:00)")


class Answers(NamedTuple):
    """Of each question, in the order of its requests."""

    bodies: dict[str, list[bytes]]

    def has_same_bytes(
        self, server: Running, peer: Peer, questions: tuple[Question, ...], world: World
    ) -> bool:
        """Or at least the same values: otherwise RuntimeError."""
        pairs = [
            (question, answer, server.ask(peer.path(question), body))
            for question in questions
            for answer, body in zip(
                self.bodies[question.name][:_COMPARED], bodies(question, peer.dialect, world), strict=False
            )
        ]
        for question, right, told in pairs:
            if right != told and values(right) != values(told):
                raise RuntimeError(
                    f"{peer.name} answers {question.name} otherwise: {told[:600]!r}, not {right[:600]!r}"
                )
        return all(right == told for _, right, told in pairs)


def values(answer: bytes) -> Any:
    """As JSON has them, with instants in one way of writing."""
    return json.loads(_INSTANT.sub(_instant, answer.decode()))


def _instant(found: re.Match[str]) -> str:
    fraction = (found[2] or ".")[1:7].rstrip("0")
    return f"{found[1]}.{fraction}Z"


def told(server: Running, questions: tuple[Question, ...], world: World) -> Answers:
    """What a server of ours tells."""
    return Answers(
        {
            question.name: [server.ask("/graphql", body) for body in bodies(question, "viewgraph", world)]
            for question in questions
        }
    )
