"""The rules that let Citus run a statement, held on the statement's text.

Citus cuts a distributed table by its tenant into shards. A statement that does not say which tenants it is
about goes to all shards, or is refused. PostgreSQL's own parser reads the text.
"""

from collections.abc import Iterator
from enum import StrEnum
from typing import Any, NamedTuple

from pglast import ast, parse_sql
from pglast.enums import A_Expr_Kind, BoolExprType, SetOperation
from sqlmodel import SQLModel

import models  # noqa: F401  # makes every table known to the metadata
from database import is_partition

_KINDS = {name: table.info["distribution"] for name, table in SQLModel.metadata.tables.items()}
_QUERIES = (ast.SelectStmt, ast.InsertStmt, ast.UpdateStmt, ast.DeleteStmt)
_PARTS = (*_QUERIES, ast.A_Expr, ast.BoolExpr)
_SIGNS: dict[Any, str] = {
    A_Expr_Kind.AEXPR_OP: "=",
    A_Expr_Kind.AEXPR_OP_ANY: "ANY",
    A_Expr_Kind.AEXPR_IN: "ANY",
}


class Rule(StrEnum):
    READ = "a level that reads a distributed table has its tenant_id by = or = ANY"
    WRITE = "an UPDATE or DELETE of a distributed table has its tenant_id by = or = ANY"
    LOCK = "FOR UPDATE or FOR SHARE of a distributed table has its tenant_id by ="
    TABLEOID = "a statement about a distributed table does not read tableoid"
    EMPTY = "the list of a SELECT is not empty"
    LOCAL = "a distributed table does not stand beside a local one"
    CONFLICT = "the keys of ON CONFLICT begin with tenant_id"


def broken_rules(text: str) -> set[Rule]:
    """The rules that a statement in `text` breaks."""
    statements = [raw.stmt for raw in parse_sql(text)]
    return {
        rule for statement in statements if isinstance(statement, _QUERIES) for rule in _broken(statement)
    }


def _broken(statement: Any) -> Iterator[Rule]:
    nodes = [statement, *_below(statement)]
    named = {node.ctename for node in nodes if isinstance(node, ast.CommonTableExpr)}
    kinds = {_kind(node.relname) for node in nodes if isinstance(node, ast.RangeVar)}
    columns = {_names(node)[-1] for node in nodes if isinstance(node, ast.ColumnRef)}
    if {"tenant_id", "local"} <= kinds:
        yield Rule.LOCAL
    if "tenant_id" in kinds and "tableoid" in columns:
        yield Rule.TABLEOID
    if any(_is_empty(node) for node in nodes):
        yield Rule.EMPTY
    yield from _broken_at(statement, named, frozenset())


def _kind(table: str | None) -> str | None:
    """None for a table that is not ours, such as one of the system."""
    return _KINDS.get("events" if is_partition(table or "") else table or "")


def _is_empty(node: Any) -> bool:
    return (
        isinstance(node, ast.SelectStmt)
        and node.op == SetOperation.SETOP_NONE
        and not node.valuesLists
        and not node.targetList
    )


def _below(tree: Any, until: tuple[type[ast.Node], ...] = ()) -> Iterator[Any]:
    """All nodes of a tree without its root; what is below a node of the types `until` is left out."""
    parts = tree if isinstance(tree, tuple) else (getattr(tree, name) for name in tree)
    for part in parts:
        if isinstance(part, ast.Node):
            yield part
        if isinstance(part, tuple) or (isinstance(part, ast.Node) and not isinstance(part, until)):
            yield from _below(part, until)


def _broken_at(query: Any, named: set[Any], around: frozenset[str]) -> Iterator[Rule]:
    """`around`: the names of the distributed tables of queries around this one, whose tenants are given."""
    level = _Level.of(query, named)
    signs = level.signs(around)
    if not signs:
        yield Rule.READ if isinstance(query, ast.SelectStmt) else Rule.WRITE
    if getattr(query, "lockingClause", None) and level.tables and "=" not in signs:
        yield Rule.LOCK
    if isinstance(query, ast.InsertStmt) and not _begins_with_tenant(query):
        yield Rule.CONFLICT
    for part in _below(query, _QUERIES):
        if isinstance(part, _QUERIES):
            yield from _broken_at(part, named, around | level.tables if signs else around)


def _begins_with_tenant(insert: Any) -> bool:
    target = getattr(insert.onConflictClause, "infer", None)
    if target is None or _kind(insert.relation.relname) != "tenant_id":
        return True
    return bool(target.indexElems) and target.indexElems[0].name == "tenant_id"


class _Level(NamedTuple):
    """One query, without those within it."""

    tables: frozenset[str]
    """The names that distributed tables have in it."""
    conditions: list[Any]
    """All of them hold."""

    @classmethod
    def of(cls, query: Any, named: set[Any]) -> "_Level":
        """`named`: the queries of WITH."""
        sources = [*(getattr(query, "fromClause", None) or ()), *(getattr(query, "usingClause", None) or ())]
        if isinstance(query, ast.UpdateStmt | ast.DeleteStmt):
            sources.append(query.relation)
        parts = [part for source in sources for part in (source, *_below(source, _PARTS))]
        tables = [part for part in parts if isinstance(part, ast.RangeVar) and part.relname not in named]
        given = [part.quals for part in parts if isinstance(part, ast.JoinExpr)]
        given.append(getattr(query, "whereClause", None))
        return cls(
            frozenset(_alias(table) for table in tables if _kind(table.relname) == "tenant_id"),
            [part for condition in given for part in _conjuncts(condition)],
        )

    def signs(self, around: frozenset[str]) -> set[str]:
        """The signs by which the tenants of all its distributed tables are given: = or ANY, or none.

        A table that has no sign of its own is joined by tenant_id with one that has.
        """
        groups = {name: {name} for name in self.tables}
        found: dict[str, set[str]] = {name: set() for name in self.tables}
        for condition in self.conditions:
            for name, sign, other in self._equations(condition):
                if isinstance(other, str) and other in groups:
                    together = groups[name] | groups[other]
                    groups.update(dict.fromkeys(together, together))
                elif other in around if isinstance(other, str) else not _has_columns(other):
                    found[name].add(sign)
        of_each = [{sign for other in groups[name] for sign in found[other]} for name in self.tables]
        return {sign for sign in ("=", "ANY") if all(sign in signs or "=" in signs for signs in of_each)}

    def _equations(self, condition: Any) -> Iterator[tuple[str, str, Any]]:
        """A table, a sign, and what its tenant_id is equal to: the tenant_id of a named table, or a value."""
        sign = _SIGNS.get(getattr(condition, "kind", None)) if isinstance(condition, ast.A_Expr) else None
        if sign is None or condition.name[-1].sval != "=":
            return
        sides = [(condition.lexpr, condition.rexpr)]
        if sign == "=":
            sides.append((condition.rexpr, condition.lexpr))
        for one, other in sides:
            name = self._table_of_tenant(one)
            if name in self.tables:
                yield name, sign, self._table_of_tenant(other) or other

    def _table_of_tenant(self, node: Any) -> str | None:
        """A column without the name of a table is of the only one."""
        if not isinstance(node, ast.ColumnRef) or _names(node)[-1] != "tenant_id":
            return None
        owners = _names(node)[:-1] or list(self.tables)
        return owners[-1] if len(owners) == 1 or len(_names(node)) > 1 else None


def _alias(table: Any) -> str:
    name: str = table.alias.aliasname if table.alias else table.relname
    return name


def _conjuncts(condition: Any) -> Iterator[Any]:
    if isinstance(condition, ast.BoolExpr) and condition.boolop == BoolExprType.AND_EXPR:
        for part in condition.args or ():
            yield from _conjuncts(part)
    else:
        yield condition


def _names(column: Any) -> list[str]:
    return [getattr(field, "sval", "*") for field in column.fields]


def _has_columns(node: Any) -> bool:
    return any(isinstance(part, ast.ColumnRef) for part in (node, *_below(node)))
