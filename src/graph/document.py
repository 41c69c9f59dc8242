"""A document that was parsed, its operations, and what was found out about them."""

from collections.abc import Callable, Hashable
from functools import cached_property
from hashlib import sha256
from typing import Any, TypeVar

from graphql import DocumentNode, GraphQLSyntaxError, OperationDefinitionNode

R = TypeVar("R")

_CHARACTERS_A_UNIT = 20
"""Characters for each unit of cost."""
_FREE_TOKENS = 100
"""The cost of the operation itself covers the validation of this many tokens."""
_CHARACTERS_A_TOKEN = 100
"""A token takes up to 600 bytes of memory, and so do this many characters."""
_LONG = 100
"""Tokens. To validate a longer document takes more than a few milliseconds."""


class _Facts:
    """Facts about something that does not change. Each is found once, then kept."""

    def __init__(self) -> None:
        self._facts: dict[Hashable, Any] = {}

    def knows(self, key: Hashable) -> bool:
        return key in self._facts

    def known_already(self, key: Hashable) -> Any:
        """None if nothing was found yet."""
        return self._facts.get(key)

    def known(self, key: Hashable, find: Callable[[], R]) -> R:
        """What `find` returned when this key was first asked for.

        Clients must not choose the key: facts are dropped only with the document.
        """
        if key not in self._facts:
            self._facts[key] = find()
        found: R = self._facts[key]
        return found


class Operation(_Facts):
    """The operation of a document that a request names."""

    def __init__(
        self, document: "Document", name: str | None, definition: OperationDefinitionNode | None
    ) -> None:
        super().__init__()
        self.document = document
        self.name = name
        """The name that the request gives; None if it gives none."""
        self.definition = definition
        """None if the document has no such operation, or if it has several and the request names none."""
        self.type = definition.operation.value if definition else None
        """`query`, `mutation` or `subscription`."""

    @property
    def own_name(self) -> str | None:
        """The name in the document; None if the operation is anonymous."""
        return self.definition.name.value if self.definition and self.definition.name else None


class Document(_Facts):
    """A document as it was sent, and as it was parsed. One that does not parse has no operations."""

    def __init__(
        self,
        text: str,
        most_tokens: int,
        node: DocumentNode | None,
        error: GraphQLSyntaxError | None = None,
    ) -> None:
        super().__init__()
        self.text = text
        self.most_tokens = most_tokens
        """The limit under which it was parsed."""
        self.node = node
        self.error = error
        """Why it does not parse."""
        definitions = node.definitions if node else ()
        self.operations = [one for one in definitions if isinstance(one, OperationDefinitionNode)]
        self._by_name: dict[str | None, Operation] = {}
        tokens = node.token_count if node else 0
        self.first_cost = max(0, tokens - _FREE_TOKENS)
        self.cost_if_invalid = 1 + max(self.first_cost, len(text) // _CHARACTERS_A_UNIT)
        """What the search for mistakes costs the sender of a document that has some."""
        self.weight = tokens + len(text) // _CHARACTERS_A_TOKEN
        """How much memory it takes, in tokens."""

    @cached_property
    def hash(self) -> str:
        """SHA-256 of the text in UTF-8, in lower hexadecimal."""
        return sha256(self.text.encode()).hexdigest()

    def operation(self, name: str | None) -> Operation:
        """The operation of this name; without a name, the only operation."""
        found = self._by_name.get(name)
        if found is None:
            found = Operation(self, name, self._definition(name))
            if found.definition:
                self._by_name[name] = found
        return found

    def _definition(self, name: str | None) -> OperationDefinitionNode | None:
        if name is None:
            return self.operations[0] if len(self.operations) == 1 else None
        return next((one for one in self.operations if one.name and one.name.value == name), None)

    @cached_property
    def asks_the_schema(self) -> bool:
        return "__schema" in self.text or "__type(" in self.text

    def let_go(self) -> None:
        """Ends the cycle of the document and its operations. So all of it is freed at once when nobody uses
        it any more. Whoever still does keeps what was found out.
        """
        self._by_name.clear()

    def take_first_cost(self) -> int:
        """What its first sender pays for its validation; 0 from then on."""
        cost, self.first_cost = self.first_cost, 0
        return cost

    @property
    def is_long(self) -> bool:
        return self.weight > _LONG
