"""What Starlette and uvicorn take by themselves: an endpoint that reads JSON and answers at once."""

import os

import orjson
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bench.spending import Spending


async def collect(request: Request) -> Response:
    events = orjson.loads(await request.body())
    return Response(orjson.dumps({"stored": len(events)}), 202, media_type="application/json")


def main() -> None:
    app = Starlette(routes=[Route("/collect", collect, methods=["POST"]), Route("/probe", Spending().answer)])
    port = int(os.environ["VIEWGRAPH_PORT"])
    uvicorn.run(app, port=port, loop="uvloop", http="httptools", log_level="warning")


if __name__ == "__main__":
    main()
