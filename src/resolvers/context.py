"""What one request carries, and what all requests share."""

from asyncio import Semaphore
from collections import Counter
from collections.abc import AsyncIterator, Callable, Hashable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from audit import Actor
from auth.account_services import AccountServices
from auth.key_uses import KeyUses
from auth.links import LinkSigner
from auth.passwords import Passwords
from auth.rates import Budget, RateLimits
from auth.sign_in import Verifiers, expiry_of, shown_key_digest, viewer_of
from auth.sign_in_limiter import SignInLimiter
from auth.tokens import Signer
from auth.viewer import ANONYMOUS, Viewer, caller_of
from auth.viewer_cache import ViewerCache
from base.errors import Lapsed
from base.fair_queue import FairQueue
from base.scheduler import RunQueue
from database import Database, current_usage
from figures.scores import EVEN_WEIGHTS, ScoreWeights
from ingest.agent_cache import AgentCache
from ingest.buffer import Buffer
from ingest.collect_limiter import CollectLimiter
from ingest.freshness import Freshness
from ingest.retention import KEPT_FOR_EVER, Retention
from ingest.subject_cache import ReporterCache, SubjectCache
from ingest.topics import Topics, Watch, touched
from ingest.visitors import Salts, VisitorKeys
from ingest.wire_columns import WireColumns
from loaders.base import Loaders
from loaders.figure_cache import FigureCache
from loaders.holdings import HoldingsCache
from loaders.remembered_rights import RememberedRights
from resolvers.execution import Execution
from resolvers.quotas import USUAL_QUOTAS, Quotas
from resolvers.sources import Source
from social.refresh import Refresher

_TURNS = 4
_AT_A_TIME = 4
"""How many operations of one caller are executed at once. A page in a browser asks for six things at most."""
_LARGE = 1_000
"""Cost. An operation that costs more takes some 50 ms or more to answer."""
_REQUEST_COST = 40
"""What each request takes of its caller's share of the worker, besides its cost, in units of cost."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one request may ask for."""

    page_size: int = 100
    range_days: int = 3_660
    events: int = 1_000
    cost: int = 50_000
    points: int = 25_000
    """Of all series of one operation."""
    document_tokens: int = 5_000
    former_url_days: int = 90
    """How long a custom URL that was given up is kept from others."""
    offline_hours: int = 48
    """How old the events may be that a page sends after it was offline. Older ones are not believed."""
    honours_signals: bool = False
    """Whether browsers that send Do Not Track or Global Privacy Control are not tracked."""
    counts_own_views: bool = False
    """Whether makers' views of their own publications and profiles are counted."""
    quotas: Quotas = USUAL_QUOTAS
    query_seconds: float = 30
    introspection: bool = True
    """Whether clients may ask for the schema, and errors may suggest names of it."""


@dataclass(frozen=True, slots=True)
class Services:
    """What outlives requests."""

    database: Database
    figure_cache: FigureCache
    signer: Signer
    links: LinkSigner
    sign_in_limiter: SignInLimiter
    key_uses: KeyUses
    visitor_keys: VisitorKeys
    """The first is the key under which the names that tenants give their visitors are hashed."""
    topics: Topics
    buffer: Buffer
    """It stores reported events in batches."""
    salts: Salts
    subjects: SubjectCache
    passwords: Passwords = field(default_factory=Passwords)
    accounts: AccountServices = field(default_factory=AccountServices)
    rates: RateLimits = field(default_factory=RateLimits)
    """How much each caller may ask for. By default there is no limit."""
    collect_limiter: CollectLimiter = field(default_factory=CollectLimiter)
    agents: AgentCache = field(default_factory=AgentCache)
    viewer_cache: ViewerCache = field(default_factory=ViewerCache)
    rights: RememberedRights = field(default_factory=RememberedRights)
    reporters: ReporterCache = field(default_factory=ReporterCache)
    holdings_cache: HoldingsCache = field(default_factory=HoldingsCache)
    turns: Semaphore = field(default_factory=lambda: Semaphore(_TURNS))
    """How many subscriptions make an answer at once, so that other requests come in between."""
    plans_after: int | None = 1
    """How many times GraphQL's executor answers an operation before a plan answers it; None: every time."""
    plans: Counter[str] = field(default_factory=Counter)
    """How often queries were answered by a plan or not, by the words of `execution.plans`."""
    fair_queue: FairQueue = field(default_factory=lambda: FairQueue(_AT_A_TIME))
    """It shares the worker among callers who ask for several things at once."""
    freshness: Freshness | None = None
    """It says whether something that was read before still holds; None if nobody asks it."""
    keeps_answers: bool = True
    """Whether answers are kept. That needs `freshness`."""
    limits: Limits = Limits()
    retention: Retention = KEPT_FOR_EVER
    """How long the server keeps events and totals, which it deletes by itself."""
    score_weights: ScoreWeights = EVEN_WEIGHTS
    refresher: Refresher | None = None
    """It asks other networks for their figures; None if nothing does."""
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)

    def spend(self, viewer: Viewer, address: str, cost: int, now: datetime, *, writes: bool) -> Budget | None:
        """As in `Context`, but the budget says whether enough was left. None if there is no limit."""
        budget = self.rates.spend(viewer, address, cost, now.timestamp(), writes=writes)
        is_refused = budget is not None and budget.wait > 0
        self.fair_queue.charge(
            caller_of(viewer, address), _REQUEST_COST if is_refused else _REQUEST_COST + cost
        )
        return budget


@dataclass(slots=True)
class Context:
    """One request: it is not shared with others, and ends with the response."""

    services: Services
    now: datetime
    """The instant at which everything in this request happens."""
    address: str = ""
    """The IP address that the request came from."""
    base_url: Callable[[], str] = lambda: "/"
    """The URL of the program as the caller wrote it; it ends with a slash."""
    credentials: Mapping[str, str] = field(default_factory=dict)
    """The headers by their names, in lower case."""
    viewer: Viewer = ANONYMOUS
    watch: Watch | None = None
    """It notes changes since before the first answer of a subscription was read."""
    command: str | None = None
    """What an operator runs, such as `key create`; None for a request."""
    source: "Source[Context, Any] | None" = None
    """What a subscription shows; None until that was read for the first time, and for other operations."""
    new_token: str | None = None
    """A token that this request issued: the header `x-auth-token` has it, too."""
    has_shown_secret: bool = False
    """Whether the viewer has signed in within this request, by a password or a key. A refresh token is none:
    whoever finds the tokens of a client has both."""
    key_made_at: datetime | None = None
    """When the key was made by which the viewer has signed in within this request; None without one."""
    event_lists: dict[str, WireColumns] = field(default_factory=dict)
    """Lists of events that were decoded before GraphQL, by the id of the placeholder that GraphQL gets."""
    execution: Execution = field(default_factory=Execution)
    loaders: Loaders = field(init=False)
    has_turn: bool = False
    """Whether a subscription is making its next answer."""

    def __post_init__(self) -> None:
        self.reset_loaders()

    def reset_loaders(self) -> None:
        """Forgets what was loaded: after a write it is no longer true."""
        services = self.services
        self.loaders = Loaders(
            services.database,
            services.figure_cache,
            self.now,
            most_points=services.limits.points,
        )

    def begin_snapshot(self, *, reads_once: bool = False) -> None:
        """From now on, everything is read as it was at one moment: at the first read. `reads_once`: whether
        no other read is expected."""
        rights = self.services.rights.of_moment()
        self.services.database.begin_snapshot(is_large=self.is_large, reads_once=reads_once)
        self.reset_loaders()
        self.loaders.rights = rights

    def end_snapshot(self) -> None:
        self.services.database.end_snapshot()

    @property
    def has_snapshot(self) -> bool:
        return current_usage().snapshot is not None

    async def identify(self, viewer_cache: ViewerCache | None = None, *, is_reporting: bool = False) -> None:
        """Finds the viewer by the credentials. With `viewer_cache`, the viewer may be remembered.
        `is_reporting`: whether the request does nothing but report events.
        """
        self.viewer = await viewer_of(
            self.credentials,
            self.loaders,
            self._verifiers,
            self.services.key_uses,
            self.now,
            viewer_cache,
            is_reporting=is_reporting,
        )

    @property
    def actor(self) -> Actor:
        """Who does what is done here. After a sign-in, it is who signed in."""
        digest = None if self.new_token else shown_key_digest(self.credentials)
        return Actor(self.now, self.viewer.user_id, digest, self.command)

    async def expiry(self, viewer_cache: ViewerCache | None = None) -> datetime | None:
        """Until when the credentials are valid; None if there are none. Raises UNAUTHENTICATED."""
        return await expiry_of(self.credentials, self.loaders, self._verifiers, self.now, viewer_cache)

    @property
    def _verifiers(self) -> Verifiers:
        return Verifiers(self.services.signer, self.services.accounts.foreign)

    async def renew(self) -> None:
        """Sets the time for the next answer of a subscription, and finds the viewer again by the credentials.

        Raises Lapsed.
        """
        self.now = self.services.clock()
        self.reset_loaders()
        await self.identify()
        if self.viewer.refusal:
            raise Lapsed(self.viewer.refusal)

    def spend(self, cost: int, *, writes: bool = False) -> None:
        """Takes the cost of what is executed next from what the viewer may spend, or the address if nobody
        is signed in. Raises THROTTLED if not enough is left; with a cost of 0, if nothing is left."""
        budget = self.services.spend(self.viewer, self.address, cost, self.now, writes=writes)
        self.execution.budget = budget
        if budget:
            budget.require()

    @property
    def caller(self) -> Hashable:
        return caller_of(self.viewer, self.address)

    async def take_turn(self) -> None:
        """Waits for a turn to make the next answer of a subscription. The caller has to end it."""
        await self.services.turns.acquire()
        self.has_turn = True
        self.begin_snapshot()

    def end_turn(self) -> None:
        """Ends the turn and drops what was loaded in it: thousands of subscriptions may wait, each with
        its own loaders."""
        if self.has_turn:
            self.has_turn = False
            self.services.turns.release()
            self.end_snapshot()
            self.reset_loaders()

    async def seconds_left(self) -> float | None:
        """How many seconds the credentials are still valid; None if there are none, or none that are
        valid."""
        if self.viewer.refusal:
            return None
        expiry = await self.expiry()
        return None if expiry is None else (expiry - self.now).total_seconds()

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncSession]:
        """A unit of work. It wakes the subscriptions of what it touched. What was loaded before it is
        forgotten, and what is read after it is of one moment.
        """
        async with self.services.database.writing() as session:
            yield session
        self.services.topics.announce(touched(session))
        self.begin_snapshot()

    @property
    def is_large(self) -> bool:
        """Whether the answer may take long to make."""
        return (self.execution.cost or 0) > _LARGE

    @property
    def run_queue(self) -> RunQueue:
        return current_usage().run_queue

    @property
    def limits(self) -> Limits:
        return self.services.limits
