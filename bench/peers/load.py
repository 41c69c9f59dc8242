"""What wrk sends, and what it tells."""

import json
import subprocess
import tempfile
from collections.abc import Iterable
from shutil import which
from typing import NamedTuple

from bench.peers.running import Request, Running

CONNECTIONS = (1, 32)
_LONGEST_SECONDS = 60
_SCRIPT = """
local requests = {}
local headers = {%s}
local asked = {%s}
init = function()
  for number, one in ipairs(asked) do requests[number] = wrk.format(one[1], one[2], headers, one[3]) end
end
local number = 0
request = function()
  number = number %% #requests + 1
  return requests[number]
end
done = function(summary, latency)
  local errors = summary.errors
  io.write(string.format('\\n{"requests": %%d, "seconds": %%f, "p50": %%f, "p99": %%f, "failed": %%d}\\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    errors.status + errors.connect + errors.read + errors.write + errors.timeout))
end
"""


class Load(NamedTuple):
    requests: int
    seconds: float
    p50: float
    """Milliseconds, as is `p99`."""
    p99: float
    failed: int


def wrk() -> str:
    found = which("wrk")
    if found is None:
        raise RuntimeError("wrk is missing; on Debian and Ubuntu, apt-get install wrk.")
    return found


def load(server: Running, requests: Iterable[Request], connections: int, seconds: int) -> Load:
    """The requests in turn, by so many connections; for longer if nothing was answered."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as file:
        file.write(script(server.headers, requests))
        file.flush()
        taken = _sent(server, file.name, connections, seconds)
        while not taken.requests and seconds < _LONGEST_SECONDS:
            seconds *= 2
            taken = _sent(server, file.name, connections, seconds)
    return taken


def _sent(server: Running, script: str, connections: int, seconds: int) -> Load:
    told = subprocess.run(  # noqa: S603
        [
            *(wrk(), "--threads", "1", "--connections", str(connections), "--duration", f"{seconds}s"),
            *("--timeout", "60s", "--script", script, f"http://127.0.0.1:{server.port}"),
        ],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return judged(told)


def script(headers: dict[str, str], requests: Iterable[Request]) -> str:
    """JSON has no line breaks of its own, and Lua's brackets are longer than any in GraphQL."""
    sent = {"content-type": "application/json", **headers}
    named = ", ".join(f'["{name}"] = "{value}"' for name, value in sent.items())
    asked = (f'{{"{one.method}", "{one.path}", [==[{one.body.decode()}]==]}}' for one in requests)
    return _SCRIPT % (named, ", ".join(asked))


def judged(told: str) -> Load:
    """RuntimeError where any request failed."""
    taken = Load(**json.loads(told.splitlines()[-1]))
    if taken.failed:
        raise RuntimeError(f"{taken.failed} of {taken.requests} requests failed.")
    return taken
