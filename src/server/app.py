"""The application: everything put together."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from logging import captureWarnings

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route, WebSocketRoute

from resolvers.context import Services
from server.background_jobs import background_jobs
from server.demo.sign_ins import sign_ins
from server.doors.collect import CollectEndpoint
from server.doors.health import Health
from server.doors.report_files import ReportEndpoint
from server.graphql.endpoint import Endpoint
from server.graphql.graphiql import GraphiQL
from server.graphql.sockets import Sockets
from server.http.bodies import Unread
from server.http.concurrency import SubscriptionQuota
from server.http.cors import with_cors
from server.http.requests_per_address import RequestsPerAddress
from server.http.shutdown import AnswerAtShutdown, Shutdown
from server.http.static import StaticFile
from server.revisions import known_revisions
from server.services import close_services, documents_of, services_of
from server.serving import settle
from server.settings import Settings


def create_app(settings: Settings, services: Services | None = None) -> Starlette:
    """`services` are made from the settings when none are lent; lent ones stay open at the end.

    Raises Failure where the manifest of trusted documents cannot be read.
    """
    used = services or services_of(settings)
    graphiql = GraphiQL(sign_ins() if settings.demo else None) if settings.graphiql else None
    documents = documents_of(settings)
    quota = SubscriptionQuota(settings.max_subscriptions)
    shutdown = Shutdown()
    origins = settings.shared_origins()
    endpoint = Endpoint(
        used,
        documents,
        max_body_bytes=settings.max_body_bytes,
        max_body_seconds=settings.max_body_seconds,
        graphiql=graphiql,
        draft_statuses=settings.draft_statuses,
        quota=quota,
        shutdown=shutdown,
        server_timing=settings.server_timing,
        log_documents=settings.log_documents,
    )
    sockets = Sockets(
        used,
        documents,
        quota,
        origins=origins,
        most=settings.max_sockets,
        most_per_address=settings.max_sockets_per_address,
        max_unread_bytes=settings.max_unread_bytes,
        idle_seconds=settings.socket_idle_seconds,
        log_documents=settings.log_documents,
    )

    collector = CollectEndpoint(used, max_body_seconds=settings.max_body_seconds)

    async def collect(request: Request) -> Response:
        return await collector(request)

    snippet = StaticFile("viewer.js", "text/javascript", collect=settings.collect_path.removeprefix("/"))

    async def viewer_js(request: Request) -> Response:
        return await snippet(request)

    health = Health(used.database, shutdown, known_revisions()[-1])

    async def home(_: Request) -> Response:
        return RedirectResponse("/graphql")

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        with shutdown.begin_at_signals():
            async with background_jobs(used), used.topics.listening():
                yield
        if services is None:
            await close_services(used)

    return Starlette(
        routes=[
            Route("/", home),
            Route("/graphql", with_cors(origins, endpoint)),
            WebSocketRoute("/graphql", sockets),
            *([Route("/graphql/assets/{name}", graphiql.asset)] if graphiql else []),
            *(
                Route(path, collect, methods=["POST", "OPTIONS"])
                for path in dict.fromkeys(["/collect", settings.collect_path])
            ),
            Route("/reports/{token}", ReportEndpoint(used), methods=["GET"]),
            Route("/viewer.js", viewer_js),
            Route("/livez", health.live),
            Route("/readyz", health.ready),
            Route("/health", health.ready),
        ],
        middleware=[
            Middleware(Unread),
            Middleware(AnswerAtShutdown, shutdown=shutdown),
            Middleware(RequestsPerAddress, most=settings.max_connections_per_address),
        ],
        lifespan=lifespan,
    )


def app_from_environment() -> Starlette:
    """What each worker runs."""
    captureWarnings(True)
    app = create_app(Settings())
    settle()
    return app
