"""What an embed shows: a publication's name, and the figures that its owner shows to everybody."""

from typing import NamedTuple

import msgspec

from figures.engagement import PublicFigure
from server.embeds.words import Words

DOCUMENT = """
query EmbeddedPublication($id: ID!) {
  node(id: $id) { ... on Publication { name sharedFigures { figure value } } }
}
"""


class Line(NamedTuple):
    """A figure as it is read: the number, and what is counted."""

    number: str
    label: str


class Embedded(NamedTuple):
    name: str
    lines: list[Line]
    has_totals: bool
    """Whether a figure counts from the beginning on."""


class _Figure(msgspec.Struct):
    figure: str
    value: int


class _Node(msgspec.Struct):
    name: str | None = None
    """None for an object that is no publication."""
    sharedFigures: list[_Figure] | None = None


class _Data(msgspec.Struct):
    node: _Node | None


class _Answer(msgspec.Struct):
    data: _Data


_decode = msgspec.json.Decoder(_Answer).decode


def embedded(answer: bytes, words: Words) -> Embedded | None:
    """What is shown of the answer to `DOCUMENT`. None if there is no such publication, and also if it shares
    nothing.
    """
    node = _decode(answer).data.node
    if not node or not node.name or not node.sharedFigures:
        return None
    has_totals = any(one.figure != PublicFigure.MONTHLY_ACTIVE_USERS.name for one in node.sharedFigures)
    return Embedded(node.name, [_line(one, words) for one in node.sharedFigures], has_totals)


def _line(one: _Figure, words: Words) -> Line:
    return Line(words.number(one.value), words.label(PublicFigure[one.figure], one.value))
