"""What one request carries, and what the program lends to every request."""

from asyncio import Semaphore, sleep
from collections.abc import AsyncIterator, Callable, Hashable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncSession

from auth.links import LinkSigner
from auth.rates import RateLimits
from auth.sign_in import ViewerCache, expiry_of, viewer_of
from auth.sign_in_limiter import SignInLimiter
from auth.tokens import Signer
from auth.viewer import ANONYMOUS, Viewer
from base.errors import Lapsed, Throttled
from base.fair_queue import FairQueue
from base.networks import network_of
from base.scheduler import RunQueue
from database import Database, current_usage
from figures.scores import EVEN_WEIGHTS, ScoreWeights
from ingest.agents import AgentCache
from ingest.buffer import Buffer
from ingest.collect_limiter import CollectLimiter
from ingest.subject_cache import ReporterCache, SubjectCache
from ingest.topics import Topics, Watch, touched
from ingest.visitors import Salts
from ingest.wire import WireEvent
from loaders.base import Loaders
from loaders.figure_cache import FigureCache
from loaders.holdings import Counted
from resolvers.execution import Execution
from social.refresh import Refresher

_TURNS = 4
_AT_A_TIME = 4
"""Operations of one caller that are executed; a page of a browser asks for six things at once at most."""
_LARGE = 1_000
"""Of what costs more, the answer takes some 50 ms or more to make."""
_REQUEST_COST = 40
"""Of a share of the worker, whatever is asked."""


class Quotas(NamedTuple):
    """How much there may be at once of what people make."""

    appointment_hours: int = 24
    appointments: int = 50
    """Of one person, that are not over nor cancelled."""
    appointments_of_publication: int = 10
    """The same, with the makers of one publication."""
    publications: int = 1_000
    """Of one owner."""
    experiences: int = 10_000
    """Of one publication."""
    comments: int = 1_000
    """Of one person on one publication."""
    keys: int = 100
    """Of one person, with those that were revoked or expired in the last 30 days."""
    organizations: int = 100
    """Of one person, as an owner."""
    members: int = 10_000
    """Of one organization."""
    workspaces: int = 1_000
    """Of one organization."""
    assets: int = 100_000
    """Of one organization."""


USUAL_QUOTAS = Quotas()


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
    offline_hours: int = 48
    """A page that was offline may send what happened before; older than this it is not believed."""
    honours_signals: bool = False
    """Whether a browser that says by Do Not Track or Global Privacy Control what it wants gets it."""
    counts_own_views: bool = False
    """Whether makers' views of what is theirs are counted."""
    quotas: Quotas = USUAL_QUOTAS
    query_seconds: float = 30
    introspection: bool = True
    """Whether the schema tells of itself, when asked and in errors."""


@dataclass(frozen=True, slots=True)
class Services:
    """What outlives requests."""

    database: Database
    figure_cache: FigureCache
    signer: Signer
    links: LinkSigner
    sign_in_limiter: SignInLimiter
    visitor_key: bytes
    """Under which the names that tenants give their visitors are hashed."""
    topics: Topics
    buffer: Buffer
    """What takes in reported events."""
    salts: Salts
    subjects: SubjectCache
    rates: RateLimits = field(default_factory=RateLimits)
    """How much each caller may ask for; any amount where nothing is said."""
    collect_limiter: CollectLimiter = field(default_factory=CollectLimiter)
    agents: AgentCache = field(default_factory=AgentCache)
    viewer_cache: ViewerCache = field(default_factory=ViewerCache)
    reporters: ReporterCache = field(default_factory=ReporterCache)
    counted: Counted = field(default_factory=Counted)
    turns: Semaphore = field(default_factory=lambda: Semaphore(_TURNS))
    """Of subscriptions that make an answer: however many are woken at once, requests come in between."""
    fair_queue: FairQueue = field(default_factory=lambda: FairQueue(_AT_A_TIME))
    """Of those who ask for several things at once."""
    limits: Limits = Limits()
    score_weights: ScoreWeights = EVEN_WEIGHTS
    refresher: Refresher | None = None
    """What asks other networks for their figures, if anything does."""
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)


@dataclass(slots=True)
class Context:
    """Never shared, never outlives the response."""

    services: Services
    now: datetime
    """The instant of the request: everything in it happens then."""
    address: str = ""
    """Where the request came from."""
    base_url: Callable[[], str] = lambda: "/"
    """Where the program was reached, as the caller wrote it; it ends with a slash."""
    credentials: Mapping[str, str] = field(default_factory=dict)
    """Headers, by their names in lower case."""
    viewer: Viewer = ANONYMOUS
    watch: Watch | None = None
    """Of a subscription: what has its next answer made."""
    new_token: str | None = None
    """Made while the request ran; it is repeated in the header `x-auth-token`."""
    event_lists: dict[str, list[WireEvent]] = field(default_factory=dict)
    """Lists of events that were decoded before GraphQL, by the id of the placeholder that GraphQL gets."""
    execution: Execution = field(default_factory=Execution)
    loaders: Loaders = field(init=False)
    has_turn: bool = False
    """Whether the next answer of a subscription is being made."""

    def __post_init__(self) -> None:
        self.reset_loaders()

    def reset_loaders(self) -> None:
        """After a write: what was loaded before it is no longer true."""
        services = self.services
        self.loaders = Loaders(
            services.database,
            services.figure_cache,
            self.now,
            most_points=services.limits.points,
        )

    def begin_snapshot(self) -> None:
        """From now on, all that is read is as it was at one time: when the first of it is read."""
        self.services.database.begin_snapshot(is_large=self.is_large)
        self.reset_loaders()

    def end_snapshot(self) -> None:
        self.services.database.end_snapshot()

    @property
    def is_in_moment(self) -> bool:
        return current_usage().snapshot is not None

    async def identify(self, viewer_cache: ViewerCache | None = None) -> None:
        """Who asks, by the credentials."""
        self.viewer = await viewer_of(
            self.credentials, self.loaders, self.services.signer, self.now, viewer_cache
        )

    async def renew(self) -> None:
        """For the next answer of a subscription: at another instant, to whoever the credentials mean by then.

        Raises Lapsed.
        """
        self.now = self.services.clock()
        self.reset_loaders()
        await self.identify()
        if self.viewer.refusal:
            raise Lapsed(self.viewer.refusal)

    def spend(self, cost: int, *, writes: bool = False) -> None:
        """What is about to be executed costs so much of what the viewer may ask for, or the address where
        nobody is known. Raises THROTTLED where not enough is left; where it costs 0, where nothing is.
        """
        budget = self.services.rates.spend(
            self.viewer, self.address, cost, self.now.timestamp(), writes=writes
        )
        is_refused = budget is not None and budget.wait > 0
        self.services.fair_queue.charge(self.caller, _REQUEST_COST if is_refused else _REQUEST_COST + cost)
        self.execution.budget = budget
        if budget:
            budget.require()

    @property
    def caller(self) -> Hashable:
        """A user, or where nobody is known the network that is asked from."""
        user_id = self.viewer.user_id
        return network_of(self.address) if user_id is None else user_id

    async def spend_when_affordable(self) -> None:
        """What the operation costs, once more: for the next answer of a subscription. Waits until enough is
        left: nobody sent a request that could be refused, and what changes meanwhile will be in the answer.
        """
        while True:
            self.now = self.services.clock()
            try:
                return self.spend(self.execution.cost or 1)
            except Throttled as error:
                await sleep(error.extensions["retryAfter"])

    async def take_turn(self) -> None:
        """Of making the next answer of a subscription. Whoever takes it sees that it is ended."""
        await self.services.turns.acquire()
        self.has_turn = True
        self.begin_snapshot()

    def end_turn(self) -> None:
        """What was loaded in it is forgotten: thousands may wait for a change, each with its own."""
        if self.has_turn:
            self.has_turn = False
            self.services.turns.release()
            self.end_snapshot()
            self.reset_loaders()

    async def seconds_left(self) -> float | None:
        """For which the credentials count; None where there are none, or none that do."""
        if self.viewer.refusal:
            return None
        expiry = await expiry_of(self.credentials, self.loaders, self.services.signer, self.now)
        return None if expiry is None else (expiry - self.now).total_seconds()

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncSession]:
        """A unit of work. Those who watch what it touched are told of it. What was loaded before it is
        forgotten, and what is read after it is of one moment.
        """
        async with self.services.database.writing() as session:
            yield session
        self.services.topics.announce(touched(session))
        self.begin_snapshot()

    @property
    def is_large(self) -> bool:
        """Whether it may take long to make the answer of what is read."""
        return (self.execution.cost or 0) > _LARGE

    @property
    def run_queue(self) -> RunQueue:
        return current_usage().run_queue

    @property
    def limits(self) -> Limits:
        return self.services.limits
