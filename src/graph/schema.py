"""The schema: the public shape of everything below."""

from typing import Any

import strawberry
from strawberry.schema.config import StrawberryConfig

from graph.directives import describe_arguments
from graph.mutation import Mutation
from graph.query import Query
from graph.scalars import SCALARS
from graph.subscription import Subscription
from graph.types.assets import Asset, Organization, Workspace
from graph.types.experience import Experience
from graph.types.insight import UserInsight
from graph.types.interaction import Appointment, Comment
from graph.types.publication import Publication, User


class Schema(strawberry.Schema):
    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        describe_arguments(self._schema_graphql_directives)


schema = Schema(
    query=Query,
    mutation=Mutation,
    subscription=Subscription,
    types=[Asset, Appointment, Comment, Experience, Organization, Publication, User, UserInsight, Workspace],
    config=StrawberryConfig(scalar_map=SCALARS),
)
