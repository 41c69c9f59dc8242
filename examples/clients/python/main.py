import asyncio
import os

from studio import changes, connected, following, sign_in

GRAPHQL_URL = os.environ.get("GRAPHQL_URL", "http://127.0.0.1:8000/graphql")


async def main() -> None:
    async with connected(GRAPHQL_URL) as anybody:
        token = await sign_in(anybody, "owner@demo.test", "viewgraph-demo")
    async with following(GRAPHQL_URL, token) as owner:
        async for publication in changes(owner, "ai-research-studio"):
            print(f"{publication['name']}: {publication['metrics']['totalLikes']} likes", flush=True)


asyncio.run(main())
