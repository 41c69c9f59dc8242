"""A document without the values that are written into it: one of them may be a password."""

from typing import Any

from graphql import FloatValueNode, IntValueNode, Node, StringValueNode, Visitor, print_ast, visit

from graph.document import Document

_LONGEST = 10_000


class _Blank(Visitor):
    """Puts an empty value of its kind in place of each text and number."""

    def enter_string_value(self, *_: Any) -> Node:
        return StringValueNode(value="", block=False)

    def enter_int_value(self, *_: Any) -> Node:
        return IntValueNode(value="0")

    def enter_float_value(self, *_: Any) -> Node:
        return FloatValueNode(value="0")


def shape_of(document: Document) -> str | None:
    """None for what does not parse: nobody knows what stands where in it. A long one is cut."""
    node = document.node
    if node is None:
        return None
    return document.known(_Blank, lambda: print_ast(visit(node, _Blank()))[:_LONGEST])
