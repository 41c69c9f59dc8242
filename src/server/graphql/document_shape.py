"""The text of a document for the log, without the values in it: one of them may be a password."""

from typing import Any

from graphql import FloatValueNode, IntValueNode, Node, StringValueNode, Visitor, print_ast, visit

from graph.document import Document

_LONGEST = 10_000


class _Blank(Visitor):
    """Replaces each text and number by an empty value of its type."""

    def enter_string_value(self, *_: Any) -> Node:
        return StringValueNode(value="", block=False)

    def enter_int_value(self, *_: Any) -> Node:
        return IntValueNode(value="0")

    def enter_float_value(self, *_: Any) -> Node:
        return FloatValueNode(value="0")


def shape_of(document: Document) -> str | None:
    """The document without values, cut if it is long. None if it does not parse, because then nobody knows
    where its values are.
    """
    node = document.node
    if node is None:
        return None
    return document.known(_Blank, lambda: print_ast(visit(node, _Blank()))[:_LONGEST])
