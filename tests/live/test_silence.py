"""What happens when nothing does, for as long as it takes: all at the same time."""

import asyncio

import pytest

from tests.live.acts import METRICS, URL
from tests.live.served import Served
from tests.studio import Studio

BODY = {"query": METRICS, "variables": {"url": URL}}


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
async def test_who_is_silent_for_ten_seconds_hears_a_heartbeat_or_is_left(
    studio: Studio, server: Served
) -> None:
    async def hears(accept: str, heartbeat: bytes) -> None:
        async with server.stream(BODY, accept, studio.token("owner")) as stream:
            await (stream.event() if accept == "text/event-stream" else stream.part())
            assert (await stream.until(heartbeat)) == b""

    async def is_abandoned() -> None:
        async with server.connection() as connection:
            began = asyncio.get_running_loop().time()
            await connection.wait_closed()
            assert connection.close_code == 4408
            assert connection.close_reason == "Connection initialisation timeout"
            assert 9.5 < asyncio.get_running_loop().time() - began < 30

    await asyncio.gather(
        hears("text/event-stream", b":\n\n"),
        hears(
            "multipart/mixed;subscriptionSpec=1.0",
            b"\r\ncontent-type: application/json\r\n\r\n{}\r\n--graphql",
        ),
        is_abandoned(),
    )
