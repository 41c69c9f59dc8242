"""The schema: the public shape of everything below."""

import strawberry
from graphql import GraphQLError
from strawberry.extensions import ParserCache, ValidationCache
from strawberry.schema.config import StrawberryConfig
from strawberry.types import ExecutionContext

from graph.mutation import Mutation
from graph.query import Query
from graph.scalars import SCALARS
from graph.types.assets import Asset, Organization, Workspace
from graph.types.insight import UserInsight
from graph.types.interaction import Appointment, Comment
from graph.types.publication import Experience, Publication, User

_CACHED_DOCUMENTS = 512


class Schema(strawberry.Schema):
    def process_errors(
        self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None
    ) -> None:
        """Whoever answers the request logs what is a bug, under the request's id."""


schema = Schema(
    query=Query,
    mutation=Mutation,
    types=[Asset, Appointment, Comment, Experience, Organization, Publication, User, UserInsight, Workspace],
    config=StrawberryConfig(scalar_map=SCALARS),
    extensions=[
        lambda: ParserCache(maxsize=_CACHED_DOCUMENTS),
        lambda: ValidationCache(maxsize=_CACHED_DOCUMENTS),
    ],
)
