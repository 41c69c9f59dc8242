#!/usr/bin/env bash
# uvicorn 0.54.0 with its websockets-sansio protocol: an application that refuses a WebSocket by a complete denial
# response (the ASGI extension websocket.http.response) has answered, and its client sees the status and the body. When
# the application returns, uvicorn logs at ERROR that it "returned without completing handshake": only an acceptance
# counts as one. So each refusal, which any stranger can ask for, looks like a bug in the log.
# Expected: nothing at ERROR. Seen: one line for each refusal.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check uvicorn==0.54.0 websockets==17.4
cat > "$folder/run.py" <<'PYTHON'
import asyncio
import logging

import uvicorn
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

logged: list[str] = []


class Keep(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno >= logging.ERROR:
            logged.append(record.getMessage())


async def app(scope, receive, send):
    assert scope["type"] == "websocket"
    headers = [(b"content-type", b"text/plain")]
    await send({"type": "websocket.http.response.start", "status": 429, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": b"too many"})


async def main() -> None:
    logging.getLogger("uvicorn.error").addHandler(Keep())
    config = uvicorn.Config(app, port=0, ws="websockets-sansio", lifespan="off", log_config=None)
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        async with connect(f"ws://127.0.0.1:{port}/"):
            raise SystemExit("the WebSocket was let in")
    except InvalidStatus as refused:
        print("client:", refused.response.status_code, refused.response.body.decode())
    await asyncio.sleep(0.1)
    server.should_exit = True
    await serving
    print("uvicorn", uvicorn.__version__, "logged at ERROR:", logged)


asyncio.run(main())
PYTHON
seen=$("$folder/venv/bin/python" "$folder/run.py")
echo "$seen"
[ "$seen" = "client: 429 too many
uvicorn 0.54.0 logged at ERROR: ['ASGI callable returned without completing handshake.']" ] || {
    echo "This has changed." >&2
    exit 1
}
