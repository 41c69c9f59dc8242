"""The routes of the table, for the application."""

from collections.abc import Callable, Collection, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Any, TypeAlias

from starlette.routing import BaseRoute, Route

from rest.apis import Api
from rest.route import Route as RestRoute
from rest.table import ROUTES, paths_of, prefixes
from server.http.cors import with_cors
from server.rest.description import Description
from server.rest.endpoint import RestEndpoint

Door: TypeAlias = Callable[[str, Api, Sequence[RestRoute[Any, Any]]], RestEndpoint]
"""Makes the door of a path."""


def rest_routes(door: Door, origins: Collection[str]) -> list[BaseRoute]:
    """With what describes them. Below the prefixes of the APIs, every other path is answered in the form of
    its API, too.
    """
    found: list[BaseRoute] = []
    for path, group in groupby(ROUTES, attrgetter("path")):
        routes = list(group)
        served = with_cors(origins, door(path, routes[0].api, routes))
        found.extend(Route(one, served) for one in paths_of(routes[0]))
    for prefix, api in prefixes():
        served = with_cors(origins, door(prefix, api, ()))
        found.extend(Route(path, served) for path in (prefix, f"{prefix}/{{rest:path}}"))
    description = Description()
    return [*found, Route("/openapi.json", description.json), Route("/openapi", description.page)]
