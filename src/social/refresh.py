"""Refreshes the counts of works and accounts from the networks that they are on."""

import logging
from asyncio import gather
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from database import Database
from models import Network
from social.calls import USUAL_POLICY, Calls, RetryPolicy, web
from social.circuit_breaker import CircuitBreaker
from social.client import Client, FetchedCounts
from social.errors import CircuitOpen, Failed, Limited, QuotaSpent, Stopped
from social.lease import Clock, Lease, NoLease, Quota
from social.targets import TARGETS, Target, TargetScope

if TYPE_CHECKING:
    import httpx

log = logging.getLogger("viewgraph")

_UNSAID_WAIT = 15 * 60.0
"""In seconds. A network may say that there were too many calls, but not how long to wait."""
_LONGEST_WAIT = 24 * 60 * 60.0
"""No wait is longer, whatever a network says: it may be wrong."""


class MissingSettings(NamedTuple):
    """The settings that a network needs and does not have."""

    settings: Sequence[str]

    @property
    def words(self) -> str:
        many = len(self.settings) > 1
        return f"{', '.join(self.settings)} {'are' if many else 'is'} not set"


@dataclass(frozen=True, slots=True)
class ConnectedNetwork:
    """A network that this process can call."""

    client: Client
    quota: Quota
    circuit: CircuitBreaker = field(default_factory=CircuitBreaker)


@dataclass(slots=True)
class Outcome:
    """The result of a run, for one network."""

    network: Network
    refreshed: int = 0
    gone: int = 0
    """They keep their last counts."""
    failed: int = 0
    """They keep their last counts, too."""
    calls: int = 0
    """How many calls were made, as the network counts them."""
    skipped: str = ""
    """Why no call was made."""
    stopped: str = ""
    """Why some were not asked for."""

    @property
    def name(self) -> str:
        return self.network.name.lower()


OnTargets = Callable[[Network, int], object]
"""Is called with a network, and with how many more of its targets were found or are done."""


@dataclass(frozen=True, slots=True)
class Refresher:
    database: Database
    networks: Mapping[Network, ConnectedNetwork | MissingSettings]
    clock: Clock
    every: timedelta | None = None
    """How old a count may become before the server refreshes it by itself; None if it never does."""
    policy: RetryPolicy = USUAL_POLICY
    _said: dict[Network, str] = field(default_factory=dict)

    async def refresh(
        self,
        networks: Sequence[Network] = tuple(Network),
        *,
        scope: TargetScope | None = None,
        on_found: OnTargets = lambda *_: None,
        on_done: OnTargets = lambda *_: None,
    ) -> list[Outcome]:
        """Refreshes the networks side by side. Without `scope`, it asks for all that was asked for before
        this run began.
        """
        scope = scope or TargetScope(self.clock())
        async with web(self.policy) as client:
            runs = [Run(self, network, scope, client, on_found, on_done) for network in networks]
            outcomes = await gather(*(run.run() for run in runs), return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome
        return [run.result for run in runs]

    async def refresh_due(self) -> list[Outcome]:
        """The server does this from time to time. It logs what is new."""
        if self.every is None:
            return []
        due = TargetScope(self.clock() - self.every)
        networks = [network for network in self.networks if await TARGETS[network].count(self.database, due)]
        outcomes = await self.refresh(networks, scope=due) if networks else []
        for outcome in outcomes:
            self._log(outcome)
        return outcomes

    def _log(self, outcome: Outcome) -> None:
        why = outcome.skipped or outcome.stopped
        if outcome.calls:
            log.info(
                "%s: %d refreshed, %d gone, %d failed, by %d calls",
                outcome.name, outcome.refreshed, outcome.gone, outcome.failed, outcome.calls,
            )  # fmt: skip
        if outcome.skipped and self._said.get(outcome.network) != why:
            log.info("%s is not refreshed: %s", outcome.name, why)
        self._said[outcome.network] = why


class Run:
    """A run over one network, page by page."""

    def __init__(
        self,
        refresher: Refresher,
        network: Network,
        scope: TargetScope,
        web: "httpx.AsyncClient",
        on_found: OnTargets,
        on_done: OnTargets,
    ) -> None:
        self._refresher = refresher
        self._database = refresher.database
        self._targets = TARGETS[network]
        self._network = network
        self._scope = scope
        self._web = web
        self._on_found = on_found
        self._on_done = on_done
        self.result = Outcome(network)

    async def run(self) -> None:
        """The outcome is in `result`."""
        connection = self._refresher.networks[self._network]
        if isinstance(connection, MissingSettings):
            self.result.skipped = connection.words
        elif found := await self._targets.count(self._database, self._scope):
            self._on_found(self._network, found)
            await self._connected(connection)

    async def _connected(self, connection: ConnectedNetwork) -> None:
        try:
            connection.circuit.check()
        except CircuitOpen as error:
            self.result.skipped = str(error)
            return
        clock = self._refresher.clock
        lease = await Lease.take(self._database, self._network, connection.quota, clock)
        if isinstance(lease, NoLease):
            self.result.skipped = lease.words
            return
        resumes_at = None
        try:
            await self._pages(connection, lease)
        except Stopped as stopped:
            self.result.stopped = str(stopped)
            level = logging.INFO if isinstance(stopped, QuotaSpent) else logging.WARNING
            log.log(level, "%s: stopped, because %s", self.result.name, stopped)
            if isinstance(stopped, Limited):
                resumes_at = clock() + _rest(stopped)
        finally:
            self.result.calls = lease.spent
            await lease.release(resumes_at=resumes_at)

    async def _pages(self, connection: ConnectedNetwork, lease: Lease) -> None:
        calls = Calls(self._web, self._network, connection.circuit, lease, self._refresher.policy)
        last = None
        while page := await self._targets.page(self._database, self._scope, last):
            await self._page(connection, calls, lease, page)
            last = page[-1]

    async def _page(
        self, connection: ConnectedNetwork, calls: Calls, lease: Lease, page: Sequence[Target]
    ) -> None:
        """Keeps what was answered before the network stopped. The targets that were not asked for stay
        due.
        """
        client = connection.client
        keys = {target: client.key(str(target.name)) for target in page}
        fetched = FetchedCounts()
        failed: set[str] = set()
        stopped: Stopped | None = None
        asked = list(dict.fromkeys(key for key in keys.values() if key))
        for some in _cut(asked, _ids_of_call(connection)):
            try:
                await client.ask(calls, some, fetched)
            except Failed as error:
                log.warning("%s: %d of a call failed: %s", self.result.name, len(some), error)
                failed |= fetched.missing(some)
            except Stopped as error:
                stopped = error
                break
        if isinstance(stopped, CircuitOpen):
            # The network failed, and not these targets: they come first the next time.
            self.result.failed += sum(key in failed for key in keys.values())
            failed.clear()
        await self._write(lease, keys, fetched, failed)
        if stopped:
            raise stopped

    async def _write(
        self,
        lease: Lease,
        keys: Mapping[Target, str | None],
        fetched: FetchedCounts,
        failed: set[str],
    ) -> None:
        counted = [(target, fetched.counts[key]) for target, key in keys.items() if key in fetched.counts]
        gone = [target for target, key in keys.items() if key is None or key in fetched.gone]
        failed = failed | fetched.unclear
        unclear = [target for target, key in keys.items() if key in failed]
        now = self._refresher.clock()
        async with self._database.writing() as session:
            await lease.hold(session)
            await self._targets.write(session, counted, [*gone, *unclear], now)
        self.result.refreshed += len(counted)
        self.result.gone += len(gone)
        self.result.failed += len(unclear)
        self._on_done(self._network, len(counted) + len(gone) + len(unclear))


def _rest(limited: Limited) -> timedelta:
    """How long the network is not called."""
    wait = _UNSAID_WAIT if limited.wait is None else min(limited.wait, _LONGEST_WAIT)
    return timedelta(seconds=wait)


def _ids_of_call(connection: ConnectedNetwork) -> int:
    client, quota = connection.client, connection.quota
    return max(1, min(client.ids_of_call, quota.calls)) if client.is_counted_by_id else client.ids_of_call


def _cut(keys: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    return (keys[start : start + size] for start in range(0, len(keys), size))
