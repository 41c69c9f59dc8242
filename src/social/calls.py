"""Calls to a network: they stay within its quota, and are repeated where that may help."""

import logging
from asyncio import timeout
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import lru_cache
from ssl import SSLContext
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeVar

from base.retries import Backoff, retried
from models import Network
from social.answers import Verdict, by_status, decoded
from social.circuit_breaker import CircuitBreaker
from social.errors import Failed, Limited, NoSuch

if TYPE_CHECKING:
    # Most servers ask no network, and start sooner without it.
    import httpx

T = TypeVar("T")

log = logging.getLogger("viewgraph")

_MOST_BYTES = 4_000_000
_HEADERS = {
    "accept": "application/json",
    # Decompression has no limit of its own, and these answers are small.
    "accept-encoding": "identity",
    "user-agent": "viewgraph",
}


class RetryPolicy(NamedTuple):
    attempts: int = 3
    seconds: float = 20.0
    """How long one attempt may take, from connecting to the last byte."""
    backoff: Backoff = Backoff(0.5, 30.0, jitter=1.0)
    """If a network asks for a longer pause, it is not called until then."""
    most_bytes: int = _MOST_BYTES


USUAL_POLICY = RetryPolicy()


class Allowance(Protocol):
    async def spend(self, cost: int) -> None:
        """Raises Stopped when no more may be asked."""


@lru_cache(maxsize=1)
def _certificates() -> SSLContext:
    """The certificates that are trusted. Reading them takes longer than most calls."""
    import httpx

    return httpx.create_ssl_context(trust_env=False)


@asynccontextmanager
async def web(policy: RetryPolicy) -> AsyncIterator["httpx.AsyncClient"]:
    """A web client. It goes only to the addresses that it is given, and follows no redirect."""
    import httpx

    async with httpx.AsyncClient(
        headers=_HEADERS,
        timeout=policy.seconds,
        verify=_certificates(),
        follow_redirects=False,
        trust_env=False,
    ) as client:
        yield client


class Calls:
    """The calls to one network, in one run."""

    def __init__(
        self,
        web: "httpx.AsyncClient",
        network: Network,
        circuit: CircuitBreaker,
        allowance: Allowance,
        policy: RetryPolicy = USUAL_POLICY,
    ) -> None:
        self._web = web
        self._name = network.name.lower()
        self._circuit = circuit
        self._allowance = allowance
        self._policy = policy

    async def get(
        self,
        address: str,
        parameters: Mapping[str, str],
        headers: Mapping[str, str],
        shape: type[T],
        *,
        cost: int = 1,
        verdict: Verdict = by_status,
    ) -> T:
        """The answer, in the shape that is documented. Raises NetworkError for anything else."""
        request = self._web.build_request("GET", address, params=parameters, headers=headers)
        return await self._answer(request, shape, cost, verdict)

    async def post(
        self, address: str, form: Mapping[str, str], headers: Mapping[str, str], shape: type[T]
    ) -> T:
        """For calls that do not count against the quota. Raises NetworkError."""
        request = self._web.build_request("POST", address, data=form, headers=headers)
        return await self._answer(request, shape, 0, by_status)

    async def _answer(self, request: "httpx.Request", shape: type[T], cost: int, verdict: Verdict) -> T:
        self._circuit.check()
        try:
            answer = decoded(await self._body(request, cost, verdict), shape)
        except Failed:
            self._circuit.failed()
            raise
        except NoSuch:
            self._circuit.succeeded()
            raise
        self._circuit.succeeded()
        return answer

    async def _body(self, request: "httpx.Request", cost: int, verdict: Verdict) -> bytes:
        async def attempt(_: int) -> bytes:
            await self._allowance.spend(cost)
            return await self._once(request, verdict)

        return await retried(attempt, self._pause_after)

    async def _once(self, request: "httpx.Request", verdict: Verdict) -> bytes:
        """No error that it raises has the request in it, or comes from one that has."""
        import httpx

        try:
            async with timeout(self._policy.seconds):
                response = await self._web.send(request, stream=True)
                try:
                    body = await self._read(response)
                finally:
                    await response.aclose()
        except (TimeoutError, httpx.TimeoutException):
            words = f"it took more than {self._policy.seconds:g} s to answer"
            raise Failed(words, is_passing=True) from None
        except httpx.HTTPError as error:
            raise Failed(f"the connection failed ({type(error).__name__})", is_passing=True) from None
        if wrong := verdict(response.status_code, response.headers, body):
            raise wrong
        return body

    async def _read(self, response: "httpx.Response") -> bytes:
        if response.headers.get("content-encoding", "identity") != "identity":
            raise Failed("its answer is packed")
        body = bytearray()
        async for part in response.aiter_raw():
            body += part
            if len(body) > self._policy.most_bytes:
                raise Failed(f"its answer has more than {self._policy.most_bytes:,} bytes")
        return bytes(body)

    def _pause_after(self, error: Exception, attempt: int) -> float | None:
        wait = error.wait if isinstance(error, Failed | Limited) else None
        if wait is None and isinstance(error, Failed) and error.is_passing:
            wait = self._policy.backoff.pause(attempt)
        if wait is None or wait > self._policy.backoff.longest or attempt == self._policy.attempts:
            return None
        log.warning("%s: %s; it is asked again", self._name, error)
        return wait
