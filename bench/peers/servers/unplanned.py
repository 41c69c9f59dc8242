"""Viewgraph as it is, but for its plans: GraphQL's own executor answers each query."""

import os
import sys
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3] / "src"))

import server.app
from resolvers.context import Services
from server.serving import serve
from server.settings import Settings

_usual = server.app.services_of


def without_plans(settings: Settings) -> Services:
    return replace(_usual(settings), plans_after=None)


if __name__ == "__main__":
    os.environ["VIEWGRAPH_PORT"] = os.environ["PEER_PORT"]
    server.app.services_of = without_plans
    serve(Settings())
