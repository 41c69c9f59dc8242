"""Mutations and subscriptions: GraphQL's executor runs their root fields, and plans answer what is below.

So root fields run as they always do, each mutation once and one after the other. What a plan cannot do of an
object that has been given already, the executor does with this very object.
"""

from collections.abc import Callable
from functools import partial
from inspect import isawaitable
from typing import Any

from graphql import GraphQLObjectType
from graphql.execution.collect_fields import FieldDetailsList
from graphql.pyutils import AwaitableOrValue, Path

from execution.planner import Plan
from execution.plans import walked_by
from execution.pools import Place
from execution.shapes import Shape
from graph.error_order import in_order
from graph.points import ExecutionOfPoints


class ExecutionOfPayloads(ExecutionOfPoints):
    def __init__(self, *arguments: Any, plan: Plan, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._plan = plan

    def collect_and_execute_subfields(
        self,
        return_type: GraphQLObjectType,
        field_details_list: FieldDetailsList,
        path: Path,
        result: Any,
        position_context: Any,
    ) -> AwaitableOrValue[dict[str, Any]]:
        usual = super().collect_and_execute_subfields
        given = return_type, field_details_list, path, result, position_context
        shape = None if path.prev else _shape(self._plan, path, result)
        return self._planned(shape, path, result, partial(usual, *given)) if shape else usual(*given)

    async def _planned(self, shape: Shape, path: Path, result: Any, usual: Callable[[], Any]) -> Any:
        if self.is_given_up:
            return None
        place = Place((path.key,), self.order_of(path))
        walked = await walked_by(self.context_value, self._plan, self.variable_values, shape, result, place)
        if walked is None:
            found = usual()
            return await found if isawaitable(found) else found
        if walked.data is None:
            raise in_order(walked.faults)[0]
        self.collected_errors.found += walked.faults
        return walked.data


def _shape(plan: Plan, path: Path, result: Any) -> Shape | None:
    item = plan.payloads.get(str(path.key))
    return item.shapes.get(type(result), item.shape) if item else None
