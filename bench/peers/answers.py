"""Whether all servers answer the same."""

import json
import re
from typing import Any, NamedTuple

from bench.peers.peers import Peer
from bench.peers.questions import Question, bodies
from bench.peers.running import Request, Running
from bench.peers.world import World

_COMPARED = 20
"""Of the requests of a question, from the first on."""
_INSTANT = re.compile(r"(\d\dT\d\d:\d\d:\d\d)(\.\d+)?(Z|\+00:00)")


class Answers(NamedTuple):
    """Of each question, in the order of its requests."""

    bodies: dict[str, list[bytes]]

    def has_same_bytes(self, server: Running, peer: Peer, question: Question, world: World) -> bool:
        """Or at least the same values: otherwise RuntimeError. Whoever answers 304 sends none."""
        pairs = [
            (b"" if peer.is_unmodified else answer, server.ask(request))
            for answer, request in zip(
                self.bodies[question.name][:_COMPARED], peer.requests(question, world), strict=False
            )
        ]
        for right, told in pairs:
            if right != told and (not right or values(right) != values(told)):
                raise RuntimeError(
                    f"{peer.name} answers {question.name} otherwise: {told[:500]!r}, not {right[:500]!r}"
                )
        return all(right == told for right, told in pairs)


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
            question.name: [
                server.ask(Request("POST", "/graphql", body)) for body in bodies(question, "viewgraph", world)
            ]
            for question in questions
        }
    )
