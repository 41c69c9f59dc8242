"""The ASGI application: it makes every door from the settings and the services."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from logging import captureWarnings
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import ASGIApp

from resolvers.context import Services
from rest.table import ROUTES
from server.background_jobs import Chore
from server.demo.pictures import PATH as PICTURE_PATH
from server.demo.pictures import picture
from server.demo.sign_ins import sign_ins
from server.doors.collect import CollectEndpoint
from server.doors.collect_at_once import CollectAtOnce
from server.doors.health import Health
from server.doors.report_files import ReportEndpoint
from server.doors.studio import Studio
from server.embeds.endpoint import BADGE, PAGE, EmbedEndpoint
from server.failures import Failure
from server.graphql.endpoint import Endpoint
from server.graphql.graphiql import GraphiQL
from server.graphql.kept import AnswerFromKept
from server.graphql.kept_answers import KeptAnswers
from server.graphql.manifest import operation_names
from server.graphql.persisted_documents import PersistedDocuments
from server.graphql.record_at_once import RecordAtOnce
from server.graphql.requested_documents import RequestedDocuments
from server.graphql.shorter_way import PATH, ShorterWay
from server.graphql.subscriber_groups import SubscriberGroups
from server.graphql.websocket_operation import OperationServices
from server.graphql.websocket_session import SessionLimits
from server.graphql.websockets import WebSocketEndpoint, WebSocketLimits
from server.http.bodies import BodyLimits, CloseIfUnread
from server.http.concurrency import ConcurrencyCounter, SubscriptionQuota
from server.http.cors import with_cors
from server.http.forwarded import prefix_of
from server.http.request_spans import Traced
from server.http.request_tallies import RequestTallies, Tallied
from server.http.requests_per_address import RequestsPerAddress
from server.http.shutdown import AnswerAtShutdown, Shutdown
from server.http.static import StaticFile
from server.http.trailing_slashes import WithoutSlash
from server.http.unknown_paths import UNKNOWN_PATHS
from server.http.whole_answers import AtOnce, first_of, only_at
from server.lifespan import lifespan_of
from server.rest.endpoint import RestEndpoint
from server.rest.routes import rest_routes
from server.revisions import known_revisions
from server.secrets import SecretReader
from server.services import persisted_documents_of, services_of
from server.serving import tune_interpreter
from server.settings import Settings

if TYPE_CHECKING:
    from server.metrics.metrics import Metrics
    from server.traces import Traces


_SECRETS_PERIOD = timedelta(seconds=5)


def create_app(settings: Settings, services: Services | None = None) -> Starlette:
    """Makes the services from the settings if the caller passes none. It closes only those that it made.

    Raises Failure if it cannot read the manifest of trusted documents.
    """
    reader = SecretReader(settings)
    used = services or services_of(settings)
    chores = () if services else (Chore("Reading of changed secrets", _SECRETS_PERIOD, reader.read_changed),)
    shutdown, running = Shutdown(), ConcurrencyCounter(settings.max_connections_per_address)
    documents, quota = persisted_documents_of(settings), SubscriptionQuota(settings.max_subscriptions)
    metrics, traces = _metrics(settings, used, documents, quota), _traces(settings, used)
    graphql, others, recording = _graphql(settings, used, shutdown, documents, quota)
    script, *collect = _collect(settings, used)
    app = Starlette(
        routes=[
            graphql,
            *others,
            Route("/", _front_door(has_studio=settings.studio)),
            *(_studio(settings) if settings.studio else []),
            *collect,
            script,
            Route("/reports/{token}", ReportEndpoint(used), methods=["GET"]),
            *_health(used, shutdown),
            *(metrics.routes() if metrics else []),
            *([Route(PICTURE_PATH, picture)] if settings.demo else []),
        ],
        exception_handlers=UNKNOWN_PATHS,
        middleware=[
            Middleware(CloseIfUnread),
            Middleware(AnswerAtShutdown, shutdown=shutdown),
            Middleware(RequestsPerAddress, running=running),
        ],
        lifespan=lifespan_of(used, shutdown, metrics, traces, chores, are_lent=services is not None),
    )
    app.router.redirect_slashes = False
    app.router.default = WithoutSlash(app.router)

    def guarded(route: Route) -> ASGIApp:
        return AnswerAtShutdown(RequestsPerAddress(route.app, running=running), shutdown)

    # Whatever stands in front takes time of each answer.
    posted = {route.path: guarded(route) for route in collect}
    app.middleware_stack = ShorterWay(app.build_middleware_stack(), guarded(graphql), posted)
    app.state.takes_whole = True
    at_once: list[AtOnce] = []
    if used.freshness and used.keeps_answers:
        kept = KeptAnswers(used.freshness, most_bytes=settings.kept_answer_bytes)
        tallies = metrics.tallies if metrics else None
        app.middleware_stack = door = AnswerFromKept(app.middleware_stack, used, kept, tallies, traces)
        at_once.append(door.answer_at_once)
    if not traces:
        tallies = metrics.tallies if metrics else None
        at_once.append(only_at(set(posted), CollectAtOnce(used, running, tallies).answer_at_once))
        if not settings.shared_origins():
            # What answers to pages of other sites have beside is not made here.
            at_once.insert(0, only_at({PATH}, recording(running, tallies)))
    app.state.at_once = first_of(at_once)
    if metrics:
        app.middleware_stack = Tallied(app.middleware_stack, metrics.tallies)
    if traces:
        app.middleware_stack = Traced(app.middleware_stack, traces)
    return app


def _front_door(*, has_studio: bool) -> Callable[[Request], Awaitable[Response]]:
    """Leads people to the studio, if there is one, and programs to the endpoint."""

    async def lead(request: Request) -> Response:
        is_person = "text/html" in request.headers.get("accept", "")
        path = "/studio" if has_studio and is_person else "/graphql"
        return RedirectResponse(f"{prefix_of(request.scope)}{path}", headers={"vary": "accept"})

    return lead


def _metrics(
    settings: Settings, services: Services, documents: PersistedDocuments, quota: SubscriptionQuota
) -> "Metrics | None":
    """None if nobody may read them."""
    if not settings.has_metrics:
        return None
    # It loads a library that others need not wait for.
    from server.metrics.metrics import Doors, Metrics

    token = settings.metrics_token.get_secret_value() if settings.metrics_token else None
    return Metrics(
        services,
        Doors(token, settings.metrics_host, settings.metrics_port),
        operation_names([*documents.texts(), *(route.document for route in ROUTES)]),
        lambda: quota.running,
    )


def _traces(settings: Settings, services: Services) -> "Traces | None":
    """None if nothing is traced. Raises Failure if the library is not installed."""
    if not settings.traces_url:
        return None
    try:
        from server.traces import Traces
    except ModuleNotFoundError:
        raise Failure("Traces need OpenTelemetry: pip install 'viewgraph[traces]'.") from None
    database = services.database.dialect_name
    traces = Traces(settings.traces_url, settings.traces_share, database=database)
    services.buffer.around_batch = traces.batch
    return traces


def _graphql(
    settings: Settings,
    services: Services,
    shutdown: Shutdown,
    persisted: PersistedDocuments,
    quota: SubscriptionQuota,
) -> tuple[Route, list[BaseRoute], Callable[[ConcurrencyCounter, RequestTallies | None], AtOnce]]:
    """The endpoint, the other routes, and what answers events at once."""
    graphiql = GraphiQL(sign_ins() if settings.demo else None) if settings.graphiql else None
    documents = RequestedDocuments(services, persisted, is_logged=settings.log_documents)
    groups = SubscriberGroups()
    origins = settings.shared_origins()
    trusted = [*origins, *settings.own_origins()]
    endpoint = Endpoint(
        services,
        documents,
        body_limits=BodyLimits(settings.max_body_bytes, settings.max_body_seconds),
        graphiql=graphiql,
        origins=trusted,
        draft_statuses=settings.draft_statuses,
        most_operations=settings.max_operations,
        quota=quota,
        groups=groups,
        shutdown=shutdown,
        server_timing=settings.server_timing,
    )
    websockets = WebSocketEndpoint(
        OperationServices(services, documents, quota, groups),
        origins=trusted,
        limits=WebSocketLimits(settings.max_sockets, settings.max_sockets_per_address),
        session_limits=SessionLimits(settings.max_unread_bytes, settings.socket_idle_seconds),
    )
    return (
        Route(PATH, with_cors(origins, endpoint)),
        [
            WebSocketRoute("/graphql", websockets),
            *([Route("/graphql/assets/{name}", graphiql.asset)] if graphiql else []),
            *_embeds(settings, documents, endpoint),
            *(_rest(settings, services, documents, endpoint) if settings.rest else []),
        ],
        lambda running, tallies: RecordAtOnce(services, documents, endpoint, running, tallies).answer_at_once,
    )


def _studio(settings: Settings) -> list[BaseRoute]:
    studio = Studio(is_editable=settings.graphiql, demo=sign_ins() if settings.demo else None)
    return [
        Route("/studio/assets/{name}", studio.asset),
        Route("/studio", studio.page),
        Route("/studio/{path:path}", studio.page),
    ]


def _embeds(settings: Settings, documents: RequestedDocuments, endpoint: Endpoint) -> list[BaseRoute]:
    """What pages of other sites show of a publication. The path of the badge is tried first."""
    timing = settings.server_timing
    doors = [EmbedEndpoint(form, documents, endpoint.executed, timing) for form in (BADGE, PAGE)]
    return [Route(door.form.path, door, methods=["GET"]) for door in doors]


def _rest(
    settings: Settings, services: Services, documents: RequestedDocuments, endpoint: Endpoint
) -> list[BaseRoute]:
    """The routes of the three REST APIs. They are executed by `endpoint`."""
    door = partial(
        RestEndpoint,
        documents=documents,
        executed=endpoint.executed,
        body_limits=BodyLimits(settings.max_body_bytes, settings.max_body_seconds),
        page_size=services.limits.page_size,
        server_timing=settings.server_timing,
    )
    return rest_routes(door, settings.shared_origins())


def _collect(settings: Settings, services: Services) -> list[Route]:
    """The script for pages, and the door for events, to which it sends them."""
    path = settings.collect_path
    collect = CollectEndpoint(services, max_body_seconds=settings.max_body_seconds)
    script = StaticFile("viewer.js", "text/javascript", collect=path.removeprefix("/"))
    paths = dict.fromkeys(["/collect", path])
    return [
        Route("/viewer.js", script.respond),
        *(Route(one, collect.respond, methods=["POST", "OPTIONS"]) for one in paths),
    ]


def _health(services: Services, shutdown: Shutdown) -> list[BaseRoute]:
    health = Health(services.database, shutdown, known_revisions()[-1])
    return [
        Route("/livez", health.live),
        Route("/readyz", health.ready),
        Route("/health", health.ready),
    ]


def app_from_environment() -> Starlette:
    """The application that each worker runs."""
    captureWarnings(True)
    app = create_app(Settings())
    tune_interpreter()
    return app
