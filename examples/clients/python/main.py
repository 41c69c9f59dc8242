import asyncio
import os

from studio import connected, dashboard, sign_in

GRAPHQL_URL = os.environ.get("GRAPHQL_URL", "http://127.0.0.1:8000/graphql")


async def main() -> None:
    async with connected(GRAPHQL_URL) as anybody:
        token = await sign_in(anybody, "owner@demo.test", "viewgraph-demo")
    async with connected(GRAPHQL_URL, token) as owner:
        print(await dashboard(owner, "ai-research-studio"))


asyncio.run(main())
