"""Finds out about a document and its operations before they are executed. Each fact is found once."""

from contextlib import nullcontext
from functools import partial
from typing import Any

from graphql import ASTValidationRule, GraphQLError, GraphQLSchema, specified_rules, validate
from graphql.validation.rules import overlapping_fields_can_be_merged
from graphql.validation.rules.overlapping_fields_can_be_merged import RuleContext
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule

from base.garbage import staying_young
from base.paced_thread import pause
from graph.cache_control import lifetime_of
from graph.cost import priced
from graph.document import Document, Operation
from graph.introspection import NoIntrospection
from graph.parsing import add_weight, in_thread
from graph.price import Price
from resolvers.execution import OperationSummary

# The one rule that may take long, as it compares each field with each. This budget takes half a second.
# Fifty fragments that select the same nine fields of one object need a third of it.
overlapping_fields_can_be_merged.MAX_COMPLEXITY_BUDGET = 100_000


# It looks at no nodes meanwhile, so the document's thread pauses where the rule counts its comparisons.
_spend = overlapping_fields_can_be_merged.spend_complexity_budget


def _spend_and_pause(rule_context: RuleContext, cost: int) -> None:
    pause()
    _spend(rule_context, cost)


overlapping_fields_can_be_merged.spend_complexity_budget = _spend_and_pause


class _Pauses(ASTValidationRule):
    """No rule, but what all rules do between two nodes."""

    def enter_field(self, *_: Any) -> None:
        pause()

    def enter_argument(self, *_: Any) -> None:
        pause()


# GraphQL's rules, and those that Strawberry adds.
_RULES: tuple[type[ASTValidationRule], ...] = (
    _Pauses,
    *specified_rules,
    MaybeNullValidationRule,
    OneOfInputValidationRule,
)
_RULES_WITHOUT_INTROSPECTION = (*_RULES, NoIntrospection)
_MOST_ERRORS = 5
"""The most errors of one document: some errors repeat its whole text."""
_TOKENS_A_SELECTION = 2
"""The memory that the price of one selection takes, in tokens."""


async def analyse_in_thread(schema: GraphQLSchema, operation: Operation, *, introspection: bool) -> None:
    """Analyses a long document in the thread, so that everything is known when it is asked for."""
    await in_thread(partial(_analyse, schema, operation, introspection=introspection))


def _analyse(schema: GraphQLSchema, operation: Operation, *, introspection: bool) -> None:
    if not validation_errors(schema, operation.document, introspection=introspection):
        summary_of(schema, operation)
        _price(schema, operation)


def is_analysed(operation: Operation, *, introspection: bool) -> bool:
    """Whether all that `analyse_in_thread` finds is known already."""
    return operation.document.knows(_rules(introspection)) and operation.knows(Price)


def _rules(introspection: bool) -> tuple[type[ASTValidationRule], ...]:
    return _RULES if introspection else _RULES_WITHOUT_INTROSPECTION


def validation_errors(
    schema: GraphQLSchema, document: Document, *, introspection: bool
) -> list[GraphQLError]:
    """`introspection`: whether documents may ask for the schema."""
    rules = _rules(introspection)
    return document.known(rules, partial(_validated, schema, document, rules))


def _validated(
    schema: GraphQLSchema, document: Document, rules: tuple[type[ASTValidationRule], ...]
) -> list[GraphQLError]:
    assert document.node
    # Rules, and what calls them, refer to themselves: more than a thousand objects of each document.
    with nullcontext() if document.is_long else staying_young():
        return validate(schema, document.node, rules, _MOST_ERRORS)


def summary_of(schema: GraphQLSchema, operation: Operation) -> OperationSummary | None:
    """For a valid document. None if the document has no such operation."""
    definition, node = operation.definition, operation.document.node
    if definition is None or node is None:
        return None
    return operation.known(
        OperationSummary,
        lambda: OperationSummary(
            definition.operation.value, operation.own_name, lifetime_of(schema, node, definition)
        ),
    )


def price_of(schema: GraphQLSchema, operation: Operation) -> Price | None:
    """For a valid document. None if the document has no such operation."""
    price = _price(schema, operation)
    if price:
        # This must not run in the thread in which the price may have been found: the cache belongs to the
        # event loop.
        weight = price.selected * _TOKENS_A_SELECTION
        operation.known(price_of, lambda: add_weight(operation.document, weight))
    return price


def _price(schema: GraphQLSchema, operation: Operation) -> Price | None:
    definition, node = operation.definition, operation.document.node
    if definition is None or node is None:
        return None
    return operation.known(Price, lambda: priced(schema, node, definition))
