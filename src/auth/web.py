"""Asks addresses that the settings name, and those that an issuer names there. It follows no redirect."""

from asyncio import timeout, to_thread
from functools import lru_cache
from ssl import SSLContext
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    # Most servers ask nobody, and start sooner without it.
    import httpx

_SECONDS = 5.0
_MOST_BYTES = 1_000_000
_OK = 200
_HEADERS = {
    "accept": "application/json",
    # Decompression has no limit of its own, and these answers are small.
    "accept-encoding": "identity",
    "user-agent": "viewgraph",
}


class WebError(Exception):
    """The message says what is wrong. It has nothing in it of what was sent, and no address."""


async def get_json(address: str) -> dict[str, Any]:
    """Raises WebError for anything but an object."""
    answer = await _asked("GET", address, {})
    try:
        content = orjson.loads(answer)
    except orjson.JSONDecodeError:
        raise WebError("its answer is no JSON") from None
    if not isinstance(content, dict):
        raise WebError("its answer is no object")
    return content


async def post_json(address: str, content: dict[str, Any], headers: dict[str, str]) -> None:
    """Raises WebError unless the answer says that it was taken."""
    await _asked("POST", address, headers | {"content-type": "application/json"}, orjson.dumps(content))


async def _asked(method: str, address: str, headers: dict[str, str], content: bytes | None = None) -> bytes:
    import httpx

    certificates = await to_thread(_certificates)
    try:
        async with timeout(_SECONDS), _client(certificates) as client:
            request = client.build_request(method, address, headers=headers, content=content)
            response = await client.send(request, stream=True)
            try:
                body = await _body(response)
            finally:
                await response.aclose()
    except (TimeoutError, httpx.TimeoutException):
        raise WebError(f"it took more than {_SECONDS:g} s to answer") from None
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise WebError(f"the connection failed ({type(error).__name__})") from None
    if not response.is_success or (method == "GET" and response.status_code != _OK):
        raise WebError(f"it answered {response.status_code}")
    return body


async def _body(response: "httpx.Response") -> bytes:
    body = bytearray()
    async for part in response.aiter_raw():
        body += part
        if len(body) > _MOST_BYTES:
            raise WebError(f"its answer has more than {_MOST_BYTES:,} bytes")
    return bytes(body)


def _client(certificates: SSLContext) -> "httpx.AsyncClient":
    import httpx

    return httpx.AsyncClient(
        headers=_HEADERS, timeout=_SECONDS, verify=certificates, follow_redirects=False, trust_env=False
    )


@lru_cache(maxsize=1)
def _certificates() -> SSLContext:
    """The certificates that are trusted. Reading them takes longer than most calls."""
    import httpx

    return httpx.create_ssl_context(trust_env=False)
