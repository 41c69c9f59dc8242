"""Viewgraph as it is, but for its plans: GraphQL's own executor answers each query."""

import os
import sys
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3] / "src"))

from starlette.applications import Starlette

import server.app
from server.services import services_of
from server.serving import serve
from server.settings import Settings


def without_plans() -> Starlette:
    settings = Settings()
    return server.app.create_app(settings, replace(services_of(settings), plans_after=None))


if __name__ == "__main__":
    os.environ["VIEWGRAPH_PORT"] = os.environ["PEER_PORT"]
    server.app.app_from_environment = without_plans
    serve(Settings())
