#!/usr/bin/env bash
# uvloop 0.23.0: its transports are no instances of asyncio.Transport, nor of asyncio.BaseTransport, as those of asyncio are.
# A check by isinstance in a protocol's connection_made holds with asyncio and fails with uvloop, and the error is only logged:
# the connection stays open, and nothing is ever sent on it. Expected: the same answer from both.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check uvloop==0.23.0 2> "$folder/log" || { cat "$folder/log" >&2; exit 1; }
seen=$("$folder/venv/bin/python" -c '
import asyncio

import uvloop


async def kinds():
    server = await asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    transport, _ = await asyncio.get_running_loop().create_connection(asyncio.Protocol, "127.0.0.1", port)
    found = [isinstance(transport, kind) for kind in (asyncio.Transport, asyncio.BaseTransport)]
    transport.close()
    server.close()
    return found


print("asyncio:", asyncio.run(kinds()))
print("uvloop:", uvloop.run(kinds()))
')
echo "$seen"
[ "$seen" = "asyncio: [True, True]
uvloop: [False, False]" ] || {
    echo "This has changed." >&2
    exit 1
}
