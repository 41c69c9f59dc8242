"""What differs between two versions of the schema, and whether it breaks clients.

graphql-core finds what a client's documents notice. We promise more: who may see a field, who shares an
answer in a cache, and that nothing is removed that was not deprecated for three months."""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from enum import StrEnum
from typing import Any, NamedTuple, TypeAlias

from graphql import (
    REMOVE,
    BreakingChange,
    ConstDirectiveNode,
    DangerousChange,
    DocumentNode,
    EnumValueDefinitionNode,
    FieldDefinitionNode,
    InputObjectTypeDefinitionNode,
    InputValueDefinitionNode,
    NamedTypeNode,
    Node,
    NonNullTypeNode,
    SafeChangeType,
    TypeDefinitionNode,
    Visitor,
    build_ast_schema,
    find_schema_changes,
    parse,
    value_from_ast_untyped,
    visit,
)

from graph.deprecation import removal_day

NOTICE = timedelta(days=92)
"""No three months are longer than this."""


class Criticality(StrEnum):
    BREAKING = "breaking"
    DANGEROUS = "dangerous"
    """All documents still work, but may mean something else, or show more than before."""
    SAFE = "safe"


class Change(NamedTuple):
    criticality: Criticality
    description: str


Parts: TypeAlias = dict[str, Node]
"""The parts of a schema by their coordinates, such as `Asset.metrics(range:)` and `Role.OWNER`."""


def changes_between(old: str, new: str, today: date) -> list[Change]:
    """The changes between two schemas in GraphQL's own language, the most critical first. Descriptions do not
    count.

    A part that was deprecated until a day that has come may be removed. Raises GraphQLSyntaxError or
    TypeError for a text that is no schema.
    """
    old_document, new_document = parse(old), parse(new)
    old_parts, new_parts = _parts(old_document), _parts(new_document)
    gone = {
        coordinate: removal
        for coordinate, part in old_parts.items()
        if coordinate not in new_parts and (removal := _removal(part)) and removal <= today
    }
    remaining = _without(old_document, [old_parts[coordinate] for coordinate in gone], new_parts)
    found = [
        *_seen_by_documents(remaining, new_document),
        *(
            Change(Criticality.SAFE, f"{coordinate} was removed, as was announced for {removal}.")
            for coordinate, removal in gone.items()
        ),
    ]
    for coordinate, part in new_parts.items():
        found += _promises(coordinate, old_parts.get(coordinate), part, today)
    return sorted(set(found), key=lambda change: (list(Criticality).index(change.criticality), change[1]))


def _parts(document: DocumentNode) -> Parts:
    found: Parts = {}
    for definition in document.definitions:
        if not isinstance(definition, TypeDefinitionNode):
            continue
        name = definition.name.value
        found[name] = definition
        for member in _members(definition):
            coordinate = f"{name}.{member.name.value}"
            found[coordinate] = member
            for argument in getattr(member, "arguments", None) or ():
                found[f"{coordinate}({argument.name.value}:)"] = argument
    return found


def _members(definition: TypeDefinitionNode) -> list[Any]:
    return [*(getattr(definition, "fields", None) or ()), *(getattr(definition, "values", None) or ())]


# What a document notices


def _seen_by_documents(old: DocumentNode, new: DocumentNode) -> Iterator[Change]:
    schemas = [build_ast_schema(document, assume_valid_sdl=True) for document in (old, new)]
    for change in find_schema_changes(*schemas):
        if change.type is not SafeChangeType.DESCRIPTION_CHANGED:
            yield Change(_criticality(change), change.description)


def _criticality(change: Any) -> Criticality:
    if isinstance(change, BreakingChange):
        return Criticality.BREAKING
    return Criticality.DANGEROUS if isinstance(change, DangerousChange) else Criticality.SAFE


# What has been announced, and may be gone


def _without(document: DocumentNode, gone: list[Node], kept: Mapping[str, Node]) -> DocumentNode:
    """The document without what is gone, and without types that nothing leads to any more, unless they are
    kept."""
    rest = _removed(document, gone)
    types = {
        definition.name.value: definition
        for definition in rest.definitions
        if isinstance(definition, TypeDefinitionNode)
    }
    needed = {name for name in types if name in kept or _is_found_by_fragments(types[name])}
    while led_to := {name for by in needed for name in _named(types[by]) if name in types} - needed:
        needed |= led_to
    return _removed(rest, [types[name] for name in types.keys() - needed])


def _is_found_by_fragments(definition: TypeDefinitionNode) -> bool:
    """Whether documents reach it through its interfaces. A type without fields is never reached."""
    return bool(getattr(definition, "interfaces", None) and _members(definition))


def _named(definition: TypeDefinitionNode) -> set[str]:
    found: set[str] = set()

    class Names(Visitor):
        def enter_named_type(self, node: NamedTypeNode, *_: Any) -> None:
            found.add(node.name.value)

    visit(definition, Names())
    return found


def _removed(document: DocumentNode, nodes: list[Node]) -> DocumentNode:
    ids = {id(node) for node in nodes}

    class Removal(Visitor):
        def enter(self, node: Node, *_: Any) -> Any:
            return REMOVE if id(node) in ids else None

    rest: DocumentNode = visit(document, Removal())
    return rest


# What we promise


def _promises(coordinate: str, old: Node | None, new: Node, today: date) -> Iterator[Change]:
    if isinstance(new, FieldDefinitionNode | InputValueDefinitionNode | EnumValueDefinitionNode):
        yield from _notice(coordinate, old, new, today)
    if old is None:
        return
    yield from _access(coordinate, old, new)
    yield from _sharing(coordinate, old, new)
    if isinstance(new, InputValueDefinitionNode) and isinstance(old, InputValueDefinitionNode):
        yield from _need(coordinate, old, new)
    if isinstance(new, InputObjectTypeDefinitionNode):
        yield from _choice(coordinate, old, new)


def _notice(coordinate: str, old: Node | None, new: Node, today: date) -> Iterator[Change]:
    before, after = (None if old is None else _removal(old)), _removal(new)
    if _directive(new, "deprecated") is None:
        if old is not None and _directive(old, "deprecated"):
            yield Change(Criticality.SAFE, f"{coordinate} is no longer deprecated.")
    elif after is None:
        yield Change(Criticality.BREAKING, f"{coordinate} is deprecated without a day of its removal.")
    elif before is None and after < today + NOTICE:
        yield Change(
            Criticality.BREAKING,
            f"{coordinate} is deprecated until {after}, less than three months from now.",
        )
    elif before is None:
        yield Change(Criticality.SAFE, f"{coordinate} is deprecated until {after}.")
    elif after < before:
        yield Change(Criticality.BREAKING, f"{coordinate} may be gone on {after}, no longer on {before}.")
    elif after > before:
        yield Change(Criticality.SAFE, f"{coordinate} stays until {after}, no longer only until {before}.")


def _removal(node: Node) -> date | None:
    return removal_day(_argument(_directive(node, "deprecated"), "reason") or "")


_EVERYBODY = "everybody"
_ANYONE_SIGNED_IN = "AUTHENTICATED"


def _access(coordinate: str, old: Node, new: Node) -> Iterator[Change]:
    before, after = _viewers(old), _viewers(new)
    if lost := [viewer for viewer in before if not _is_among(viewer, after)]:
        yield Change(Criticality.BREAKING, f"{coordinate} is no longer shown to {_listed(lost)}.")
    if gained := [viewer for viewer in after if not _is_among(viewer, before)]:
        yield Change(Criticality.DANGEROUS, f"{coordinate} is now shown to {_listed(gained)}, too.")


def _viewers(node: Node) -> list[str]:
    requires = _argument(_directive(node, "auth"), "requires")
    return [_EVERYBODY] if requires is None else requires


def _is_among(viewer: str, viewers: list[str]) -> bool:
    if viewer in viewers or _EVERYBODY in viewers:
        return True
    return viewer != _EVERYBODY and _ANYONE_SIGNED_IN in viewers


def _sharing(coordinate: str, old: Node, new: Node) -> Iterator[Change]:
    """Whether a cache may give an answer to other viewers than the one it was made for, and how old it may
    be."""
    if _is_private(old) and not _is_private(new):
        words = "no longer PRIVATE: an answer made for one viewer may be shown to others"
        yield Change(Criticality.DANGEROUS, f"{coordinate} is {words}.")
    if _is_private(new) and not _is_private(old):
        yield Change(Criticality.SAFE, f"{coordinate} is PRIVATE: cached for each viewer alone.")
    before, after = _age(old), _age(new)
    if before != after:
        criticality = Criticality.DANGEROUS if after > before else Criticality.SAFE
        yield Change(criticality, f"{coordinate} may be {after} seconds old, not {before}.")


def _is_private(node: Node) -> bool:
    return bool(_argument(_directive(node, "cacheControl"), "scope") == "PRIVATE")


def _age(node: Node) -> int:
    return int(_argument(_directive(node, "cacheControl"), "maxAge") or 0)


def _need(coordinate: str, old: InputValueDefinitionNode, new: InputValueDefinitionNode) -> Iterator[Change]:
    """Finds a default that was removed: graphql-core does not see that the value then has to be given."""
    if _is_needed(new) and not _is_needed(old) and isinstance(old.type, NonNullTypeNode):
        yield Change(Criticality.BREAKING, f"{coordinate} has to be given: its default was removed.")


def _is_needed(node: InputValueDefinitionNode) -> bool:
    return isinstance(node.type, NonNullTypeNode) and node.default_value is None


def _choice(coordinate: str, old: Node, new: Node) -> Iterator[Change]:
    before, after = _directive(old, "oneOf"), _directive(new, "oneOf")
    if after and not before:
        yield Change(
            Criticality.BREAKING, f"{coordinate} takes exactly one of its fields, no longer several."
        )
    if before and not after:
        yield Change(Criticality.SAFE, f"{coordinate} no longer takes exactly one of its fields.")


def _directive(node: Node, name: str) -> ConstDirectiveNode | None:
    of_node = getattr(node, "directives", None) or ()
    return next((directive for directive in of_node if directive.name.value == name), None)


def _argument(directive: ConstDirectiveNode | None, name: str) -> Any:
    """None if there is no such argument, or no directive."""
    for argument in (directive and directive.arguments) or ():
        if argument.name.value == name:
            return value_from_ast_untyped(argument.value)
    return None


def _listed(words: list[str]) -> str:
    return " and ".join(sorted(words))
