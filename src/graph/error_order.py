"""The order in which an answer lists its errors, whoever has executed it."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from graphql import GraphQLError, GraphQLObjectType
from graphql.execution.collect_fields import FieldDetailsList, GroupedFieldSet
from graphql.execution.executor import CollectedErrors
from graphql.pyutils import AwaitableOrValue, Path
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

Order = tuple[int, ...]
"""A place in the answer: for each object on the way from the top the number of the field, and for each list
the index."""


class Fault(NamedTuple):
    """An error, and where it stands."""

    null: Order
    """The place of the null that stands for it."""
    place: Order
    """Where it happened: there, or below."""
    error: GraphQLError


def in_order(faults: Iterable[Fault]) -> list[GraphQLError]:
    """In the order of the answer. Of several errors within one null, only the first is listed."""
    errors: list[GraphQLError] = []
    last: Order | None = None
    for fault in sorted(faults, key=lambda fault: fault[:2]):
        if last is None or fault.null[: len(last)] != last:
            errors.append(fault.error)
            last = fault.null
    return errors


class OrderingExecutor(StrawberryGraphQLCoreExecutionContext):
    """It lists errors in the order of the answer, and not as they become known."""

    collected_errors: "_Faults"
    _root_fields: GroupedFieldSet

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.collected_errors = _Faults(self)

    def build_per_event_executor(self, payload: Any) -> "OrderingExecutor":
        executor: Any = super().build_per_event_executor(payload)
        executor.collected_errors = _Faults(executor)
        ordering: OrderingExecutor = executor
        return ordering

    def execute_root_grouped_field_set(
        self,
        root_type: GraphQLObjectType,
        root_value: Any,
        grouped_field_set: GroupedFieldSet,
        serially: bool,
        position_context: Any,
    ) -> AwaitableOrValue[dict[str, Any]]:
        self._root_fields = grouped_field_set
        return super().execute_root_grouped_field_set(
            root_type, root_value, grouped_field_set, serially, position_context
        )

    def order_of(self, path: Path | None) -> Order:
        order: list[int] = []
        details: FieldDetailsList | None = None
        for step in _steps(path):
            if isinstance(step.key, int):
                order.append(step.key)
                continue
            fields = self._fields(step, details)
            order.append(list(fields).index(step.key))
            details = fields[step.key]
        return tuple(order)

    def _fields(self, step: Path, details: FieldDetailsList | None) -> GroupedFieldSet:
        """All that are selected of the object in which the step is."""
        if details is None:
            return self._root_fields
        assert step.typename
        type_: Any = self.schema.type_map[step.typename]
        return self.collect_subfields(type_, details)[0]


class _Faults(CollectedErrors):
    __slots__ = ("_executor", "found")

    def __init__(self, executor: OrderingExecutor) -> None:
        super().__init__()
        self._executor = executor
        self.found: list[Fault] = []

    @property
    def errors(self) -> list[GraphQLError]:
        return in_order(self.found)

    def add(self, error: GraphQLError, path: Path | None) -> None:
        order = self._executor.order_of(path)
        self.found.append(Fault(order, order, error))


def _steps(path: Path | None) -> list[Path]:
    """From the top."""
    steps = []
    while path is not None:
        steps.append(path)
        path = path.prev
    return steps[::-1]
